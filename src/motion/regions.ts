import type { CellGrid } from './cell-grid.ts';
import { Clutter } from './clutter.ts';
import { blockSide } from './scene-light.ts';

/** One connected part of the moving cells. Reused from frame to frame. */
export interface CellRegion {
  /** Cells inside. */
  area: number;
  /** Bounds, cells, inclusive. */
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Centre of mass, cells. */
  x: number;
  y: number;
  /** Sum over the cells of difference ÷ threshold. */
  mass: number;
  /** Share of its cells that lie in blocks of new structure, 0..1. */
  newShare: number;
  /** Share of its cells that differ from the frame before, 0..1. */
  activity: number;
  /** Sum over the cells of `Clutter.energyOf`. */
  energy: number;
  /** Mean changes per second of its cells between still and moving, before this frame. */
  flicker: number;
  /** Share of its cells that are darker than the scene, 0..1. */
  darkShare: number;
  /** The scene's own detail goes on inside it: only its light has changed. Said once it has been judged. */
  showsGround: boolean;
}

/** How much of a region there is, and where. */
export type RegionExtent = Readonly<Pick<CellRegion, 'area' | 'left' | 'top' | 'right' | 'bottom'>>;

/** What the labelling reads of a frame; all arrays have one entry per cell but `isNewBlock`. */
export interface RegionInput {
  /** 0 still, 1 differs a little, 2 differs clearly. */
  readonly level: Uint8Array;
  /** Difference ÷ threshold. */
  readonly strength: Float32Array;
  /** Frame less what the light makes of the scene, levels. */
  readonly residual: Float32Array;
  readonly isActive: Uint8Array;
  readonly flicker: Float32Array;
  readonly isNewBlock: Uint8Array;
  readonly blocksWide: number;
}

const maxRegions = 64;
/** Strength from which a cell belongs to a region that has a cell above 1. */
export const weakStrength = 0.6;
/** Share of a region's cells in new structure below which only its light has changed. */
export const leastNewShare = 0.3;
/** Strength of a region's cells over the area of its box. */
export const leastDensity = 0.3;

/** Finds connected regions of moving cells. A gap of one cell doesn't part a region. */
export class RegionFinder {
  readonly #grid: CellGrid;
  readonly #labels: Int16Array;
  readonly #stack: Int32Array;
  readonly #pool: CellRegion[] = [];
  readonly #found: CellRegion[] = [];

  constructor(grid: CellGrid) {
    this.#grid = grid;
    this.#labels = new Int16Array(grid.count);
    this.#stack = new Int32Array(grid.count);
    for (let i = 0; i < maxRegions; i += 1) {
      this.#pool.push(emptyRegion());
    }
  }

  /** Cells of the largest region that the last call of `find` left out as too small; 0 for none. */
  largestLeftOut = 0;

  /** 1-based number of the region that a cell belongs to; 0 for none. Valid until the next call of `find`. */
  get labels(): Int16Array {
    return this.#labels;
  }

  /**
   * @param minArea cells; smaller ones are left out and counted as clutter
   * @returns the regions in the order of their labels: number n is labelled n + 1; at most 64
   */
  find(input: RegionInput, minArea: number, clutter: Clutter): readonly CellRegion[] {
    const { level } = input;
    const labels = this.#labels;
    labels.fill(0);
    this.#found.length = 0;
    this.largestLeftOut = 0;
    for (let seed = 0; seed < level.length; seed += 1) {
      if (level[seed] !== 2 || labels[seed] !== 0) continue;
      const region = this.#pool[this.#found.length];
      if (region === undefined) break;
      const number = this.#found.length + 1;
      const size = this.#flood(seed, number, level);
      if (size < minArea) {
        if (size > this.largestLeftOut) this.largestLeftOut = size;
        let energy = 0;
        for (let i = 0; i < size; i += 1) {
          const cell = this.#stack[i] ?? 0;
          labels[cell] = -1;
          energy += Clutter.energyOf(input.residual[cell] ?? 0);
        }
        clutter.add(seed % this.#grid.width, seed / this.#grid.width, size, energy, 1);
        continue;
      }
      this.#measure(region, size, input);
      this.#found.push(region);
    }
    return this.#found;
  }

  /** Leaves the region's cells on the stack. */
  #flood(seed: number, number: number, level: Uint8Array): number {
    const { width, height } = this.#grid;
    const labels = this.#labels;
    const stack = this.#stack;
    stack[0] = seed;
    labels[seed] = number;
    let size = 1;
    for (let next = 0; next < size; next += 1) {
      const cell = stack[next] ?? 0;
      const y = Math.floor(cell / width);
      const x = cell - y * width;
      const top = y > 1 ? y - 2 : 0;
      const bottom = y + 2 < height ? y + 2 : height - 1;
      const left = x > 1 ? x - 2 : 0;
      const right = x + 2 < width ? x + 2 : width - 1;
      for (let row = top; row <= bottom; row += 1) {
        for (let other = row * width + left; other <= row * width + right; other += 1) {
          if (level[other] !== 0 && labels[other] === 0) {
            labels[other] = number;
            stack[size] = other;
            size += 1;
          }
        }
      }
    }
    return size;
  }

  #measure(region: CellRegion, size: number, input: RegionInput): void {
    const { width, height } = this.#grid;
    let left = width;
    let top = height;
    let right = 0;
    let bottom = 0;
    let sumX = 0;
    let sumY = 0;
    let mass = 0;
    let fresh = 0;
    let active = 0;
    let flicker = 0;
    let energy = 0;
    let dark = 0;
    for (let i = 0; i < size; i += 1) {
      const cell = this.#stack[i] ?? 0;
      const y = Math.floor(cell / width);
      const x = cell - y * width;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
      const weight = Math.min(4, input.strength[cell] ?? 0);
      mass += weight;
      sumX += weight * x;
      sumY += weight * y;
      const block = Math.floor(y / blockSide) * input.blocksWide + Math.floor(x / blockSide);
      fresh += input.isNewBlock[block] ?? 0;
      active += input.isActive[cell] ?? 0;
      const residual = input.residual[cell] ?? 0;
      energy += Clutter.energyOf(residual);
      if (residual < 0) dark += 1;
      flicker += input.flicker[cell] ?? 0;
    }
    region.area = size;
    region.left = left;
    region.top = top;
    region.right = right;
    region.bottom = bottom;
    region.x = sumX / mass;
    region.y = sumY / mass;
    region.mass = mass;
    region.newShare = fresh / size;
    region.activity = active / size;
    region.energy = energy;
    region.flicker = flicker / size;
    region.darkShare = dark / size;
    region.showsGround = false;
  }
}

export function emptyRegion(): CellRegion {
  return {
    area: 0,
    left: 0,
    top: 0,
    right: 0,
    bottom: 0,
    x: 0,
    y: 0,
    mass: 0,
    newShare: 0,
    activity: 0,
    energy: 0,
    flicker: 0,
    darkShare: 0,
    showsGround: false,
  };
}
