import type { Zone } from '../core/camera-settings.ts';
import { analysisPixels } from '../core/frame.ts';
import type { MotionHeat } from '../core/motion-evidence.ts';
import type { MotionRegion } from '../core/motion.ts';
import { createCellGrid, type CellGrid } from './cell-grid.ts';
import { ZoneCells } from './zones.ts';

/** Pixels. */
interface FrameSize {
  readonly width: number;
  readonly height: number;
}

/** Of the picture that was analysed, by the grid of its heat, whose fields are about square. */
export function analysedFrame({ columns, rows }: Pick<MotionHeat, 'columns' | 'rows'>): FrameSize {
  const side = Math.sqrt(analysisPixels / (columns * rows));
  return { width: toEven(columns * side), height: toEven(rows * side) };
}

function toEven(pixels: number): number {
  return Math.max(2, Math.round(pixels / 2) * 2);
}

/**
 * The zones test for regions of which only box and area are known: their cells are taken as spread evenly over the box.
 * Of a box that is full it says what the test on the cells themselves says.
 */
export class ZoneAreas {
  readonly grid: CellGrid;
  readonly #zones: ZoneCells;
  /** For each field, and last for all of them together: how many of its cells lie left of and above each corner. */
  readonly #sums: readonly Int32Array[];
  readonly #counts: Float64Array;

  constructor(zones: readonly Zone[], { width, height }: FrameSize) {
    this.grid = createCellGrid(width, height);
    this.#zones = new ZoneCells(zones, this.grid, width, height);
    const { bits, fieldCount } = this.#zones;
    this.#sums = Array.from({ length: fieldCount + 1 }, (_, field) =>
      sumUp(this.grid, (cell) => {
        const own = bits[cell] ?? 0;
        return field === fieldCount ? own !== 0 : ((own >> field) & 1) === 1;
      }),
    );
    this.#counts = new Float64Array(fieldCount + 1);
  }

  /**
   * Whether enough of the region lies where motion counts.
   *
   * @param minArea cells of the smallest subject
   */
  counts({ box, area }: MotionRegion, minArea: number): boolean {
    const { width, height, count } = this.grid;
    const left = Math.min(width - 1, Math.max(0, Math.round(box[0] * width)));
    const top = Math.min(height - 1, Math.max(0, Math.round(box[1] * height)));
    const right = Math.min(width, Math.max(left + 1, Math.round((box[0] + box[2]) * width)));
    const bottom = Math.min(height, Math.max(top + 1, Math.round((box[1] + box[3]) * height)));
    const fill = Math.min(1, (area * count) / ((right - left) * (bottom - top)));
    const stride = width + 1;
    for (const [field, sums] of this.#sums.entries()) {
      const inside =
        (sums[bottom * stride + right] ?? 0) -
        (sums[bottom * stride + left] ?? 0) -
        (sums[top * stride + right] ?? 0) +
        (sums[top * stride + left] ?? 0);
      this.#counts[field] = fill * inside;
    }
    const inside = this.#counts[this.#sums.length - 1] ?? 0;
    return inside > 0 && this.#zones.judge(inside, this.#counts, minArea) !== undefined;
  }
}

function sumUp({ width, height }: CellGrid, isIn: (cell: number) => boolean): Int32Array {
  const stride = width + 1;
  const sums = new Int32Array(stride * (height + 1));
  for (let y = 0; y < height; y += 1) {
    let row = 0;
    for (let x = 0; x < width; x += 1) {
      if (isIn(y * width + x)) row += 1;
      sums[(y + 1) * stride + x + 1] = (sums[y * stride + x + 1] ?? 0) + row;
    }
  }
  return sums;
}
