import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CameraCause } from '../core/camera.ts';
import { ReconnectBackoff } from './backoff.ts';

const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const causes: CameraCause[] = ['refused', 'timeout', 'reset', 'no_frames', 'decoder_crashed', 'unauthorized'];

function withDice(values: readonly number[]): ReconnectBackoff {
  let index = 0;
  return new ReconnectBackoff(() => values[index++ % values.length] ?? 0);
}

function waits(backoff: ReconnectBackoff, cause: CameraCause, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next(cause, 0));
}

describe('the wait before a reconnection', () => {
  test('is always between half a second and a minute', () => {
    const attempt = fc.record({
      cause: fc.constantFrom(...causes),
      streamedMs: fc.integer({ min: 0, max: 100_000 }),
    });
    fc.assert(
      fc.property(
        fc.array(dice, { minLength: 1 }),
        fc.array(attempt, { maxLength: 100 }),
        (values, attempts) => {
          const backoff = withDice(values);
          for (const { cause, streamedMs } of attempts) {
            const waitMs = backoff.next(cause, streamedMs);
            expect(waitMs).toBeGreaterThanOrEqual(500);
            expect(waitMs).toBeLessThanOrEqual(60_000);
          }
        },
      ),
    );
  });

  test('has a ceiling that doubles from one second to a minute', () => {
    expect(waits(withDice([0.999_999]), 'refused', 8)).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]);
  });

  test('is spread over the whole range, so that cameras do not come back in step', () => {
    const seen = [0.1, 0.3, 0.5, 0.7, 0.9].map((value) => waits(withDice([value]), 'reset', 5).at(-1));
    expect(seen).toEqual([1_600, 4_800, 8_000, 11_200, 14_400]);
  });

  test('begins anew after a minute of health, and not before', () => {
    const backoff = withDice([0.999_999]);
    waits(backoff, 'reset', 6);
    expect(backoff.next('reset', 59_999)).toBe(60_000);
    expect(backoff.next('reset', 60_000)).toBe(1_000);
  });

  test('is long from the beginning when the password was refused', () => {
    fc.assert(
      fc.property(fc.array(dice, { minLength: 1 }), (values) => {
        const [first, second] = waits(withDice(values), 'unauthorized', 2);
        expect(first).toBeGreaterThanOrEqual(15_000);
        expect(first).toBeLessThanOrEqual(30_000);
        expect(second).toBeGreaterThanOrEqual(30_000);
      }),
    );
  });
});
