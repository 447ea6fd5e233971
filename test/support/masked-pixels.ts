import sharp from 'sharp';
import type { Polygon } from '../../src/core/camera-settings.ts';
import type { AnalysisFrame } from '../../src/core/frame.ts';
import { containsPoint } from '../../src/core/polygon.ts';

/** Of the pixels whose middle lies in one of the masks, and of those that are well away from all of them, 0..255. */
export interface MaskedLevels {
  /** The brightest of them. */
  readonly brightestInside: number;
  /** Their mean. */
  readonly meanOutside: number;
}

/** Decodes the picture and looks at every pixel, in all three colours. */
export async function levelsOfJpeg(jpeg: Uint8Array, masks: readonly Polygon[]): Promise<MaskedLevels> {
  const { data, info } = await sharp(jpeg)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return levelsOf(data, info.width, info.height, info.channels, masks);
}

export function levelsOfFrame(
  { gray, width, height }: AnalysisFrame,
  masks: readonly Polygon[],
): MaskedLevels {
  return levelsOf(gray, width, height, 1, masks);
}

function levelsOf(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: number,
  masks: readonly Polygon[],
): MaskedLevels {
  // Away by more than the rim of any mask.
  const rim = [-0.1, 0, 0.1];
  const isMasked = (x: number, y: number): boolean => masks.some((polygon) => containsPoint(polygon, x, y));
  let brightestInside = 0;
  let sumOutside = 0;
  let countOutside = 0;
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const [x, y] = [(column + 0.5) / width, (row + 0.5) / height];
      const at = (row * width + column) * channels;
      const level = Math.max(...pixels.subarray(at, at + channels));
      if (isMasked(x, y)) brightestInside = Math.max(brightestInside, level);
      else if (!rim.some((dx) => rim.some((dy) => isMasked(x + dx, y + dy)))) {
        sumOutside += level;
        countOutside += 1;
      }
    }
  }
  return { brightestInside, meanOutside: sumOutside / countOutside };
}
