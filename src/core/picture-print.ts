/** Cells in a row and in a column of a print: small enough that a clock shown in the picture is in a few of them only. */
const columns = 32;
const rows = 18;

/**
 * What a small gray picture looked like to the bit, cell by cell: one number for each of 32 × 18 cells, row by row. 0 is
 * a cell that says nothing since all of it has the same brightness: it may be clipped black or white, or painted over.
 * Two pictures of a true sensor differ in nearly every other cell, since each has noise of its own.
 */
export type PicturePrint = Uint32Array<ArrayBuffer>;

export const printCells = columns * rows;

/** @param gray `width * height` bytes; at least a pixel for each cell, else no cell says anything */
export function printPicture({
  width,
  height,
  gray,
}: {
  readonly width: number;
  readonly height: number;
  readonly gray: Uint8Array;
}): PicturePrint {
  const print = new Uint32Array(printCells);
  for (let row = 0; row < rows; row += 1) {
    const top = Math.floor((row * height) / rows);
    const bottom = Math.floor(((row + 1) * height) / rows);
    for (let column = 0; column < columns; column += 1) {
      const left = Math.floor((column * width) / columns);
      const right = Math.floor(((column + 1) * width) / columns);
      print[row * columns + column] = hashCell(gray, width, left, right, top, bottom);
    }
  }
  return print;
}

/** FNV-1a over the cell's pixels, never 0 for a cell with more than one level of brightness. */
function hashCell(
  gray: Uint8Array,
  width: number,
  left: number,
  right: number,
  top: number,
  bottom: number,
): number {
  let hash = 0x811c9dc5;
  let least = 255;
  let most = 0;
  for (let y = top; y < bottom; y += 1) {
    for (let at = y * width + left; at < y * width + right; at += 1) {
      const level = gray[at] ?? 0;
      if (level < least) least = level;
      if (level > most) most = level;
      hash = Math.imul(hash ^ level, 0x01000193);
    }
  }
  return most - least < 2 ? 0 : hash >>> 0 || 1;
}
