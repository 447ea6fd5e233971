import type { Clock } from '../core/clock.ts';
import { AppError, isAbort, messageOf } from '../core/errors.ts';
import type { VedetteEvent } from '../core/event.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Stop } from '../core/stop.ts';
import type { JobQueue, Lease } from '../queue/job-queue.ts';
import type { EventStore, FinishOutcome } from '../store/event-store.ts';
import type { MediaFiles } from '../store/media-files.ts';
import type { DescribeFrame, VisionProvider } from '../vision/vision-provider.ts';
import { timedFrom } from './capture.ts';
import type { Finish } from './finish.ts';
import { isStoreUnavailable } from './store-retry.ts';

/** A job that failed this often ends as `failed`. */
export const maxAttempts = 3;
const restartDelayMs = 1000;
const storePauseMs = 5000;

export interface DescribeContext {
  readonly queue: JobQueue;
  readonly store: EventStore;
  readonly media: MediaFiles;
  readonly provider: VisionProvider;
  readonly finish: Finish;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** From the frame that opened the episode to its description. */
  readonly deadlineMs: number;
}

/** What the workers did, for the last words at the exit. */
export interface WorkerTally {
  finished: number;
  aborted: number;
}

/**
 * One worker: leases a job, has it described, finishes it, for ever. Ends when the queue has nothing more for it. An
 * error that no job can answer for restarts the worker; the job goes back with one attempt counted.
 */
export async function runWorker(
  index: number,
  context: DescribeContext,
  stop: Stop,
  tally: WorkerTally,
): Promise<void> {
  const { log, metrics, clock } = context;
  log.info({ worker: index }, 'worker started');
  for (;;) {
    try {
      if ((await workOnce(context, stop, tally)) === 'ended') return;
    } catch (error) {
      if (stop.abort.aborted) return;
      metrics.countWorkerRestart();
      metrics.countError('describe', error instanceof AppError ? error.code : 'INTERNAL');
      log.error(
        { worker: index, stage: 'describe', error: messageOf(error) },
        'worker failed and starts again',
      );
      await clock
        .sleep(isStoreUnavailable(error) ? storePauseMs : restartDelayMs, stop.abort)
        .catch(ignoreAbort);
    }
  }
}

async function workOnce(
  context: DescribeContext,
  stop: Stop,
  tally: WorkerTally,
): Promise<'worked' | 'ended'> {
  await using lease = await context.queue.lease(stop);
  if (lease === undefined) return 'ended';
  try {
    await answer(lease, context, stop.abort, tally);
  } catch (error) {
    if (stop.abort.aborted) {
      lease.release();
      tally.aborted += 1;
      await context.store.releaseAttempt(lease.job.eventId);
      return 'ended';
    }
    if (isStoreUnavailable(error)) lease.release();
    throw error;
  }
  return 'worked';
}

async function answer(
  lease: Lease,
  context: DescribeContext,
  abort: AbortSignal,
  tally: WorkerTally,
): Promise<void> {
  const { store, metrics, clock, log, finish } = context;
  const { eventId } = lease.job;
  const attempt = await store.beginAttempt(eventId);
  const event = attempt === undefined ? undefined : await store.get(eventId);
  if (attempt === undefined || event === undefined) {
    // Deleted while it waited.
    lease.complete();
    return;
  }
  const startedAt = timedFrom(event);
  const queued = clock.now() - startedAt;
  if (attempt === 1) metrics.recordLatency('queued', queued);
  const outcome: FinishOutcome | 'again' =
    attempt > maxAttempts
      ? { status: 'failed', reason: `gave up: ${maxAttempts} attempts ended without an answer` }
      : await describe(event, attempt, context, abort);
  if (outcome === 'again') {
    lease.retry();
    return;
  }
  const described = clock.now() - startedAt;
  if (outcome.status === 'done') {
    metrics.recordLatency('described', described);
    log.info(
      {
        eventId,
        camera: event.cameraName,
        provider: outcome.description.provider,
        ms: Math.round(described - queued),
      },
      'event described',
    );
  }
  await finish(
    {
      eventId,
      startedAt,
      cameraName: event.cameraName,
      outcome,
      timings: { queued, ...(outcome.status === 'done' ? { described } : {}) },
    },
    abort,
  );
  lease.complete();
  tally.finished += 1;
}

/** `again` when trying once more can help. */
async function describe(
  event: VedetteEvent,
  attempt: number,
  context: DescribeContext,
  abort: AbortSignal,
): Promise<FinishOutcome | 'again'> {
  const { provider, metrics, log, clock, deadlineMs } = context;
  try {
    const frames = await readFrames(event, context.media);
    if (frames.length === 0) return { status: 'skipped', reason: 'no picture' };
    // An event that is already late (it waited for a restart) gets a whole deadline from now on.
    const leftMs = timedFrom(event) + deadlineMs - clock.now();
    using deadline = createDeadline(leftMs > 0 ? Math.min(leftMs, deadlineMs) : deadlineMs, abort);
    const description = await provider.describe(
      {
        eventId: event.id,
        cameraName: event.cameraName,
        startedAt: event.startedAt,
        frames,
        bestCapturedAt: event.timestamp,
        motion: event.motion,
      },
      deadline.signal,
    );
    return { status: 'done', description };
  } catch (error) {
    abort.throwIfAborted();
    const code =
      error instanceof AppError ? error.code : isAbort(error) ? 'DESCRIBE_TIMEOUT' : 'DESCRIBE_FAILED';
    const isRetryable = error instanceof AppError ? error.isRetryable : true;
    metrics.countError('describe', code);
    log.error(
      {
        eventId: event.id,
        camera: event.cameraName,
        stage: 'describe',
        type: code,
        attempt,
        error: messageOf(error),
      },
      'describing failed',
    );
    if (isRetryable && attempt < maxAttempts) return 'again';
    return { status: 'failed', reason: `${code}: ${messageOf(error)}` };
  }
}

async function readFrames(event: VedetteEvent, media: MediaFiles): Promise<DescribeFrame[]> {
  const frames = await Promise.all(
    event.frames.map(async ({ path, capturedAt, regions }) => ({
      capturedAt,
      regions,
      jpeg: await media.read(path),
    })),
  );
  return frames.toSorted((a, b) => a.capturedAt - b.capturedAt);
}

/** A signal that aborts after `ms`, or with the parent; its timer ends with the scope. */
function createDeadline(ms: number, parent: AbortSignal): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new AppError('DESCRIBE_TIMEOUT', `No description within ${Math.round(ms)} ms`));
  }, ms);
  return {
    signal: AbortSignal.any([controller.signal, parent]),
    [Symbol.dispose]: () => {
      clearTimeout(timer);
    },
  };
}

function ignoreAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
