import type { CellGrid } from './cell-grid.ts';
import type { RegionExtent } from './regions.ts';
import { blockSide } from './scene-light.ts';

/** Blocks that a region must span before its texture can tell: what is smaller hides no ground worth comparing. */
const leastBlocks = 12;
/** Levels: an edge weighs no more than a blade of grass, or one kerb that shows through would decide for all of it. */
const mostDetail = 10;
/** Share of the ground's detail that must show through, and that must not, before a block says light or subject. */
const seenThrough = 0.55;
/** Standard errors by which a block must lie on its side: one block in fifty then says the wrong thing by noise alone. */
const certainty = 2;
/** Share of the windows that say anything, and their number, below which the region keeps its verdict: bare ground tells nothing. */
const leastSaying = 0.2;
const fewestSaying = 5;
/**
 * Share of those that say light, from which the region is light. The rims of light that moves say otherwise. Of subjects about a third
 * say light, where their shadows and the ground at their outline belong to them, and well over half where somebody drags a long
 * shadow: at 0.6, people in the painted street were seen two seconds late.
 */
const leastLight = 0.8;
/**
 * Variance of the noise of a cell less the mean of its four neighbours, as a share of that of a cell. Cells are weighed 1 2 1 in both
 * directions, so that neighbours share 2/3 of their noise, those across a corner 4/9, those two apart 1/6:
 * 1 − 2·2/3 + (1 + 2·4/9 + 1/6) / 4 comes to 0.18.
 */
const detailNoise = 0.18;

/**
 * Tells light that moves, with edges of its own, from a subject: the cone of a headlight full of shadows, the rim of a cloud,
 * the sun that comes out. Its outline is new structure, but inside it the ground's own fine detail goes on, brighter or darker;
 * a subject hides it. The detail of the learnt scene has hardly any noise, so the regression of the frame's detail on it is
 * without bias, whatever the noise of the frame.
 */
export class LightWitness {
  readonly #grid: CellGrid;
  readonly #blocksWide: number;
  readonly #product: Float32Array;
  readonly #square: Float32Array;
  readonly #noise: Float32Array;
  readonly #frame: Float32Array;
  readonly #scene: Float32Array;
  readonly #count: Float32Array;

  constructor(grid: CellGrid) {
    this.#grid = grid;
    this.#blocksWide = Math.ceil(grid.width / blockSide);
    const blocks = this.#blocksWide * Math.ceil(grid.height / blockSide);
    this.#product = new Float32Array(blocks);
    this.#square = new Float32Array(blocks);
    this.#noise = new Float32Array(blocks);
    this.#frame = new Float32Array(blocks);
    this.#scene = new Float32Array(blocks);
    this.#count = new Float32Array(blocks);
  }

  /**
   * @param region one of the frame's
   * @param label its number in `labels`
   * @param labels of every cell
   * @param cells the frame, aligned with the scene, levels
   * @param mean the scene, levels
   * @param spread of every cell's noise, levels
   * @returns whether the scene shows through it
   */
  seesGround(
    region: RegionExtent,
    label: number,
    labels: Int16Array,
    cells: Float32Array,
    mean: Float32Array,
    spread: Float32Array,
  ): boolean {
    const { width, height } = this.#grid;
    if (region.area < leastBlocks * blockSide * blockSide) return false;
    const left = Math.max(1, region.left);
    const right = Math.min(width - 2, region.right);
    const top = Math.max(1, region.top);
    const bottom = Math.min(height - 2, region.bottom);
    const firstX = Math.floor(left / blockSide);
    const lastX = Math.floor(right / blockSide);
    const firstY = Math.floor(top / blockSide);
    const lastY = Math.floor(bottom / blockSide);
    this.#forget(firstX, lastX, firstY, lastY);
    for (let y = top; y <= bottom; y += 1) {
      const row = Math.floor(y / blockSide) * this.#blocksWide;
      for (let x = left; x <= right; x += 1) {
        const cell = y * width + x;
        if (labels[cell] !== label) continue;
        const f = cells[cell] ?? 0;
        const s = mean[cell] ?? 0;
        const n = spread[cell] ?? 0;
        const detail =
          s -
          ((mean[cell - 1] ?? 0) +
            (mean[cell + 1] ?? 0) +
            (mean[cell - width] ?? 0) +
            (mean[cell + width] ?? 0)) *
            0.25;
        const seen =
          f -
          ((cells[cell - 1] ?? 0) +
            (cells[cell + 1] ?? 0) +
            (cells[cell - width] ?? 0) +
            (cells[cell + width] ?? 0)) *
            0.25;
        // Both shrink alike, so that an edge says the same as before, only not louder.
        const weight = Math.abs(detail) > mostDetail ? mostDetail / Math.abs(detail) : 1;
        const block = row + Math.floor(x / blockSide);
        this.#product[block] = (this.#product[block] ?? 0) + weight * weight * detail * seen;
        this.#square[block] = (this.#square[block] ?? 0) + weight * weight * detail * detail;
        this.#noise[block] = (this.#noise[block] ?? 0) + n * n;
        this.#frame[block] = (this.#frame[block] ?? 0) + f;
        this.#scene[block] = (this.#scene[block] ?? 0) + s;
        this.#count[block] = (this.#count[block] ?? 0) + 1;
      }
    }
    return this.#vote(firstX, lastX, firstY, lastY);
  }

  #forget(firstX: number, lastX: number, firstY: number, lastY: number): void {
    for (let y = firstY; y <= lastY; y += 1) {
      const from = y * this.#blocksWide + firstX;
      const to = y * this.#blocksWide + lastX + 1;
      this.#product.fill(0, from, to);
      this.#square.fill(0, from, to);
      this.#noise.fill(0, from, to);
      this.#frame.fill(0, from, to);
      this.#scene.fill(0, from, to);
      this.#count.fill(0, from, to);
    }
  }

  /** Each window of two by two blocks says light, subject or nothing. */
  #vote(firstX: number, lastX: number, firstY: number, lastY: number): boolean {
    let windows = 0;
    let light = 0;
    let subject = 0;
    for (let y = firstY; y < Math.max(firstY + 1, lastY); y += 1) {
      for (let x = firstX; x < Math.max(firstX + 1, lastX); x += 1) {
        const a = y * this.#blocksWide + x;
        const b = x < lastX ? a + 1 : a;
        const c = y < lastY ? a + this.#blocksWide : a;
        const d = c + (b - a);
        const count = sum(this.#count, a, b, c, d);
        if (count < 3 * blockSide * blockSide) continue;
        windows += 1;
        const square = sum(this.#square, a, b, c, d);
        const gain = Math.min(
          6,
          Math.max(0.15, sum(this.#frame, a, b, c, d) / Math.max(1, sum(this.#scene, a, b, c, d))),
        );
        const variance = (detailNoise * Math.max(1, gain * gain) * sum(this.#noise, a, b, c, d)) / count;
        const error = Math.sqrt(variance / Math.max(1e-6, square)) / gain;
        const share = sum(this.#product, a, b, c, d) / Math.max(1e-6, square) / gain;
        if (share - certainty * error > seenThrough) light += 1;
        else if (share + certainty * error < seenThrough) subject += 1;
      }
    }
    const said = light + subject;
    return said >= Math.max(fewestSaying, leastSaying * windows) && light >= leastLight * said;
  }
}

function sum(values: Float32Array, a: number, b: number, c: number, d: number): number {
  return (values[a] ?? 0) + (values[b] ?? 0) + (values[c] ?? 0) + (values[d] ?? 0);
}
