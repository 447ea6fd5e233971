import type { Polygon } from './camera-settings.ts';
import { touchesBox } from './polygon.ts';

/** How coarsely a mask is drawn, pixels: blocks of `side`, and all of them that come within `margin` of a polygon. */
export interface MaskGrain {
  readonly side: number;
  readonly margin: number;
}

/**
 * For pictures that become JPEGs. A block is the unit in which those are coded (8 × 8 of the halved colours), so that a
 * masked one is wholly black, and nothing of it, nor of its neighbour, shows in the other. The margin is more than scaling
 * and the halving of colours spread a pixel (2 each).
 */
export const pictureGrain: MaskGrain = { side: 16, margin: 4 };

/** For the small gray pictures that are analysed. */
export const analysisGrain: MaskGrain = { side: 2, margin: 2 };

/** Pixels; `right` and `bottom` are exclusive. */
export interface MaskedSpan {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** One plane of a picture: one byte for each pixel of it, `stride` bytes from row to row. */
export interface Plane {
  readonly bytes: Uint8Array;
  readonly stride: number;
}

/**
 * The privacy masks of a camera, burned into what is made of its frames. Whatever makes pictures or gray frames of a
 * camera passes each of them through here before anybody else gets hold of it.
 */
export class PrivacyMask {
  readonly #polygons: readonly Polygon[];
  readonly #grain: MaskGrain;
  #width = 0;
  #height = 0;
  #spans: readonly MaskedSpan[] = [];

  /** @param polygons in 0..1 of the picture */
  constructor(polygons: readonly Polygon[], grain: MaskGrain) {
    this.#polygons = polygons;
    this.#grain = grain;
  }

  get isEmpty(): boolean {
    return this.#polygons.length === 0;
  }

  /** What is masked in a picture of this size: no two of them overlap. */
  spans(width: number, height: number): readonly MaskedSpan[] {
    if (this.#width !== width || this.#height !== height) {
      this.#spans = this.isEmpty ? [] : spansOf(this.#polygons, width, height, this.#grain);
      this.#width = width;
      this.#height = height;
    }
    return this.#spans;
  }

  /**
   * Blackens a picture in place.
   *
   * @param pixels row by row without padding, `channels` bytes for each pixel, 0 being black
   */
  blacken(pixels: Uint8Array, width: number, height: number, channels: 1 | 3): void {
    for (const { left, top, right, bottom } of this.spans(width, height)) {
      for (let y = top; y < bottom; y += 1) {
        pixels.fill(0, (y * width + left) * channels, (y * width + right) * channels);
      }
    }
  }

  /**
   * The same for luma (full range) and two planes of half the width and height for the colours.
   *
   * @param width of the luma, pixels
   */
  blackenYuv420(
    [luma, ...colours]: readonly [luma: Plane, u: Plane, v: Plane],
    width: number,
    height: number,
  ): void {
    for (const { left, top, right, bottom } of this.spans(width, height)) {
      fill(luma, left, top, right, bottom, 0);
      for (const colour of colours) {
        fill(colour, left >> 1, top >> 1, (right + 1) >> 1, (bottom + 1) >> 1, 128);
      }
    }
  }
}

function fill(plane: Plane, left: number, top: number, right: number, bottom: number, value: number): void {
  for (let y = top; y < bottom; y += 1)
    plane.bytes.fill(value, y * plane.stride + left, y * plane.stride + right);
}

function spansOf(
  polygons: readonly Polygon[],
  width: number,
  height: number,
  { side, margin }: MaskGrain,
): MaskedSpan[] {
  const spans: MaskedSpan[] = [];
  const isMasked = (left: number, top: number): boolean =>
    polygons.some((polygon) =>
      touchesBox(polygon, [
        (left - margin) / width,
        (top - margin) / height,
        (left + side + margin) / width,
        (top + side + margin) / height,
      ]),
    );
  for (let top = 0; top < height; top += side) {
    const bottom = Math.min(height, top + side);
    let begin: number | undefined;
    for (let left = 0; left < width; left += side) {
      if (isMasked(left, top)) begin ??= left;
      else if (begin !== undefined) {
        spans.push({ left: begin, top, right: left, bottom });
        begin = undefined;
      }
    }
    if (begin !== undefined) spans.push({ left: begin, top, right: width, bottom });
  }
  return spans;
}
