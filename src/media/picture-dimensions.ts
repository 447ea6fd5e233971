import { analysisPixels } from '../core/frame.ts';

/** Pixels. */
export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

/** The longest side of a picture that is handed out; vision models shrink larger ones anyway. */
export const longestSide = 1920;

/** Width over height as it is meant to be seen: the pixels of some cameras are not square. */
export function displayAspect(
  { width, height }: Dimensions,
  pixel: { readonly num: number; readonly den: number },
): number {
  const pixelAspect = pixel.num > 0 && pixel.den > 0 ? pixel.num / pixel.den : 1;
  return (width / height) * pixelAspect;
}

/** Of the analysis picture: even, never larger than the source. */
export function grayDimensions(source: Dimensions, aspect: number): Dimensions {
  const ideal = { width: Math.sqrt(analysisPixels * aspect), height: Math.sqrt(analysisPixels / aspect) };
  const shrink = Math.min(1, source.width / ideal.width, source.height / ideal.height);
  return { width: toEven(ideal.width * shrink), height: toEven(ideal.height * shrink) };
}

/** Of the full-resolution picture: square pixels, even, at most `longestSide`. */
export function pictureDimensions(source: Dimensions, aspect: number): Dimensions {
  // The side that would have to grow is kept; the other one follows.
  const isWider = aspect >= source.width / source.height;
  const full = isWider
    ? { width: source.height * aspect, height: source.height }
    : { width: source.width, height: source.width / aspect };
  const shrink = Math.min(1, longestSide / Math.max(full.width, full.height));
  return { width: toEven(full.width * shrink), height: toEven(full.height * shrink) };
}

function toEven(pixels: number): number {
  return Math.max(2, Math.round(pixels / 2) * 2);
}
