import type { CameraCause } from '../core/camera.ts';

const firstMs = 1_000;
const longestMs = 60_000;
/** No two attempts stand closer together, whatever the dice say. */
const shortestMs = 500;
/** A camera that refused the password is asked seldom: many lock the account after a few tries. */
const unauthorizedMs = 30_000;
/** A connection that held so long was a good one. */
const healthyMs = 60_000;

/**
 * How long to wait before a camera is connected again: a random share of a ceiling that doubles from 1 s to 60 s
 * ("full jitter", so that cameras behind one failed switch don't come back in step).
 */
export class ReconnectBackoff {
  readonly #random: () => number;
  #failures = 0;

  /** @param random 0 ≤ value < 1 */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /**
   * @param cause why the connection was lost or not made
   * @param streamedMs how long frames had come before; 0 when none had
   * @returns milliseconds to wait, 500–60,000
   */
  next(cause: CameraCause, streamedMs: number): number {
    if (streamedMs >= healthyMs) this.#failures = 0;
    const startMs = cause === 'unauthorized' ? unauthorizedMs : firstMs;
    const ceilingMs = Math.min(longestMs, startMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    // For a refused password the ceiling's lower half is left out: "at once" is never the right moment.
    const floorMs = cause === 'unauthorized' ? ceilingMs / 2 : shortestMs;
    return Math.max(floorMs, Math.round(this.#random() * ceilingMs));
  }
}
