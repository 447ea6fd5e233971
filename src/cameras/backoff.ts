import type { CameraCause } from '../core/camera.ts';

interface Ladder {
  /** The ceiling of the first wait; each further one is twice as high … */
  readonly firstMs: number;
  /** … up to this. */
  readonly longestMs: number;
  /** The least wait, as a share of its ceiling. */
  readonly floorShare: number;
}

/** No two attempts stand closer together than half a second. */
const usual: Ladder = { firstMs: 1_000, longestMs: 60_000, floorShare: 0 };
const shortestMs = 500;
/**
 * A camera that refused the password is asked seldom: many lock the account, or the address that asks, after five to
 * seven tries within half an hour. The fifth try comes after four minutes at the earliest, the seventh after nine.
 */
const unauthorized: Ladder = { firstMs: 60_000, longestMs: 300_000, floorShare: 0.5 };
/** A connection that held so long was a good one. */
const healthyMs = 60_000;

/**
 * How long to wait before a camera is connected again: a random moment below a ceiling that doubles from 1 s to 60 s
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
   * @returns milliseconds to wait: 500–60,000, and for a refused password 30,000–300,000
   */
  next(cause: CameraCause, streamedMs: number): number {
    if (streamedMs >= healthyMs) this.#failures = 0;
    const { firstMs, longestMs, floorShare } = cause === 'unauthorized' ? unauthorized : usual;
    const ceilingMs = Math.min(longestMs, firstMs * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    const floorMs = Math.max(shortestMs, floorShare * ceilingMs);
    // From the floor on, rather than raised to it: else half of all cameras would be back after exactly half a second.
    return Math.round(floorMs + this.#random() * (ceilingMs - floorMs));
  }
}
