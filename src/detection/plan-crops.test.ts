import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clipToPicture, intersectionArea, type Box } from '../core/geometry.ts';
import { planCrops } from './plan-crops.ts';

const share = fc.double({ min: 0, max: 1, noNaN: true });
const anyBox = fc.tuple(share, share, share, share).map((box): Box => clipToPicture(box));
const anySize = fc.record({
  width: fc.integer({ min: 64, max: 4000 }),
  height: fc.integer({ min: 64, max: 4000 }),
});

test('crops are at most two squares inside the picture, not smaller than a quarter of it', () => {
  fc.assert(
    fc.property(fc.array(anyBox, { maxLength: 12 }), anySize, (focus, { width, height }) => {
      const crops = planCrops(focus, width, height);
      expect(crops.length).toBeLessThanOrEqual(2);
      for (const [x, y, w, h] of crops) {
        expect(w * width).toBeCloseTo(h * height, 6);
        expect(x).toBeGreaterThanOrEqual(0);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(x + w).toBeLessThanOrEqual(1 + 1e-9);
        expect(y + h).toBeLessThanOrEqual(1 + 1e-9);
        const smallest = Math.min(0.25 * Math.max(width, height), width, height);
        expect(w * width).toBeGreaterThanOrEqual(smallest - 1e-6);
      }
    }),
  );
});

test('a single small thing that moves is wholly in the only crop, with room around it', () => {
  const small = fc.tuple(share, share).map(([x, y]): Box => [x * 0.9, y * 0.9, 0.08, 0.1]);
  fc.assert(
    fc.property(small, (box) => {
      const crops = planCrops([box], 1280, 720);
      expect(crops).toHaveLength(1);
      const [crop] = crops;
      if (crop === undefined) return;
      expect(intersectionArea(crop, box)).toBeCloseTo(box[2] * box[3], 9);
      expect(crop[2]).toBeGreaterThan(box[2]);
    }),
  );
});

test('things close to each other share a crop, things far apart do not', () => {
  expect(
    planCrops(
      [
        [0.4, 0.4, 0.05, 0.1],
        [0.47, 0.42, 0.05, 0.1],
      ],
      1280,
      720,
    ),
  ).toHaveLength(1);
  expect(
    planCrops(
      [
        [0.05, 0.1, 0.05, 0.1],
        [0.85, 0.8, 0.05, 0.1],
      ],
      1280,
      720,
    ),
  ).toHaveLength(2);
});

test('the larger motion goes first when there is more than two crops can hold', () => {
  const corners: Box[] = [
    [0, 0, 0.03, 0.03],
    [0.9, 0, 0.1, 0.1],
    [0.9, 0.9, 0.1, 0.1],
  ];
  const [first, second] = planCrops(corners, 1280, 720);
  expect([first, second].map((crop) => crop?.[0] ?? 0).every((x) => x > 0.5)).toBe(true);
});

test('nothing is cut out when nothing moves, or when everything does', () => {
  expect(planCrops([], 1280, 720)).toEqual([]);
  expect(planCrops([[0, 0, 1, 1]], 640, 640)).toEqual([]);
});
