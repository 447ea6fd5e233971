import { z } from 'zod';
import type { CaptureMode } from '../core/camera-source.ts';
import type { CameraAdapter } from './camera-adapter.ts';
import { openLiveCamera } from './live-camera.ts';

const address = /^(?<path>\/dev\/[\w/.:-]+|usb:(?<number>\d{1,2}))(?:\?(?<query>.*))?$/;
const example = '/dev/video0 or usb:0';

interface UsbAddress {
  readonly path: string;
  readonly capture: CaptureMode;
}

/** `undefined` for what is no such address. */
function readAddress(url: string): UsbAddress | undefined {
  const { path, number, query = '' } = address.exec(url)?.groups ?? {};
  if (path === undefined) return undefined;
  const wanted = Object.fromEntries(new URLSearchParams(query));
  const { size, fps, format, ...others } = wanted;
  const [, width, height] = /^(\d{2,4})x(\d{2,4})$/.exec(size ?? '') ?? [];
  const framesPerSecond = Number(fps ?? 1);
  const isWell =
    Object.keys(others).length === 0 &&
    (size === undefined || height !== undefined) &&
    framesPerSecond >= 1 &&
    framesPerSecond <= 240 &&
    /^\w{1,20}$/.test(format ?? 'none');
  if (!isWell) return undefined;
  return {
    path: number === undefined ? path : `/dev/video${number}`,
    capture: {
      size: size === undefined ? null : { width: Number(width), height: Number(height) },
      framesPerSecond: fps === undefined ? null : framesPerSecond,
      format: format ?? null,
    },
  };
}

/**
 * Cameras on a USB port of this machine, through Video4Linux. `usb:0` is `/dev/video0`; behind a `?` may stand what to ask
 * the camera for, such as `size=1280x720&fps=15&format=mjpeg`.
 */
export const usbCamera: CameraAdapter = {
  type: 'usb',
  title: 'USB camera (Video4Linux, only on Linux)',
  url: z.string().refine((url) => readAddress(url) !== undefined, {
    error: `expected the device of a camera such as ${example}, with ?size=1280x720&fps=15&format=mjpeg behind it at most`,
  }),
  hasSubStream: false,
  accepts: (url) => /^(?:\/dev\/(?:video|v4l\/)|usb:)/.test(url),
  create: (context) =>
    openLiveCamera(context, (url) => {
      const { path = url, capture } = readAddress(url) ?? {};
      return { protocol: 'usb', url: path, transport: 'tcp', ...(capture === undefined ? {} : { capture }) };
    }),
};
