import { expect, test } from 'vitest';
import { isWanted } from './wanted-labels.ts';

test.each([
  [[], [], true],
  [['cat'], [], true],
  [[], ['person'], false],
  [['person'], ['person'], true],
  [['truck'], ['vehicle'], true],
  [['vehicle'], ['vehicle'], true],
  [['vehicle'], ['truck'], false],
  [['dog', 'parcel'], ['parcel'], true],
  [['bird'], ['dog', 'person'], false],
])('labels %j, wanted %j: %s', (labels, wanted, expected) => {
  expect(isWanted(labels, wanted)).toBe(expected);
});
