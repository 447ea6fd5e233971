import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { CleanupPlan, CleanupStore } from '../store/cleanup-store.ts';
import type { FileRemoval } from './file-removal.ts';

/** Rows of one transaction: some ten milliseconds, during which captures wait. */
const batchEvents = 50;
/** Between two batches, for everybody else who wants the disk. */
const pauseMs = 5;

export interface CleanerContext {
  readonly store: Pick<CleanupStore, 'deleteBatch'>;
  readonly files: FileRemoval;
  readonly queue: JobQueue;
  readonly live: LiveFeed;
  readonly clock: Clock;
}

/** Grows while the run goes on. */
export interface CleanupProgress {
  readonly plan: CleanupPlan;
  readonly startedAt: number;
  deletedEvents: number;
  deletedBytes: number;
}

export interface CleanupResult {
  readonly deletedEvents: number;
  readonly deletedBytes: number;
  /** Why it went no further; `done` when everything is gone that was to go. */
  readonly end: 'done' | 'more_than_announced' | 'shutdown' | 'failed';
  /** What the store or the disk said. */
  readonly failure: string | null;
}

/** Deletes what a plan has announced, and not one event more. One run at a time. */
export interface Cleaner {
  readonly running: CleanupProgress | undefined;
  /** An error of the store or the disk ends the run. @throws AppError `CLEANUP_RUNNING` */
  run(plan: CleanupPlan, signal: AbortSignal): Promise<CleanupResult>;
}

function result(
  { deletedEvents, deletedBytes }: CleanupProgress,
  end: CleanupResult['end'],
  failure: string | null,
): CleanupResult {
  return { deletedEvents, deletedBytes, end, failure };
}

export function createCleaner({ store, files, queue, live, clock }: CleanerContext): Cleaner {
  let running: CleanupProgress | undefined;

  async function deleteAll(
    progress: CleanupProgress,
    signal: AbortSignal,
  ): Promise<'done' | 'more_than_announced' | 'shutdown'> {
    const { plan } = progress;
    for (const scope of plan.scopes) {
      let cursor: string | null = null;
      for (;;) {
        if (signal.aborted) return 'shutdown';
        const limit = Math.min(batchEvents, plan.events - progress.deletedEvents);
        const batch = await store.deleteBatch({ scope, storedUntil: plan.storedUntil, cursor, limit });
        for (const eventId of batch.eventIds) {
          queue.remove(eventId);
          live.publish({ type: 'EVENT_DELETED', eventId });
        }
        progress.deletedEvents += batch.eventIds.length;
        progress.deletedBytes += batch.sizeBytes;
        await files.remove(batch.paths);
        if (!batch.hasMore) break;
        if (limit === 0) return 'more_than_announced';
        cursor = batch.cursor;
        await clock.sleep(pauseMs);
      }
    }
    return 'done';
  }

  return {
    get running() {
      return running;
    },
    async run(plan, signal) {
      if (running !== undefined) {
        throw new AppError(
          'CLEANUP_RUNNING',
          `A clean-up is running: ${running.deletedEvents} of ${running.plan.events} events are deleted. Try again when it has ended.`,
        );
      }
      const progress: CleanupProgress = { plan, startedAt: clock.now(), deletedEvents: 0, deletedBytes: 0 };
      running = progress;
      try {
        return result(progress, await deleteAll(progress, signal), null);
      } catch (error) {
        return result(progress, 'failed', messageOf(error));
      } finally {
        running = undefined;
      }
    },
  };
}
