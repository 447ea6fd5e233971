import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/core/clock.ts';

interface Sleeper {
  readonly dueAt: number;
  wake(): void;
}

interface Watcher {
  readonly count: number;
  resolve(): void;
}

/**
 * A clock that stands still until the test moves it. Timers of the platform and real I/O are not held back: wait for
 * those by `waitForSleepers`, which says when the code under test has come to its next wait.
 */
export class FakeClock implements Clock {
  #monotonicMs = 0;
  #wallOffsetMs: number;
  #sleepers: Sleeper[] = [];
  #watchers: Watcher[] = [];
  readonly #slept: number[] = [];

  /** @param startAt epoch ms */
  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startAt;
  }

  now(): number {
    return this.#wallOffsetMs + this.#monotonicMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  /** How many wait now. */
  get sleeperCount(): number {
    return this.#sleepers.length;
  }

  /** What was asked of `sleep` so far, in order, ms. */
  get slept(): readonly number[] {
    return this.#slept;
  }

  /** Milliseconds until the first sleeper wakes; `undefined` when nobody sleeps. */
  get nextWakeInMs(): number | undefined {
    const first = this.#first();
    return first === undefined ? undefined : first.dueAt - this.#monotonicMs;
  }

  /** A wait of 0 or less ends by itself in the next turn of the event loop, as it would on the system's clock. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#slept.push(ms);
    if (signal?.aborted === true) throw abortError(signal);
    if (ms <= 0) {
      await nextTurn();
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(abortError(signal));
      };
      const sleeper: Sleeper = {
        dueAt: this.#monotonicMs + ms,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#sleepers.push(sleeper);
      this.#notifyWatchers();
    });
  }

  /**
   * Lets `ms` pass: whoever is due wakes in order, at its own moment, and what it does next (without I/O) is done
   * before the next one wakes. Those who go to sleep meanwhile wake too if they are due within `ms`.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms;
    await settle();
    for (let next = this.#first(); next !== undefined && next.dueAt <= end; next = this.#first()) {
      this.#monotonicMs = Math.max(this.#monotonicMs, next.dueAt);
      const woken = next;
      this.#sleepers = this.#sleepers.filter((other) => other !== woken);
      woken.wake();
      await settle();
    }
    this.#monotonicMs = end;
  }

  /** Resolves once at least `count` sleep at the same time, whatever real I/O that takes. */
  async waitForSleepers(count = 1): Promise<void> {
    if (this.#sleepers.length >= count) return;
    await new Promise<void>((resolve) => {
      this.#watchers.push({ count, resolve });
    });
  }

  /** Somebody sets the wall clock; durations and sleepers do not notice. */
  jumpWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** The earliest; of several the one that has slept longest. */
  #first(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (first === undefined || sleeper.dueAt < first.dueAt) first = sleeper;
    }
    return first;
  }

  #notifyWatchers(): void {
    const ready = this.#watchers.filter(({ count }) => this.#sleepers.length >= count);
    this.#watchers = this.#watchers.filter((watcher) => !ready.includes(watcher));
    for (const watcher of ready) watcher.resolve();
  }
}

/** Lets every promise that can go on without I/O go on. */
async function settle(): Promise<void> {
  await nextTurn();
  await nextTurn();
}

function abortError(signal: AbortSignal | undefined): Error {
  const error = new Error('The operation was aborted', { cause: signal?.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}
