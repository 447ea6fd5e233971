import { z } from 'zod';
import type { CameraAdapter } from './camera-adapter.ts';
import { isHttpAddress } from './http-address.ts';
import { openLiveCamera } from './live-camera.ts';

/** Single pictures, as makers name them: `/snapshot.cgi`, `/ISAPI/…/picture`, `/image.jpg`, `/capture`, `?cmd=Snap`. */
const snapshotPath = /\.jpe?g$|snapshot|\/(?:snap|image|picture|still|capture)(?:$|[./])/i;
const snapshotQuery = /[?&]cmd=snap\b/i;

function isSnapshot(url: string): boolean {
  const { pathname, search } = new URL(url);
  return snapshotPath.test(pathname) || snapshotQuery.test(search);
}

/**
 * Cameras that answer each request with one JPEG. They are asked at the frame rate, over one connection that is kept; a
 * picture was taken when it arrives.
 */
export const httpSnapshotCamera: CameraAdapter = {
  type: 'http_snapshot',
  title: 'Network camera (single JPEG pictures over HTTP)',
  url: z.string().refine(isHttpAddress, {
    error: 'expected the HTTP address of a picture such as http://192.168.1.20/snapshot.jpg',
  }),
  hasSubStream: false,
  accepts: (url) => isHttpAddress(url) && isSnapshot(url),
  create: (context) =>
    openLiveCamera(context, (url) => ({ protocol: 'http_snapshot', url, transport: 'tcp' })),
};
