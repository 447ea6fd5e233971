import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clipToPicture, overlapOf, type Box } from '../core/geometry.ts';
import { mergeDetections, placeDetections, type PassDetection } from './merge-detections.ts';

const whole = { part: [0, 0, 1, 1] as const, fill: { x: 1, y: 1 } };

function seen(label: string, score: number, box: Box, pass = 0, isCut = false): PassDetection {
  return { label, score, box, pass, isCut };
}

test('an object that the whole picture and a crop show is there once', () => {
  const merged = mergeDetections([
    seen('person', 0.6, [0.4, 0.4, 0.1, 0.3]),
    seen('person', 0.8, [0.41, 0.4, 0.1, 0.29], 1),
  ]);
  expect(merged).toEqual([{ label: 'person', score: 0.8, box: [0.41, 0.4, 0.1, 0.29] }]);
});

test('a part that a crop cut off does not count beside the whole', () => {
  const merged = mergeDetections([
    seen('person', 0.55, [0.4, 0.2, 0.1, 0.6]),
    seen('person', 0.9, [0.4, 0.6, 0.1, 0.2], 1, true),
  ]);
  expect(merged.map(({ box }) => box)).toEqual([[0.4, 0.2, 0.1, 0.6]]);
});

test('two people side by side stay two, in one pass or in both', () => {
  const left: Box = [0.4, 0.4, 0.1, 0.3];
  const right: Box = [0.435, 0.4, 0.1, 0.3];
  expect(mergeDetections([seen('person', 0.8, left), seen('person', 0.7, right)])).toHaveLength(2);
  const twice = [left, right].flatMap((box) => [seen('person', 0.8, box, 0), seen('person', 0.75, box, 1)]);
  expect(mergeDetections(twice)).toHaveLength(2);
});

test('a blurred view of two from afar gives way to the two seen closely', () => {
  const merged = mergeDetections([
    seen('person', 0.35, [0.42, 0.4, 0.1, 0.3]),
    seen('person', 0.8, [0.39, 0.4, 0.08, 0.3], 1),
    seen('person', 0.75, [0.48, 0.4, 0.08, 0.3], 1),
  ]);
  expect(merged).toHaveLength(2);
});

test('one vehicle with two names is one, a person in front of it another', () => {
  const merged = mergeDetections([
    seen('truck', 0.5, [0.2, 0.2, 0.4, 0.4]),
    seen('car', 0.7, [0.21, 0.2, 0.4, 0.4], 1),
    seen('person', 0.6, [0.3, 0.25, 0.1, 0.3]),
  ]);
  expect(merged.map(({ label }) => label)).toEqual(['car', 'person']);
});

test('merging only leaves out: best first, every box and label was seen, no two the same', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const side = fc.double({ min: 0.01, max: 1, noNaN: true });
  const detection = fc.record({
    label: fc.constantFrom('person', 'car', 'truck', 'dog'),
    score: fc.double({ min: 0.3, max: 1, noNaN: true }),
    box: fc
      .tuple(share, share, side, side)
      .map((box) => clipToPicture(box))
      .filter((box) => box[2] * box[3] > 1e-4),
    pass: fc.integer({ min: 0, max: 2 }),
    isCut: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(detection, { maxLength: 20 }), (found) => {
      const merged = mergeDetections(found);
      expect(merged.length > 0).toBe(found.length > 0);
      expect(merged.map(({ score }) => score)).toEqual(
        merged.map(({ score }) => score).toSorted((a, b) => b - a),
      );
      for (const [index, one] of merged.entries()) {
        expect(found.some(({ box }) => box === one.box)).toBe(true);
        expect(found.some(({ label, score }) => label === one.label && score === one.score)).toBe(true);
        const twins = merged.slice(index + 1).filter((other) => other.label === one.label);
        expect(twins.every((other) => overlapOf(one.box, other.box) < 0.5)).toBe(true);
      }
    }),
  );
});

test('a box at the inner edge of a crop is known to be cut, one at the edge of the picture is not', () => {
  const atRight = { slot: 0, score: 0.9, left: 0.6, top: 0.3, right: 1, bottom: 0.7 };
  const crop = { part: [0, 0, 0.5, 0.5] as const, fill: { x: 1, y: 1 } };
  expect(placeDetections([atRight], crop, 1)[0]?.isCut).toBe(true);
  expect(placeDetections([atRight], whole, 0)[0]?.isCut).toBe(false);
  const corner = { part: [0.5, 0, 0.5, 0.5] as const, fill: { x: 1, y: 1 } };
  expect(placeDetections([atRight], corner, 1)[0]?.isCut).toBe(false);
});

test('weak answers, empty slots and boxes in the padding are left out', () => {
  const box = { left: 0.1, top: 0.1, right: 0.5, bottom: 0.3 };
  const padded = { part: [0, 0, 1, 1] as const, fill: { x: 1, y: 0.5 } };
  const raw = [
    { slot: 0, score: 0.29, ...box },
    { slot: 11, score: 0.9, ...box },
    { slot: 0, score: 0.9, left: 0.1, top: 0.6, right: 0.5, bottom: 0.9 },
    { slot: 0, score: Number.NaN, ...box },
  ];
  expect(placeDetections(raw, padded, 0)).toEqual([]);
});
