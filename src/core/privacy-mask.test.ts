import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Polygon } from './camera-settings.ts';
import { containsPoint } from './polygon.ts';
import { analysisGrain, pictureGrain, PrivacyMask } from './privacy-mask.ts';

/** As fine as a mouse draws: beyond that, rounding decides. */
const share = fc.integer({ min: 0, max: 4096 }).map((part) => part / 4096);
const polygon = fc.array(fc.tuple(share, share), { minLength: 3, maxLength: 8 });

const corner: Polygon = [
  [0.25, 0.25],
  [0.5, 0.25],
  [0.5, 0.5],
  [0.25, 0.5],
];

test('every pixel of every mask and its neighbours are black, whatever the size of the picture', () => {
  fc.assert(
    fc.property(
      fc.array(polygon, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 1, max: 90 }),
      fc.constantFrom(pictureGrain, analysisGrain),
      (polygons, width, height, grain) => {
        const pixels = new Uint8Array(width * height * 3).fill(200);
        new PrivacyMask(polygons, grain).blacken(pixels, width, height, 3);
        for (let y = 0; y < height; y += 1) {
          for (let x = 0; x < width; x += 1) {
            const isInside = polygons.some((points) =>
              [0, 0.5, 1].some((v) =>
                [0, 0.5, 1].some((u) => containsPoint(points, (x + u) / width, (y + v) / height)),
              ),
            );
            if (!isInside) continue;
            for (let channel = 0; channel < 3; channel += 1) {
              expect(pixels[(y * width + x) * 3 + channel]).toBe(0);
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('a mask ends at an edge of JPEG blocks, and at least the margin away from its polygon', () => {
  const spans = new PrivacyMask([corner], pictureGrain).spans(640, 360);
  const left = Math.min(...spans.map((span) => span.left));
  const top = Math.min(...spans.map((span) => span.top));
  const right = Math.max(...spans.map((span) => span.right));
  const bottom = Math.max(...spans.map((span) => span.bottom));
  for (const edge of [left, top, right, bottom]) expect(edge % 16).toBe(0);
  expect([left, top, right, bottom]).toEqual([144, 80, 336, 192]);
});

test('luma and both colours are blackened in the same place, and nothing beside it', () => {
  const [width, height, stride] = [50, 38, 64];
  const luma = { bytes: new Uint8Array(stride * height).fill(200), stride };
  const u = { bytes: new Uint8Array((stride / 2) * (height / 2)).fill(30), stride: stride / 2 };
  const v = { bytes: u.bytes.slice(), stride: u.stride };
  const mask = new PrivacyMask([corner], pictureGrain);
  mask.blackenYuv420([luma, u, v], width, height);
  const isMasked = (x: number, y: number): boolean =>
    mask
      .spans(width, height)
      .some(({ left, top, right, bottom }) => x >= left && x < right && y >= top && y < bottom);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      expect(luma.bytes[y * stride + x]).toBe(isMasked(x, y) ? 0 : 200);
      for (const colour of [u, v]) {
        expect(colour.bytes[(y >> 1) * colour.stride + (x >> 1)]).toBe(isMasked(x, y) ? 128 : 30);
      }
    }
  }
});

test('without masks a picture stays as it is', () => {
  const pixels = new Uint8Array(64).fill(7);
  const mask = new PrivacyMask([], pictureGrain);
  mask.blacken(pixels, 8, 8, 1);
  expect(mask.isEmpty).toBe(true);
  expect(pixels).toEqual(new Uint8Array(64).fill(7));
});
