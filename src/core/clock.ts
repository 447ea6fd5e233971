import { setTimeout as delay } from 'node:timers/promises';

/** All time and all waiting goes through a clock, so that tests need not wait. */
export interface Clock {
  /** Epoch milliseconds UTC, for people. */
  now(): number;
  /** Milliseconds since an arbitrary moment, never jumping; for durations. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with an `AbortError` when the signal aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
};
