import { z } from 'zod';
import type { CameraAdapter } from './camera-adapter.ts';
import { openLiveCamera } from './live-camera.ts';

/** `#transport=udp` at the end of the address; nothing is sent to the camera of what stands behind the `#`. */
function transportOf(url: string): 'tcp' | 'udp' | undefined {
  const { hash } = new URL(url);
  if (hash === '' || hash === '#transport=tcp') return 'tcp';
  return hash === '#transport=udp' ? 'udp' : undefined;
}

function isRtsp(url: string): boolean {
  return /^rtsps?:\/\//i.test(url);
}

const example = 'rtsp://192.168.1.20:554/stream1';

/**
 * Cameras that speak RTSP, plain (`rtsp:`) or over TLS (`rtsps:`). The video comes through the same TCP connection
 * unless the address ends in `#transport=udp`: UDP has less delay on a clean network and loses pictures on any other.
 */
export const rtspCamera: CameraAdapter = {
  type: 'rtsp',
  title: 'Network camera (RTSP): H.264, H.265 or MJPEG, over TCP or UDP',
  url: z
    .string()
    .refine((url) => isRtsp(url) && URL.canParse(url) && new URL(url).hostname !== '', {
      error: `expected an RTSP address such as ${example}`,
      abort: true,
    })
    .refine((url) => transportOf(url) !== undefined, {
      error: `expected nothing or #transport=udp at the end, such as ${example}#transport=udp`,
    }),
  hasSubStream: true,
  accepts: isRtsp,
  create: (context) =>
    openLiveCamera(context, (url) => ({
      protocol: 'rtsp',
      url: url.replace(/#.*$/, ''),
      transport: transportOf(url) ?? 'tcp',
    })),
};
