import { expect, test } from 'vitest';
import type { AnalysisFrame } from '../core/frame.ts';
import { createCellGrid } from './cell-grid.ts';
import { emptyRegion, type CellRegion } from './regions.ts';
import { subjectQuality } from './subject-quality.ts';

const width = 320;
const height = 180;
const grid = createCellGrid(width, height);

/** Stripes that rise and fall by `step` levels a pixel. */
function frameOf(step: number): AnalysisFrame {
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i += 1) gray[i] = 128 + step * ((i % width) % 2);
  return { sequence: 0, capturedAt: 0, mediaTimeMs: 0, width, height, gray };
}

function regionAt(left: number, top: number, side: number): CellRegion {
  return { ...emptyRegion(), left, top, right: left + side - 1, bottom: top + side - 1, area: side * side };
}

test('a whole subject is better than the same one at the edge of the picture', () => {
  const frame = frameOf(20);
  const whole = subjectQuality(regionAt(60, 30, 20), frame, grid);
  for (const [left, top] of [
    [0, 30],
    [140, 30],
    [60, 0],
    [60, 70],
  ] as const) {
    expect(subjectQuality(regionAt(left, top, 20), frame, grid)).toBeLessThan(whole);
  }
});

test('a sharp subject is better than a soft one', () => {
  const region = regionAt(60, 30, 20);
  expect(subjectQuality(region, frameOf(20), grid)).toBeGreaterThan(subjectQuality(region, frameOf(4), grid));
});

test('a large subject is better than a small one, and nothing exceeds 1', () => {
  const frame = frameOf(100);
  const large = subjectQuality(regionAt(30, 5, 70), frame, grid);
  expect(large).toBeGreaterThan(subjectQuality(regionAt(60, 30, 10), frame, grid));
  expect(large).toBeLessThanOrEqual(1);
});
