import type { AnalysisFrame } from '../core/frame.ts';
import type { CellGrid } from './cell-grid.ts';
import type { RegionExtent } from './regions.ts';

/** A subject that covers this share of the picture is large enough; more is no better. */
const fullShare = 0.08;
/** Mean gradient, levels per pixel, of a subject that is sharp. */
const fullGradient = 20;

/** How good a picture of its subject the frame is, 0..1: large, sharp, not cut by the picture's edge. */
export function subjectQuality(region: RegionExtent, frame: AnalysisFrame, grid: CellGrid): number {
  const size = Math.min(1, Math.sqrt(region.area / grid.count / fullShare));
  const sharpness = Math.min(1, gradientIn(region, frame, grid) / fullGradient);
  const isCut =
    region.left <= 0 || region.top <= 0 || region.right >= grid.width - 1 || region.bottom >= grid.height - 1;
  return size * (0.4 + 0.6 * sharpness) * (isCut ? 0.6 : 1);
}

/** Mean of the strongest quarter of the gradients would need sorting; the root mean square favours edges as well. */
function gradientIn(region: RegionExtent, frame: AnalysisFrame, grid: CellGrid): number {
  const { gray, width, height } = frame;
  const side = grid.pixelsPerSide;
  const right = Math.min(width - 1, (region.right + 1) * side);
  const bottom = Math.min(height - 1, (region.bottom + 1) * side);
  let sum = 0;
  let count = 0;
  for (let y = region.top * side; y < bottom; y += 1) {
    for (let x = region.left * side; x < right; x += 1) {
      const at = y * width + x;
      const value = gray[at] ?? 0;
      const dx = (gray[at + 1] ?? 0) - value;
      const dy = (gray[at + width] ?? 0) - value;
      sum += dx * dx + dy * dy;
      count += 1;
    }
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}
