import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Box } from '../core/geometry.ts';
import { planCrop, subjectBox } from './subject-box.ts';

const person = (box: Box) => ({ label: 'person', score: 0.8, box });
const region = (box: Box) => ({ box, area: 0.01 });
const walker: Box = [0.4, 0.4, 0.05, 0.2];
const parked: Box = [0.7, 0.5, 0.2, 0.2];
const rule = { longestSide: 640, cropLongestSide: 768 };
const fullHd = { width: 1920, height: 1080 };

/** Sums of fractions. */
function about(box: Box): unknown {
  return box.map((value) => expect.closeTo(value, 9));
}

test('it is what moves and was recognised, not what stands beside it', () => {
  const detections = [person(walker), { label: 'car', score: 0.9, box: parked }];
  expect(subjectBox(detections, [region(walker)])).toEqual(about(walker));
});

test('without anything recognised it is what moves; without motion what was recognised', () => {
  expect(subjectBox([], [region([0.1, 0.1, 0.1, 0.1])])).toEqual(about([0.1, 0.1, 0.1, 0.1]));
  expect(subjectBox([person(walker)], [])).toEqual(about(walker));
  expect(subjectBox([], [])).toBeUndefined();
});

test('of things far apart it is the largest', () => {
  const near: Box = [0, 0.3, 0.2, 0.6];
  const far: Box = [0.9, 0.1, 0.05, 0.1];
  expect(subjectBox([person(near), person(far)], [])).toEqual(about(near));
});

test('the crop is a square of 512 px at least around the subject, moved into the picture', () => {
  expect(planCrop(walker, fullHd, rule)).toEqual({ left: 560, top: 284, width: 512, height: 512 });
  expect(planCrop([0.97, 0.9, 0.03, 0.1], fullHd, rule)).toEqual({
    left: 1408,
    top: 568,
    width: 512,
    height: 512,
  });
});

test('no crop where the whole picture shows as much', () => {
  expect(planCrop([0, 0, 1, 1], fullHd, rule)).toBeUndefined();
  expect(planCrop(walker, { width: 640, height: 360 }, rule)).toBeUndefined();
});

test('a crop lies in the picture, holds the subject where it can, and is worth sending', () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      unit,
      unit,
      unit,
      unit,
      fc.integer({ min: 32, max: 4000 }),
      fc.integer({ min: 32, max: 3000 }),
      (x, y, w, h, width, height) => {
        const box: Box = [x * (1 - w), y * (1 - h), w, h];
        const crop = planCrop(box, { width, height }, rule);
        if (crop === undefined) return true;
        const { left, top } = crop;
        const isInside =
          left >= 0 &&
          top >= 0 &&
          crop.width > 0 &&
          crop.height > 0 &&
          left + crop.width <= width &&
          top + crop.height <= height;
        // Rounding moves it by a pixel.
        const holds =
          left <= box[0] * width + 1 &&
          top <= box[1] * height + 1 &&
          left + crop.width >= (box[0] + w) * width - 1 &&
          top + crop.height >= (box[1] + h) * height - 1;
        const isLarge = crop.width >= Math.min(512, width) && crop.height >= Math.min(512, height);
        return isInside && holds && isLarge;
      },
    ),
  );
});
