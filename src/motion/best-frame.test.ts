import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MotionSample } from '../core/motion.ts';
import { FrameCandidates } from './best-frame.ts';

function sampleAt(mediaTimeMs: number, quality: number, isMotion = true): MotionSample {
  return {
    capturedAt: 1_000_000 + mediaTimeMs,
    mediaTimeMs,
    isMotion,
    score: 0.5,
    regions: [],
    zones: [],
    reason: isMotion ? 'motion' : 'quiet',
    quality,
  };
}

function candidatesOf(samples: readonly MotionSample[]): FrameCandidates {
  const candidates = new FrameCandidates();
  for (const sample of samples) candidates.add(sample);
  return candidates;
}

test('the frame of the highest quality comes first', () => {
  const candidates = candidatesOf([0.1, 0.3, 0.9, 0.2].map((quality, i) => sampleAt(i * 200, quality)));
  expect(candidates.pick(1).map((sample) => sample.mediaTimeMs)).toEqual([400]);
});

test('further frames are taken apart from the best, not beside it', () => {
  const qualities = [0.4, 0.4, 0.4, 0.85, 0.9, 0.85, 0.4, 0.4, 0.45];
  const candidates = candidatesOf(qualities.map((quality, i) => sampleAt(i * 200, quality)));
  const times = candidates.pick(3).map((sample) => sample.mediaTimeMs);
  expect(times[0]).toBe(800);
  expect(Math.abs((times[1] ?? 0) - 800)).toBeGreaterThan(200);
});

test('a frame without motion is no candidate', () => {
  expect(candidatesOf([sampleAt(0, 1, false)]).pick(3)).toEqual([]);
});

test('fewer candidates than wanted are all given', () => {
  expect(candidatesOf([sampleAt(0, 0), sampleAt(200, 0)]).pick(6)).toHaveLength(2);
});

test('however long the episode, candidates stay bounded, the best survives and none is given twice', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 300, size: 'max' }),
      fc.integer({ min: 1, max: 8 }),
      (qualities, count) => {
        const samples = qualities.map((quality, i) => sampleAt(i * 33, quality / 1000));
        const candidates = candidatesOf(samples);
        expect(candidates.size).toBe(Math.min(64, samples.length));
        expect(candidates.size + candidates.givenWayCount).toBe(samples.length);
        const picked = candidates.pick(count);
        expect(picked[0]?.quality).toBe(Math.max(...qualities) / 1000);
        expect(new Set(picked.map((sample) => sample.capturedAt)).size).toBe(
          Math.min(count, candidates.size),
        );
      },
    ),
  );
});
