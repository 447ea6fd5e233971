import { expect, test } from 'vitest';
import { calendarDay, isTimeZone, monthOf } from './calendar-day.ts';

test.each([
  ['2026-05-17T12:00:00Z', 'UTC', '2026-05-17'],
  ['2026-05-17T23:59:59.999Z', 'UTC', '2026-05-17'],
  ['2026-05-17T22:30:00Z', 'Europe/Berlin', '2026-05-18'],
  ['2026-05-17T03:30:00Z', 'America/New_York', '2026-05-16'],
  ['2026-12-31T10:00:00Z', 'Pacific/Kiritimati', '2027-01-01'],
  // The night in which the clocks go back has 25 hours, all of them of one day.
  ['2026-10-24T22:00:00Z', 'Europe/Berlin', '2026-10-25'],
  ['2026-10-25T22:59:59Z', 'Europe/Berlin', '2026-10-25'],
  ['2026-10-25T23:00:00Z', 'Europe/Berlin', '2026-10-26'],
  ['1970-01-01T00:00:00Z', 'UTC', '1970-01-01'],
])('%s in %s is on %s', (time, timeZone, day) => {
  expect(calendarDay(Date.parse(time), timeZone)).toBe(day);
  expect(monthOf(day)).toBe(day.slice(0, 7));
});

test('zones are known by their IANA names', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Ushuaia'])
    expect(isTimeZone(name)).toBe(true);
  for (const name of ['', 'Berlin', 'Europe/Atlantis', 'GMT+25']) expect(isTimeZone(name)).toBe(false);
});
