import { expect, test } from 'vitest';
import type { Detection } from '../core/event.ts';
import type { Box } from '../core/geometry.ts';
import { isInMotion } from './in-motion.ts';

const car: Detection = { label: 'car', score: 0.8, box: [0.3, 0.4, 0.4, 0.4] };
const walker: Detection = { label: 'person', score: 0.9, box: [0.45, 0.4, 0.08, 0.35] };

function regions(...boxes: Box[]) {
  return boxes.map((box) => ({ box, area: box[2] * box[3] }));
}

test('a person who walks past a parked car moves, the car does not', () => {
  const moved = regions([0.44, 0.39, 0.1, 0.37]);
  expect(isInMotion(walker, [car, walker], moved)).toBe(true);
  expect(isInMotion(car, [car, walker], moved)).toBe(false);
});

test('a car that drives moves, also when only a part of it changes the picture', () => {
  expect(isInMotion(car, [car], regions([0.29, 0.39, 0.42, 0.42]))).toBe(true);
  expect(isInMotion(car, [car], regions([0.3, 0.6, 0.15, 0.2]))).toBe(true);
});

test('what is far from all motion does not move', () => {
  expect(isInMotion(car, [car, walker], regions([0.05, 0.05, 0.1, 0.1]))).toBe(false);
  expect(isInMotion(car, [car], [])).toBe(false);
});

test('when nobody knows what moved, anything may have', () => {
  expect(isInMotion(car, [car], undefined)).toBe(true);
});
