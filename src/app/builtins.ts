import type { CameraAdapter } from '../cameras/camera-adapter.ts';
import { fileCamera } from '../cameras/file-camera.ts';
import { httpMjpegCamera } from '../cameras/http-mjpeg-camera.ts';
import { rtspCamera } from '../cameras/rtsp-camera.ts';

/** The kinds of camera that come with Vedette. The first that accepts an address without a `type` is taken. */
export const cameraAdapters: readonly CameraAdapter[] = [rtspCamera, httpMjpegCamera, fileCamera];
