import { z } from 'zod';
import type { CameraAdapter } from './camera-adapter.ts';
import { isHttpAddress } from './http-address.ts';
import { openLiveCamera } from './live-camera.ts';

/**
 * HTTP Live Streaming: a playlist of segments that are some seconds long, so what is seen is that much old. Of several
 * variants of one picture the largest is taken, and the smallest that is wide enough where there is a `sub_url`, which
 * may be the address of the same playlist.
 */
export const hlsCamera: CameraAdapter = {
  type: 'hls',
  title: 'HLS stream (.m3u8 playlist over HTTP)',
  url: z.string().refine(isHttpAddress, {
    error: 'expected the HTTP address of a playlist such as http://192.168.1.20/live/index.m3u8',
  }),
  hasSubStream: true,
  accepts: (url) => isHttpAddress(url) && /\.m3u8?$/i.test(new URL(url).pathname),
  create: (context) =>
    openLiveCamera(context, (url, purpose) => ({
      protocol: 'hls',
      url,
      transport: 'tcp',
      variant: purpose === 'analysis' && context.camera.subUrl !== null ? 'smallest' : 'largest',
    })),
};
