import type { CameraAdapter } from '../cameras/camera-adapter.ts';
import { fileCamera } from '../cameras/file-camera.ts';
import { hlsCamera } from '../cameras/hls-camera.ts';
import { httpMjpegCamera } from '../cameras/http-mjpeg-camera.ts';
import { httpSnapshotCamera } from '../cameras/http-snapshot-camera.ts';
import { rtspCamera } from '../cameras/rtsp-camera.ts';
import { syntheticCamera } from '../cameras/synthetic-camera.ts';
import { usbCamera } from '../cameras/usb-camera.ts';
import type { ProviderAdapter } from '../vision/provider-adapter.ts';
import { anthropicProvider } from '../vision/providers/anthropic.ts';
import { googleProvider } from '../vision/providers/google.ts';
import { localProvider } from '../vision/providers/local.ts';
import { openaiCompatibleProvider } from '../vision/providers/openai-compatible.ts';
import { openaiProvider } from '../vision/providers/openai.ts';
import { xaiProvider } from '../vision/providers/xai.ts';

/** The kinds of camera that come with Vedette. The first that accepts an address without a `type` is taken. */
export const cameraAdapters: readonly CameraAdapter[] = [
  rtspCamera,
  hlsCamera,
  httpSnapshotCamera,
  httpMjpegCamera,
  usbCamera,
  syntheticCamera,
  fileCamera,
];

/** The kinds of vision provider that come with Vedette, in the order in which those with a key are asked by default. */
export const providerAdapters: readonly ProviderAdapter[] = [
  openaiProvider,
  anthropicProvider,
  googleProvider,
  xaiProvider,
  openaiCompatibleProvider,
  localProvider,
];
