import type { Detection } from './event.ts';
import type { Box } from './geometry.ts';

export interface DetectionRequest {
  /** A JPEG of any size. */
  readonly jpeg: Uint8Array;
  /** Where something moves: the detector looks closer there, since small subjects are found only so. */
  readonly focus: readonly Box[];
}

/** Recognises objects in pictures, on this machine. Never on the event loop. */
export interface ObjectDetector extends AsyncDisposable {
  readonly model: string;
  /**
   * @returns best first, boxes relative to the whole picture, no object twice
   * @throws AppError `PICTURE_INVALID` when the JPEG can't be read, `DETECTION_FAILED` when the model fails
   */
  detect(request: DetectionRequest, signal: AbortSignal): Promise<Detection[]>;
}
