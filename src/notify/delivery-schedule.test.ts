import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstDelayMs, giveUpAfterMs, longestDelayMs, nextAttemptAt } from './delivery-schedule.ts';

const createdAt = Date.UTC(2026, 0, 1);

test('the waits double from 10 seconds to an hour', () => {
  const waits = Array.from(
    { length: 11 },
    (_, index) =>
      (nextAttemptAt({ createdAt, attempts: index + 1, now: createdAt, random: () => 1 }) ?? 0) - createdAt,
  );
  expect(waits.map((ms) => ms / 1000)).toEqual([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]);
});

test('jitter takes away up to half of the wait', () => {
  const at = (random: number) =>
    nextAttemptAt({ createdAt, attempts: 1, now: createdAt, random: () => random });
  expect([at(0), at(0.5), at(1)]).toEqual([createdAt + 5000, createdAt + 7500, createdAt + 10_000]);
});

test('what the target asked for lengthens the wait and never shortens it', () => {
  const after = (retryAfterMs: number) =>
    nextAttemptAt({ createdAt, attempts: 1, now: createdAt, retryAfterMs, random: () => 1 });
  expect(after(120_000)).toBe(createdAt + 120_000);
  expect(after(1)).toBe(createdAt + 10_000);
});

test('it is given up after a day, with a last attempt at its end', () => {
  const end = createdAt + giveUpAfterMs;
  expect(nextAttemptAt({ createdAt, attempts: 30, now: end - 1000 })).toBe(end);
  expect(nextAttemptAt({ createdAt, attempts: 1, now: createdAt, retryAfterMs: 10 * giveUpAfterMs })).toBe(
    end,
  );
  expect(nextAttemptAt({ createdAt, attempts: 31, now: end })).toBeNull();
});

test('whatever the target asks and however long attempts take, it ends, in bounds', () => {
  fc.assert(
    fc.property(
      fc.infiniteStream(
        fc.record({
          random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          retryAfterMs: fc.option(fc.nat(2 * giveUpAfterMs), { nil: undefined, freq: 5 }),
          tookMs: fc.nat(10_000),
        }),
      ),
      (occasions) => {
        let now = createdAt;
        let attempts = 0;
        for (const { random, retryAfterMs, tookMs } of occasions) {
          now += tookMs;
          attempts += 1;
          const next = nextAttemptAt({
            createdAt,
            attempts,
            now,
            random: () => random,
            ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
          });
          if (next === null) break;
          expect(Number.isInteger(next)).toBe(true);
          expect(next).toBeGreaterThan(now);
          expect(next).toBeLessThanOrEqual(createdAt + giveUpAfterMs);
          const isLast = next === createdAt + giveUpAfterMs;
          expect(isLast || next - now >= Math.max(firstDelayMs / 2, retryAfterMs ?? 0)).toBe(true);
          expect(next - now <= Math.max(longestDelayMs, retryAfterMs ?? 0) + 1).toBe(true);
          now = next;
        }
        expect(now).toBeGreaterThanOrEqual(createdAt + giveUpAfterMs);
        // Half of 10, 20, … 2560 s, then half an hour each: 8 doublings and 47 half hours at the most.
        expect(attempts).toBeLessThan(70);
      },
    ),
  );
});
