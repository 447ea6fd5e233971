import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { select } from './select.ts';

test('what is selected is what stands there when sorted', () => {
  const values = fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.float({ noNaN: true })), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(values, fc.nat(), fc.nat(), (numbers, first, second) => {
      const sorted = Float32Array.from(numbers).toSorted();
      const rest = Float32Array.from([...numbers, -1000]);
      for (const rank of [first % numbers.length, second % numbers.length]) {
        // 0 and -0 are the same.
        expect(select(rest, numbers.length, rank) + 0).toBe((sorted[rank] ?? 0) + 0);
      }
      expect(rest.at(-1)).toBe(-1000);
    }),
  );
});
