import type { BackgroundModel } from './background-model.ts';

/** At this many frames the median is good enough; more would only cost memory. */
export const maxBufferedFrames = 40;
const minFrames = 8;

/** Holds the frames from which an empty scene is learnt, at warm-up and after a change of the whole picture. */
export class SceneBuffer {
  /** No scene has been learnt yet. */
  isFirst = true;
  readonly #cellCount: number;
  #frames: Uint8Array;
  readonly #times = new Float64Array(maxBufferedFrames);
  #count = 0;
  #spacingMs = 0;
  #spanMs = 0;
  #firstTime = 0;
  #lastTime = 0;

  constructor(cellCount: number) {
    this.#cellCount = cellCount;
    this.#frames = new Uint8Array(0);
  }

  /**
   * @param seconds that are to be seen; with few frames a second it takes longer, until there are 8
   * @param frameSeconds the expected interval
   */
  restart(seconds: number, frameSeconds: number): void {
    this.#count = 0;
    this.#spanMs = seconds * 1000;
    this.#spacingMs = Number.isFinite(seconds)
      ? Math.max(0, (seconds * 1000) / maxBufferedFrames - 500 * frameSeconds)
      : 0;
    if (this.#frames.length === 0) this.#frames = new Uint8Array(this.#cellCount * maxBufferedFrames);
  }

  /** Returns true once enough has been seen. */
  push(cells: Float32Array, time: number): boolean {
    if (this.#count === 0) this.#firstTime = time;
    else if (time - this.#lastTime < this.#spacingMs && time >= this.#lastTime) return false;
    if (this.#count < maxBufferedFrames) {
      const start = this.#count * this.#cellCount;
      for (let cell = 0; cell < this.#cellCount; cell += 1) {
        this.#frames[start + cell] = Math.round(cells[cell] ?? 0);
      }
      this.#times[this.#count] = time;
      this.#count += 1;
    }
    this.#lastTime = time;
    return (
      this.#count >= maxBufferedFrames || (this.#count >= minFrames && time - this.#firstTime >= this.#spanMs)
    );
  }

  get count(): number {
    return this.#count;
  }

  buildInto(model: BackgroundModel): void {
    model.build(this.#frames, this.#count, Math.max(1, (this.#lastTime - this.#firstTime) / 1000));
  }

  /** Reads a held frame again; returns its time. */
  replay(index: number, cells: Float32Array): number {
    const start = index * this.#cellCount;
    for (let cell = 0; cell < this.#cellCount; cell += 1) cells[cell] = this.#frames[start + cell] ?? 0;
    return this.#times[index] ?? 0;
  }

  /** Lets go of what is held. */
  release(): void {
    this.isFirst = false;
    this.#count = 0;
    this.#frames = new Uint8Array(0);
  }
}
