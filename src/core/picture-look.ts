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
