import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Schedule } from './camera-settings.ts';
import { ScheduleTimes } from './schedule.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Times around which the clocks of a zone do something that is easily got wrong, and some at which they do nothing. */
const moments: readonly (readonly [timeZone: string, around: string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['Europe/Berlin', '2026-07-01T12:00Z'],
  // Winter time is the one that is ahead by law; the clocks do as elsewhere.
  ['Europe/Dublin', '2026-03-29T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/St_Johns', '2026-11-01T04:30Z'],
  // At one minute past midnight, back into the day before.
  ['America/St_Johns', '2006-10-29T02:31Z'],
  // Midnight did not exist.
  ['America/Sao_Paulo', '2017-10-15T03:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00Z'],
  ['America/Havana', '2026-03-08T05:00Z'],
  ['Asia/Beirut', '2026-03-29T22:00Z'],
  // By half an hour, and by two hours.
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['Antarctica/Troll', '2026-10-25T01:00Z'],
  // Offsets of 45 and 30 minutes, and changes of the offset for good.
  ['Pacific/Chatham', '2026-09-26T14:00Z'],
  ['Asia/Kathmandu', '2026-02-01T00:00Z'],
  ['America/Caracas', '2016-05-01T07:00Z'],
  ['Asia/Pyongyang', '2018-05-04T15:00Z'],
  // A day that did not exist.
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['UTC', '2028-02-29T12:00Z'],
];

const timeOfDay = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.oneof(fc.constantFrom(0, 30), fc.integer({ min: 0, max: 59 })))
  .map((parts) => parts.map((part) => String(part).padStart(2, '0')).join(':'));
const rules = fc.record({
  daysOfWeek: fc.subarray([1, 2, 3, 4, 5, 6, 7]),
  timeRanges: fc.array(fc.record({ start: timeOfDay, end: timeOfDay }), { maxLength: 3 }),
});

interface Minute {
  readonly at: number;
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** `YYYY-MM-DD HH:MM`. */
  readonly local: string;
}

/** What a clock on the wall shows, minute by minute. */
function minutesAround(timeZone: string, around: number): Minute[] {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return Array.from({ length: (8 * dayMs) / minuteMs }, (_, index) => {
    const at = around - 4 * dayMs + index * minuteMs;
    const local = format.format(at);
    return { at, day: local.slice(0, 10), local };
  });
}

/** Of each minute whether a schedule is active: looks at every one of them for every range. */
function naively(schedule: Schedule, minutes: readonly Minute[]): boolean[] {
  const isActive = minutes.map(() => false);
  const days = [...new Set(minutes.map(({ day }) => day))].toSorted((a, b) => a.localeCompare(b));
  const ranges = schedule.timeRanges.length > 0 ? schedule.timeRanges : [{ start: '00:00', end: '00:00' }];
  for (const [index, day] of days.entries()) {
    const weekday = new Date(`${day}T12:00Z`).getUTCDay() || 7;
    if (schedule.daysOfWeek.length > 0 && !schedule.daysOfWeek.includes(weekday)) continue;
    for (const { start, end } of ranges) {
      const from = `${day} ${start}`;
      const to = `${end > start ? day : (days[index + 1] ?? '9999')} ${end}`;
      const inside = minutes.map(({ local }) => local >= from && local < to);
      const [first, last] = [inside.indexOf(true), inside.lastIndexOf(true)];
      if (first >= 0) isActive.fill(true, first, last + 1);
    }
  }
  return isActive;
}

describe.each(moments)('in %s around %s', (timeZone, around) => {
  const minutes = minutesAround(timeZone, Date.parse(around));
  // What begins before the first of them is not known; what ends after the last is.
  const judged = minutes.slice((2.5 * dayMs) / minuteMs, (5.5 * dayMs) / minuteMs);
  const skipped = minutes.length - judged.length - (2.5 * dayMs) / minuteMs;

  test('any schedule is active in the minutes in which a clock on the wall says so', () => {
    fc.assert(
      fc.property(rules, (rule) => {
        const schedule = { timeZone, ...rule };
        const times = new ScheduleTimes(schedule);
        const expected = naively(schedule, minutes).slice((2.5 * dayMs) / minuteMs, -skipped);
        expect(judged.map(({ at }) => times.isActiveAt(at))).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  test('it stays as it is until the change that it tells of, whatever was asked before', () => {
    const instant = fc.integer({ min: judged[0]?.at ?? 0, max: judged.at(-1)?.at ?? 0 });
    fc.assert(
      fc.property(rules, instant, instant, (rule, at, before) => {
        const schedule = { timeZone, ...rule };
        const times = new ScheduleTimes(schedule);
        times.isActiveAt(before);
        const isActive = times.isActiveAt(at);
        const change = times.changesAfter(at) ?? at + 14 * dayMs;
        expect(change).toBeGreaterThan(at);
        const fresh = new ScheduleTimes(schedule);
        for (const share of [0, 0.3, 0.999])
          expect(fresh.isActiveAt(Math.floor(at + share * (change - at)))).toBe(isActive);
        expect(fresh.isActiveAt(change)).toBe(times.changesAfter(at) === null ? isActive : !isActive);
      }),
      { numRuns: 40 },
    );
  });
});

function utc(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}

/** The stretches in which it is active, as `from – to` in UTC. */
function activeBetween(schedule: Schedule, from: string, to: string): string[] {
  const times = new ScheduleTimes(schedule);
  const stretches: string[] = [];

  for (let at = Date.parse(from); at < Date.parse(to);) {
    const change = times.changesAfter(at) ?? Date.parse(to);
    if (times.isActiveAt(at)) stretches.push(`${utc(at)} – ${utc(change)}`);
    at = change;
  }
  return stretches;
}

const saturdays = { timeZone: 'Europe/Berlin', daysOfWeek: [6] };

describe('a night', () => {
  const night = { ...saturdays, timeRanges: [{ start: '22:00', end: '06:00' }] };

  test('belongs to the day on which it begins', () => {
    expect(activeBetween(night, '2026-06-01T00:00Z', '2026-06-08T00:00Z')).toEqual([
      '2026-06-06T20:00 – 2026-06-07T04:00',
    ]);
  });

  test('is an hour shorter in spring and an hour longer in autumn', () => {
    expect(activeBetween(night, '2026-03-28T00:00Z', '2026-03-30T00:00Z')).toEqual([
      '2026-03-28T21:00 – 2026-03-29T04:00',
    ]);
    expect(activeBetween(night, '2026-10-24T00:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-24T20:00 – 2026-10-25T05:00',
    ]);
  });

  test('that begins before a day that does not exist ends on the day after it', () => {
    const thursday = { timeZone: 'Pacific/Apia', daysOfWeek: [4], timeRanges: night.timeRanges };
    // Thursday the 29th, 22:00 at UTC−10, to Saturday the 31st, 06:00 at UTC+14.
    expect(activeBetween(thursday, '2011-12-28T00:00Z', '2012-01-02T00:00Z')).toEqual([
      '2011-12-30T08:00 – 2011-12-30T16:00',
    ]);
    const friday = { ...thursday, daysOfWeek: [5] };
    expect(activeBetween(friday, '2011-12-28T00:00Z', '2012-01-05T00:00Z')).toEqual([]);
  });
});

describe('a time of day', () => {
  const sundays = { timeZone: 'Europe/Berlin', daysOfWeek: [7] };

  test('that does not exist is the moment of the change', () => {
    const from = { ...sundays, timeRanges: [{ start: '02:30', end: '05:00' }] };
    expect(activeBetween(from, '2026-03-28T12:00Z', '2026-03-30T00:00Z')).toEqual([
      '2026-03-29T01:00 – 2026-03-29T03:00',
    ]);
    const until = { ...sundays, timeRanges: [{ start: '00:00', end: '02:30' }] };
    expect(activeBetween(until, '2026-03-28T12:00Z', '2026-03-30T00:00Z')).toEqual([
      '2026-03-28T23:00 – 2026-03-29T01:00',
    ]);
    const within = { ...sundays, timeRanges: [{ start: '02:10', end: '02:50' }] };
    expect(activeBetween(within, '2026-03-28T12:00Z', '2026-03-30T00:00Z')).toEqual([]);
  });

  test('that exists twice begins a range with the first and ends one with the second', () => {
    const from = { ...sundays, timeRanges: [{ start: '02:30', end: '05:00' }] };
    expect(activeBetween(from, '2026-10-24T12:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-25T00:30 – 2026-10-25T04:00',
    ]);
    const until = { ...sundays, timeRanges: [{ start: '00:00', end: '02:30' }] };
    expect(activeBetween(until, '2026-10-24T12:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-24T22:00 – 2026-10-25T01:30',
    ]);
  });
});

test('a range that ends as it begins goes on to the same time of the next day', () => {
  const whole = { ...saturdays, timeRanges: [{ start: '08:00', end: '08:00' }] };
  expect(activeBetween(whole, '2026-06-01T00:00Z', '2026-06-09T00:00Z')).toEqual([
    '2026-06-06T06:00 – 2026-06-07T06:00',
  ]);
  const always = new ScheduleTimes({ ...whole, daysOfWeek: [] });
  expect([always.isActiveAt(0), always.changesAfter(0)]).toEqual([true, null]);
});

test('without ranges the days are whole, without days there are all of them, without a schedule it is always', () => {
  const weekend = { timeZone: 'Asia/Kathmandu', daysOfWeek: [6, 7], timeRanges: [] };
  expect(activeBetween(weekend, '2026-06-01T00:00Z', '2026-06-09T00:00Z')).toEqual([
    '2026-06-05T18:15 – 2026-06-07T18:15',
  ]);
  for (const schedule of [null, { timeZone: 'UTC', daysOfWeek: [], timeRanges: [] }]) {
    const times = new ScheduleTimes(schedule);
    expect([times.isActiveAt(1e12), times.changesAfter(1e12)]).toEqual([true, null]);
  }
});
