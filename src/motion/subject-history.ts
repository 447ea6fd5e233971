import type { Point } from '../core/geometry.ts';
import type { GuardMargin, MotionGuard, SubjectPath } from '../core/motion-evidence.ts';
import type { SubjectReading } from '../core/motion.ts';
import { guardMargins, openingFrames } from './guard-margins.ts';

const maxPoints = 64;
/** A subject is followed for so long at most before it counts, when there is much clutter. */
const longestUnknownMs = 4_000;

/**
 * Guards that look at each frame anew: an episode opens where several frames in a row pass them, so the worst of that many
 * counts, where it is best. The others only look at what has come together so far.
 */
const perFrame: ReadonlySet<MotionGuard> = new Set([
  'small',
  'weak',
  'light',
  'texture',
  'flicker',
  'outside_zones',
]);

/** What is remembered of one subject while its episode goes on. */
export class SubjectHistory {
  readonly #points: Point[];
  /** What it had come through before the event. */
  readonly #before: Pick<SubjectReading, 'length' | 'framesFound' | 'framesFollowed'>;
  readonly #from: number;
  #stride = 1;
  #added = 0;
  #latest: SubjectReading;
  #largestArea = 0;
  /** Ms of the stream. */
  #seenAt: number;
  /** Of the last frames, newest last. */
  #recent: (readonly GuardMargin[])[] = [];
  readonly #best = new Map<MotionGuard, GuardMargin>();

  constructor(reading: SubjectReading, mediaTimeMs: number) {
    // It is known a little before it counts; what it did in an earlier event is no part of this one.
    const isNew = mediaTimeMs - reading.bornAt <= longestUnknownMs;
    this.#points = isNew ? [{ x: reading.bornX, y: reading.bornY }] : [];
    this.#before = isNew
      ? { length: 0, framesFound: 0, framesFollowed: 0 }
      : { ...reading, framesFound: reading.framesFound - 1, framesFollowed: reading.framesFollowed - 1 };
    this.#from = isNew ? reading.bornAt : mediaTimeMs;
    this.#latest = reading;
    this.#seenAt = mediaTimeMs;
    this.#note(reading);
  }

  /** Frames of the event, with and without it. */
  get framesFollowed(): number {
    return this.#latest.framesFollowed - this.#before.framesFollowed;
  }

  /** Frames that only repeat a verdict add nothing. */
  add(reading: SubjectReading, mediaTimeMs: number): void {
    if (reading.framesFollowed <= this.#latest.framesFollowed) return;
    this.#latest = reading;
    this.#seenAt = mediaTimeMs;
    this.#note(reading);
  }

  /** In no order. */
  guards(): GuardMargin[] {
    const latest = this.#recent.at(-1) ?? [];
    return latest.map((margin) =>
      perFrame.has(margin.name) ? (this.#best.get(margin.name) ?? margin) : margin,
    );
  }

  path(): SubjectPath {
    const { x, y, length, framesFound, framesFollowed } = this.#latest;
    return {
      points: [...this.#points, { x, y }],
      length: length - this.#before.length,
      area: this.#largestArea,
      framesFound: framesFound - this.#before.framesFound,
      framesFollowed: framesFollowed - this.#before.framesFollowed,
      seconds: Math.max(0, this.#seenAt - this.#from) / 1000,
    };
  }

  #note(reading: SubjectReading): void {
    this.#largestArea = Math.max(this.#largestArea, reading.area);
    this.#notePoint(reading);
    const margins = guardMargins(reading);
    this.#recent.push(margins);
    if (this.#recent.length > openingFrames) this.#recent.shift();
    for (const { name } of margins) {
      if (!perFrame.has(name)) continue;
      const worst = this.#worstOfRecent(name);
      const best = this.#best.get(name);
      const isFirst = best === undefined || this.#added <= openingFrames;
      if (worst !== undefined && (isFirst || worst.margin > best.margin)) this.#best.set(name, worst);
    }
  }

  #worstOfRecent(wanted: MotionGuard): GuardMargin | undefined {
    let worst: GuardMargin | undefined;
    for (const margins of this.#recent) {
      const margin = margins.find(({ name }) => name === wanted);
      if (margin !== undefined && (worst === undefined || margin.margin < worst.margin)) worst = margin;
    }
    return worst;
  }

  #notePoint({ x, y }: SubjectReading): void {
    // The latest one stands behind them in any case.
    if (this.#added % this.#stride === 0) this.#points.push({ x, y });
    this.#added += 1;
    if (this.#points.length < maxPoints - 1) return;
    keepEverySecond(this.#points);
    this.#stride *= 2;
  }
}

/** Keeps the first, the third, and so on. */
export function keepEverySecond(list: unknown[]): void {
  const kept = list.filter((_, index) => index % 2 === 0);
  list.splice(0, list.length, ...kept);
}
