import type { Clock } from '../core/clock.ts';

/** After this time a turn counts as given back: a decoder that hangs must not hold up other cameras. */
const longestMs = 5_000;

/**
 * Bounds how many decoders for pictures there are at a time. Each holds up to 17 pictures of the full size, 3 MB each at
 * 1080p, and more at a time are no faster in all. Who asks first is served first.
 */
export class DecoderTurns {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number, clock: Clock) {
    this.#free = count;
    this.#clock = clock;
  }

  /**
   * @param signal of an order that is no longer wanted: resolves at once, with nothing to give back
   * @returns gives the turn back; further calls do nothing
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else if (!(await this.#waited(signal))) return () => undefined;
    const done = new AbortController();
    // Ends with the turn, without an error.
    void this.#passAfter(done.signal);
    return () => {
      done.abort();
    };
  }

  async #passAfter(done: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(longestMs, done);
    } catch {
      // Given back in time.
    }
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  /** @returns false when the signal came first */
  async #waited(signal: AbortSignal): Promise<boolean> {
    const turn = Promise.withResolvers<boolean>();
    const onTurn = (): void => {
      turn.resolve(true);
    };
    const onAbort = (): void => {
      const index = this.#waiting.indexOf(onTurn);
      // Its turn may have come just now.
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      turn.resolve(false);
    };
    this.#waiting.push(onTurn);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      return await turn.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}
