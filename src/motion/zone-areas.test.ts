import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Zone } from '../core/camera-settings.ts';
import { createCellGrid, type CellGrid } from './cell-grid.ts';
import { emptyRegion, type CellRegion } from './regions.ts';
import { ZoneAreas } from './zone-areas.ts';
import { ZoneCells } from './zones.ts';

const wide = { width: 64, height: 36 };
const share = fc.double({ min: 0, max: 1, noNaN: true });

const zones = fc
  .array(
    fc.record({
      kind: fc.constantFrom<Zone['kind']>('include', 'exclude'),
      points: fc.array(fc.tuple(share, share), { minLength: 3, maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => list.map((zone, index): Zone => ({ name: `zone ${index}`, ...zone })));

/** Bounds in cells, inclusive. */
const extentIn = (grid: CellGrid): fc.Arbitrary<Pick<CellRegion, 'left' | 'top' | 'right' | 'bottom'>> =>
  fc
    .record({
      left: fc.nat(grid.width - 1),
      top: fc.nat(grid.height - 1),
      width: fc.integer({ min: 1, max: 40 }),
      height: fc.integer({ min: 1, max: 40 }),
    })
    .map(({ left, top, width, height }) => ({
      left,
      top,
      right: Math.min(grid.width - 1, left + width - 1),
      bottom: Math.min(grid.height - 1, top + height - 1),
    }));

test.each([wide, { width: 48, height: 36 }, { width: 36, height: 64 }])(
  'of a region that fills its box it says what the zones test of motion detection says, in $width × $height',
  (frame) => {
    const grid = createCellGrid(frame.width, frame.height);
    fc.assert(
      fc.property(zones, extentIn(grid), fc.integer({ min: 3, max: 60 }), (someZones, bounds, minArea) => {
        const { left, top, right, bottom } = bounds;
        const labels = new Int16Array(grid.count);
        for (let y = top; y <= bottom; y += 1)
          labels.fill(1, y * grid.width + left, y * grid.width + right + 1);
        const [width, height] = [right - left + 1, bottom - top + 1];
        const part = new ZoneCells(someZones, grid, frame.width, frame.height).partOf(
          { ...emptyRegion(), ...bounds, area: width * height },
          1,
          labels,
          new Uint8Array(grid.count).fill(1),
          minArea,
        );
        const counts = new ZoneAreas(someZones, frame).counts(
          {
            box: [left / grid.width, top / grid.height, width / grid.width, height / grid.height],
            area: (width * height) / grid.count,
          },
          minArea,
        );
        expect(counts).toBe(part !== undefined);
      }),
    );
  },
);

test('a sparse region counts by its area, not by its box', () => {
  const leftHalf: Zone = {
    name: 'left',
    kind: 'exclude',
    points: [
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ],
  };
  const areas = new ZoneAreas([leftHalf], wide);
  const grid = createCellGrid(wide.width, wide.height);
  // 16 × 9 cells, half of them on the right.
  const box = [0.375, 0.25, 0.25, 0.25] as const;
  expect(areas.counts({ box, area: 40 / grid.count }, 20)).toBe(true);
  expect(areas.counts({ box, area: 38 / grid.count }, 20)).toBe(false);
});
