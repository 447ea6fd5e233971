import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cameraCauses, type CameraCause } from '../core/camera.ts';
import { ReconnectBackoff } from './backoff.ts';

const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function withDice(values: readonly number[]): ReconnectBackoff {
  let index = 0;
  return new ReconnectBackoff(() => values[index++ % values.length] ?? 0);
}

function waits(backoff: ReconnectBackoff, cause: CameraCause, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next(cause, 0));
}

/** Even dice that are the same for the same seed (mulberry32). */
function seededDice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('the wait before a reconnection', () => {
  test('is always between half a second and a minute, and longer only for a refused password', () => {
    const attempt = fc.record({
      cause: fc.constantFrom(...cameraCauses),
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
            expect(waitMs).toBeGreaterThanOrEqual(cause === 'unauthorized' ? 30_000 : 500);
            expect(waitMs).toBeLessThanOrEqual(cause === 'unauthorized' ? 300_000 : 60_000);
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

  test('is spread evenly, so that cameras which were lost together never come back in step', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 8 }), (seed, tries) => {
        const random = seededDice(seed);
        const ceilingMs = Math.min(60_000, 1000 * 2 ** (tries - 1));
        const quarters = [0, 0, 0, 0];
        const moments = new Map<number, number>();
        for (let camera = 0; camera < 200; camera += 1) {
          const waitMs = waits(new ReconnectBackoff(random), 'reset', tries).at(-1) ?? 0;
          const quarter = Math.min(3, Math.floor(((waitMs - 500) / (ceilingMs - 500)) * 4));
          quarters[quarter] = (quarters[quarter] ?? 0) + 1;
          moments.set(waitMs, (moments.get(waitMs) ?? 0) + 1);
        }
        // Of 200 even throws, 50 fall into each quarter on average; five deviations away from that is no accident.
        for (const count of quarters) expect(Math.abs(count - 50)).toBeLessThan(31);
        expect(Math.max(...moments.values())).toBeLessThan(10);
      }),
    );
  });

  test('begins anew after a minute of health, and not before', () => {
    const backoff = withDice([0.999_999]);
    waits(backoff, 'reset', 6);
    expect(backoff.next('reset', 59_999)).toBe(60_000);
    expect(backoff.next('reset', 60_000)).toBe(1_000);
  });

  test('keeps a refused password from locking the account: four tries in four minutes, seven in nine', () => {
    fc.assert(
      fc.property(fc.array(dice, { minLength: 1 }), (values) => {
        const times = waits(withDice(values), 'unauthorized', 7);
        const [first = 0, second = 0] = times;
        expect(first).toBeGreaterThanOrEqual(30_000);
        expect(first).toBeLessThanOrEqual(60_000);
        expect(second).toBeGreaterThanOrEqual(60_000);
        const after = (tries: number): number => times.slice(0, tries - 1).reduce((sum, ms) => sum + ms, 0);
        expect(after(5)).toBeGreaterThanOrEqual(240_000);
        expect(after(7)).toBeGreaterThanOrEqual(540_000);
      }),
    );
  });
});
