import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { frameOf, walker } from '../../test/support/gray-views.ts';
import { maxMargin, type MotionEvidence } from '../core/motion-evidence.ts';
import type { MotionSample, SubjectReading } from '../core/motion.ts';
import { EpisodeEvidence, maxEvidenceBytes } from './episode-evidence.ts';
import { createMotionDetector } from './scene-detector.ts';
import { sensitivityScales } from './sensitivity.ts';

const epoch = 1_700_000_000_000;
const columns = 32;
const rows = 18;

/** A subject that every guard lets pass. */
const subject: SubjectReading = {
  track: 1,
  x: 0.5,
  y: 0.5,
  bornX: 0.1,
  bornY: 0.5,
  bornAt: 0,
  framesFound: 9,
  framesFollowed: 10,
  length: 0.4,
  area: 0.0012,
  smallest: 0.0006,
  inside: null,
  leastInside: 0.0006,
  contrast: 4,
  light: 0,
  mostLight: 0.7,
  density: 1.5,
  leastDensity: 0.3,
  flicker: 0,
  swinging: 0.3,
  busyArea: 0.001,
  leastBusyArea: 0.0001,
  reach: 0.4,
  leastReach: 2.5 / 160,
  leastReachSwinging: 9 / 160,
  isGrowing: false,
  isConfirmed: true,
  leastFrames: 3,
  frameGuard: 'brief',
  missing: 0.1,
  mostMissing: 0.3,
  detour: 0.1,
  mostDetour: 1,
};

function sampleAt(
  mediaTimeMs: number,
  moved: readonly number[],
  subjects: readonly SubjectReading[] = [],
): MotionSample {
  return {
    capturedAt: epoch + mediaTimeMs,
    mediaTimeMs,
    isMotion: true,
    score: 0.5,
    regions: Array.from({ length: 8 }, (_, i) => ({
      box: [0.123456, 0.2, 0.3, 0.4 + i / 100],
      area: 0.0123456,
    })),
    zones: [],
    reason: 'motion',
    quality: 0.5,
    evidence: {
      columns,
      rows,
      moved,
      areas: { low: 0.0012345, medium: 0.0023456, high: null },
      wholeness: 0.25,
      subjects,
    },
  };
}

function gather(samples: readonly MotionSample[], isComplete = true): MotionEvidence {
  const evidence = new EpisodeEvidence({ sensitivity: 'medium', decode: 'auto', frameRate: 5 });
  for (const sample of samples) evidence.add(sample, true);
  return evidence.evidence(samples[0]?.capturedAt ?? epoch, isComplete);
}

const field = fc.integer({ min: 0, max: columns * rows - 1 });
const reading = fc
  .record({
    track: fc.integer({ min: 1, max: 40 }),
    x: fc.double({ min: 0, max: 1, noNaN: true }),
    y: fc.double({ min: 0, max: 1, noNaN: true }),
    area: fc.double({ min: 0.0006, max: 1, noNaN: true }),
    flicker: fc.double({ min: 0, max: 2, noNaN: true }),
    missing: fc.double({ min: 0, max: 0.3, noNaN: true }),
    inside: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  })
  .map((change): SubjectReading => Object.assign({}, subject, change));
const step = fc.record({
  afterMs: fc.integer({ min: 1, max: 6_000 }),
  moved: fc.uniqueArray(field, { maxLength: 40 }),
  subjects: fc.uniqueArray(reading, { maxLength: 4, selector: ({ track }) => track }),
});

/** Frames of every subject are counted on. */
function samplesOf(
  steps: readonly { afterMs: number; moved: number[]; subjects: SubjectReading[] }[],
): MotionSample[] {
  let time = 0;
  const frames = new Map<number, number>();
  return steps.map(({ afterMs, moved, subjects }) => {
    time += afterMs;
    const counted = subjects.map((each) => {
      const followed = (frames.get(each.track) ?? 0) + 1;
      frames.set(each.track, followed);
      return { ...each, framesFollowed: followed, framesFound: followed };
    });
    return sampleAt(time, moved, counted);
  });
}

test('the heat is the time that the frames stand for, in the fields that moved in them', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const { heat, frames } = gather(samplesOf(steps));
      const expected = new Float64Array(columns * rows);
      for (const [index, { afterMs, moved }] of steps.entries()) {
        const seconds = index === 0 ? 0.2 : Math.min(5, afterMs / 1000);
        for (const each of moved) expected[each] = (expected[each] ?? 0) + seconds;
      }
      expect(frames).toBe(steps.length);
      expect(heat.seconds).toHaveLength(heat.columns * heat.rows);
      for (const [index, seconds] of heat.seconds.entries()) {
        expect(seconds).toBeCloseTo(expected[index] ?? 0, 1);
      }
    }),
    { numRuns: 60 },
  );
});

test('however long it is, its first and last frame are kept, in order, and it has a bound', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (steps, times) => {
        const samples = samplesOf(Array.from({ length: times }, () => steps).flat());
        const evidence = gather(samples);
        const at = evidence.samples.map(({ atMs }) => atMs);
        const [first, last] = [samples[0], samples.at(-1)];
        expect(at[0]).toBe(0);
        expect(at.at(-1)).toBe((last?.mediaTimeMs ?? 0) - (first?.mediaTimeMs ?? 0));
        expect(at).toEqual(at.toSorted((a, b) => a - b));
        expect(at.length).toBeLessThanOrEqual(120);
        // Two a second, and the last one.
        for (const [index, each] of at.slice(1, -1).entries()) {
          expect(each - (at[index] ?? 0)).toBeGreaterThanOrEqual(500);
        }
        expect(evidence.path?.points.length ?? 0).toBeLessThanOrEqual(64);
        expect(Buffer.byteLength(JSON.stringify(evidence))).toBeLessThanOrEqual(maxEvidenceBytes);
        expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
      },
    ),
    { numRuns: 30 },
  );
});

test('of five minutes what is left out is left out evenly', () => {
  const samples = Array.from({ length: 1500 }, (_, index) => sampleAt(index * 200, []));
  const at = gather(samples).samples.map(({ atMs }) => atMs);
  const gaps = at.slice(1, -1).map((each, index) => each - (at[index] ?? 0));
  expect(at.length).toBeGreaterThan(50);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(1.5 * Math.min(...gaps));
});

test('long names of many zones take the place of samples', () => {
  const zones = Array.from({ length: 10 }, (_, index) => `${index}${'ü'.repeat(49)}`);
  const samples = Array.from({ length: 1500 }, (_, index) => ({
    ...sampleAt(index * 200, [index % 576]),
    zones,
  }));
  const evidence = gather(samples);
  expect(Buffer.byteLength(JSON.stringify(evidence))).toBeLessThanOrEqual(maxEvidenceBytes);
  expect(evidence.samples.length).toBeGreaterThanOrEqual(8);
  expect(evidence.samples[0]?.atMs).toBe(0);
  expect(evidence.samples.at(-1)?.atMs).toBe(1499 * 200);
});

test('the guards are in the order of their margins, which follow from value and limit', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const { guards, path } = gather(samplesOf(steps));
      expect(guards.length > 0).toBe(path !== null);
      expect(guards.map(({ margin }) => margin)).toEqual(
        guards.map(({ margin }) => margin).toSorted((a, b) => a - b),
      );
      expect(new Set(guards.map(({ name }) => name)).size).toBe(guards.length);
      const ratios = guards
        // What is told is rounded.
        .filter(({ value }) => value > 0.01)
        .map(({ margin, value, limit, side }) => [
          margin,
          Math.min(maxMargin, side === 'least' ? value / limit : limit / value),
        ]);
      for (const [margin = 0, ratio = 0] of ratios) expect(margin / ratio).toBeCloseTo(1, 1);
    }),
    { numRuns: 60 },
  );
});

test('a guard that looks at each frame is told by the worst of three frames in a row, where that is best', () => {
  const areas = [0.0006, 0.003, 0.009, 0.0012, 0.0018, 0.0024, 0.0006];
  const samples = areas.map((area, index) =>
    sampleAt(index * 200, [], [{ ...subject, area, framesFound: index + 4, framesFollowed: index + 5 }]),
  );
  const small = gather(samples).guards.find(({ name }) => name === 'small');
  expect(small).toMatchObject({ margin: 2, value: 0.0012, limit: 0.0006 });
  const brief = gather(samples).guards.find(({ name }) => name === 'brief');
  expect(brief).toMatchObject({ value: 7, limit: 3 });
});

test('frames that are not of the event pass the time and nothing else', () => {
  const evidence = new EpisodeEvidence({ sensitivity: 'medium', decode: 'auto', frameRate: 5 });
  evidence.add(sampleAt(0, [3]), false);
  evidence.add({ ...sampleAt(400, [3]), isMotion: false }, true);
  evidence.add(sampleAt(500, [7]), true);
  const told = evidence.evidence(epoch + 500, false);
  expect(told).toMatchObject({ frames: 1, isComplete: false, path: null, guards: [] });
  expect(told.heat.seconds[3]).toBe(0);
  expect(told.heat.seconds[7]).toBe(0.1);
  evidence.clear();
  expect(evidence.evidence(epoch, true)).toMatchObject({ frames: 0, samples: [] });
});

test('who walks through the yard leaves heat where he went, and his way', () => {
  const detector = createMotionDetector({ sensitivity: 'high', frameRate: 5 });
  const gathered = new EpisodeEvidence({ sensitivity: 'high', decode: 'auto', frameRate: 5 });
  const view = walker(8, 24, 16, 40, 120);
  for (let index = 0; index < 100; index += 1) {
    gathered.add(detector.detect(frameOf(view, index, 5, 4)), true);
  }
  const told = gathered.evidence(epoch, true);
  expect(told.frames).toBeGreaterThan(10);
  const { path } = told;
  const [from, to] = [path?.points[0], path?.points.at(-1)];
  expect(Math.abs((to?.x ?? 0) - (from?.x ?? 0))).toBeGreaterThan(0.3);
  expect(path?.length).toBeGreaterThan(0.3);
  for (const { margin } of told.guards) expect(margin).toBeGreaterThanOrEqual(1);
  for (const { areas } of told.samples) {
    expect(areas.high ?? 0).toBeGreaterThanOrEqual(sensitivityScales.high.minShare * 0.9);
    expect(areas.high ?? 0).toBeGreaterThanOrEqual(areas.medium ?? 0);
    expect(areas.medium ?? 0).toBeGreaterThanOrEqual(areas.low ?? 0);
  }
  // Warm where the path is, cold where nobody was.
  for (const { x, y } of path?.points.slice(3, -3) ?? []) {
    const at = Math.floor(y * told.heat.rows) * told.heat.columns + Math.floor(x * told.heat.columns);
    expect(told.heat.seconds[at]).toBeGreaterThan(0);
  }
  expect(told.heat.seconds.slice(0, told.heat.columns).every((seconds) => seconds === 0)).toBe(true);
});
