import type { Polygon } from './camera-settings.ts';
import { touchesBox } from './polygon.ts';

export const lookColumns = 16;
export const lookRows = 9;
export const lookCells = lookColumns * lookRows;

/** What a frame looks like in 16 × 9 cells, row by row: enough to tell whether the lens is free. */
export interface PictureLook {
  /** Brightness, 0..255. */
  readonly means: Float32Array;
  /** How much fine structure there is beyond noise: mean difference of neighbouring pixels, levels. */
  readonly details: Float32Array;
}

/** Of the picture: a mask that is drawn in blocks blackens a little more than its polygon. */
const maskMargin = 0.02;

/** 1 for the cells of which a privacy mask, a polygon in 0..1 of the picture, blackens a part or the whole. */
export function maskedLookCells(masks: readonly Polygon[]): Uint8Array {
  return Uint8Array.from({ length: lookCells }, (_, cell) => {
    const left = (cell % lookColumns) / lookColumns;
    const top = Math.floor(cell / lookColumns) / lookRows;
    const box = [
      left - maskMargin,
      top - maskMargin,
      left + 1 / lookColumns + maskMargin,
      top + 1 / lookRows + maskMargin,
    ] as const;
    return masks.some((mask) => touchesBox(mask, box)) ? 1 : 0;
  });
}
