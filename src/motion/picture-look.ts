import type { AnalysisFrame } from '../core/frame.ts';
import { lookCells, lookColumns, lookRows, type PictureLook } from '../core/picture-look.ts';

/** Differences between neighbouring pixels below this are noise: after the scaling a sensor's is rarely above 3. */
const noiseLevels = 6;

/** Measures a frame cell by cell; about 0.3 ms for 320 × 180. */
export function measureLook({
  width,
  height,
  gray,
}: Pick<AnalysisFrame, 'width' | 'height' | 'gray'>): PictureLook {
  const means = new Float32Array(lookCells);
  const details = new Float32Array(lookCells);
  for (let row = 0; row < lookRows; row += 1) {
    const top = Math.floor((row * height) / lookRows);
    const bottom = Math.floor(((row + 1) * height) / lookRows);
    for (let column = 0; column < lookColumns; column += 1) {
      const left = Math.floor((column * width) / lookColumns);
      const right = Math.floor(((column + 1) * width) / lookColumns);
      let sum = 0;
      let edges = 0;
      for (let y = top; y < bottom; y += 1) {
        // The last row and column of the picture have no neighbour behind them.
        const below = y + 1 < height ? width : 0;
        for (let x = left; x < right; x += 1) {
          const at = y * width + x;
          const level = gray[at] ?? 0;
          const beside = x + 1 < width ? 1 : 0;
          const slope =
            Math.abs((gray[at + beside] ?? 0) - level) + Math.abs((gray[at + below] ?? 0) - level);
          sum += level;
          if (slope > noiseLevels) edges += slope - noiseLevels;
        }
      }
      const pixels = Math.max(1, (bottom - top) * (right - left));
      means[row * lookColumns + column] = sum / pixels;
      details[row * lookColumns + column] = edges / pixels;
    }
  }
  return { means, details };
}
