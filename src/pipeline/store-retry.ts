import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import { retryWithDelays } from '../core/retry.ts';

/** Guarantee 6: a database that is briefly unavailable is asked again after these times. */
const delaysMs = [2000, 4000, 8000] as const;
const fullPauseMs = 10_000;

export interface StoreRetryContext {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Calls the store, and again while it is unavailable; throws its last error. */
export async function retryStore<T>(
  stage: string,
  eventId: string,
  { clock, metrics, log }: StoreRetryContext,
  call: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  return retryWithDelays(call, {
    delaysMs,
    isRetryable: isStoreUnavailable,
    clock,
    signal,
    onRetry: (error, delayMs, attempt) => {
      metrics.countError(stage, 'STORE_UNAVAILABLE');
      log.warn(
        { stage, eventId, attempt, delayMs, error: messageOf(error) },
        'the database is unavailable; trying again',
      );
    },
  });
}

/** What has been paid for is not thrown away for want of room: waits as long as the disk is full. */
export async function retryWhileFull<T>(
  stage: string,
  { clock, log }: Pick<StoreRetryContext, 'clock' | 'log'>,
  call: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      log.warn({ stage, error: messageOf(error) }, 'waiting for room on the disk');
      await clock.sleep(fullPauseMs, signal);
    }
  }
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof AppError && error.code === 'DISK_FULL';
}

export function isStoreUnavailable(error: unknown): boolean {
  return error instanceof AppError && error.code === 'STORE_UNAVAILABLE';
}
