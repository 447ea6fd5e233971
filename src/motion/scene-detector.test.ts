import { expect, test } from 'vitest';
import {
  frameOf,
  noise,
  viewHeight as height,
  viewWidth as width,
  walker,
  yard,
  type View,
} from '../../test/support/gray-views.ts';
import type { MotionSample, Sensitivity } from '../core/motion.ts';
import { EpisodeTracker } from './episodes.ts';
import { createMotionDetector } from './scene-detector.ts';

interface Run {
  readonly seconds: number;
  readonly sensitivity?: Sensitivity;
  readonly frameRate?: number;
  readonly isPrimed?: boolean;
  readonly halfWidth?: number;
}

function watch(view: View, run: Run): MotionSample[] {
  const { seconds, sensitivity = 'medium', frameRate = 5, isPrimed = false, halfWidth = 4 } = run;
  const detector = createMotionDetector({ sensitivity, frameRate });
  const frames = Array.from({ length: seconds * frameRate }, (_, i) =>
    frameOf(view, i, frameRate, halfWidth),
  );
  if (isPrimed) detector.prime(frames.slice(0, 6 * frameRate));
  return frames.map((frame) => detector.detect(frame));
}

function movingTimes(samples: readonly MotionSample[]): number[] {
  return samples.filter((sample) => sample.isMotion).map((sample) => sample.mediaTimeMs / 1000);
}

const night: View = (x, y) => 60 + 40 * Math.cos(x / 5) * Math.sin(y / 11);

/** A soft shadow comes in from the left. */
const shaded: View = (x, y, t) => {
  const depth = Math.min(1, Math.max(0, (t * 30 - 300 - x) / 40));
  return yard(x, y, t) * (1 - 0.35 * depth);
};

/** A fence of sharp, dark posts. */
const fence: View = (x, y, t) => (Math.floor(x) % 23 < 5 && y > 40 && y < 140 ? 30 : yard(x, y, t));

/** Shakes by four pixels from the eighth second on. */
const shaking: View = (x, y, t) =>
  t < 8 ? fence(x, y, t) : fence(x + 4 * Math.sin(t * 17), y + 3 * Math.sin(t * 23), t);

/** A screen is switched on after ten seconds and shows one picture after the other. */
const screen: View = (x, y, t) =>
  t > 10 && x >= 140 && x < 180 && y >= 60 && y < 84
    ? 128 + 100 * Math.sin(x / (3 + (Math.floor(t * 2.5) % 5)) + Math.floor(t * 2.5))
    : yard(x, y, t);

const branch: View = (x, y, t) => {
  const middle = 200 + 9 * Math.sin(t * 4.3);
  return Math.abs(x - middle) < 8 && y > 20 && y < 70 ? 40 : yard(x, y, t);
};

/** Streaks of sixteen pixels, elsewhere in every frame. */
const rain: View = (x, y, t) => {
  const isStreak = noise(x * 16 + (y >> 4), Math.round(t * 5) + 1000, 1) > 0.967;
  return yard(x, y, t) + (isStreak ? 60 : 0);
};

const dusk: View = (x, y, t) => walker(14, 25, 16, 40, 30)(x, y, t) * (1 - 0.02 * Math.max(0, t - 10));

/** A car comes in after ten seconds and stays. */
const parked: View = (x, y, t) => {
  const left = Math.min(150, 40 * (t - 10) - 60);
  return t > 10 && x >= left && x < left + 60 && y >= 95 && y < 120 ? 200 : yard(x, y, t);
};

/** Somebody stands there at first and leaves after two seconds. */
const leaving: View = (x, y, t) => {
  const left = t < 2 ? 150 : 150 + 50 * (t - 2);
  return x >= left && x < left + 16 && y >= 80 && y < 120 ? 30 : yard(x, y, t);
};

test('the first six seconds are learnt, then a still scene is quiet', () => {
  const samples = watch(yard, { seconds: 20 });
  expect(samples.slice(0, 31).map((sample) => sample.reason)).toEqual(Array(31).fill('warming_up'));
  expect(new Set(samples.slice(31).map((sample) => sample.reason))).toEqual(new Set(['quiet']));
});

test('strong noise is learnt', () => {
  expect(movingTimes(watch(yard, { seconds: 30, halfWidth: 25 }))).toEqual([]);
});

test('exposure that rises by a third is compensated without a pause', () => {
  const samples = watch((x, y, t) => yard(x, y, t) * (1 + 0.33 * Math.min(1, Math.max(0, (t - 10) / 3))), {
    seconds: 25,
  });
  expect(movingTimes(samples)).toEqual([]);
  expect(samples.some((sample) => sample.reason === 'whole_picture')).toBe(false);
});

test('a picture that changes as a whole is learnt anew, and says so', () => {
  const samples = watch((x, y, t) => (t < 12 ? yard : night)(x, y, t), { seconds: 30 });
  expect(movingTimes(samples)).toEqual([]);
  expect(samples.find((sample) => sample.mediaTimeMs >= 12_000)?.reason).toBe('whole_picture');
  expect(samples.at(-1)?.reason).toBe('quiet');
});

test('the soft shadow of a cloud that passes is light', () => {
  expect(movingTimes(watch(shaded, { seconds: 30 }))).toEqual([]);
});

test('a camera that shakes by four pixels sees a still scene', () => {
  expect(movingTimes(watch(shaking, { seconds: 25 }))).toEqual([]);
});

test('what swings in place is no subject', () => {
  expect(movingTimes(watch(branch, { seconds: 40 }))).toEqual([]);
});

test('what changes in place without going anywhere is no subject', () => {
  expect(movingTimes(watch(screen, { seconds: 30 }))).toEqual([]);
});

test('streaks that are there for one frame each are no subject', () => {
  const samples = watch(rain, { seconds: 40 });
  const tracker = new EpisodeTracker({ frameRate: 5 });
  expect(samples.map((sample) => tracker.push(sample).kind)).not.toContain('opened');
  // Once the rain is known, not even a single frame is taken for motion.
  expect(movingTimes(samples.slice(100))).toEqual([]);
});

test('a walker is found within a second of coming in, where it is, until it has gone', () => {
  const samples = watch(walker(10, 30, 14, 36, 40), { seconds: 30 });
  const times = movingTimes(samples);
  expect(times[0]).toBeGreaterThanOrEqual(10);
  expect(times[0]).toBeLessThanOrEqual(11.2);
  // At 30 pixels a second its last column leaves 334 pixels later.
  expect(times.at(-1)).toBeGreaterThan(20);
  expect(times.at(-1)).toBeLessThan(22.5);
  const middle = samples.find((sample) => sample.mediaTimeMs === 15_000);
  const [x = 0, y = 0, w = 0, h = 0] = middle?.regions[0]?.box ?? [];
  expect(x + w / 2).toBeCloseTo((30 * 5 - 7) / width, 1);
  expect(y + h / 2).toBeCloseTo(102 / height, 1);
  expect(w).toBeLessThan(0.09);
  expect(middle?.score).toBeGreaterThan(0.5);
});

test('a subject of 0.15 % of the picture is found at medium, not at low', () => {
  const far = walker(10, 12, 6, 14, 40);
  expect(movingTimes(watch(far, { seconds: 30 })).length).toBeGreaterThan(50);
  expect(movingTimes(watch(far, { seconds: 30, sensitivity: 'low' }))).toEqual([]);
});

test('it is found during strong noise and while the exposure is being followed', () => {
  expect(movingTimes(watch(dusk, { seconds: 26, halfWidth: 14 })).length).toBeGreaterThan(30);
});

test('a recording that is primed is judged from its first frame on', () => {
  const busy = walker(-3, 30, 16, 40, 40);
  const primed = movingTimes(watch(busy, { seconds: 10, isPrimed: true }));
  expect(primed[0]).toBeLessThan(1.5);
  expect(movingTimes(watch(busy, { seconds: 5 }))).toEqual([]);
});

test('what stays is motion while it comes, and belongs to the scene afterwards', () => {
  const samples = watch(parked, { seconds: 50 });
  const times = movingTimes(samples);
  expect(times[0]).toBeLessThan(11.2);
  expect(times.at(-1)).toBeLessThan(18);
  expect(samples.at(-1)?.reason).toBe('quiet');
});

test('who stood in the picture while it was learnt leaves no ghost', () => {
  const samples = watch(leaving, { seconds: 20 });
  expect(movingTimes(samples)).toEqual([]);
  expect(new Set(samples.slice(31).map((sample) => sample.reason))).toEqual(new Set(['quiet']));
});

test('at 25 frames a second the same is found as at 5', () => {
  const walk = walker(9, 40, 14, 36, 40);
  const slow = movingTimes(watch(walk, { seconds: 16 }));
  const samples = watch(walk, { seconds: 16, frameRate: 25 });
  const fast = movingTimes(samples);
  // Frames that come soon after a judged one take its verdict.
  const verdicts = new Set(samples.filter((sample) => sample.isMotion).map((sample) => sample.regions));
  expect(verdicts.size).toBeLessThan(fast.length / 3);
  expect(Math.abs((fast[0] ?? 0) - (slow[0] ?? 0))).toBeLessThan(0.6);
  expect(fast.length).toBeGreaterThan(4 * slow.length);
});

test.each([
  ['8 frames a second thinned out to 5', 8, (i: number) => Math.ceil((i * 8) / 5)],
  ['3 frames a second', 3, (i: number) => i],
])('a camera of %s is watched as well as one of 5', (_, cameraRate, sequenceOf) => {
  const detector = createMotionDetector({ sensitivity: 'medium', frameRate: 5 });
  const walk = walker(12, 25, 14, 36, 40);
  const samples = Array.from({ length: 75 }, (_frame, i) => sequenceOf(i))
    .filter((sequence) => sequence < 15 * cameraRate)
    .map((sequence) => detector.detect(frameOf(walk, sequence, cameraRate)));
  const times = movingTimes(samples);
  expect(times[0]).toBeLessThan(14);
  expect(times.length).toBeGreaterThan(cameraRate);
  // Each was judged itself.
  const verdicts = new Set(samples.filter((sample) => sample.isMotion).map((sample) => sample.regions));
  expect(verdicts.size).toBe(times.length);
});

test('another size of picture is another scene, and is learnt from its first frame', () => {
  const detector = createMotionDetector({ sensitivity: 'medium', frameRate: 5 });
  for (let i = 0; i < 31; i += 1) detector.detect(frameOf(yard, i));
  const small = { ...frameOf(yard, 31), width: 160, height: 90, gray: new Uint8Array(160 * 90) };
  expect(detector.detect(small).reason).toBe('warming_up');
});
