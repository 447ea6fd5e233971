import type { PlayableCodec } from '../parameter-sets.ts';

/** The video that a camera describes (RFC 8866, with RFC 6184 and RFC 7798 for its format). */
export interface DescribedVideo {
  readonly codec: PlayableCodec;
  readonly payloadType: number;
  /** The parameter sets with start codes, as extradata; empty when they come in the stream only. */
  readonly parameterSets: Buffer;
  /** `null` when it says nothing usable. */
  readonly framesPerSecond: number | null;
  /** Where to ask for it, as it stands there; `undefined` where the presentation itself is asked for. */
  readonly control: string | undefined;
  /** Of the whole presentation. */
  readonly sessionControl: string | undefined;
}

const codecs = new Map<string, PlayableCodec>([
  ['H264', 'h264'],
  ['H265', 'hevc'],
]);

/** Of RTP time stamps of video. */
export const ticksPerSecond = 90_000;

const startCode = Buffer.of(0, 0, 0, 1);

/** @returns the first video; `undefined` when there is none in H.264 or H.265 whose units come in their order */
export function readDescription(text: string): DescribedVideo | undefined {
  const lines = text.split(/\r?\n/);
  const firstMedia = lines.findIndex((line) => line.startsWith('m='));
  const begin = lines.findIndex((line) => line.startsWith('m=video'));
  if (begin === -1) return undefined;
  const after = lines.findIndex((line, index) => index > begin && line.startsWith('m='));
  const video = lines.slice(begin, after === -1 ? undefined : after);
  const payloadType = /^m=video \S+ \S+ (\d+)/.exec(video[0] ?? '')?.[1];
  if (payloadType === undefined) return undefined;
  const map = attribute(video, `rtpmap:${payloadType} `);
  const [, name = '', ticks] = /^\s*([\w.-]+)\/(\d+)/.exec(map ?? '') ?? [];
  const codec = codecs.get(name.toUpperCase());
  if (codec === undefined || Number(ticks) !== ticksPerSecond) return undefined;
  const format = formatParameters(attribute(video, `fmtp:${payloadType} `) ?? '');
  const isInterleaved =
    format.get('packetization-mode') === '2' || Number(format.get('sprop-max-don-diff') ?? 0) > 0;
  if (isInterleaved) return undefined;
  return {
    codec,
    payloadType: Number(payloadType),
    parameterSets: parameterSets(format, codec),
    framesPerSecond: usableRate(attribute(video, 'framerate:')),
    control: attribute(video, 'control:'),
    sessionControl: attribute(lines.slice(0, firstMedia), 'control:'),
  };
}

function attribute(lines: readonly string[], name: string): string | undefined {
  const start = `a=${name}`;
  return lines
    .find((line) => line.startsWith(start))
    ?.slice(start.length)
    .trim();
}

function formatParameters(text: string): Map<string, string> {
  return new Map(
    text.split(';').map((part): [string, string] => {
      // Base64 ends in equals signs of its own.
      const equals = part.indexOf('=');
      return equals === -1
        ? [part.trim().toLowerCase(), '']
        : [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim()];
    }),
  );
}

function parameterSets(format: ReadonlyMap<string, string>, codec: PlayableCodec): Buffer {
  const names = codec === 'h264' ? ['sprop-parameter-sets'] : ['sprop-vps', 'sprop-sps', 'sprop-pps'];
  const units = names
    .flatMap((name) => (format.get(name) ?? '').split(','))
    .map((unit) => Buffer.from(unit, 'base64'))
    .filter((unit) => unit.length > 0);
  return Buffer.concat(units.flatMap((unit) => [startCode, unit]));
}

function usableRate(text: string | undefined): number | null {
  const rate = Number(text);
  return rate > 0 && rate <= 240 ? rate : null;
}

/**
 * The address of a part of a presentation, as FFmpeg and cameras make it: what the base has behind its path stays.
 *
 * @param base `Content-Base`, or the address that was asked
 */
export function controlAddress(base: string, control: string | undefined): string {
  if (control === undefined || control === '' || control === '*') return base;
  if (/^rtsps?:\/\//i.test(control)) return control;
  return base.endsWith('/') || control.startsWith('/') ? `${base}${control}` : `${base}/${control}`;
}
