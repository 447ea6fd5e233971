import type { Clock } from '../core/clock.ts';
import { ignoreAbort } from '../core/errors.ts';
import type { Picture } from '../core/frame.ts';
import { WhileWatched } from './while-watched.ts';

/** 5 pictures a second at most. */
const leastPauseMs = 200;
/** A picture may cost the decoder a good part of a second: at most a third of its time is spent on them. */
const restPerCost = 2;
/** Until the camera is looked at again when there is nothing to be seen. */
const retryMs = 1000;

export interface PictureViewer {
  /** Must not block or throw. */
  onPicture(picture: Picture): void;
  /** None comes any more. */
  onEnd(): void;
}

/** What one camera sees now, again and again, for all who watch: each picture is made once, and only while somebody does. */
export class PictureFeed {
  readonly #take: () => Promise<Picture>;
  readonly #clock: Clock;
  readonly #watched = new WhileWatched<PictureViewer>((signal) => this.#run(signal));

  /** @param take the latest picture; rejects while there is none */
  constructor(take: () => Promise<Picture>, clock: Clock) {
    this.#take = take;
    this.#clock = clock;
  }

  /** Returns the way out. */
  watch(viewer: PictureViewer): () => void {
    this.#watched.add(viewer);
    return () => {
      this.#watched.remove(viewer);
    };
  }

  async close(): Promise<void> {
    for (const viewer of this.#watched.removeAll()) viewer.onEnd();
    await this.#watched.settle();
  }

  async #run(signal: AbortSignal): Promise<void> {
    let shownAt: number | undefined;
    while (!signal.aborted) {
      const startedAt = this.#clock.monotonic();
      const picture = await this.#take().catch(() => undefined);
      const costMs = this.#clock.monotonic() - startedAt;
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- it changes while this waits
      if (signal.aborted) return;
      if (picture !== undefined && picture.capturedAt !== shownAt) {
        shownAt = picture.capturedAt;
        for (const viewer of this.#watched.viewers) viewer.onPicture(picture);
      }
      const pauseMs = Math.max(leastPauseMs - costMs, costMs * restPerCost);
      await this.#clock.sleep(picture === undefined ? retryMs : pauseMs, signal).catch(ignoreAbort);
    }
  }
}
