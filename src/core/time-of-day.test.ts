import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextTimeOfDay, parseTimeOfDay } from './time-of-day.ts';

const local = (...parts: readonly [number, number, number, number?, number?]): number =>
  new Date(parts[0], parts[1], parts[2], parts[3] ?? 0, parts[4] ?? 0).getTime();

test('the next time lies later today, or tomorrow, and never at the moment itself', () => {
  const at = parseTimeOfDay('03:30');
  expect(nextTimeOfDay(at, local(2026, 4, 17, 1))).toBe(local(2026, 4, 17, 3, 30));
  expect(nextTimeOfDay(at, local(2026, 4, 17, 3, 30))).toBe(local(2026, 4, 18, 3, 30));
  expect(nextTimeOfDay(at, local(2026, 11, 31, 23))).toBe(local(2027, 0, 1, 3, 30));
});

test('every next time comes within a day and a bit, and shows this time where the day has it', () => {
  const moment = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  fc.assert(
    fc.property(moment, fc.nat(23), fc.nat(59), (after, hour, minute) => {
      const next = nextTimeOfDay({ hour, minute }, after);
      expect(next).toBeGreaterThan(after);
      // Changes of summer time, and those of a zone's law, are of a few hours at most.
      expect(next - after).toBeLessThanOrEqual(27 * 3_600_000);
    }),
  );
});
