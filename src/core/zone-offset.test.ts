import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { calendarDay } from './calendar-day.ts';
import { ZoneOffset } from './zone-offset.ts';

const hourMs = 3_600_000;

test.each([
  ['UTC', '2026-03-01T00:00:00Z', 0],
  ['Europe/Berlin', '2026-03-29T00:59:59.999Z', 1],
  ['Europe/Berlin', '2026-03-29T01:00:00Z', 2],
  ['Europe/Berlin', '2026-10-25T00:59:59Z', 2],
  ['Europe/Berlin', '2026-10-25T01:00:00Z', 1],
  ['Asia/Kathmandu', '2026-03-01T12:00:00Z', 5.75],
  ['America/New_York', '2026-03-08T06:59:59Z', -5],
  ['America/New_York', '2026-03-08T07:00:00Z', -4],
])('%s is at %s %d hours ahead', (zone, time, hours) => {
  expect(new ZoneOffset(zone).at(Date.parse(time))).toBe(hours * hourMs);
});

test('with the offset added, the day of UTC is the day of the zone', () => {
  const zones = [
    'Europe/Berlin',
    'Asia/Kathmandu',
    'America/St_Johns',
    'Pacific/Chatham',
    'Australia/Lord_Howe',
  ];
  const offsets = new Map(zones.map((zone) => [zone, new ZoneOffset(zone)]));
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) }),
      (zone, time) => {
        const offset = offsets.get(zone)?.at(time) ?? Number.NaN;
        expect(new Date(time + offset).toISOString().slice(0, 10)).toBe(calendarDay(time, zone));
      },
    ),
    { numRuns: 2_000 },
  );
});
