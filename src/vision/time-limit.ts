import type { Clock } from '../core/clock.ts';

export interface TimeLimit extends Disposable {
  /** Aborts with the reason given when the time is up, or with the parent. */
  readonly signal: AbortSignal;
}

/** Holds work to a time; disposing it ends the timer. */
export function startLimit(clock: Clock, ms: number, reason: () => Error, parent: AbortSignal): TimeLimit {
  const limit = new AbortController();
  const timer = new AbortController();
  void clock.sleep(ms, timer.signal).then(
    () => limit.abort(reason()),
    () => undefined,
  );
  return {
    signal: AbortSignal.any([parent, limit.signal]),
    [Symbol.dispose]: () => {
      timer.abort();
    },
  };
}

/**
 * Ends with the signal even when the work does not.
 *
 * @throws the signal's reason, or what the work throws
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => {
    aborted.reject(signal.reason);
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  // Whichever loses is of no interest any more.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
