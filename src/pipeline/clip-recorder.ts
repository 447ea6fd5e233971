import type { CameraSource } from '../core/camera-source.ts';
import type { ClipRecording } from '../core/camera-video.ts';
import type { Camera } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import { mayShowVideo } from '../core/unmasked-video.ts';
import type { ClipFiles } from '../store/clip-files.ts';
import type { EventStore } from '../store/event-store.ts';
import type { FileRemoval } from './file-removal.ts';
import { retryStore } from './store-retry.ts';

/** The longest clip, its time before and after the event included. */
const maxClipMs = 60_000;

/** Clips of one camera under way, e.g. in the time after their events; at the bound the oldest ends where it is. */
const maxUnderWay = 4;

export interface ClipRecorderContext {
  readonly clipFiles: ClipFiles;
  readonly events: EventStore;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the tries to store a clip. */
  readonly abort: AbortSignal;
}

/** The clip of an event that is still going on, or still to come. */
export interface PendingClip {
  /** To be called once. An event that is not stored has no clip, either. */
  belongTo(eventId: Promise<string | undefined>): void;
  /** @param lastMotionAt epoch ms */
  end(lastMotionAt: number): void;
}

/**
 * Has the clips of one camera's events recorded. Whatever happens to a clip (a lost camera ends it, a full disk or a
 * crash of its process loses it), its event stays as it is.
 */
export class ClipRecorder {
  readonly #camera: Camera;
  readonly #context: ClipRecorderContext;
  readonly #recordings = new Set<ClipRecording>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(camera: Camera, context: ClipRecorderContext) {
    this.#camera = camera;
    this.#context = context;
  }

  /**
   * Begins at once: what is kept of the time before an event is soon gone.
   *
   * @param startedAt of the event, epoch ms
   * @returns `undefined` when this camera has no clips
   */
  begin(source: CameraSource, startedAt: number): PendingClip | undefined {
    const { clip } = this.#camera;
    if (!clip.isEnabled || !mayShowVideo(this.#camera)) return undefined;
    if (this.#recordings.size >= maxUnderWay) {
      const [oldest] = this.#recordings;
      oldest?.endAt(this.#context.clock.now());
    }
    const file = this.#context.clipFiles.newRecording();
    const recording = source.recordClip({ path: file, from: startedAt - clip.beforeMs, maxMs: maxClipMs });
    this.#recordings.add(recording);
    void recording.done.then(() => this.#recordings.delete(recording));
    return {
      belongTo: (eventId) => {
        this.#track(this.#store(recording, file, startedAt, eventId));
      },
      end: (lastMotionAt) => {
        recording.endAt(lastMotionAt + clip.afterMs);
      },
    };
  }

  /** Resolves when every clip is stored or given up; the camera's stream has ended before. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Never rejects. */
  async #store(
    recording: ClipRecording,
    file: string,
    startedAt: number,
    eventId: Promise<string | undefined>,
  ): Promise<void> {
    const { clipFiles } = this.#context;
    const id = await eventId;
    try {
      const path = id === undefined ? undefined : clipFiles.pathOf(id, startedAt);
      if (id === undefined || path === undefined || !(await this.#announce(id, path))) {
        recording.discard();
        return;
      }
      await this.#finish(recording, file, id, path);
    } catch (error) {
      recording.discard();
      this.#countFailure(id, error instanceof AppError ? error.code : 'INTERNAL', messageOf(error));
    } finally {
      await recording.done;
      // Moved away by now, unless something went wrong.
      await clipFiles.discard(file).catch((error: unknown) => {
        this.#countFailure(id, 'INTERNAL', messageOf(error));
      });
    }
  }

  /** The row is there before the file is in its place: so none is left that no row names. */
  async #announce(id: string, path: string): Promise<boolean> {
    const { events, abort } = this.#context;
    return retryStore('clip', id, this.#context, () => events.beginClip(id, path), abort);
  }

  async #finish(recording: ClipRecording, file: string, id: string, path: string): Promise<void> {
    const { clipFiles, events, live, log, abort } = this.#context;
    const outcome = await recording.done;
    if (outcome.kind === 'discarded') return;
    if (outcome.kind === 'failed') this.#countFailure(id, outcome.reason, outcome.message);
    else await clipFiles.keep(file, path);
    const event = await retryStore('clip', id, this.#context, () => events.finishClip(id, outcome), abort);
    if (event === undefined) {
      await clipFiles.remove(path);
      return;
    }
    if (outcome.kind === 'written') {
      const seconds = Math.round((outcome.endedAt - outcome.startedAt) / 100) / 10;
      log.info({ eventId: id, seconds, sizeBytes: outcome.sizeBytes }, 'clip stored');
    }
    live.publish({ type: 'EVENT_UPDATED', event });
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #countFailure(eventId: string | undefined, type: string, error: string): void {
    this.#context.metrics.countError('clip', type);
    this.#context.log.warn({ stage: 'clip', eventId, type, error }, 'an event has no clip');
  }
}

/** Clears away what a crash has left of clips that were being recorded. To be called before cameras are started. */
export async function clearInterruptedClips({
  clipFiles,
  files,
  events,
  log,
}: Pick<ClipRecorderContext, 'clipFiles' | 'events' | 'log'> & {
  readonly files: FileRemoval;
}): Promise<void> {
  const paths = await events.failOpenClips('interrupted');
  await files.remove(paths);
  await clipFiles.clear();
  if (paths.length > 0) log.info({ clips: paths.length }, 'clips that the last run left unfinished are gone');
}
