import { z } from 'zod';
import type { CameraAdapter } from './camera-adapter.ts';
import { isHttpAddress } from './http-address.ts';
import { openLiveCamera } from './live-camera.ts';

/**
 * Cameras that send an endless row of JPEG pictures over HTTP (`multipart/x-mixed-replace`). Such streams carry no
 * times: a picture was taken when it arrives.
 */
export const httpMjpegCamera: CameraAdapter = {
  type: 'http_mjpeg',
  title: 'Network camera (MJPEG over HTTP)',
  url: z.string().refine(isHttpAddress, {
    error: 'expected the HTTP address of an MJPEG stream such as http://192.168.1.20/video.mjpg',
  }),
  hasSubStream: true,
  accepts: isHttpAddress,
  create: (context) => openLiveCamera(context, (url) => ({ protocol: 'http_mjpeg', url, transport: 'tcp' })),
};
