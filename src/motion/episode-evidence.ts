import type { DecodeMode } from '../core/camera-settings.ts';
import {
  heatGridOf,
  type EvidenceSample,
  type GuardMargin,
  type MotionEvidence,
  type SubjectPath,
} from '../core/motion-evidence.ts';
import type { MotionRegion, MotionSample, Sensitivity } from '../core/motion.ts';
import { lowestOfEach, nearestFirst, openingMargin, wholePictureMargin } from './guard-margins.ts';
import { keepEverySecond, SubjectHistory } from './subject-history.ts';

const maxSamples = 120;
const leastSpacingMs = 500;
const regionsPerSample = 4;
/** Subjects that are remembered at once; of more, those are forgotten that were followed for the shortest. */
const maxSubjects = 16;
/** A frame stands for the time since the one before, but for no more than this: key frames come every few seconds. */
const longestFrameMs = 5_000;
/** As JSON, UTF-8. */
export const maxEvidenceBytes = 24 * 1024;

export interface EpisodeEvidenceOptions {
  readonly sensitivity: Sensitivity;
  readonly decode: DecodeMode;
  /** Analysed frames per second. */
  readonly frameRate: number;
}

interface KeptSample extends Omit<EvidenceSample, 'atMs'> {
  readonly capturedAt: number;
  readonly mediaTimeMs: number;
}

/**
 * Gathers why an episode fired, frame by frame; its memory has a bound, however long the episode is. Fed with every sample,
 * in order, so that it knows how long each of them stands for.
 */
export class EpisodeEvidence {
  readonly #options: EpisodeEvidenceOptions;
  #grid = heatGridOf(16, 9);
  #seconds = new Float64Array(0);
  #frames = 0;
  #samples: KeptSample[] = [];
  #spacingMs = leastSpacingMs;
  #last: KeptSample | undefined;
  #wholeness = 0;
  readonly #subjects = new Map<number, SubjectHistory>();
  /** Of the last sample, moving or not, ms of the stream. */
  #lastTime: number | undefined;

  constructor(options: EpisodeEvidenceOptions) {
    this.#options = options;
  }

  /** @param isWanted false: it only passes the time, as samples without motion do */
  add(sample: MotionSample, isWanted: boolean): void {
    const time = sample.mediaTimeMs;
    const before = this.#lastTime;
    const frameMs =
      before === undefined || time <= before
        ? 1000 / this.#options.frameRate
        : Math.min(longestFrameMs, time - before);
    this.#lastTime = time;
    if (!sample.isMotion || !isWanted) return;
    this.#frames += 1;
    this.#keep(sample);
    const { evidence } = sample;
    if (evidence === undefined) return;
    if (this.#seconds.length === 0) {
      this.#grid = { columns: evidence.columns, rows: evidence.rows };
      this.#seconds = new Float64Array(evidence.columns * evidence.rows);
    }
    for (const field of evidence.moved) {
      if (field < this.#seconds.length) this.#seconds[field] = (this.#seconds[field] ?? 0) + frameMs / 1000;
    }
    this.#wholeness = Math.max(this.#wholeness, evidence.wholeness);
    for (const reading of evidence.subjects) {
      const known = this.#subjects.get(reading.track);
      if (known === undefined) this.#subjects.set(reading.track, new SubjectHistory(reading, time));
      else known.add(reading, time);
    }
    while (this.#subjects.size > maxSubjects) this.#forgetShortest();
  }

  /** What was gathered is of no episode; the time goes on. */
  clear(): void {
    this.#seconds = new Float64Array(0);
    this.#frames = 0;
    this.#samples = [];
    this.#spacingMs = leastSpacingMs;
    this.#last = undefined;
    this.#wholeness = 0;
    this.#subjects.clear();
  }

  /**
   * What is known so far, at most `maxEvidenceBytes`.
   *
   * @param startedAt of the event, epoch ms
   * @param isComplete the episode is over
   */
  evidence(startedAt: number, isComplete: boolean): MotionEvidence {
    const main = this.#longestFollowed();
    const { columns, rows } = this.#grid;
    const { sensitivity, decode } = this.#options;
    const whole: MotionEvidence = {
      sensitivity,
      decode,
      isComplete,
      frames: this.#frames,
      heat: {
        columns,
        rows,
        seconds: Array.from({ length: columns * rows }, (_, field) => round(this.#seconds[field] ?? 0, 2)),
      },
      samples: this.#keptSamples().map(({ capturedAt, regions, zones, areas }) => ({
        atMs: Math.max(0, Math.round(capturedAt - startedAt)),
        regions,
        zones,
        areas,
      })),
      path: main === undefined ? null : roundedPath(main.path()),
      guards: main === undefined ? [] : this.#guardsOf(main),
    };
    return fitted(whole);
  }

  #guardsOf(subject: SubjectHistory): GuardMargin[] {
    const margins = [...subject.guards(), openingMargin(this.#frames), wholePictureMargin(this.#wholeness)];
    return nearestFirst(lowestOfEach(margins)).map(({ name, margin, value, limit, side, unit }) => ({
      name,
      margin: round(margin, 2),
      value: round(value, 5),
      limit: round(limit, 5),
      side,
      unit,
    }));
  }

  #keep({ capturedAt, mediaTimeMs, regions, zones, evidence }: MotionSample): void {
    const areas = evidence?.areas ?? { low: null, medium: null, high: null };
    const kept: KeptSample = {
      capturedAt,
      mediaTimeMs,
      regions: regions.slice(0, regionsPerSample).map(roundedRegion),
      zones,
      areas: {
        low: roundedShare(areas.low),
        medium: roundedShare(areas.medium),
        high: roundedShare(areas.high),
      },
    };
    this.#last = kept;
    const before = this.#samples.at(-1);
    if (before !== undefined && mediaTimeMs - before.mediaTimeMs < this.#spacingMs) return;
    this.#samples.push(kept);
    // Room for the last one.
    if (this.#samples.length < maxSamples) return;
    keepEverySecond(this.#samples);
    this.#spacingMs *= 2;
  }

  #keptSamples(): KeptSample[] {
    const last = this.#last;
    return last === undefined || this.#samples.at(-1) === last ? this.#samples : [...this.#samples, last];
  }

  #longestFollowed(): SubjectHistory | undefined {
    let longest: SubjectHistory | undefined;
    for (const subject of this.#subjects.values()) {
      if (longest === undefined || subject.framesFollowed > longest.framesFollowed) longest = subject;
    }
    return longest;
  }

  #forgetShortest(): void {
    const [shortest] = [...this.#subjects].toSorted(([, a], [, b]) => a.framesFollowed - b.framesFollowed);
    if (shortest !== undefined) this.#subjects.delete(shortest[0]);
  }
}

/** Leaves out samples evenly, but for the first and the last, until it is small enough. */
function fitted(evidence: MotionEvidence): MotionEvidence {
  let { samples } = evidence;
  for (;;) {
    const fitting = { ...evidence, samples };
    if (samples.length <= 2 || Buffer.byteLength(JSON.stringify(fitting)) <= maxEvidenceBytes) return fitting;
    const { length } = samples;
    samples = samples.filter((_, index) => index % 2 === 0 || index === length - 1);
  }
}

function roundedPath(path: SubjectPath): SubjectPath {
  return {
    ...path,
    points: path.points.map(({ x, y }) => ({ x: round(x, 3), y: round(y, 3) })),
    length: round(path.length, 3),
    area: round(path.area, 5),
    seconds: round(path.seconds, 2),
  };
}

function roundedRegion({ box: [x, y, width, height], area }: MotionRegion): MotionRegion {
  return { box: [round(x, 3), round(y, 3), round(width, 3), round(height, 3)], area: round(area, 5) };
}

function roundedShare(share: number | null): number | null {
  return share === null ? null : round(share, 5);
}

function round(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor;
}
