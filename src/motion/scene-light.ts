import type { CellGrid } from './cell-grid.ts';
import { select } from './select.ts';

/** Cells on a side of a block: two by two blocks make the window in which structure is compared. */
export const blockSide = 4;

/** Middle of a block, cells from its first. */
const centre = (blockSide - 1) / 2;
/** Variance of the coordinates of a window's cells: (8² − 1) / 12. */
const tiltVariance = (4 * blockSide * blockSide - 1) / 12;
/** Levels per cell: the rim of a shadow may be as steep, the rim of a subject is steeper. */
const maxTilt = 2.5;

/** Variance that light leaves unexplained before it counts as structure, levels squared. */
const leastStructure = 2;

/** Added before ratios of light are taken, so that black doesn't divide. Levels. */
const darkOffset = 16;

/**
 * Tells a change of light from a subject. Light scales what is there: inside a small window the frame stays a linear
 * function of the scene. A subject brings its own structure.
 */
export class SceneLight {
  readonly blocksWide: number;
  readonly blocksHigh: number;
  /** Global fit: frame ≈ gain × scene + offset. */
  gain = 1;
  offset = 0;
  /** Mean of the frame without what is no part of the scene, levels. */
  level = 0;
  /** 1 for blocks whose structure the scene doesn't explain. */
  readonly isNew: Uint8Array;
  /** Share of the blocks that are new. */
  newShare = 0;
  /** Of 4 × 3 parts of the picture, the share that is new in more than a quarter of its blocks. */
  newParts = 0;
  readonly #parts = new Int32Array(12);
  /** Of each part, the share of the blocks that are not hidden. */
  readonly #visible = new Float32Array(12);
  /** 1 for blocks with a hidden cell: what is new in them says nothing of the picture as a whole. */
  readonly #isBlockHidden: Uint8Array;
  #visibleBlocks = 0;
  readonly #isHidden: Uint8Array;
  readonly #grid: CellGrid;
  readonly #sumFrame: Float32Array;
  readonly #sumScene: Float32Array;
  readonly #sumFrameSquared: Float32Array;
  readonly #sumSceneSquared: Float32Array;
  readonly #sumProduct: Float32Array;
  readonly #sumNoise: Float32Array;
  readonly #tiltFrameX: Float32Array;
  readonly #tiltFrameY: Float32Array;
  readonly #tiltSceneX: Float32Array;
  readonly #tiltSceneY: Float32Array;
  readonly #cells: Float32Array;
  readonly #stillFrame: Float32Array;
  readonly #stillScene: Float32Array;
  readonly #stillCount: Float32Array;
  readonly #ratio: Float32Array;
  readonly #smoothed: Float32Array;
  readonly #differences: Float32Array;
  /** For each column of cells: the block left of its middle, the one right of it, and how far it lies between them. */
  readonly #leftBlock: Int32Array;
  readonly #rightBlock: Int32Array;
  readonly #betweenBlocks: Float64Array;

  /** @param isHidden 1 for the cells that say nothing of the light */
  constructor(grid: CellGrid, isHidden: Uint8Array) {
    this.#grid = grid;
    this.#isHidden = isHidden;
    this.blocksWide = Math.ceil(grid.width / blockSide);
    this.blocksHigh = Math.ceil(grid.height / blockSide);
    const blocks = this.blocksWide * this.blocksHigh;
    this.isNew = new Uint8Array(blocks);
    this.#isBlockHidden = new Uint8Array(blocks);
    this.#tiltFrameX = new Float32Array(blocks);
    this.#tiltFrameY = new Float32Array(blocks);
    this.#tiltSceneX = new Float32Array(blocks);
    this.#tiltSceneY = new Float32Array(blocks);
    this.#sumFrame = new Float32Array(blocks);
    this.#sumScene = new Float32Array(blocks);
    this.#sumFrameSquared = new Float32Array(blocks);
    this.#sumSceneSquared = new Float32Array(blocks);
    this.#sumProduct = new Float32Array(blocks);
    this.#sumNoise = new Float32Array(blocks);
    this.#cells = new Float32Array(blocks);
    for (let cell = 0; cell < grid.count; cell += 1) {
      const block =
        Math.floor(cell / grid.width / blockSide) * this.blocksWide +
        Math.floor((cell % grid.width) / blockSide);
      this.#cells[block] = (this.#cells[block] ?? 0) + 1;
      if (isHidden[cell] === 1) this.#isBlockHidden[block] = 1;
    }
    this.#countVisible();
    this.#stillFrame = new Float32Array(blocks);
    this.#stillScene = new Float32Array(blocks);
    this.#stillCount = new Float32Array(blocks);
    this.#ratio = new Float32Array(blocks);
    this.#smoothed = new Float32Array(blocks);
    this.#differences = new Float32Array(Math.ceil(grid.height / 4) * Math.ceil(grid.width / 4));
    this.#leftBlock = new Int32Array(grid.width);
    this.#rightBlock = new Int32Array(grid.width);
    this.#betweenBlocks = new Float64Array(grid.width);
    for (let x = 0; x < grid.width; x += 1) {
      const u = Math.min(this.blocksWide - 1, Math.max(0, (x - centre) / blockSide));
      const left = Math.floor(u);
      this.#leftBlock[x] = left;
      this.#rightBlock[x] = Math.min(this.blocksWide - 1, left + 1);
      this.#betweenBlocks[x] = u - left;
    }
  }

  #countVisible(): void {
    const total = new Int32Array(this.#visible.length);
    for (let block = 0; block < this.isNew.length; block += 1) {
      const part = this.#partOf(block);
      total[part] = (total[part] ?? 0) + 1;
      if (this.#isBlockHidden[block] === 1) continue;
      this.#visible[part] = (this.#visible[part] ?? 0) + 1;
      this.#visibleBlocks += 1;
    }
    for (const [part, count] of total.entries()) {
      this.#visible[part] = (this.#visible[part] ?? 0) / Math.max(1, count);
    }
  }

  /** Which of the 4 × 3 parts of the picture the block lies in. */
  #partOf(block: number): number {
    const row = Math.floor((Math.floor(block / this.blocksWide) * 3) / this.blocksHigh);
    return row * 4 + Math.floor(((block % this.blocksWide) * 4) / this.blocksWide);
  }

  /** After `fitGlobal` on the same cells: fits the light by blocks; writes what the scene looks like under it. */
  fit(frame: Float32Array, scene: Float32Array, spread: Float32Array, expected: Float32Array): void {
    this.#sumBlocks(frame, scene, spread);
    this.#fitBlocks();
    this.#expect(scene, expected);
    this.#compareStructure();
  }

  /** Fits `gain`, `offset` and `level` only; robust against small shifts of the picture. */
  fitGlobal(frame: Float32Array, scene: Float32Array): void {
    const { width, height } = this.#grid;
    const isHidden = this.#isHidden;
    const differences = this.#differences;
    let n = 0;
    for (let y = 1; y < height; y += 4) {
      for (let x = 1 + (y & 2); x < width; x += 4) {
        const cell = y * width + x;
        if (isHidden[cell] === 1) continue;
        differences[n] = (frame[cell] ?? 0) - (scene[cell] ?? 0);
        n += 1;
      }
    }
    // Nothing is to be seen: there is no light that could have changed.
    if (n === 0) return;
    let gain = 1;
    let offset = select(differences, n, n >> 1);
    const upper = select(differences, n, Math.floor(n * 0.75));
    let scale = Math.max(4, 1.5 * (upper - select(differences, n, n >> 2)));
    // Iteratively reweighted least squares with Cauchy weights: a subject is an outlier, not part of the light.
    for (let round = 0; round < 3; round += 1) {
      let sw = 0;
      let sx = 0;
      let sy = 0;
      let sxx = 0;
      let sxy = 0;
      for (let y = 1; y < height; y += 4) {
        for (let x = 1 + (y & 2); x < width; x += 4) {
          const cell = y * width + x;
          if (isHidden[cell] === 1) continue;
          const a = scene[cell] ?? 0;
          const b = frame[cell] ?? 0;
          const r = (b - gain * a - offset) / scale;
          const w = 1 / (1 + r * r);
          sw += w;
          sx += w * a;
          sy += w * b;
          sxx += w * a * a;
          sxy += w * a * b;
        }
      }
      const variance = sxx - (sx * sx) / sw;
      // A nearly uniform scene says nothing of the gain.
      gain = variance > sw * 25 ? Math.min(2.5, Math.max(0.4, (sxy - (sx * sy) / sw) / variance)) : 1;
      offset = (sy - gain * sx) / sw;
      scale = Math.max(4, scale * 0.6);
      this.level = sy / sw;
    }
    this.gain = gain;
    this.offset = offset;
  }

  #sumBlocks(frame: Float32Array, scene: Float32Array, spread: Float32Array): void {
    const { width, height } = this.#grid;
    const { gain, offset, blocksWide, blocksHigh } = this;
    const isHidden = this.#isHidden;
    for (let by = 0; by < blocksHigh; by += 1) {
      const bottom = Math.min(height, (by + 1) * blockSide);
      for (let bx = 0; bx < blocksWide; bx += 1) {
        const right = Math.min(width, (bx + 1) * blockSide);
        let sf = 0;
        let ss = 0;
        let sff = 0;
        let sss = 0;
        let sfs = 0;
        let sn = 0;
        let fx = 0;
        let fy = 0;
        let sx = 0;
        let sy = 0;
        let kf = 0;
        let ks = 0;
        let kn = 0;
        for (let y = by * blockSide; y < bottom; y += 1) {
          const v = y - by * blockSide - centre;
          let u = -centre;
          for (let cell = y * width + bx * blockSide; cell < y * width + right; cell += 1) {
            const f = frame[cell] ?? 0;
            const s = scene[cell] ?? 0;
            const n = spread[cell] ?? 0;
            sf += f;
            ss += s;
            sff += f * f;
            sss += s * s;
            sfs += f * s;
            sn += n * n;
            fx += u * f;
            fy += v * f;
            sx += u * s;
            sy += v * s;
            u += 1;
            const lit = gain * s + offset;
            if (Math.abs(f - lit) < 3 * n + 10 && isHidden[cell] === 0) {
              kf += f;
              ks += lit;
              kn += 1;
            }
          }
        }
        const block = by * blocksWide + bx;
        this.#tiltFrameX[block] = fx;
        this.#tiltFrameY[block] = fy;
        this.#tiltSceneX[block] = sx;
        this.#tiltSceneY[block] = sy;
        this.#sumFrame[block] = sf;
        this.#sumScene[block] = ss;
        this.#sumFrameSquared[block] = sff;
        this.#sumSceneSquared[block] = sss;
        this.#sumProduct[block] = sfs;
        this.#sumNoise[block] = sn;
        this.#stillFrame[block] = kf;
        this.#stillScene[block] = ks;
        this.#stillCount[block] = kn;
      }
    }
  }

  /** The local ratio of light from cells that are still; where there are none, from the neighbours. */
  #fitBlocks(): void {
    const { blocksWide, blocksHigh } = this;
    const blocks = blocksWide * blocksHigh;
    for (let block = 0; block < blocks; block += 1) {
      const n = this.#stillCount[block] ?? 0;
      const dark = darkOffset * n;
      this.#ratio[block] =
        n > 0 ? ((this.#stillFrame[block] ?? 0) + dark) / ((this.#stillScene[block] ?? 0) + dark) : 1;
    }
    // Smoothed over 5 × 5 blocks, weighted by how many still cells stand behind each.
    for (let by = 0; by < blocksHigh; by += 1) {
      for (let bx = 0; bx < blocksWide; bx += 1) {
        let sum = 0.5;
        let weight = 0.5;
        for (let y = Math.max(0, by - 2); y <= Math.min(blocksHigh - 1, by + 2); y += 1) {
          for (let x = Math.max(0, bx - 2); x <= Math.min(blocksWide - 1, bx + 2); x += 1) {
            const w = this.#stillCount[y * blocksWide + x] ?? 0;
            sum += w * (this.#ratio[y * blocksWide + x] ?? 1);
            weight += w;
          }
        }
        this.#smoothed[by * blocksWide + bx] = sum / weight;
      }
    }
  }

  #expect(scene: Float32Array, expected: Float32Array): void {
    const { width, height } = this.#grid;
    const { blocksWide, blocksHigh, gain, offset } = this;
    const leftBlock = this.#leftBlock;
    const rightBlock = this.#rightBlock;
    const between = this.#betweenBlocks;
    const smoothed = this.#smoothed;
    for (let y = 0; y < height; y += 1) {
      const v = Math.min(blocksHigh - 1, Math.max(0, (y - centre) / blockSide));
      const top = Math.min(blocksHigh - 2 < 0 ? 0 : blocksHigh - 2, Math.floor(v));
      const fy = v - top;
      const lower = Math.min(blocksHigh - 1, top + 1);
      for (let x = 0; x < width; x += 1) {
        const left = leftBlock[x] ?? 0;
        const right = rightBlock[x] ?? 0;
        const fx = between[x] ?? 0;
        const a = smoothed[top * blocksWide + left] ?? 1;
        const b = smoothed[top * blocksWide + right] ?? 1;
        const c = smoothed[lower * blocksWide + left] ?? 1;
        const d = smoothed[lower * blocksWide + right] ?? 1;
        const ratio = (a + (b - a) * fx) * (1 - fy) + (c + (d - c) * fx) * fy;
        const cell = y * width + x;
        expected[cell] = (gain * (scene[cell] ?? 0) + offset + darkOffset) * ratio - darkOffset;
      }
    }
  }

  #compareStructure(): void {
    const { blocksWide, blocksHigh, isNew } = this;
    isNew.fill(0);
    for (let by = 0; by + 1 < blocksHigh; by += 1) {
      for (let bx = 0; bx + 1 < blocksWide; bx += 1) {
        const a = by * blocksWide + bx;
        const b = a + 1;
        const c = a + blocksWide;
        const d = c + 1;
        if (this.#isUnexplained(a, b, c, d)) {
          isNew[a] = 1;
          isNew[b] = 1;
          isNew[c] = 1;
          isNew[d] = 1;
        }
      }
    }
    let count = 0;
    this.#parts.fill(0);
    for (let block = 0; block < isNew.length; block += 1) {
      if (isNew[block] === 0 || this.#isBlockHidden[block] === 1) continue;
      count += 1;
      const part = this.#partOf(block);
      this.#parts[part] = (this.#parts[part] ?? 0) + 1;
    }
    this.newShare = count / Math.max(1, this.#visibleBlocks);
    let newParts = 0;
    let seenParts = 0;
    for (const [part, visible] of this.#visible.entries()) {
      // What shows only a corner of itself has no say.
      if (visible < 0.25) continue;
      seenParts += 1;
      if ((this.#parts[part] ?? 0) * 12 > 0.25 * isNew.length * visible) newParts += 1;
    }
    this.newParts = newParts / Math.max(1, seenParts);
  }

  /** Fits frame ≈ slope × scene + a plane inside a window of four blocks and asks whether noise explains the rest. */
  #isUnexplained(a: number, b: number, c: number, d: number): boolean {
    const n = four(this.#cells, a, b, c, d);
    const meanFrame = four(this.#sumFrame, a, b, c, d) / n;
    const meanScene = four(this.#sumScene, a, b, c, d) / n;
    const noise = four(this.#sumNoise, a, b, c, d) / n;
    const half = blockSide / 2;
    const frameX = (four(this.#tiltFrameX, a, b, c, d) + half * tilt(this.#sumFrame, b, d, a, c)) / n;
    const frameY = (four(this.#tiltFrameY, a, b, c, d) + half * tilt(this.#sumFrame, c, d, a, b)) / n;
    const sceneX = (four(this.#tiltSceneX, a, b, c, d) + half * tilt(this.#sumScene, b, d, a, c)) / n;
    const sceneY = (four(this.#tiltSceneY, a, b, c, d) + half * tilt(this.#sumScene, c, d, a, b)) / n;
    const varFrame =
      four(this.#sumFrameSquared, a, b, c, d) / n -
      meanFrame * meanFrame -
      (frameX * frameX + frameY * frameY) / tiltVariance;
    const varScene =
      four(this.#sumSceneSquared, a, b, c, d) / n -
      meanScene * meanScene -
      (sceneX * sceneX + sceneY * sceneY) / tiltVariance;
    const covariance =
      four(this.#sumProduct, a, b, c, d) / n -
      meanFrame * meanScene -
      (frameX * sceneX + frameY * sceneY) / tiltVariance;
    const usual = Math.min(2.5, Math.max(0.4, this.gain));
    const slope = Math.min(
      2.5,
      Math.max(0.4, (covariance + noise * usual) / (Math.max(0, varScene) + noise)),
    );
    const tiltX = Math.max(0, Math.abs(frameX - slope * sceneX) / tiltVariance - maxTilt);
    const tiltY = Math.max(0, Math.abs(frameY - slope * sceneY) / tiltVariance - maxTilt);
    const residual =
      varFrame -
      2 * slope * covariance +
      slope * slope * varScene +
      tiltVariance * (tiltX * tiltX + tiltY * tiltY);
    return residual > leastStructure + 2.5 * noise * (1 + slope * slope);
  }
}

/** Sum of the first two less the sum of the last two. */
function tilt(values: Float32Array, a: number, b: number, c: number, d: number): number {
  return (values[a] ?? 0) + (values[b] ?? 0) - (values[c] ?? 0) - (values[d] ?? 0);
}

function four(values: Float32Array, a: number, b: number, c: number, d: number): number {
  return (values[a] ?? 0) + (values[b] ?? 0) + (values[c] ?? 0) + (values[d] ?? 0);
}
