import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { CameraAdapter } from './camera-adapter.ts';

function isFileUrl(url: string): boolean {
  return /^file:\/\//i.test(url);
}

function isPath(url: string): boolean {
  return url !== '' && !/^(?:[a-z][a-z0-9+.-]+:\/\/|synthetic:|usb:|\/dev\/)/i.test(url);
}

function pathOf(url: string): string | undefined {
  if (!isFileUrl(url)) return resolve(url);
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/**
 * A recording as a camera. In `realtime` it plays at its own speed, over and over, its time stamps being those of
 * the playing; in `fastest` it plays once, as quickly as its reader takes the frames.
 */
export const fileCamera: CameraAdapter = {
  type: 'file',
  title: 'Recording (MP4, Matroska, AVI, …), played in a loop like a camera',
  url: z.string().refine((url) => (isFileUrl(url) || isPath(url)) && pathOf(url) !== undefined, {
    error: 'expected the path of a recording such as /videos/yard.mp4, or a file:// address without a host',
  }),
  hasSubStream: false,
  accepts: (url) => isFileUrl(url) || isPath(url),
  create: ({ camera, streams, pacing }) =>
    streams.openStream({
      name: camera.name,
      cameraId: camera.id,
      purpose: 'analysis',
      protocol: 'file',
      url: pathOf(camera.url) ?? camera.url,
      username: null,
      password: null,
      transport: 'tcp',
      masks: camera.privacyMasks,
      frameRate: camera.frameRate,
      motion: { sensitivity: camera.motionSensitivity, zones: camera.zones },
      decode: camera.decode,
      pacing,
      isLooping: pacing === 'realtime',
    }),
};
