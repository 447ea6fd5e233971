import type { Interval } from './accuracy-weather.ts';

export interface ClipTruth {
  readonly file: string;
  /** Seconds. */
  readonly duration: number;
  readonly segments: readonly Interval[];
  readonly ignore: readonly Interval[];
}

export interface ClipScore {
  readonly file: string;
  readonly segments: number;
  /** Segments with an event that overlaps them, and with one that began in them. */
  readonly found: number;
  readonly own: number;
  readonly events: number;
  readonly falseEvents: number;
  /** Seconds in which nothing is to be found, and what false events cover of them. */
  readonly freeSeconds: number;
  readonly falseSeconds: number;
  /** Seconds from the start of a segment to its own event. */
  readonly latencies: readonly number[];
}

/** Seconds: an event may begin before a segment and run on after it; pieces left over count from a length on. */
const before = 1;
const after = 3;
const minFalse = 1;
/** Seconds: events closer than this are one. */
const mergeGap = 3;

/** Scores the events of one clip; the definitions are those of the detector comparisons that `docs/motion.md` cites. */
export function scoreClip(truth: ClipTruth, found: readonly Interval[]): ClipScore {
  const events = merge(
    found
      .filter((event) => event.start < truth.duration)
      .map((event) => ({ start: Math.max(0, event.start), end: Math.min(truth.duration, event.end) })),
  );
  const wanted = truth.segments.map(({ start, end }) => ({ start: start - before, end: end + after }));
  const ignored = truth.ignore.map(({ start, end }) => ({ start: start - before, end: end + after }));
  const windows = [...wanted, ...ignored];
  let hits = 0;
  let own = 0;
  const latencies: number[] = [];
  for (const segment of truth.segments) {
    const overlapping = events.filter((e) => e.start <= segment.end && e.end >= segment.start - before);
    if (overlapping.length > 0) hits += 1;
    const owned = overlapping.filter((e) => e.start >= segment.start - before);
    if (owned.length > 0 || (overlapping.length > 0 && segment.start <= before)) own += 1;
    const [first] = owned;
    if (segment.start >= 2 && overlapping.length === owned.length && first !== undefined) {
      latencies.push(first.start - segment.start);
    }
  }
  let falseEvents = 0;
  let falseSeconds = 0;
  for (const event of events) {
    const left = event.end > event.start ? without(event, windows) : [];
    falseSeconds += left.reduce((sum, piece) => sum + piece.end - piece.start, 0);
    const isKnown = windows.some((w) => event.start <= w.end && event.end >= w.start);
    falseEvents += isKnown ? left.filter((piece) => piece.end - piece.start >= minFalse).length : 1;
  }
  const freeSeconds = without({ start: 0, end: truth.duration }, windows).reduce(
    (sum, w) => sum + w.end - w.start,
    0,
  );
  return {
    file: truth.file,
    segments: truth.segments.length,
    found: hits,
    own,
    events: events.length,
    falseEvents,
    freeSeconds,
    falseSeconds,
    latencies,
  };
}

export interface TotalScore {
  readonly segments: number;
  readonly recall: number;
  readonly ownRecall: number;
  readonly falsePerHour: number;
  readonly medianLatency: number;
}

export function totalOf(scores: readonly ClipScore[]): TotalScore {
  const sum = (of: (score: ClipScore) => number): number =>
    scores.reduce((total, score) => total + of(score), 0);
  const segments = sum((score) => score.segments);
  const latencies = scores.flatMap((score) => score.latencies).toSorted((a, b) => a - b);
  return {
    segments,
    recall: sum((score) => score.found) / Math.max(1, segments),
    ownRecall: sum((score) => score.own) / Math.max(1, segments),
    falsePerHour:
      (sum((score) => score.falseEvents) /
        Math.max(
          1,
          sum((score) => score.freeSeconds),
        )) *
      3600,
    medianLatency: latencies[latencies.length >> 1] ?? Number.NaN,
  };
}

function merge(events: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  for (const event of events.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && event.start - last.end <= mergeGap) {
      merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, event.end) };
    } else merged.push(event);
  }
  return merged;
}

function without(interval: Interval, windows: readonly Interval[]): Interval[] {
  let pieces: Interval[] = [interval];
  for (const window of windows) {
    pieces = pieces.flatMap((piece) => {
      if (window.end <= piece.start || window.start >= piece.end) return [piece];
      const left = { start: piece.start, end: window.start };
      const right = { start: window.end, end: piece.end };
      return [left, right].filter((part) => part.end > part.start);
    });
  }
  return pieces;
}
