import type { z } from 'zod';
import type { CameraSource, StreamOpener } from '../core/camera-source.ts';
import type { Camera } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';

export interface CameraContext {
  readonly camera: Camera;
  readonly streams: StreamOpener;
  readonly clock: Clock;
  /** Of a recording; live cameras ignore it. */
  readonly pacing: 'realtime' | 'fastest';
}

/** A kind of camera: one file that exports one of these, and one line in `app/builtins.ts`. */
export interface CameraAdapter {
  /** The value of `type` in the configuration and the API. */
  readonly type: string;
  /** One line for the reference and the form. */
  readonly title: string;
  /** Checks the address; its message says what such an address looks like. */
  readonly url: z.ZodType<string>;
  /** Whether such a camera may have a small stream beside the large one, of the same kind of address. */
  readonly hasSubStream: boolean;
  /** True when an address without a `type` means this adapter. */
  accepts(url: string): boolean;
  create(context: CameraContext): CameraSource;
}
