import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { JobQueue } from '../queue/job-queue.ts';
import type { CaptureResult, Store } from '../store/event-store.ts';
import type { MediaFiles } from '../store/media-files.ts';
import type { Capture } from './capture.ts';

export interface SubmittedEvent {
  readonly cameraId: string;
  readonly timestamp: number;
  readonly description: string | null;
  readonly confidence: number | null;
  readonly objectsDetected: readonly string[];
  /** Any picture format that can be read; checked by its bytes. */
  readonly picture: Uint8Array | null;
  readonly idempotency?: { readonly key: string; readonly requestHash: string };
}

export interface EventDeskContext {
  readonly store: Pick<Store, 'events' | 'cameras'>;
  readonly media: MediaFiles;
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
  /** Row, files and waiting job; false when there was none. */
  delete(id: string): Promise<boolean>;
  /** The bytes of a stored picture. Throws `PICTURE_NOT_FOUND`. */
  readPicture(path: string): Promise<Uint8Array>;
}

export function createEventDesk({
  store,
  media,
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
          ...(event.description === null
            ? {}
            : {
                description: {
                  text: event.description,
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
    async delete(id) {
      queue.remove(id);
      const event = await store.events.delete(id);
      if (event === undefined) return false;
      await media.remove(event);
      live.publish({ type: 'EVENT_DELETED', eventId: id });
      return true;
    },
    readPicture: (path) => media.read(path),
  };
}
