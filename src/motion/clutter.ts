import type { CellGrid } from './cell-grid.ts';

/** Seconds over which clutter is remembered. */
const memorySeconds = 20;
/** Cells on a tile's side. */
const tileSide = 16;
/** Levels: what differs more is no rain, and must not make the scene blind. */
const maxLevel = 24;
/** Clutter regions are counted by size in powers of two. */
const sizeClasses = 15;
/** Chance tracks that are borne: about one in this many frames, two hours at 5 fps. */
const framesPerChanceTrack = 36_000;
/** Share of the picture in which a region is taken for the next step of a newly seen small one. */
const gateShare = 0.015;

/**
 * What comes and goes without going anywhere: rain, snow, insects, leaves. The more of it there is, and the larger,
 * the more a region must show before it counts as a subject.
 */
export class Clutter {
  readonly tilesWide: number;
  /** What clutter adds to the variance of a cell, by tiles, levels squared. */
  readonly variance: Float32Array;
  readonly #tilesHigh: number;
  readonly #energy: Float32Array;
  readonly #rates = new Float32Array(sizeClasses);
  #weight = 0;
  #share = 0;

  constructor(grid: CellGrid) {
    this.tilesWide = Math.ceil(grid.width / tileSide);
    this.#tilesHigh = Math.ceil(grid.height / tileSide);
    this.variance = new Float32Array(this.tilesWide * this.#tilesHigh);
    this.#energy = new Float32Array(this.variance.length);
  }

  static readonly tileShift = 4;

  /** A difference as clutter's energy counts it. */
  static energyOf(difference: number): number {
    const level = Math.min(maxLevel, Math.abs(difference));
    return level * level;
  }

  clear(): void {
    this.variance.fill(0);
    this.#energy.fill(0);
    this.#rates.fill(0);
    this.#weight = 0;
  }

  /** Once a frame, before `add`. */
  forget(seconds: number): void {
    const keep = Math.exp(-seconds / memorySeconds);
    this.#share = 1 - keep;
    this.#weight = this.#weight * keep + this.#share;
    for (let i = 0; i < this.#rates.length; i += 1) this.#rates[i] = (this.#rates[i] ?? 0) * keep;
    for (let i = 0; i < this.#energy.length; i += 1) this.#energy[i] = (this.#energy[i] ?? 0) * keep;
  }

  /**
   * @param x cells
   * @param y cells
   * @param area cells, of one of its regions
   * @param energy sum of `energyOf` over all cells of all its regions
   * @param hits frames in which it was there
   */
  add(x: number, y: number, area: number, energy: number, hits: number): void {
    const size = sizeClassOf(area);
    this.#rates[size] = (this.#rates[size] ?? 0) + hits * this.#share;
    const tileX = Math.min(this.tilesWide - 1, Math.max(0, Math.floor(x / tileSide)));
    const tileY = Math.min(this.#tilesHigh - 1, Math.max(0, Math.floor(y / tileSide)));
    const tile = tileY * this.tilesWide + tileX;
    this.#energy[tile] = (this.#energy[tile] ?? 0) + (energy * this.#share) / (tileSide * tileSide);
  }

  /** Spreads the energy over neighbouring tiles; once a frame, after `add`. */
  settle(): void {
    const wide = this.tilesWide;
    const high = this.#tilesHigh;
    const mature = Math.max(0.15, this.#weight);
    for (let y = 0; y < high; y += 1) {
      for (let x = 0; x < wide; x += 1) {
        let sum = 0;
        let count = 0;
        for (let v = Math.max(0, y - 1); v <= Math.min(high - 1, y + 1); v += 1) {
          for (let u = Math.max(0, x - 1); u <= Math.min(wide - 1, x + 1); u += 1) {
            sum += this.#energy[v * wide + u] ?? 0;
            count += 1;
          }
        }
        this.variance[y * wide + x] = sum / count / mature;
      }
    }
  }

  /**
   * Frames in a row in which a region must be found so that chance explains it about once in two hours only: with λ
   * clutter regions of its size a frame and a gate of share A, n chance hits come λ (λA)^(n-1) times a frame.
   */
  requiredHits(area: number, least: number): number {
    const size = sizeClassOf(area);
    let rate = 0;
    for (let i = Math.max(0, size - 1); i < sizeClasses; i += 1) rate += this.#rates[i] ?? 0;
    rate /= Math.max(0.15, this.#weight);
    if (rate < 0.01) return least;
    const chance = Math.min(0.75, rate * gateShare);
    const hits = 1 + Math.log(framesPerChanceTrack * rate) / -Math.log(chance);
    return Math.max(least, Math.min(20, Math.ceil(hits - 1)));
  }
}

function sizeClassOf(area: number): number {
  return Math.min(sizeClasses - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, area)))));
}
