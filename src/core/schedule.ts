import type { Schedule } from './camera-settings.ts';
import { offsetSpans, type OffsetSpan } from './zone-offsets.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** How far ahead a change is looked for: longer than any week of which a change of the clocks takes a range away. */
const horizonMs = 15 * dayMs;
/** A window may have begun so long ago: it lasts until the next day, and days have been skipped. */
const longestWindowMs = 3 * dayMs;

/** Epoch ms; `to` is exclusive. */
interface Window {
  readonly from: number;
  readonly to: number;
}

interface Phase extends Window {
  readonly isActive: boolean;
  /** `to` is not a change, only as far as was looked. */
  readonly isOpenEnded: boolean;
}

/**
 * When a schedule is active. A window belongs to the day on which it begins and ends at a local time of that day or of the
 * next one that the zone has (some zones have skipped one). Where the clocks are changed, a time that does not exist is the
 * moment of the change, and of a time that exists twice a window begins with the first and ends with the second.
 *
 * What was found is kept until it changes, so it may be asked for every frame.
 */
export class ScheduleTimes {
  readonly #schedule: Schedule | null;
  #phase: Phase | undefined;

  /** @param schedule `null` is always active */
  constructor(schedule: Schedule | null) {
    this.#schedule = schedule;
  }

  /** @param at epoch ms */
  isActiveAt(at: number): boolean {
    return this.#schedule === null || this.#phaseAt(this.#schedule, at).isActive;
  }

  /** Epoch ms of the next change after that time; `null` when there is none within two weeks. */
  changesAfter(at: number): number | null {
    if (this.#schedule === null) return null;
    const { to, isOpenEnded } = this.#phaseAt(this.#schedule, at);
    return isOpenEnded ? null : to;
  }

  #phaseAt(schedule: Schedule, at: number): Phase {
    const known = this.#phase;
    if (known !== undefined && at >= known.from && at < known.to) return known;
    this.#phase = findPhase(schedule, at);
    return this.#phase;
  }
}

function findPhase(schedule: Schedule, at: number): Phase {
  const until = at + horizonMs;
  const windows = joined(windowsBetween(schedule, at - longestWindowMs, until + longestWindowMs));
  const next = windows.find(({ to }) => to > at);
  const isActive = next !== undefined && next.from <= at;
  const change = isActive ? next.to : (next?.from ?? until);
  return { isActive, from: at, to: Math.min(change, until), isOpenEnded: change >= until };
}

function windowsBetween({ timeZone, daysOfWeek, timeRanges }: Schedule, from: number, to: number): Window[] {
  const spans = offsetSpans(timeZone, from, to);
  const days = daysOf(spans);
  return days.flatMap((day, index) => {
    const nextDay = days[index + 1];
    if (nextDay === undefined || (daysOfWeek.length > 0 && !daysOfWeek.includes(weekdayOf(day)))) return [];
    const ranges =
      timeRanges.length === 0
        ? [[day * dayMs, nextDay * dayMs] as const]
        : timeRanges.map((range) => {
            const [start, end] = [minutesOf(range.start), minutesOf(range.end)];
            const endDay = end > start ? day : nextDay;
            return [day * dayMs + start * minuteMs, endDay * dayMs + end * minuteMs] as const;
          });
    return ranges.flatMap(([start, end]) => windowOf(start, end, spans) ?? []);
  });
}

/** From the first to the last moment with a local time in the range; `undefined` when the clocks skip all of it. */
function windowOf(start: number, end: number, spans: readonly OffsetSpan[]): Window | undefined {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const span of spans) {
    const first = Math.max(span.from, start - span.offsetMs);
    const last = Math.min(span.to, end - span.offsetMs);
    if (first >= last) continue;
    from = Math.min(from, first);
    to = Math.max(to, last);
  }
  return from < to ? { from, to } : undefined;
}

/** Days since 1970 that local time goes through. */
function daysOf(spans: readonly OffsetSpan[]): number[] {
  const days = new Set<number>();
  for (const { from, to, offsetMs } of spans) {
    for (let day = Math.floor((from + offsetMs) / dayMs); day * dayMs < to + offsetMs; day += 1)
      days.add(day);
  }
  return [...days].toSorted((a, b) => a - b);
}

/** 1 = Monday … 7 = Sunday; the first of January 1970 was a Thursday. */
function weekdayOf(day: number): number {
  return ((((day + 3) % 7) + 7) % 7) + 1;
}

/** @param time `HH:MM` */
function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

/** In order, without gaps of nothing between them and without overlaps. */
function joined(windows: readonly Window[]): Window[] {
  const result: Window[] = [];
  for (const window of windows.toSorted((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || window.from > last.to) result.push(window);
    else if (window.to > last.to) result[result.length - 1] = { from: last.from, to: window.to };
  }
  return result;
}
