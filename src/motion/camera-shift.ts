import type { CellGrid } from './cell-grid.ts';

/** Cells that the picture may have moved by; a camera that was turned is another scene. */
const range = 3;
const side = 2 * range + 1;
/** Cells on the side of a field from which one landmark is taken. */
const fieldSide = 8;
/** Levels: what differs more is a subject and weighs no more. */
const maxDifference = 24;
/** Levels per cell that a landmark's edge has at least. */
const minEdge = 10;
const minLandmarks = 12;
/** Cells: a smaller swing is left to the spread. */
const leastShift = 0.12;
const refinements = 4;
/** The moved picture must fit so much better than the unmoved one. */
const gainNeeded = 0.7;
/** Seconds after which the landmarks are chosen anew, since the scene changes. */
const landmarkSeconds = 10;

/**
 * Finds by how much the camera has swung: compares the sharpest points of the scene, spread over the picture, with the
 * frame at every shift of up to three cells, then refines to parts of a cell.
 */
export class CameraShift {
  /** Cells to the right and down from a place in the scene to the same place in the frame. */
  x = 0;
  y = 0;
  readonly #grid: CellGrid;
  readonly #isHidden: Uint8Array;
  readonly #landmarks: Int32Array;
  readonly #costs = new Float32Array(side * side);
  #count = 0;
  #age = Number.POSITIVE_INFINITY;

  /** @param isHidden 1 for the cells that a landmark must not stand in: what covers them does not swing */
  constructor(grid: CellGrid, isHidden: Uint8Array) {
    this.#grid = grid;
    this.#isHidden = isHidden;
    this.#landmarks = new Int32Array(Math.ceil(grid.width / fieldSide) * Math.ceil(grid.height / fieldSide));
  }

  /** The scene was learnt anew. */
  reset(): void {
    this.x = 0;
    this.y = 0;
    this.#age = Number.POSITIVE_INFINITY;
  }

  /** @returns whether the frame has to be moved */
  find(frame: Float32Array, scene: Float32Array, gain: number, offset: number, seconds: number): boolean {
    this.#age += seconds;
    if (this.#age > landmarkSeconds) this.#chooseLandmarks(scene);
    this.x = 0;
    this.y = 0;
    if (this.#count < minLandmarks) return false;
    const { width } = this.#grid;
    const costs = this.#costs;
    let best = 0;
    for (let i = 0; i < costs.length; i += 1) {
      const step = (Math.floor(i / side) - range) * width + (i % side) - range;
      let cost = 0;
      for (let k = 0; k < this.#count; k += 1) {
        const cell = this.#landmarks[k] ?? 0;
        const difference = Math.abs((frame[cell + step] ?? 0) - gain * (scene[cell] ?? 0) - offset);
        cost += difference < maxDifference ? difference * difference : maxDifference * maxDifference;
      }
      costs[i] = cost;
      if (cost < (costs[best] ?? 0)) best = i;
    }
    const unmoved = costs[range * side + range] ?? 0;
    // Levels squared for each landmark: below this, noise decides.
    if (unmoved < 30 * this.#count) return false;
    this.x = (best % side) - range;
    this.y = Math.floor(best / side) - range;
    const refined = this.#refine(frame, scene, gain, offset);
    const isMoved = Math.abs(this.x) >= leastShift || Math.abs(this.y) >= leastShift;
    if (isMoved && refined <= gainNeeded * unmoved) return true;
    this.x = 0;
    this.y = 0;
    return false;
  }

  /** A few steps of Lucas and Kanade's method at the landmarks; keeps the shift that fits best and returns its cost. */
  #refine(frame: Float32Array, scene: Float32Array, gain: number, offset: number): number {
    const { width } = this.#grid;
    let x = this.x;
    let y = this.y;
    let leastCost = Number.POSITIVE_INFINITY;
    for (let round = 0; round < refinements; round += 1) {
      const whole = Math.floor(y) * width + Math.floor(x);
      const fx = x - Math.floor(x);
      const fy = y - Math.floor(y);
      let cost = 0;
      let xx = 0;
      let xy = 0;
      let yy = 0;
      let xr = 0;
      let yr = 0;
      for (let k = 0; k < this.#count; k += 1) {
        const cell = this.#landmarks[k] ?? 0;
        const at = cell + whole;
        const upper = (frame[at] ?? 0) * (1 - fx) + (frame[at + 1] ?? 0) * fx;
        const lower = (frame[at + width] ?? 0) * (1 - fx) + (frame[at + width + 1] ?? 0) * fx;
        const rest = upper * (1 - fy) + lower * fy - gain * (scene[cell] ?? 0) - offset;
        cost += Math.min(rest * rest, maxDifference * maxDifference);
        if (Math.abs(rest) > maxDifference) continue;
        const slopeX = (gain * ((scene[cell + 1] ?? 0) - (scene[cell - 1] ?? 0))) / 2;
        const slopeY = (gain * ((scene[cell + width] ?? 0) - (scene[cell - width] ?? 0))) / 2;
        xx += slopeX * slopeX;
        xy += slopeX * slopeY;
        yy += slopeY * slopeY;
        xr += slopeX * rest;
        yr += slopeY * rest;
      }
      if (cost < leastCost) {
        leastCost = cost;
        this.x = x;
        this.y = y;
      }
      const determinant = xx * yy - xy * xy;
      // Edges in one direction only leave the other direction open.
      if (determinant <= 0.02 * xx * yy) break;
      x = clamp(x - (yy * xr - xy * yr) / determinant, this.x);
      y = clamp(y - (xx * yr - xy * xr) / determinant, this.y);
    }
    return leastCost;
  }

  #chooseLandmarks(scene: Float32Array): void {
    const { width, height } = this.#grid;
    this.#age = 0;
    this.#count = 0;
    for (let top = range + 1; top < height - range - 1; top += fieldSide) {
      for (let left = range + 1; left < width - range - 1; left += fieldSide) {
        let sharpest = 0;
        let chosen = -1;
        for (let y = top; y < Math.min(top + fieldSide, height - range - 1); y += 1) {
          for (let x = left; x < Math.min(left + fieldSide, width - range - 1); x += 1) {
            const cell = y * width + x;
            const edge =
              Math.abs((scene[cell + 1] ?? 0) - (scene[cell - 1] ?? 0)) +
              Math.abs((scene[cell + width] ?? 0) - (scene[cell - width] ?? 0));
            if (edge > sharpest && this.#isHidden[cell] === 0) {
              sharpest = edge;
              chosen = cell;
            }
          }
        }
        if (sharpest < minEdge) continue;
        this.#landmarks[this.#count] = chosen;
        this.#count += 1;
      }
    }
  }
}

/** At most 0.6 cells from `middle` a step, and never beyond the range. */
function clamp(shift: number, middle: number): number {
  return Math.max(-range, Math.min(range, Math.max(middle - 0.6, Math.min(middle + 0.6, shift))));
}
