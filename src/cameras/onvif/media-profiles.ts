import { CameraLostError } from '../../core/camera-source.ts';
import { streamAtCamera } from './camera-address.ts';
import type { DeviceServices } from './device.ts';
import type { SoapClient } from './soap-client.ts';
import { showable } from './soap-envelope.ts';
import { childrenOf, elementAt, escapeXml, textAt, type XmlElement } from './xml-document.ts';

/** Three each for a recorder of 16 channels; whoever has more names them one by one. */
const maxProfiles = 48;

/** One way of the camera to encode one of its pictures. */
export interface MediaProfile {
  readonly token: string;
  readonly name: string;
  /** Token of the sensor, or of the channel of a recorder; empty when the profile has none. */
  readonly videoSource: string;
  /** Token of the configuration of that source, by which some events name it. */
  readonly videoSourceConfiguration: string;
  /** `H264`, `H265`, `JPEG`, …; empty when not said. */
  readonly encoding: string;
  /** Pixels; 0 when not said. */
  readonly width: number;
  readonly height: number;
  readonly framesPerSecond: number | null;
}

/** A profile with the address of its stream, without credentials. */
export interface MediaStream extends MediaProfile {
  readonly url: string;
}

/** The streams of one picture: the large one, and the small one where there is one. */
export interface SourceStreams {
  readonly videoSource: string;
  readonly videoSourceConfiguration: string;
  readonly main: MediaStream;
  readonly sub: MediaStream | null;
}

/** Profiles with video, by Media 2 where the camera has it: Media 1 knows no H.265. */
export async function readMediaProfiles(
  client: SoapClient,
  services: DeviceServices,
  signal: AbortSignal,
): Promise<MediaProfile[]> {
  if (services.media2 !== undefined) {
    const profiles = await profilesOf(client, services.media2, 2, signal).catch(unlessMissing);
    if (profiles !== undefined && profiles.length > 0) return profiles;
  }
  if (services.media === undefined)
    throw new CameraLostError('not_found', `${client.deviceUrl.host} has ONVIF, but no media service.`);
  return profilesOf(client, services.media, 1, signal);
}

/** The addresses of the profiles; profiles without one are left out. */
export async function readMediaStreams(
  client: SoapClient,
  services: DeviceServices,
  signal: AbortSignal,
): Promise<MediaStream[]> {
  const streams: MediaStream[] = [];
  for (const profile of await readMediaProfiles(client, services, signal)) {
    const url = await streamUrlOf(client, services, profile.token, signal);
    if (url !== undefined) streams.push({ ...profile, url });
  }
  return streams;
}

/**
 * Joins the streams by the picture that they show. The large one is that with the most pixels, the small one that with the
 * fewest of at least 320 across, if there is any; JPEG gives way to real video.
 */
export function pairStreams(streams: readonly MediaStream[]): SourceStreams[] {
  const pairs: SourceStreams[] = [];
  for (const [videoSource, all] of Map.groupBy(streams, (stream) => stream.videoSource)) {
    const video = all.filter(({ encoding }) => encoding !== 'JPEG');
    const bySize = (video.length > 0 ? video : all).toSorted((a, b) => pixels(b) - pixels(a));
    const [main, ...others] = bySize;
    if (main === undefined) continue;
    const smaller = others.filter((each) => each.url !== main.url && pixels(each) < pixels(main));
    const sub = smaller.findLast(({ width }) => width >= 320) ?? smaller.at(-1) ?? null;
    pairs.push({ videoSource, videoSourceConfiguration: main.videoSourceConfiguration, main, sub });
  }
  return pairs;
}

async function profilesOf(
  client: SoapClient,
  url: URL,
  version: 1 | 2,
  signal: AbortSignal,
): Promise<MediaProfile[]> {
  const content = await client.call(
    version === 1
      ? { url, action: 'http://www.onvif.org/ver10/media/wsdl/GetProfiles', body: '<trt:GetProfiles/>' }
      : {
          url,
          action: 'http://www.onvif.org/ver20/media/wsdl/GetProfiles',
          body: '<tr2:GetProfiles><tr2:Type>VideoSource</tr2:Type><tr2:Type>VideoEncoder</tr2:Type></tr2:GetProfiles>',
        },
    signal,
  );
  return childrenOf(content, 'Profiles')
    .map(readProfile)
    .filter((profile) => profile !== undefined)
    .slice(0, maxProfiles);
}

/** Of either version: Media 2 has the same things one floor deeper and under shorter names. */
function readProfile(profile: XmlElement): MediaProfile | undefined {
  const token = profile.attributes.get('token');
  const configurations = elementAt(profile, 'Configurations');
  const source = elementAt(profile, 'VideoSourceConfiguration') ?? elementAt(configurations, 'VideoSource');
  const encoder =
    elementAt(profile, 'VideoEncoderConfiguration') ?? elementAt(configurations, 'VideoEncoder');
  if (token === undefined || token.length > 256 || encoder === undefined) return undefined;
  const frameRate = readNumber(textAt(encoder, 'RateControl', 'FrameRateLimit'));
  return {
    token,
    name: showable(textAt(profile, 'Name') ?? token, 100),
    videoSource: showable(textAt(source, 'SourceToken') ?? '', 100),
    videoSourceConfiguration: showable(source?.attributes.get('token') ?? '', 100),
    encoding: showable(textAt(encoder, 'Encoding') ?? '', 20).toUpperCase(),
    width: readNumber(textAt(encoder, 'Resolution', 'Width')) ?? 0,
    height: readNumber(textAt(encoder, 'Resolution', 'Height')) ?? 0,
    framesPerSecond: frameRate === undefined || frameRate === 0 ? null : frameRate,
  };
}

async function streamUrlOf(
  client: SoapClient,
  { media, media2 }: DeviceServices,
  token: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const profile = escapeXml(token);
  if (media2 !== undefined) {
    const content = await client
      .call(
        {
          url: media2,
          action: 'http://www.onvif.org/ver20/media/wsdl/GetStreamUri',
          body: `<tr2:GetStreamUri><tr2:Protocol>RTSP</tr2:Protocol><tr2:ProfileToken>${profile}</tr2:ProfileToken></tr2:GetStreamUri>`,
        },
        signal,
      )
      .catch(unlessMissing);
    const uri = textAt(content, 'Uri');
    if (uri !== undefined) return streamAtCamera(uri, client.deviceUrl);
  }
  if (media === undefined) return undefined;
  const content = await client
    .call(
      {
        url: media,
        action: 'http://www.onvif.org/ver10/media/wsdl/GetStreamUri',
        body: `<trt:GetStreamUri><trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></trt:StreamSetup><trt:ProfileToken>${profile}</trt:ProfileToken></trt:GetStreamUri>`,
      },
      signal,
    )
    .catch(unlessMissing);
  const uri = textAt(content, 'MediaUri', 'Uri');
  return uri === undefined ? undefined : streamAtCamera(uri, client.deviceUrl);
}

/** For what a camera may lack: its faults are no failure, a lost connection and a refused password are. */
function unlessMissing(error: unknown): undefined {
  if (error instanceof CameraLostError && /^(?:not_found|unknown)$/.test(error.cameraCause)) return undefined;
  throw error;
}

function readNumber(text: string | undefined): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 && value <= 100_000 ? value : undefined;
}

function pixels({ width, height }: MediaProfile): number {
  return width * height;
}
