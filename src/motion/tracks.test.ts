import { expect, test } from 'vitest';
import { createCellGrid } from './cell-grid.ts';
import { Clutter } from './clutter.ts';
import { emptyRegion, type CellRegion } from './regions.ts';
import { Tracker } from './tracks.ts';

const grid = createCellGrid(320, 180);

function trackerOf(): Tracker {
  return new Tracker({
    clutter: new Clutter(grid),
    width: grid.width,
    height: grid.height,
    frameSeconds: 0.2,
  });
}

/** A thing of 6 × 12 cells that moves. */
function thingAt(x: number, y: number, darkShare: number): CellRegion {
  const [left, top] = [Math.round(x) - 3, Math.round(y) - 6];
  return {
    ...emptyRegion(),
    x,
    y,
    left,
    top,
    right: left + 5,
    bottom: top + 11,
    area: 72,
    activity: 1,
    darkShare,
  };
}

interface Flight {
  /** Frames. */
  readonly length: number;
  /** Cells a frame, to the right. */
  readonly step: number;
  readonly darkShare: number;
}

/** Frames until it counts as a subject; `undefined` when it never does. */
function framesToConfirm(
  tracker: Tracker,
  { length, step, darkShare }: Flight,
  startMs = 0,
): number | undefined {
  for (let i = 0; i < length; i += 1) {
    tracker.update([thingAt(8 + step * i, 45, darkShare)], new Uint8Array([1]), startMs + i * 200, false);
    if (tracker.tracks.some(({ isUsed, isConfirmed }) => isUsed && isConfirmed)) return i + 1;
  }
  return undefined;
}

/** Nothing is there for some frames. */
function pause(tracker: Tracker, startMs: number, frames: number): void {
  for (let i = 0; i < frames; i += 1) tracker.update([], new Uint8Array(0), startMs + i * 200, false);
}

test('who is fast and has dark parts counts within a second, as far as three lengths go in a frame', () => {
  for (const step of [10, 14, 20, 25]) {
    expect(framesToConfirm(trackerOf(), { length: 6, step, darkShare: 0.5 })).toBeLessThanOrEqual(4);
  }
});

test('what is fast and only brighter than the scene, as an insect in infrared light is, must stay longer', () => {
  expect(framesToConfirm(trackerOf(), { length: 5, step: 14, darkShare: 0 })).toBeUndefined();
});

test('among insects a bright thing must stay a second longer, a dark one not', () => {
  const seen = (darkShare: number): number | undefined => {
    const tracker = trackerOf();
    framesToConfirm(tracker, { length: 5, step: 14, darkShare: 0 });
    pause(tracker, 1000, 8);
    return framesToConfirm(tracker, { length: 20, step: 2, darkShare }, 2600);
  };
  const calm = framesToConfirm(trackerOf(), { length: 20, step: 2, darkShare: 0 }) ?? Number.NaN;
  expect(seen(0)).toBeGreaterThanOrEqual(calm + 5);
  expect(seen(0.5)).toBeLessThan(calm + 3);
});

test('insects are forgotten', () => {
  const tracker = trackerOf();
  framesToConfirm(tracker, { length: 5, step: 14, darkShare: 0 });
  pause(tracker, 1000, 5 * 180);
  expect(framesToConfirm(tracker, { length: 20, step: 2, darkShare: 0 }, 181_000)).toBeLessThan(6);
});
