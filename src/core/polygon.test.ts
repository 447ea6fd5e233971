import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { containsPoint, touchesBox } from './polygon.ts';

/** As fine as a mouse draws: beyond that, rounding decides. */
const share = fc.integer({ min: 0, max: 4096 }).map((part) => part / 4096);
const point = fc.tuple(share, share);
const polygon = fc.array(point, { minLength: 3, maxLength: 12 });

/** Sums the angles that the corners are seen under: a whole turn for each time that the polygon winds around the point. */
function turnsAround(points: readonly (readonly [number, number])[], x: number, y: number): number {
  let angle = 0;
  for (const [index, [toX, toY]] of points.entries()) {
    const [fromX, fromY] = points.at(index - 1) ?? [0, 0];
    const a = Math.atan2(fromY - y, fromX - x);
    const b = Math.atan2(toY - y, toX - x);
    angle += Math.atan2(Math.sin(b - a), Math.cos(b - a));
  }
  return Math.round(angle / (2 * Math.PI));
}

function distanceTo(points: readonly (readonly [number, number])[], x: number, y: number): number {
  return Math.min(
    ...points.map(([toX, toY], index) => {
      const [fromX, fromY] = points.at(index - 1) ?? [0, 0];
      const length = Math.hypot(toX - fromX, toY - fromY);
      const along =
        length === 0
          ? 0
          : Math.min(
              1,
              Math.max(0, ((x - fromX) * (toX - fromX) + (y - fromY) * (toY - fromY)) / length ** 2),
            );
      return Math.hypot(fromX + along * (toX - fromX) - x, fromY + along * (toY - fromY) - y);
    }),
  );
}

test('a point is inside when the polygon winds around it, however often it crosses itself', () => {
  fc.assert(
    fc.property(polygon, point, (points, [x, y]) => {
      fc.pre(distanceTo(points, x, y) > 1e-6);
      expect(containsPoint(points, x, y)).toBe(turnsAround(points, x, y) !== 0);
    }),
    { numRuns: 2000 },
  );
});

test('the middle of a star is inside, a notch is outside', () => {
  const star = [0, 2, 4, 1, 3].map((corner): [number, number] => [
    0.5 + 0.4 * Math.sin(corner * 1.2566),
    0.5 - 0.4 * Math.cos(corner * 1.2566),
  ]);
  expect(containsPoint(star, 0.5, 0.5)).toBe(true);
  const notched: [number, number][] = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0.5, 0.2],
    [0, 1],
  ];
  expect(containsPoint(notched, 0.5, 0.6)).toBe(false);
  expect(containsPoint(notched, 0.5, 0.1)).toBe(true);
});

test('a box is touched when a point of it lies inside or an edge passes through it', () => {
  fc.assert(
    fc.property(polygon, point, point, fc.array(point, { maxLength: 20 }), (points, a, b, probes) => {
      const left = Math.min(a[0], b[0]);
      const top = Math.min(a[1], b[1]);
      const [width, height] = [Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1])];
      const isTouched = touchesBox(points, [left, top, left + width, top + height]);
      const inside = probes.map(([x, y]) => [left + x * width, top + y * height] as const);
      const hasCornerInside = points.some(
        ([x, y]) => x > left && x < left + width && y > top && y < top + height,
      );
      const isSeen = hasCornerInside || inside.some(([x, y]) => containsPoint(points, x, y));
      expect(isTouched || !isSeen).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('a polygon around the box, a box around the polygon and an edge through it touch; one beside it does not', () => {
  const triangle: [number, number][] = [
    [0.1, 0.1],
    [0.9, 0.1],
    [0.1, 0.9],
  ];
  expect(touchesBox(triangle, [0.2, 0.2, 0.3, 0.3])).toBe(true);
  expect(touchesBox(triangle, [0, 0, 1, 1])).toBe(true);
  expect(touchesBox(triangle, [0.45, 0.45, 0.9, 0.9])).toBe(true);
  expect(touchesBox(triangle, [0.6, 0.6, 0.9, 0.9])).toBe(false);
});
