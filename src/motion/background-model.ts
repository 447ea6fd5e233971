import type { CellGrid } from './cell-grid.ts';

/** Seconds. How long the mean of a quiet cell takes to follow a slow change. */
const meanTime = 12;
/** Seconds. How long the spread of a quiet cell takes to follow its noise: up sooner than down, since noise has bursts. */
const spreadRiseTime = 14;
const spreadFallTime = 30;
/** Seconds that something must stand still until it belongs to the scene. */
const absorbTime = 20;
/** Seconds over which a cell's changes between still and moving are counted. */
const flickerTime = 12;
/** Levels of 255. Below this no camera is believed to be quiet: quantisation and compression remain. */
const spreadFloor = 0.6;

/**
 * What the scene looks like when nothing moves, for every cell: its mean, its noise, what it looked like before
 * something was left there, and how often it flickers. Learns in seconds, whatever the frame rate.
 */
export class BackgroundModel {
  /** Levels 0..255. */
  readonly mean: Float32Array;
  /** Standard deviation of a still cell, levels. */
  readonly spread: Float32Array;
  /** What the cell was before something that stands was absorbed; NaN when nothing was. */
  readonly former: Float32Array;
  /** Changes per second between still and moving. */
  readonly flicker: Float32Array;
  readonly #candidate: Float32Array;
  readonly #candidateAge: Float32Array;
  readonly #wasMoving: Uint8Array;
  readonly #count: number;

  constructor(grid: CellGrid) {
    this.#count = grid.count;
    this.mean = new Float32Array(grid.count);
    this.spread = new Float32Array(grid.count).fill(spreadFloor);
    this.former = new Float32Array(grid.count).fill(Number.NaN);
    this.flicker = new Float32Array(grid.count);
    this.#candidate = new Float32Array(grid.count);
    this.#candidateAge = new Float32Array(grid.count);
    this.#wasMoving = new Uint8Array(grid.count);
  }

  /**
   * Learns the scene from buffered frames: the median of every cell, so that what passes leaves no ghost, and a
   * spread that grows with what swings back and forth but not with what passes once.
   *
   * @param frames cells of each frame, one after the other
   * @param seconds that the frames span
   */
  build(frames: Uint8Array, frameCount: number, seconds: number): void {
    const count = this.#count;
    const sorted = new Float32Array(frameCount);
    const deviations = new Float32Array(frameCount);
    for (let cell = 0; cell < count; cell += 1) {
      for (let frame = 0; frame < frameCount; frame += 1) sorted[frame] = frames[frame * count + cell] ?? 0;
      sorted.sort();
      const median = sorted[frameCount >> 1] ?? 0;
      for (let frame = 0; frame < frameCount; frame += 1) {
        deviations[frame] = Math.abs((frames[frame * count + cell] ?? 0) - median);
      }
      deviations.sort();
      const typical = Math.max(spreadFloor, 1.48 * (deviations[frameCount >> 1] ?? 0));
      const limit = 3.5 * typical + 5;
      let sum = 0;
      let near = 0;
      let squares = 0;
      let changes = 0;
      let wasFar = false;
      for (let frame = 0; frame < frameCount; frame += 1) {
        const value = frames[frame * count + cell] ?? 0;
        const isFar = Math.abs(value - median) > limit;
        if (frame > 0 && isFar !== wasFar) changes += 1;
        wasFar = isFar;
        if (isFar) continue;
        sum += value;
        squares += (value - median) * (value - median);
        near += 1;
      }
      const mean = near > 0 ? sum / near : median;
      let spread = near > 1 ? Math.sqrt(squares / near) : typical;
      const rate = changes / Math.max(1, seconds);
      if (changes >= 4) spread = Math.max(spread, (deviations[Math.floor(frameCount * 0.9)] ?? 0) / 2);
      this.mean[cell] = mean;
      this.spread[cell] = Math.max(spreadFloor, spread);
      this.flicker[cell] = rate;
    }
    this.former.fill(Number.NaN);
    this.#candidateAge.fill(0);
    this.#wasMoving.fill(0);
  }

  /**
   * Learns one frame.
   *
   * @param cells the frame, aligned with the scene
   * @param expected the scene under this frame's light
   * @param moving 0 where the cell is still, 1 where it moves, 2 where only the light changed
   */
  learn(cells: Float32Array, expected: Float32Array, moving: Uint8Array, seconds: number): void {
    const meanRate = Math.min(0.5, seconds / meanTime);
    const riseRate = Math.min(0.5, seconds / spreadRiseTime);
    const fallRate = Math.min(0.5, seconds / spreadFallTime);
    const lightRate = Math.min(0.7, seconds / 1.5);
    const flickerKeep = Math.exp(-seconds / flickerTime);
    const { mean, spread, former, flicker } = this;
    for (let cell = 0; cell < this.#count; cell += 1) {
      const value = cells[cell] ?? 0;
      const kind = moving[cell] ?? 0;
      const difference = value - (expected[cell] ?? 0);
      let rate = (flicker[cell] ?? 0) * flickerKeep;
      const isMoving = kind === 1 ? 1 : 0;
      if (isMoving !== this.#wasMoving[cell]) {
        this.#wasMoving[cell] = isMoving;
        rate += 1 / flickerTime;
      }
      flicker[cell] = rate;
      if (kind === 0) {
        mean[cell] = (mean[cell] ?? 0) + meanRate * (value - (mean[cell] ?? 0));
        const s = spread[cell] ?? 0;
        const d = Math.min(Math.abs(difference), 4 * s + 4);
        spread[cell] = Math.max(
          spreadFloor,
          Math.sqrt(s * s + (d > s ? riseRate : fallRate) * (d * d - s * s)),
        );
        this.#candidateAge[cell] = 0;
        continue;
      }
      if (kind === 2) {
        mean[cell] = (mean[cell] ?? 0) + lightRate * (value - (mean[cell] ?? 0));
        continue;
      }
      // What flickers is noise of the scene: its swing becomes part of the spread.
      if (rate > 0.6) {
        const s = spread[cell] ?? 0;
        const d = Math.abs(difference) / 2;
        spread[cell] = Math.sqrt(Math.max(s * s, s * s + riseRate * 2 * (d * d - s * s)));
      }
      const candidate = this.#candidate[cell] ?? 0;
      if (Math.abs(value - candidate) < 3 * (spread[cell] ?? 0) + 5) {
        this.#candidate[cell] = candidate + 0.1 * (value - candidate);
        const age = (this.#candidateAge[cell] ?? 0) + seconds;
        this.#candidateAge[cell] = age;
        if (age > absorbTime) {
          former[cell] = mean[cell] ?? 0;
          mean[cell] = this.#candidate[cell] ?? 0;
          this.#candidateAge[cell] = 0;
        }
      } else {
        this.#candidate[cell] = value;
        this.#candidateAge[cell] = 0;
      }
    }
  }

  /** What was left behind is gone again: the cell looks as it did before. */
  restore(cell: number): void {
    const before = this.former[cell] ?? 0;
    this.former[cell] = this.mean[cell] ?? 0;
    this.mean[cell] = before;
  }
}
