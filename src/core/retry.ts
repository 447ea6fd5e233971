import type { Clock } from './clock.ts';
import { AppError, isAbort } from './errors.ts';

export interface RetryOptions {
  /** The wait before each further attempt: with three of them `fn` is called four times at most. */
  readonly delaysMs: readonly number[];
  /** Whether the same call may succeed later; by default what the `AppError` says, and no for anything else. */
  readonly isRetryable?: (error: unknown) => boolean;
  readonly clock: Clock;
  /** Ends the waiting. It is not passed to `fn`, which may want to finish what it has begun. */
  readonly signal?: AbortSignal;
  /** Called before each wait, for the log and the counters; `attempt` is the one that failed, from 1. */
  readonly onRetry?: (error: unknown, delayMs: number, attempt: number) => void;
}

/**
 * Calls `fn` until it succeeds, fails for good, or the delays are used up.
 *
 * @throws what `fn` threw last, or an `AbortError` when the signal aborts while it waits; an abort thrown by `fn` is
 *   never retried
 */
export async function retryWithDelays<T>(
  fn: (attempt: number) => Promise<T>,
  { delaysMs, isRetryable = isRetryableError, clock, signal, onRetry }: RetryOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fn(attempt);
    } catch (error) {
      const delayMs = delaysMs[attempt - 1];
      if (delayMs === undefined || isAbort(error) || !isRetryable(error)) throw error;
      onRetry?.(error, delayMs, attempt);
      await clock.sleep(delayMs, signal);
    }
  }
}

function isRetryableError(error: unknown): boolean {
  return error instanceof AppError && error.isRetryable;
}
