import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Description, EventMotion, EventSource, VedetteEvent } from '../core/event.ts';
import { createId } from '../core/ids.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { Job, JobQueue } from '../queue/job-queue.ts';
import type { CapturedEvent, CaptureResult, EventStore } from '../store/event-store.ts';
import type { DiskRoom } from '../store/disk-room.ts';
import type { EventPicture, MediaFiles, WrittenPictures } from '../store/media-files.ts';
import type { Finish } from './finish.ts';
import type { Spool } from './spool.ts';
import { isStoreUnavailable, retryStore } from './store-retry.ts';

export interface CaptureRequest {
  readonly cameraId: string;
  readonly cameraName: string;
  readonly source: EventSource;
  /** The frame that opened the episode. */
  readonly startedAt: number;
  /** Of what no camera's motion made: when it arrived. Its stages are timed from here: its age is not Vedette's doing. */
  readonly arrivedAt?: number;
  readonly endedAt: number | null;
  /** Of the best frame. */
  readonly timestamp: number;
  /** Best first. Without one the event is stored all the same. */
  readonly pictures: readonly EventPicture[];
  readonly motion: EventMotion | null;
  /** What is known so far of why it fired; absent where no motion was analysed. */
  readonly evidence?: MotionEvidence;
  /** Whoever handed it in has alerted somebody already. */
  readonly alertTriggered?: boolean;
  /** Given when the event arrives described. */
  readonly description?: Description;
  readonly idempotency?: { readonly key: string; readonly requestHash: string };
}

export interface CaptureContext {
  readonly store: EventStore;
  readonly media: MediaFiles;
  readonly queue: JobQueue;
  readonly spool: Spool;
  readonly finish: Finish;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Without it, what the disk refuses is found out by trying. */
  readonly room?: DiskRoom;
  /** Names of the targets that an event which arrives described is delivered to. */
  readonly deliveryTargets: readonly string[];
  readonly onDeliveriesDue: () => void;
}

export interface Capture {
  /**
   * Files first, then one transaction: from the moment this resolves the event can't be lost. When the database stays
   * away for longer than its retries, the capture waits in the spool and `undefined` comes back.
   */
  capture(request: CaptureRequest, signal: AbortSignal): Promise<CaptureResult | undefined>;
  /** Stores what waits in the spool; throws when the database still can't take it. */
  drainSpool(signal: AbortSignal): Promise<number>;
  /** Puts a job into the queue and marks the event whose job had to give way, if any. */
  enqueue(job: Job, cameraName: string, signal: AbortSignal): Promise<void>;
}

export function createCapture(context: CaptureContext): Capture {
  const { store, media, queue, spool, finish, live, metrics, clock, log, room } = context;

  async function enqueue(job: Job, cameraName: string, signal: AbortSignal): Promise<void> {
    const result = queue.enqueue(job);
    log.info({ eventId: job.eventId, camera: cameraName, depth: queue.depth() }, 'event queued');
    if (result.kind !== 'dropped') return;
    const dropped = result.job;
    const event = await store.get(dropped.eventId);
    const droppedFrom = event?.cameraName ?? dropped.cameraId;
    metrics.countDropped(droppedFrom, 'overload');
    log.warn(
      {
        eventId: dropped.eventId,
        camera: droppedFrom,
        startedAt: new Date(dropped.startedAt).toISOString(),
        waitedMs: clock.now() - dropped.startedAt,
        depth: queue.depth(),
        capacity: queue.capacity,
      },
      'the queue is full: the oldest job of the busiest camera gave way; its event is kept, undescribed',
    );
    const marked = finish(
      {
        eventId: dropped.eventId,
        startedAt: dropped.startedAt,
        cameraName: droppedFrom,
        outcome: { status: 'skipped', reason: 'overload' },
        timings: {},
      },
      signal,
    );
    await marked.catch((error: unknown) => {
      // Its job is still stored: it comes back with the next start.
      metrics.countError('capture', 'STORE_UNAVAILABLE');
      log.error({ eventId: dropped.eventId, error: messageOf(error) }, 'the dropped job could not be marked');
    });
  }

  /** What follows the transaction: everybody is told, and the job gets into line. */
  async function announce(event: VedetteEvent, signal: AbortSignal): Promise<void> {
    metrics.countCaptured(event.cameraName);
    metrics.recordLatency('captured', clock.now() - timedFrom(event));
    log.info(
      {
        eventId: event.id,
        camera: event.cameraName,
        source: event.source,
        pictures: event.frames.length,
        capturedMs: clock.now() - timedFrom(event),
      },
      'event captured',
    );
    live.publish({ type: 'EVENT_CREATED', event });
    if (event.descriptionStatus === 'pending') {
      await enqueue(
        { eventId: event.id, cameraId: event.cameraId, startedAt: timedFrom(event), attempts: 0 },
        event.cameraName,
        signal,
      );
    } else {
      metrics.countProcessed('success');
      if (context.deliveryTargets.length > 0) context.onDeliveriesDue();
    }
  }

  async function writePictures(
    id: string,
    { timestamp, pictures }: CaptureRequest,
  ): Promise<WrittenPictures> {
    try {
      return await media.writeEventPictures(id, timestamp, pictures);
    } catch (error) {
      room?.noteFailure(error);
      throw error;
    }
  }

  return {
    enqueue,
    async capture(request, signal) {
      room?.assertRoom();
      const id = createId();
      const { thumbnailPath, thumbnailBytes, frames } =
        request.pictures.length === 0
          ? { thumbnailPath: null, thumbnailBytes: null, frames: [] }
          : await writePictures(id, request);
      const captured: CapturedEvent = {
        id,
        cameraId: request.cameraId,
        source: request.source,
        timestamp: request.timestamp,
        startedAt: request.startedAt,
        endedAt: request.endedAt,
        motion: request.motion,
        ...(request.evidence === undefined ? {} : { evidence: request.evidence }),
        alertTriggered: request.alertTriggered ?? false,
        frames,
        thumbnailPath,
        thumbnailBytes,
        timings: {
          captured: clock.now() - (request.arrivedAt ?? request.startedAt),
          queued: null,
          described: null,
          stored: null,
          total: null,
        },
        ...(request.description === undefined
          ? {}
          : { description: request.description, deliverTo: context.deliveryTargets }),
        ...(request.idempotency === undefined ? {} : { idempotency: request.idempotency }),
      };
      let result: CaptureResult;
      try {
        result = await retryStore('capture', id, context, () => store.capture(captured), signal);
      } catch (error) {
        // A caller who gets an error tries again; a camera's moment does not come back.
        if (request.source !== 'motion' || !(isStoreUnavailable(error) || signal.aborted)) {
          await media.remove(captured);
          room?.noteFailure(error);
          throw error;
        }
        try {
          await spool.put(captured);
        } catch (spoolError) {
          await media.remove(captured);
          room?.noteFailure(spoolError);
          throw spoolError;
        }
        log.error(
          { eventId: id, camera: request.cameraName, spooled: spool.size() },
          'the database stays unavailable: the capture waits on the disk',
        );
        return undefined;
      }
      // A repeated or conflicting request has its own event already: these pictures belong to nothing.
      if (result.kind === 'stored') await announce(result.event, signal);
      else await media.remove(captured);
      return result;
    },
    async drainSpool(signal) {
      return spool.drain(async (captured) => {
        // A crash may have come between the transaction and the removal of the file.
        if ((await store.get(captured.id)) !== undefined) return;
        const result = await store.capture(captured);
        if (result.kind === 'stored') await announce(result.event, signal);
      });
    },
  };
}

/** What the stages of an event are timed from, epoch ms: the frame that opened its episode, or its arrival. */
export function timedFrom(event: Pick<VedetteEvent, 'source' | 'startedAt' | 'createdAt'>): number {
  return event.source === 'motion' ? event.startedAt : event.createdAt;
}
