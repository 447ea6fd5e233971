import sharp from 'sharp';
import { differenceHash, hashInput, type PerceptualHash } from './perceptual-hash.ts';

/** What is measured of a picture before it is decided what is sent. */
export interface FrameLook {
  /** Of the original, px. */
  readonly width: number;
  readonly height: number;
  /** Variance of the Laplacian; only comparable within one camera. */
  readonly sharpness: number;
  /** `gist.width` × `gist.height` gray bytes, for differences between pictures. */
  readonly gist: Uint8Array;
  readonly hash: PerceptualHash;
  /** It has no colours. */
  readonly isGray: boolean;
}

const measured = { width: 320, height: 180 } as const;
export const gist = { width: 32, height: 18 } as const;
/** Distance between the channels of a pixel (0..255) that compression alone makes. */
const grayTolerance = 10;
/** A few coloured pixels are a caption burnt in by the camera. */
const grayShare = 0.98;

/** @throws when the JPEG can't be read */
export async function lookAtFrame(jpeg: Uint8Array): Promise<FrameLook> {
  const image = sharp(jpeg);
  const { width, height } = await image.metadata();
  const rgb = await image
    .resize(measured.width, measured.height, { fit: 'fill' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer();
  const gray = new Uint8Array(measured.width * measured.height);
  let colourless = 0;
  for (let pixel = 0; pixel < gray.length; pixel += 1) {
    const red = rgb[pixel * 3] ?? 0;
    const green = rgb[pixel * 3 + 1] ?? 0;
    const blue = rgb[pixel * 3 + 2] ?? 0;
    gray[pixel] = (red * 77 + green * 150 + blue * 29) >> 8;
    if (Math.max(red, green, blue) - Math.min(red, green, blue) <= grayTolerance) colourless += 1;
  }
  return {
    width,
    height,
    sharpness: laplacianVariance(gray),
    gist: averaged(gray, gist),
    hash: differenceHash(averaged(gray, hashInput)),
    isGray: colourless >= grayShare * gray.length,
  };
}

/** Mean distance of the gray values, 0..255. */
export function gistDifference(a: Uint8Array, b: Uint8Array): number {
  const sum = a.reduce((total, value, index) => total + Math.abs(value - (b[index] ?? 0)), 0);
  return a.length === 0 ? 0 : sum / a.length;
}

/** Source: J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000. */
function laplacianVariance(gray: Uint8Array): number {
  const { width, height } = measured;
  let sum = 0;
  let squares = 0;
  for (let y = 1; y + 1 < height; y += 1) {
    for (let x = 1; x + 1 < width; x += 1) {
      const at = y * width + x;
      const value =
        (gray[at - 1] ?? 0) +
        (gray[at + 1] ?? 0) +
        (gray[at - width] ?? 0) +
        (gray[at + width] ?? 0) -
        4 * (gray[at] ?? 0);
      sum += value;
      squares += value * value;
    }
  }
  const count = (width - 2) * (height - 2);
  return squares / count - (sum / count) ** 2;
}

function averaged(gray: Uint8Array, size: { readonly width: number; readonly height: number }): Uint8Array {
  const result = new Uint8Array(size.width * size.height);
  for (let row = 0; row < size.height; row += 1) {
    const top = Math.floor((row * measured.height) / size.height);
    const bottom = Math.floor(((row + 1) * measured.height) / size.height);
    for (let column = 0; column < size.width; column += 1) {
      const left = Math.floor((column * measured.width) / size.width);
      const right = Math.floor(((column + 1) * measured.width) / size.width);
      let sum = 0;
      for (let y = top; y < bottom; y += 1) {
        for (let x = left; x < right; x += 1) sum += gray[y * measured.width + x] ?? 0;
      }
      result[row * size.width + column] = Math.round(sum / ((bottom - top) * (right - left)));
    }
  }
  return result;
}
