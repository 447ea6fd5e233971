import type { Polygon, Zone } from '../core/camera-settings.ts';
import { containsPoint, touchesBox } from '../core/polygon.ts';
import type { CellGrid } from './cell-grid.ts';
import type { CellRegion, RegionExtent } from './regions.ts';

/** What counts of a region. */
export interface CountedPart extends RegionExtent {
  /** Cells that had to count. */
  readonly needed: number;
  /** Bits of the fields that it lies in. */
  readonly fields: number;
}

/** Cells in which motion counts: those of one include zone, or, where there is none, all that no zone excludes. */
interface Field {
  /** `null` for what is left when there are only zones that exclude. */
  readonly name: string | null;
  readonly cellCount: number;
}

/** Cells of the part inside that must differ from 0.6 s before: what only stands there moves elsewhere. */
const leastActive = 2;

/**
 * A camera's zones on the grid of cells. A cell belongs to a polygon when its middle lies inside; a polygon so small or so
 * thin that it holds no middle has the cells that it touches.
 */
export class ZoneCells {
  /** For each cell the fields that it lies in, one bit each. */
  readonly bits: Uint16Array;
  readonly #fields: readonly Field[];
  readonly #width: number;
  readonly #counts: Int32Array;

  /**
   * @param frameWidth pixels; the last ones may lie beyond the grid
   * @param frameHeight pixels
   */
  constructor(zones: readonly Zone[], grid: CellGrid, frameWidth: number, frameHeight: number) {
    const cellsOf = ({ points }: Zone): Uint8Array => rasterise(points, grid, frameWidth, frameHeight);
    const included = zones.filter(({ kind }) => kind === 'include');
    const excluded = zones.filter(({ kind }) => kind === 'exclude').map(cellsOf);
    const fields =
      included.length === 0
        ? [{ name: null, cells: new Uint8Array(grid.count).fill(1) }]
        : included.map((zone) => ({ name: zone.name, cells: cellsOf(zone) }));
    this.bits = new Uint16Array(grid.count);
    this.#width = grid.width;
    this.#fields = fields.map(({ name, cells }, index) => {
      let cellCount = 0;
      for (let cell = 0; cell < grid.count; cell += 1) {
        if (cells[cell] === 0 || excluded.some((other) => other[cell] === 1)) continue;
        this.bits[cell] = (this.bits[cell] ?? 0) | (1 << index);
        cellCount += 1;
      }
      return { name, cellCount };
    });
    this.#counts = new Int32Array(fields.length);
  }

  /**
   * What counts of a region; `undefined` when too little of it lies inside. That is less than the smallest subject, or
   * less than half of a zone that is smaller than two of them.
   *
   * @param label of the region in `labels`
   * @param minArea cells of the smallest subject
   */
  partOf(
    region: CellRegion,
    label: number,
    labels: Int16Array,
    isActive: Uint8Array,
    minArea: number,
  ): CountedPart | undefined {
    const counts = this.#counts.fill(0);
    let [area, active] = [0, 0];
    let [left, top, right, bottom] = [region.right, region.bottom, region.left, region.top];
    for (let y = region.top; y <= region.bottom; y += 1) {
      for (let x = region.left; x <= region.right; x += 1) {
        const cell = y * this.#width + x;
        const bits = this.bits[cell] ?? 0;
        if (bits === 0 || labels[cell] !== label) continue;
        area += 1;
        active += isActive[cell] ?? 0;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
        for (let index = 0; index < counts.length; index += 1) {
          counts[index] = (counts[index] ?? 0) + ((bits >> index) & 1);
        }
      }
    }
    if (area === 0 || active < Math.min(leastActive, area)) return undefined;
    const judged = this.judge(area, counts, minArea);
    return judged === undefined ? undefined : { area, left, top, right, bottom, ...judged };
  }

  /**
   * Whether so many cells inside are enough, and for which fields; `undefined` when they are too few.
   *
   * @param area cells that lie in any of the fields
   * @param counts of them for each field, in the order of the bits
   * @param minArea cells of the smallest subject
   */
  judge(
    area: number,
    counts: ArrayLike<number>,
    minArea: number,
  ): Pick<CountedPart, 'needed' | 'fields'> | undefined {
    let [fields, touched, needed] = [0, 0, minArea];
    for (const [index, { cellCount }] of this.#fields.entries()) {
      const count = counts[index] ?? 0;
      if (count === 0) continue;
      touched |= 1 << index;
      const least = Math.min(minArea, Math.ceil(cellCount / 2));
      if (count < least) continue;
      fields |= 1 << index;
      needed = Math.min(needed, least);
    }
    // Spread over several zones, it may be large enough all the same.
    if (fields === 0 && area < minArea) return undefined;
    return { needed, fields: fields === 0 ? touched : fields };
  }

  /** Include zones, or 1 where there is none. */
  get fieldCount(): number {
    return this.#fields.length;
  }

  /** Names of the zones of these parts, in the order of the settings. */
  namesOf(parts: readonly CountedPart[]): string[] {
    const bits = parts.reduce((all, { fields }) => all | fields, 0);
    return this.#fields.flatMap(({ name }, index) => (name !== null && (bits >> index) & 1 ? [name] : []));
  }
}

function rasterise(points: Polygon, grid: CellGrid, frameWidth: number, frameHeight: number): Uint8Array {
  const cells = new Uint8Array(grid.count);
  const cellWidth = grid.pixelsPerSide / frameWidth;
  const cellHeight = grid.pixelsPerSide / frameHeight;
  let count = 0;
  for (let cell = 0; cell < grid.count; cell += 1) {
    const x = ((cell % grid.width) + 0.5) * cellWidth;
    const y = (Math.floor(cell / grid.width) + 0.5) * cellHeight;
    if (!containsPoint(points, x, y)) continue;
    cells[cell] = 1;
    count += 1;
  }
  if (count > 0) return cells;
  for (let cell = 0; cell < grid.count; cell += 1) {
    const left = (cell % grid.width) * cellWidth;
    const top = Math.floor(cell / grid.width) * cellHeight;
    if (touchesBox(points, [left, top, left + cellWidth, top + cellHeight])) cells[cell] = 1;
  }
  return cells;
}
