import type { AnalysisFrame } from '../../src/core/frame.ts';

/** The size in which views are given; frames may be rendered in another one. */
export const viewWidth = 320;
export const viewHeight = 180;

export interface View {
  /** Level of a pixel at a time, before noise. */
  (x: number, y: number, seconds: number): number;
}

/** A textured place: every run gives the same picture. */
export const yard: View = (x, y) =>
  110 + 25 * Math.sin(x / 9) * Math.cos(y / 7) + 18 * Math.sin((x * y) / 400) + 0.1 * y;

/** Uniform noise with this half-width, the same in every run. */
export function noise(pixel: number, sequence: number, halfWidth: number): number {
  let hash = Math.imul(pixel + 1, 2654435761) ^ Math.imul(sequence + 1, 40503);
  hash = Math.imul(hash ^ (hash >>> 15), 2246822519);
  hash ^= hash >>> 13;
  return (((hash >>> 0) % 2001) / 1000 - 1) * halfWidth;
}

/** A person-like box of this size goes to the right. */
export function walker(
  from: number,
  speed: number,
  boxWidth: number,
  boxHeight: number,
  level: number,
): View {
  return (x, y, seconds) => {
    const left = speed * (seconds - from) - boxWidth;
    const isInside =
      seconds >= from && x >= left && x < left + boxWidth && y >= 120 - boxHeight && y < 120 && x < viewWidth;
    return isInside ? level + (y % 7) * 3 : yard(x, y, seconds);
  };
}

/** @param scale pixels of the frame for each of the view */
export function frameOf(
  view: View,
  sequence: number,
  frameRate = 5,
  halfWidth = 4,
  scale = 1,
): AnalysisFrame {
  const mediaTimeMs = (sequence * 1000) / frameRate;
  const width = viewWidth * scale;
  const height = viewHeight * scale;
  const gray = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const pixel = y * width + x;
      const level = view(x / scale, y / scale, mediaTimeMs / 1000) + noise(pixel, sequence, halfWidth);
      gray[pixel] = Math.max(0, Math.min(255, Math.round(level)));
    }
  }
  return { sequence, capturedAt: 1_700_000_000_000 + mediaTimeMs, mediaTimeMs, width, height, gray };
}
