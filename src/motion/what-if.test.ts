import { expect, test } from 'vitest';
import type { Zone } from '../core/camera-settings.ts';
import { motionRule, wouldOpen, type RecordedMotion, type RecordedSample } from './what-if.ts';

function sample(atMs: number, change: Partial<RecordedSample> = {}): RecordedSample {
  return {
    atMs,
    regions: [{ box: [0.7, 0.4, 0.1, 0.2], area: 0.01 }],
    areas: { high: null, medium: 0.01, low: 0.008 },
    ...change,
  };
}

function recorded(...samples: RecordedSample[]): RecordedMotion {
  return { sensitivity: 'medium', samples };
}

const rightHalf: Zone = {
  name: 'right',
  kind: 'exclude',
  points: [
    [0.5, 0],
    [1, 0],
    [1, 1],
    [0.5, 1],
  ],
};
const onTheLeft = { regions: [{ box: [0.1, 0.4, 0.1, 0.2], area: 0.01 }] } as const;

test('motion opens an episode again under the settings with which it was recorded', () => {
  expect(wouldOpen(recorded(sample(0), sample(400)), motionRule('medium', []))).toBe(true);
  expect(wouldOpen(recorded(sample(0), sample(500), sample(1000)), motionRule('high', []))).toBe(true);
});

test('a single moving frame, or two that follow at once, open nothing', () => {
  expect(wouldOpen(recorded(sample(0)), motionRule('medium', []))).toBe(false);
  expect(wouldOpen(recorded(sample(0), sample(200)), motionRule('medium', []))).toBe(false);
  expect(wouldOpen(recorded(), motionRule('medium', []))).toBe(false);
});

test('a lower sensitivity asks for a larger subject, as long as an episode needs it', () => {
  const small = { areas: { high: null, medium: 0.003, low: 0.002 } };
  const low = motionRule('low', []);
  expect(wouldOpen(recorded(sample(0, small), sample(500, small), sample(1000, small)), low)).toBe(false);
  expect(wouldOpen(recorded(sample(0), sample(500, small), sample(1000), sample(1200, small)), low)).toBe(
    false,
  );
  expect(wouldOpen(recorded(sample(0, small), sample(500), sample(1000)), low)).toBe(true);
});

test('an excluded part of the picture lets only what is seen elsewhere open an episode', () => {
  const rule = motionRule('medium', [rightHalf]);
  expect(wouldOpen(recorded(sample(0), sample(500), sample(1000)), rule)).toBe(false);
  expect(
    wouldOpen(recorded(sample(0), sample(500, onTheLeft), sample(1000), sample(1500, onTheLeft)), rule),
  ).toBe(false);
  expect(wouldOpen(recorded(sample(0), sample(500, onTheLeft), sample(1000, onTheLeft)), rule)).toBe(true);
});
