import type { CameraSource } from '../core/camera-source.ts';
import type { LiveChunk } from '../core/camera-video.ts';
import type { Camera } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, ignoreAbort } from '../core/errors.ts';
import { mayShowVideo } from '../core/unmasked-video.ts';
import { WhileWatched } from './while-watched.ts';

/** Kept for whoever comes next, from the last key frame on: they need not wait for the next one. */
const maxKeptBytes = 8 * 1024 * 1024;
/** Until the camera is looked at again when there is nothing to be seen. */
const retryMs = 500;

export interface LiveViewer {
  /** An `init` first, then `media` from a key frame on. Must not block or throw. */
  onChunk(chunk: LiveChunk): void;
  /** Nothing comes any more. With an error when this camera's video can't be played at all. */
  onEnd(error?: AppError): void;
}

/**
 * The live video of one camera for all who watch it: read and packed once, and only while somebody does. Outlives lost
 * connections: when the camera is back, the video begins anew with another `init`.
 */
export class LiveView {
  readonly #camera: Camera;
  readonly #source: () => CameraSource | undefined;
  readonly #clock: Clock;
  readonly #watched = new WhileWatched<LiveViewer>((signal) => this.#run(signal));
  /** Who has to wait for a key frame, since what came before it is no longer kept. */
  readonly #waiting = new Set<LiveViewer>();
  #init: LiveChunk | undefined;
  /** `undefined` once they were too many. */
  #kept: LiveChunk[] | undefined = [];
  #keptBytes = 0;

  /** @param source the present connection while it streams */
  constructor(camera: Camera, source: () => CameraSource | undefined, clock: Clock) {
    this.#camera = camera;
    this.#source = source;
    this.#clock = clock;
  }

  /**
   * Returns the way out.
   *
   * @throws AppError `LIVE_NOT_PLAYABLE` for a camera with privacy masks
   */
  watch(viewer: LiveViewer): () => void {
    if (!mayShowVideo(this.#camera)) {
      throw new AppError(
        'LIVE_NOT_PLAYABLE',
        `The camera "${this.#camera.name}" has privacy masks, which its own video has not. Its masked pictures come as MJPEG from /api/v1/cameras/${this.#camera.id}/stream.`,
      );
    }
    if (this.#init !== undefined) {
      viewer.onChunk(this.#init);
      if (this.#kept === undefined) this.#waiting.add(viewer);
      for (const chunk of this.#kept ?? []) viewer.onChunk(chunk);
    }
    this.#watched.add(viewer);
    return () => {
      this.#waiting.delete(viewer);
      this.#watched.remove(viewer);
      if (this.#watched.viewers.size === 0) this.#forget();
    };
  }

  async close(): Promise<void> {
    this.#end();
    await this.#watched.settle();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const source = this.#source();
        for await (const chunk of source?.live(signal) ?? []) {
          if (signal.aborted) break;
          this.#hand(chunk);
        }
      } catch (error) {
        // A camera that was lost comes back; one whose format browsers can't play stays as it is.
        if (error instanceof AppError && error.code === 'LIVE_NOT_PLAYABLE') this.#end(error);
      }
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- it changes while this waits
      if (signal.aborted) return;
      this.#forget();
      await this.#clock.sleep(retryMs, signal).catch(ignoreAbort);
    }
  }

  #hand(chunk: LiveChunk): void {
    if (chunk.kind === 'init') {
      this.#forget();
      this.#init = chunk;
    } else this.#keep(chunk);
    for (const viewer of this.#watched.viewers) {
      if (chunk.kind === 'init' || chunk.isKeyframe) this.#waiting.delete(viewer);
      if (!this.#waiting.has(viewer)) viewer.onChunk(chunk);
    }
  }

  #keep(chunk: Extract<LiveChunk, { readonly kind: 'media' }>): void {
    if (chunk.isKeyframe) {
      this.#kept = [];
      this.#keptBytes = 0;
    }
    this.#keptBytes += chunk.bytes.byteLength;
    if (this.#keptBytes > maxKeptBytes) this.#kept = undefined;
    this.#kept?.push(chunk);
  }

  #forget(): void {
    this.#init = undefined;
    this.#kept = [];
    this.#keptBytes = 0;
    this.#waiting.clear();
  }

  #end(error?: AppError): void {
    const viewers = this.#watched.removeAll();
    this.#forget();
    for (const viewer of viewers) viewer.onEnd(error);
  }
}
