import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Stop } from '../core/stop.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { EventStore, StoredJob } from '../store/event-store.ts';
import type { Capture } from './capture.ts';

const queueRoomPollMs = 500;
const spoolPollMs = 30_000;

export interface ResumeContext {
  readonly store: EventStore;
  readonly queue: JobQueue;
  readonly capture: Capture;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Puts the jobs that an earlier run left into the queue, oldest first, as room comes: they never push out what is new,
 * and none of them is dropped for having waited through a restart.
 */
export async function resumeJobs(
  jobs: readonly StoredJob[],
  { queue, clock, log }: ResumeContext,
  stop: Stop,
): Promise<void> {
  if (jobs.length > 0) log.info({ jobs: jobs.length }, 'going on with the jobs of the last run');
  for (const job of jobs) {
    while (queue.depth() >= queue.capacity) {
      if (stop.drain.aborted) return;
      await clock.sleep(queueRoomPollMs);
    }
    if (stop.drain.aborted) return;
    queue.enqueue(job);
  }
}

/** Stores the captures that had to wait on the disk, now and whenever there are some, until it is stopped. */
export async function drainSpool({ capture, clock, log }: ResumeContext, stop: Stop): Promise<void> {
  while (!stop.drain.aborted) {
    try {
      const stored = await capture.drainSpool(stop.abort);
      if (stored > 0) log.info({ captures: stored }, 'captures that waited on the disk are stored');
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'captures wait on the disk: the database can not take them yet');
    }
    await clock.sleep(spoolPollMs, stop.drain).catch(() => {
      // The drain ends the wait; what is still there waits for the next start.
    });
  }
}
