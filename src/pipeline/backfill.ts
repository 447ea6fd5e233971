import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Stop } from '../core/stop.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { EventStore } from '../store/event-store.ts';

const lookEveryMs = 30_000;
/** So few that a new event never waits long behind them. */
const batchSize = 4;
/** An event that could not be described is left alone for so long before it is tried again. */
const pauseMs = 6 * 3_600_000;

export interface BackfillContext {
  readonly store: Pick<EventStore, 'undescribed' | 'requeue'>;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Describes what was left undescribed (overload, an outage, a spent budget) whenever the queue is idle, newest first,
 * until it is stopped. The caps on money hold as for every other event.
 */
export async function runBackfill(context: BackfillContext, stop: Stop): Promise<void> {
  const { clock, log } = context;
  while (!stop.drain.aborted) {
    await clock.sleep(lookEveryMs, stop.drain).catch(() => {
      // The drain ends the wait.
    });
    if (stop.drain.aborted) return;
    try {
      await backfillOnce(context);
    } catch (error) {
      log.warn({ stage: 'backfill', error: messageOf(error) }, 'undescribed events could not be looked for');
    }
  }
}

/** Answers how many events were put into the queue: none while it has anything to do. */
export async function backfillOnce({ store, queue, clock, log }: BackfillContext): Promise<number> {
  if (queue.depth() + queue.leased() > 0) return 0;
  const events = await store.undescribed({
    limit: batchSize,
    newestFirst: true,
    notSince: clock.now() - pauseMs,
  });
  if (events.length === 0) return 0;
  const jobs = await store.requeue({ events, limit: batchSize, requestedBy: 'backfill' });
  for (const job of jobs) queue.enqueue(job);
  log.info({ events: jobs.length }, 'describing events that were left undescribed');
  return jobs.length;
}
