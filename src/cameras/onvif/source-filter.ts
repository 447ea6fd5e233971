import { CameraLostError } from '../../core/camera-source.ts';
import type { DeviceServices } from './device.ts';
import { readMediaProfiles, readMediaStreams } from './media-profiles.ts';
import type { MotionWord } from './motion-topics.ts';
import type { SoapClient } from './soap-client.ts';

/** True for words about the picture that is watched. */
export type SourceFilter = (word: MotionWord) => boolean;

/**
 * A recorder, or a camera with several lenses, tells of all its pictures at once: only what concerns the stream with one of
 * these addresses counts. Where there is one picture only, everything does.
 *
 * @throws CameraLostError `not_found` when none of several pictures has such an address
 */
export async function findSourceFilter(
  client: SoapClient,
  services: DeviceServices,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<SourceFilter> {
  if (services.media === undefined && services.media2 === undefined) return () => true;
  const profiles = await readMediaProfiles(client, services, signal);
  const count = new Set(profiles.map(({ videoSource }) => videoSource)).size;
  if (count <= 1) return () => true;
  const wanted = new Set(addresses.map(pathOf));
  const own = (await readMediaStreams(client, services, signal)).find(({ url }) => wanted.has(pathOf(url)));
  if (own === undefined) {
    throw new CameraLostError(
      'not_found',
      `${client.deviceUrl.host} has ${count} pictures, and none of their streams has this camera's address: use the address that the camera names itself (vedette camera discover).`,
    );
  }
  const tokens = new Set([own.videoSource, own.videoSourceConfiguration]);
  return ({ sources }) => sources.length === 0 || sources.some((token) => tokens.has(token));
}

function pathOf(address: string): string {
  if (!URL.canParse(address)) return address;
  const { pathname, search } = new URL(address);
  return `${pathname.replace(/\/$/, '')}${search}`;
}
