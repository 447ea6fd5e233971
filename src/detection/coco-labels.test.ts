import { expect, test } from 'vitest';
import { cocoLabel, cocoLabels } from './coco-labels.ts';

test('there are the 80 classes of COCO, each once', () => {
  expect(cocoLabels).toHaveLength(80);
  expect(new Set(cocoLabels).size).toBe(80);
});

test('slots are those of the 90-slot list, less one', () => {
  // Numbers from the dataset's own list: 1 person, 18 dog, 44 bottle, 62 chair, 90 toothbrush.
  expect([1, 18, 44, 62, 90].map((number) => cocoLabel(number - 1))).toEqual([
    'person',
    'dog',
    'bottle',
    'chair',
    'toothbrush',
  ]);
});

test('empty slots and slots outside the list have no label', () => {
  // 12, 26, 45, 66, … are empty in the published dataset.
  expect([11, 25, 44, 65, 90, -1, 1.5].map((slot) => cocoLabel(slot))).toEqual(Array(7).fill(undefined));
});
