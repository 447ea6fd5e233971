import type { Camera } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, ignoreAbort, messageOf } from '../core/errors.ts';
import type { Description, VedetteEvent } from '../core/event.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Stop } from '../core/stop.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { JobQueue, Lease } from '../queue/job-queue.ts';
import type { CameraStore, EventStore, FinishOutcome } from '../store/event-store.ts';
import type { MediaFiles } from '../store/media-files.ts';
import type { DescribeChain, LateAnswer } from '../vision/describe-chain.ts';
import { promptVersion } from '../vision/prompt.ts';
import { VisionError } from '../vision/vision-error.ts';
import type { DescribeFrame, DescribeInput } from '../vision/vision-provider.ts';
import { isWanted } from '../vision/wanted-labels.ts';
import { timedFrom } from './capture.ts';
import type { Finish } from './finish.ts';
import type { Improve } from './improve.ts';
import { isDiskFull, isStoreUnavailable } from './store-retry.ts';

/** A job that failed this often ends as `failed`. */
export const maxAttempts = 3;
const restartDelayMs = 1000;
const storePauseMs = 5000;

export interface DescribeContext {
  readonly queue: JobQueue;
  readonly store: EventStore;
  readonly media: MediaFiles;
  readonly cameras: Pick<CameraStore, 'get'>;
  readonly chain: DescribeChain;
  readonly finish: Finish;
  readonly improve: Improve;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the prompt is told beside the event, the same for all cameras. */
  readonly speech: Pick<DescribeInput, 'language' | 'timeZone'>;
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
        .sleep(isStoreUnavailable(error) || isDiskFull(error) ? storePauseMs : restartDelayMs, stop.abort)
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
    if (isStoreUnavailable(error) || isDiskFull(error)) lease.release();
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
  const result: DescribeResult | 'again' =
    attempt > maxAttempts
      ? {
          outcome: { status: 'failed', reason: `gave up: ${maxAttempts} attempts ended without an answer` },
          attempts: [],
        }
      : await describe(event, attempt, context, abort);
  if (result === 'again') {
    lease.retry();
    return;
  }
  const { outcome, attempts, better, wantedLabels = [] } = result;
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
      attempts,
      timings: { queued, ...(outcome.status === 'done' ? { described } : {}) },
    },
    abort,
  );
  lease.complete();
  tally.finished += 1;
  if (better !== undefined && outcome.status === 'done') {
    const { description, isUnwanted = false } = outcome;
    context.improve(event, { description, isUnwanted, wantedLabels }, better);
  }
}

interface DescribeResult {
  readonly outcome: FinishOutcome;
  readonly attempts: readonly ProviderAttempt[];
  /** A better description may follow. */
  readonly better?: Promise<LateAnswer>;
  /** Those of the camera. */
  readonly wantedLabels?: readonly string[];
}

/** `again` when trying once more can help. */
async function describe(
  event: VedetteEvent,
  attempt: number,
  context: DescribeContext,
  abort: AbortSignal,
): Promise<DescribeResult | 'again'> {
  const { chain, cameras, metrics, log } = context;
  try {
    const camera = await cameras.get(event.cameraId);
    const input = await inputOf(event, camera, context);
    if (input === undefined) return { outcome: { status: 'skipped', reason: 'no picture' }, attempts: [] };
    const { first, attempts, sameAs, better } = await chain.describe(input, abort);
    // What somebody asked for by hand is told whatever it shows.
    const wantedLabels = event.source === 'motion' ? (camera?.labels ?? []) : [];
    return {
      outcome: {
        status: 'done',
        description: first,
        sameAs,
        promptVersion: promptVersionOf(first, chain),
        isUnwanted: !isWanted(first.objects, wantedLabels),
      },
      attempts,
      wantedLabels,
      ...(better === undefined ? {} : { better }),
    };
  } catch (error) {
    abort.throwIfAborted();
    if (isStoreUnavailable(error)) throw error;
    const fault = error instanceof VisionError ? error.fault : undefined;
    const attempts = error instanceof VisionError ? error.attempts : [];
    const code = error instanceof AppError ? error.code : 'DESCRIBE_FAILED';
    metrics.countError('describe', fault ?? code);
    log.error(
      {
        eventId: event.id,
        camera: event.cameraName,
        stage: 'describe',
        type: fault ?? code,
        attempt,
        error: messageOf(error),
      },
      'describing failed',
    );
    if (fault === 'budget' || fault === 'privacy')
      return { outcome: { status: 'skipped', reason: fault }, attempts };
    const isRetryable = error instanceof AppError ? error.isRetryable : true;
    if (isRetryable && attempt < maxAttempts) return 'again';
    return { outcome: { status: 'failed', reason: `${code}: ${messageOf(error)}` }, attempts };
  }
}

/** `undefined` for an event without a picture. */
async function inputOf(
  event: VedetteEvent,
  camera: Camera | undefined,
  { media, speech }: DescribeContext,
): Promise<DescribeInput | undefined> {
  if (event.frames.length === 0) return undefined;
  const frames = await readFrames(event, media);
  return {
    eventId: event.id,
    cameraId: event.cameraId,
    cameraName: event.cameraName,
    startedAt: timedFrom(event),
    frames,
    bestCapturedAt: event.timestamp,
    motion: event.motion,
    zones: event.motion?.zones ?? [],
    // What was agreed for a camera that has been deleted is not known any more: its pictures stay here.
    isLocalOnly: camera?.isLocalOnly ?? true,
    ...(camera?.promptAddition == null ? {} : { instructions: camera.promptAddition }),
    ...speech,
  };
}

/** Of the prompt that was answered; `null` when nothing was sent. */
export function promptVersionOf(description: Description, chain: DescribeChain): string | null {
  const isLocal = chain.states().some(({ name, type }) => name === description.provider && type === 'local');
  return isLocal ? null : promptVersion;
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
