import type { z } from 'zod';
import type { Camera, CameraCause } from '../core/camera.ts';
import { AppError } from '../core/errors.ts';
import type { AnalysisFrame, Picture, StreamInfo } from '../core/frame.ts';
import type { Logger } from '../core/log.ts';

/**
 * One connection to one camera. Opened once; the caller reconnects by creating another source.
 *
 * `open` yields frames at the camera's `frameRate` until the signal aborts (then it returns), a recording ends
 * (then it returns too) or the connection is lost (then it throws a `CameraLostError` with its typed cause).
 */
export interface CameraSource extends AsyncDisposable {
  open(signal: AbortSignal): AsyncIterable<AnalysisFrame>;
  /** Known once the first frame has come. */
  readonly info: StreamInfo | undefined;
  /**
   * The full-resolution pictures of frames that `open` has yielded, in the order asked for, decoded cleanly from the
   * packets that are kept of the last seconds.
   *
   * @param capturedAt of the frames; at most 8
   * @throws AppError `PICTURE_GONE` when the packets are no longer kept, `CAMERA_LOST`/`MEDIA_HOST_LOST` when the
   *   connection has gone
   */
  pictures(capturedAt: readonly number[], signal: AbortSignal): Promise<Picture[]>;
}

export interface CameraSourceContext {
  readonly camera: Camera;
  readonly log: Logger;
}

/** A kind of camera: one file that exports one of these, and one line in `app/builtins.ts`. */
export interface CameraAdapter {
  /** The value of `type` in the configuration and the API. */
  readonly type: string;
  /** One line for the reference and the form. */
  readonly title: string;
  /** Checks the address; its message says what such an address looks like. */
  readonly url: z.ZodType<string>;
  /** True when this adapter is the one that an address without a `type` means. */
  accepts(url: string): boolean;
  create(context: CameraSourceContext): CameraSource;
}

/** The connection is gone, or was never made. */
export class CameraLostError extends AppError {
  readonly cameraCause: CameraCause;

  constructor(cameraCause: CameraCause, message: string, options: { cause?: unknown } = {}) {
    super('CAMERA_LOST', message, options);
    this.name = 'CameraLostError';
    this.cameraCause = cameraCause;
  }
}
