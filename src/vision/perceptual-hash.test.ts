import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { differenceHash, hashDistance, hashInput } from './perceptual-hash.ts';

const size = hashInput.width * hashInput.height;
const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const picture = fc.uint8Array({ minLength: size, maxLength: size });

test('one bit for each pair of neighbours that gets brighter', () => {
  expect(differenceHash(new Uint8Array(size))).toBe(0n);
  const brighter = Uint8Array.from({ length: size }, (_, at) => at % hashInput.width);
  expect(differenceHash(brighter)).toBe(2n ** 64n - 1n);
  const left = new Uint8Array(size);
  left[1] = 9;
  expect(differenceHash(left)).toBe(1n << 63n);
});

test('distance is a metric of 0 to 64', () => {
  fc.assert(
    fc.property(hash, hash, hash, (a, b, c) => {
      const ab = hashDistance(a, b);
      return (
        ab >= 0 &&
        ab <= 64 &&
        (ab === 0) === (a === b) &&
        ab === hashDistance(b, a) &&
        ab <= hashDistance(a, c) + hashDistance(c, b)
      );
    }),
  );
});

test('light that changes evenly changes nothing', () => {
  fc.assert(
    fc.property(picture, fc.integer({ min: 1, max: 100 }), (gray, more) => {
      const dim = gray.map((value) => Math.floor(value / 2));
      const lit = dim.map((value) => value + more);
      return differenceHash(dim) === differenceHash(lit);
    }),
  );
});

test('one pixel changes two bits at most', () => {
  fc.assert(
    fc.property(picture, fc.nat(size - 1), fc.nat(255), (gray, at, value) => {
      const changed = gray.with(at, value);
      return hashDistance(differenceHash(gray), differenceHash(changed)) <= 2;
    }),
  );
});
