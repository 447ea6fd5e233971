import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { VedetteEvent } from '../core/event.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { ClipFiles, StoredClip } from '../store/clip-files.ts';
import type { CaptureResult, EventAnnotation, Store } from '../store/event-store.ts';
import type { MediaFiles } from '../store/media-files.ts';
import type { Capture } from './capture.ts';
import type { FileRemoval } from './file-removal.ts';
import { drawHeatMap } from './heat-map.ts';

const hourMs = 3_600_000;
/** How often somebody may have the same event described again. */
const wishesPerHour = 3;

export interface SubmittedEvent {
  readonly cameraId: string;
  readonly timestamp: number;
  readonly description: string | null;
  readonly confidence: number | null;
  readonly objectsDetected: readonly string[];
  /** Whoever hands it in has alerted somebody already. */
  readonly alertTriggered: boolean;
  /** Any picture format that can be read; checked by its bytes. */
  readonly picture: Uint8Array | null;
  readonly idempotency?: { readonly key: string; readonly requestHash: string };
}

export interface EventDeskContext {
  readonly store: Pick<Store, 'events' | 'cameras'>;
  readonly media: MediaFiles;
  readonly files: FileRemoval;
  readonly clipFiles: ClipFiles;
  readonly queue: JobQueue;
  readonly capture: Capture;
  readonly live: LiveFeed;
  readonly clock: Clock;
  /** Aborts what is being stored when the application ends. */
  readonly signal: AbortSignal;
}

/** What people and programs do with events: hand them in, delete them, look at their pictures. */
export interface EventDesk {
  /** The same capture and the same finish that a camera's events go through. */
  submit(event: SubmittedEvent): Promise<CaptureResult>;
  /**
   * Has it described again, now; a description that is there stays until another one comes. `undefined` when there is no
   * such event. Throws `RATE_LIMITED` past three wishes an hour, and `PICTURE_NOT_FOUND` for an event without a picture.
   */
  describe(id: string): Promise<VedetteEvent | undefined>;
  /** What a person says of it; `undefined` when there is no such event. */
  annotate(id: string, annotation: EventAnnotation): Promise<VedetteEvent | undefined>;
  /** Row, files and waiting job; false when there was none. */
  delete(id: string): Promise<boolean>;
  /** The bytes of a stored picture. Throws `PICTURE_NOT_FOUND`. */
  readPicture(path: string): Promise<Uint8Array>;
  /** A stored picture with the event's heat and its subject's way drawn over it. Throws `PICTURE_NOT_FOUND`. */
  drawHeatMap(path: string, evidence: MotionEvidence): Promise<Uint8Array>;
  /** A stored clip. Throws `CLIP_NOT_FOUND`. */
  openClip(path: string): Promise<StoredClip>;
}

export function createEventDesk({
  store,
  media,
  files,
  clipFiles,
  queue,
  capture,
  live,
  clock,
  signal,
}: EventDeskContext): EventDesk {
  return {
    async submit(event) {
      const camera = await store.cameras.get(event.cameraId);
      if (camera === undefined)
        throw new AppError('CAMERA_NOT_FOUND', `There is no camera with the id "${event.cameraId}"`);
      const picture = event.picture === null ? undefined : await media.inspectPicture(event.picture);
      const result = await capture.capture(
        {
          cameraId: camera.id,
          cameraName: camera.name,
          source: 'api',
          startedAt: event.timestamp,
          arrivedAt: clock.now(),
          endedAt: event.timestamp,
          timestamp: event.timestamp,
          pictures: picture === undefined ? [] : [{ ...picture, capturedAt: event.timestamp, regions: [] }],
          motion: null,
          alertTriggered: event.alertTriggered,
          ...(event.description === null
            ? {}
            : {
                description: {
                  text: event.description,
                  title: null,
                  actions: [],
                  isNothingOfInterest: false,
                  usage: null,
                  confidence: event.confidence,
                  objects: event.objectsDetected,
                  detections: [],
                  provider: 'api',
                  model: null,
                  costUsd: null,
                },
              }),
          ...(event.idempotency === undefined ? {} : { idempotency: event.idempotency }),
        },
        signal,
      );
      if (result === undefined)
        throw new AppError('STORE_UNAVAILABLE', 'The event could not be stored; try again');
      return result;
    },
    async describe(id) {
      const event = await store.events.get(id);
      if (event === undefined || event.descriptionStatus === 'pending') return event;
      if (event.frames.length === 0) {
        throw new AppError(
          'PICTURE_NOT_FOUND',
          'The event has no picture: there is nothing that could be described',
        );
      }
      const wishes = (await store.events.describeRequests(id)).filter(
        ({ requestedBy, requestedAt }) => requestedBy === 'user' && requestedAt > clock.now() - hourMs,
      );
      const [oldest] = wishes;
      if (oldest !== undefined && wishes.length >= wishesPerHour) {
        throw new AppError(
          'RATE_LIMITED',
          `The event was described ${wishes.length} times within the hour; try again later`,
          {
            retryAfterMs: oldest.requestedAt + hourMs - clock.now(),
          },
        );
      }
      const [job] = await store.events.requeue({
        events: [id],
        statuses: ['done', 'failed', 'skipped'],
        limit: 1,
        requestedBy: 'user',
      });
      if (job !== undefined) await capture.enqueue(job, event.cameraName, signal);
      return store.events.get(id);
    },
    async annotate(id, annotation) {
      const event = await store.events.annotate(id, annotation);
      if (event !== undefined) live.publish({ type: 'EVENT_UPDATED', event });
      return event;
    },
    async delete(id) {
      queue.remove(id);
      const event = await store.events.delete(id);
      if (event === undefined) return false;
      await files.remove(event.paths);
      live.publish({ type: 'EVENT_DELETED', eventId: id });
      return true;
    },
    readPicture: (path) => media.read(path),
    drawHeatMap: async (path, evidence) => drawHeatMap(await media.read(path), evidence),
    openClip: (path) => clipFiles.open(path),
  };
}
