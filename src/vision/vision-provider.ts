import type { Description, EventMotion } from '../core/event.ts';
import type { MotionRegion } from '../core/motion.ts';

export interface DescribeFrame {
  readonly capturedAt: number;
  readonly jpeg: Uint8Array;
  /** What moved in it, when known. */
  readonly regions: readonly MotionRegion[];
}

export interface DescribeInput {
  readonly eventId: string;
  readonly cameraName: string;
  /** When the event began, epoch ms. */
  readonly startedAt: number;
  /** In the order of time, at least one. */
  readonly frames: readonly DescribeFrame[];
  /** Of the frame whose picture stands for the event: the description's detections are to be of that one. */
  readonly bestCapturedAt?: number;
  readonly motion: EventMotion | null;
}

/**
 * Puts an event into words. Providers never retry by themselves; the chain of providers is itself a provider.
 *
 * @throws AppError `DESCRIBE_FAILED` with `isRetryable` set as the cause demands, `DESCRIBE_TIMEOUT`, or an
 *   `AbortError` when the signal aborts
 */
export interface VisionProvider extends AsyncDisposable {
  readonly name: string;
  describe(input: DescribeInput, signal: AbortSignal): Promise<Description>;
}
