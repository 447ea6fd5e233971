import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseFrames } from './frames.ts';

const frame = (value: number, sharpness = 100) => ({ gist: new Uint8Array(16).fill(value), sharpness });

test('the best frame is always there, the others are those that differ most, in the order of time', () => {
  const looks = [frame(10), frame(11), frame(90), frame(92), frame(200)];
  expect(chooseFrames(looks, 3, 3)).toEqual([0, 3, 4]);
  expect(chooseFrames(looks, 3, 1)).toEqual([3]);
});

test('of two that differ alike the sharper one is taken', () => {
  expect(chooseFrames([frame(50), frame(100, 20), frame(100, 300)], 0, 2)).toEqual([0, 2]);
});

test('a blurred picture of something new beats a sharp one of nothing new', () => {
  expect(chooseFrames([frame(50), frame(51, 900), frame(150, 10)], 0, 2)).toEqual([0, 2]);
});

test('a frame that shows nothing new is not sent', () => {
  expect(chooseFrames([frame(50), frame(50), frame(50)], 1, 3)).toEqual([1]);
});

test('never more than asked for, never twice, always with the best', () => {
  const look = fc.record({
    gist: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    sharpness: fc.double({ min: 0, max: 5000, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(look, { minLength: 1, maxLength: 6 }),
      fc.nat(5),
      fc.integer({ min: 1, max: 6 }),
      (looks, at, most) => {
        const best = at % looks.length;
        const chosen = chooseFrames(looks, best, most);
        return (
          chosen.includes(best) &&
          chosen.length <= most &&
          new Set(chosen).size === chosen.length &&
          chosen.every((index, position) => index < looks.length && index > (chosen[position - 1] ?? -1))
        );
      },
    ),
  );
});
