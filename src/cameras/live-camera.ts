import type { CameraSource, StreamRequest } from '../core/camera-source.ts';
import type { CameraContext } from './camera-adapter.ts';
import { TwoStreamSource } from './two-stream-source.ts';

/** How one address of a camera is opened; the rest of the request follows from the camera. */
export type LiveAddress = Pick<StreamRequest, 'protocol' | 'url' | 'transport' | 'variant' | 'capture'>;

/** @param addressOf called with the camera's address, and with that of its small stream where it has one */
export function openLiveCamera(
  { camera, streams, clock }: CameraContext,
  addressOf: (url: string, purpose: StreamRequest['purpose']) => LiveAddress,
): CameraSource {
  const request = (url: string, purpose: StreamRequest['purpose']): StreamRequest => ({
    name: camera.name,
    cameraId: camera.id,
    purpose,
    ...addressOf(url, purpose),
    username: camera.username,
    password: camera.password,
    masks: camera.privacyMasks,
    frameRate: camera.frameRate,
    motion: { sensitivity: camera.motionSensitivity, zones: camera.zones },
    decode: camera.decode,
    pacing: 'realtime',
    isLooping: false,
  });
  if (camera.subUrl === null) return streams.openStream(request(camera.url, 'analysis'));
  return new TwoStreamSource({
    streams,
    clock,
    analysis: request(camera.subUrl, 'analysis'),
    pictures: request(camera.url, 'pictures'),
  });
}
