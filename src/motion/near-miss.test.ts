import { expect, test } from 'vitest';
import { frameOf, walker, yard, type View } from '../../test/support/gray-views.ts';
import type { MotionSample } from '../core/motion.ts';
import { NearMissWatch, type QuietReport } from './near-miss.ts';
import { createMotionDetector } from './scene-detector.ts';

/** Ten seconds at five frames a second, the scene known from the first two. */
function watch(view: View): QuietReport {
  const detector = createMotionDetector({ sensitivity: 'low', frameRate: 5, isExplaining: true });
  const frames = Array.from({ length: 50 }, (_, index) => frameOf(view, index, 5, 2));
  detector.prime(frames.slice(0, 10));
  const misses = new NearMissWatch();
  for (const frame of frames) misses.push(detector.detect(frame));
  return misses.report();
}

test('who is too small for the sensitivity is what was nearest', () => {
  const { frames, nearest } = watch(walker(4, 40, 8, 14, 30));
  expect(frames.get('motion')).toBeUndefined();
  expect([...frames.values()].reduce((sum, count) => sum + count, 0)).toBe(50);
  expect(nearest?.guard).toMatchObject({ name: 'small', limit: 58 / 14_400 });
  expect(nearest?.guard.margin).toBeGreaterThan(0.2);
  expect(nearest?.guard.margin).toBeLessThan(1);
  expect(nearest?.mediaTimeMs).toBeGreaterThan(4_000);
});

/** A shadow falls on its middle after four seconds. */
const shaded: View = (x, y, t) => yard(x, y, t) * (t > 4 && x > 100 && x < 220 ? 0.75 : 1);

test('a shadow moves nothing, and it is told what held it back', () => {
  const { frames, nearest } = watch(shaded);
  expect(frames.get('motion')).toBeUndefined();
  expect(nearest?.guard.margin).toBeLessThan(1);
});

test('a still scene has nothing that was near', () => {
  const { frames, nearest } = watch(yard);
  expect(frames).toEqual(new Map([['quiet', 50]]));
  expect(nearest).toBeUndefined();
});

test('what moved in a frame or two was nearer than what never did', () => {
  const misses = new NearMissWatch();
  const quiet: MotionSample = {
    capturedAt: 0,
    mediaTimeMs: 0,
    isMotion: false,
    score: 0,
    regions: [],
    zones: [],
    reason: 'small',
    quality: 0,
    nearMiss: {
      area: 0.01,
      guard: { name: 'light', margin: 0.98, value: 0.71, limit: 0.7, side: 'most', unit: 'share' },
    },
  };
  const moving: MotionSample = {
    ...quiet,
    isMotion: true,
    reason: 'motion',
    regions: [{ box: [0, 0, 0.1, 0.1], area: 0.01 }],
  };
  for (const [index, sample] of [moving, moving, quiet, moving].entries()) {
    misses.push({ ...sample, mediaTimeMs: index * 200 });
  }
  const { nearest } = misses.report();
  expect(nearest).toMatchObject({ mediaTimeMs: 200, guard: { name: 'brief', value: 2, limit: 3 } });
});
