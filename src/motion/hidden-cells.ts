import type { Polygon } from '../core/camera-settings.ts';
import { analysisGrain, PrivacyMask } from '../core/privacy-mask.ts';
import type { CellGrid } from './cell-grid.ts';

/** Cells over which a cell is smoothed with its neighbours. */
const smoothing = 1;
/** Cells that a frame may be moved by when the camera swings; the black stays where it is. */
const longestShift = 3;

/** Cells of which nothing can be known since a privacy mask has blackened them, wholly or in part. */
export class HiddenCells {
  /** 1 for those of a frame as it came. */
  readonly cells: Uint8Array;
  /** The same for a frame that was moved back onto the scene. */
  readonly whenMoved: Uint8Array;
  /** Cells that are not hidden. */
  readonly visibleCount: number;

  /**
   * @param frameWidth pixels
   * @param frameHeight pixels
   */
  constructor(masks: readonly Polygon[], grid: CellGrid, frameWidth: number, frameHeight: number) {
    this.cells = new Uint8Array(grid.count);
    this.whenMoved = new Uint8Array(grid.count);
    const side = grid.pixelsPerSide;
    for (const span of new PrivacyMask(masks, analysisGrain).spans(frameWidth, frameHeight)) {
      const left = Math.floor(span.left / side);
      const top = Math.floor(span.top / side);
      const right = Math.ceil(span.right / side);
      const bottom = Math.ceil(span.bottom / side);
      mark(this.cells, grid, [left, top, right, bottom], smoothing);
      mark(this.whenMoved, grid, [left, top, right, bottom], smoothing + longestShift);
    }
    this.visibleCount = this.cells.reduce((count, isHidden) => count + 1 - isHidden, 0);
  }
}

/** @param bounds cells; right and bottom are exclusive */
function mark(
  cells: Uint8Array,
  grid: CellGrid,
  [left, top, right, bottom]: readonly [number, number, number, number],
  margin: number,
): void {
  for (let y = Math.max(0, top - margin); y < Math.min(grid.height, bottom + margin); y += 1) {
    const from = y * grid.width + Math.max(0, left - margin);
    cells.fill(1, from, Math.max(from, y * grid.width + Math.min(grid.width, right + margin)));
  }
}
