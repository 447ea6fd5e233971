import type { Clock } from '../core/clock.ts';

const minuteMs = 60_000;
/** Ten seconds' worth may be used at once. */
const burstShare = 1 / 6;

/** Holds calls to a number a minute: never more than `perMinute` within any 60 s, and some of them at once. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #perMs: number;
  #tokens: number;
  #at: number;

  /** @param perMinute 1 or more */
  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#capacity = Math.max(1, Math.floor(perMinute * burstShare));
    // What is saved up counts too: what flows in within a minute is so much less.
    this.#perMs = (perMinute - this.#capacity + 1) / minuteMs;
    this.#tokens = this.#capacity;
    this.#at = clock.monotonic();
  }

  tryTake(): boolean {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#capacity, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    // Sums of fractions come out a hair too small.
    if (this.#tokens < 1 - 1e-9) return false;
    this.#tokens -= 1;
    return true;
  }
}
