import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Box } from '../core/geometry.ts';
import { movementOf } from './movement.ts';
import type { Track } from './tracks.ts';

function trackOf(boxes: readonly Box[], stepMs = 500): Track {
  return {
    kind: 'person',
    label: 'person',
    score: 0.9,
    sightings: boxes.map((box, frame) => ({
      frame,
      capturedAt: 1_000_000 + frame * stepMs,
      detection: { label: 'person', score: 0.9, box },
      isInMotion: true,
    })),
  };
}

test('crossing the picture is told from side to side', () => {
  const boxes: Box[] = [0.1, 0.3, 0.5, 0.75].map((x) => [x, 0.4, 0.08, 0.3]);
  expect(movementOf(trackOf(boxes))).toBe('from left to right');
  expect(movementOf(trackOf(boxes.toReversed()))).toBe('from right to left');
});

test('a shorter way is told by its direction only', () => {
  const boxes: Box[] = [0.4, 0.43, 0.47, 0.5].map((x) => [x, 0.4, 0.08, 0.3]);
  expect(movementOf(trackOf(boxes))).toBe('to the right');
});

test('who mostly stands and takes one step at last does not walk', () => {
  const boxes: Box[] = [0.4, 0.4, 0.4, 0.4, 0.52].map((x) => [x, 0.4, 0.08, 0.3]);
  expect(movementOf(trackOf(boxes))).toBeUndefined();
});

test('a box that grows to one side is no movement to that side', () => {
  expect(
    movementOf(
      trackOf([
        [0.4, 0.4, 0.1, 0.3],
        [0.4, 0.4, 0.2, 0.3],
      ]),
    ),
  ).toBeUndefined();
});

test('someone who enters at the edge moves inwards', () => {
  const boxes: Box[] = [
    [0, 0.4, 0.03, 0.3],
    [0, 0.4, 0.08, 0.3],
    [0.05, 0.4, 0.09, 0.3],
    [0.12, 0.4, 0.09, 0.3],
  ];
  expect(movementOf(trackOf(boxes))).toBe('to the right');
});

test('what grows steadily comes closer, what shrinks goes away', () => {
  const boxes: Box[] = [0.2, 0.24, 0.29, 0.35].map((height) => [
    0.5 - height / 6,
    0.5 - height / 2,
    height / 3,
    height,
  ]);
  expect(movementOf(trackOf(boxes))).toBe('closer');
  expect(movementOf(trackOf(boxes.toReversed()))).toBe('away');
});

test('a short stay is not called one, a long one is', () => {
  const boxes: Box[] = [0, 1, 2, 3].map(() => [0.4, 0.4, 0.1, 0.3]);
  expect(movementOf(trackOf(boxes, 400))).toBeUndefined();
  expect(movementOf(trackOf(boxes, 1000))).toBe('in place');
});

test('one frame says nothing of movement', () => {
  expect(movementOf(trackOf([[0.4, 0.4, 0.1, 0.3]]))).toBeUndefined();
});

test('boxes that only tremble never move sideways, and time or the mirror do not change the verdict', () => {
  const tremble = fc.double({ min: -0.008, max: 0.008, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(tremble, tremble), { minLength: 2, maxLength: 6 }), (shifts) => {
      const boxes = shifts.map(([dx, dw]): Box => [0.4 + dx, 0.4, 0.1 + dw, 0.3]);
      expect([undefined, 'in place']).toContain(movementOf(trackOf(boxes)));
    }),
  );
  // In 64ths, which are exact: what lies on a threshold lies on it in the mirror too.
  const place = fc
    .tuple(fc.integer({ min: 1, max: 45 }), fc.integer({ min: 3, max: 13 }))
    .map(([x, width]) => [x / 64, width / 64] as const);
  const mirrored: Readonly<Record<string, string>> = {
    'from left to right': 'from right to left',
    'from right to left': 'from left to right',
    'to the left': 'to the right',
    'to the right': 'to the left',
  };
  fc.assert(
    fc.property(fc.array(place, { minLength: 2, maxLength: 6 }), (places) => {
      const boxes = places.map(([x, width]): Box => [x, 0.4, width, 0.3]);
      const flipped = boxes.map(([x, y, width, height]): Box => [1 - x - width, y, width, height]);
      const said = movementOf(trackOf(boxes));
      expect(movementOf(trackOf(flipped))).toBe(said === undefined ? undefined : (mirrored[said] ?? said));
    }),
  );
});
