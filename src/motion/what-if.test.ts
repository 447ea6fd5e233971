import { expect, test } from 'vitest';
import type { Zone } from '../core/camera-settings.ts';
import { heatGridOf } from '../core/motion-evidence.ts';
import { createCellGrid } from './cell-grid.ts';
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
  return { sensitivity: 'medium', samples, heat: heatGridOf(320, 180) };
}

function excluded(left: number, top: number, right: number, bottom: number): Zone {
  const points = [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ] as const;
  return { name: 'excluded', kind: 'exclude', points };
}

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
  const rule = motionRule('medium', [excluded(0.5, 0, 1, 1)]);
  expect(wouldOpen(recorded(sample(0), sample(500), sample(1000)), rule)).toBe(false);
  expect(
    wouldOpen(recorded(sample(0), sample(500, onTheLeft), sample(1000), sample(1500, onTheLeft)), rule),
  ).toBe(false);
  expect(wouldOpen(recorded(sample(0), sample(500, onTheLeft), sample(1000, onTheLeft)), rule)).toBe(true);
});

// The last row or column of cells lies outside the zone when its middle does.
test.each([
  { shape: 'wide', size: [320, 180], zone: excluded(0, 0, 0.9966, 1), isLeft: true },
  { shape: '4:3', size: [278, 208], zone: excluded(0, 0, 0.9966, 1), isLeft: false },
  { shape: 'wide', size: [320, 180], zone: excluded(0, 0, 1, 0.9965), isLeft: false },
  { shape: 'upright', size: [180, 320], zone: excluded(0, 0, 1, 0.9965), isLeft: true },
] as const)('what a zone leaves of motion in a $shape picture is that of its own cells', (example) => {
  const [width, height] = example.size;
  const regions = [{ box: [0.4, 0.4, 0.6, 0.6], area: 0.36 }] as const;
  const motion = {
    ...recorded(sample(0, { regions }), sample(500, { regions })),
    heat: heatGridOf(width, height),
  };
  const rule = motionRule('medium', [example.zone]);
  expect(rule.zonesOn(motion.heat)?.grid).toEqual(createCellGrid(width, height));
  expect(wouldOpen(motion, rule)).toBe(example.isLeft);
});
