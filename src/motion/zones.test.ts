import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Polygon, Zone } from '../core/camera-settings.ts';
import { containsPoint } from '../core/polygon.ts';
import { createCellGrid } from './cell-grid.ts';
import { emptyRegion } from './regions.ts';
import { ZoneCells } from './zones.ts';

/** As fine as a mouse draws: beyond that, rounding decides. */
const share = fc.integer({ min: 0, max: 4096 }).map((part) => part / 4096);
const polygon: fc.Arbitrary<Polygon> = fc.array(fc.tuple(share, share), { minLength: 3, maxLength: 8 });
const zone = fc.record({ kind: fc.constantFrom('include', 'exclude'), points: polygon });
const zones = fc
  .array(zone, { minLength: 1, maxLength: 10 })
  .map((list) => list.map(({ kind, points }, index): Zone => ({ name: `zone ${index}`, kind, points })));
const frameSize = fc.record({
  width: fc.integer({ min: 20, max: 400 }),
  height: fc.integer({ min: 15, max: 200 }),
});

function box(left: number, top: number, right: number, bottom: number): Polygon {
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

function include(name: string, points: Polygon): Zone {
  return { name, kind: 'include', points };
}

function exclude(name: string, points: Polygon): Zone {
  return { name, kind: 'exclude', points };
}

/** The bits of the cells of a picture of this size. */
function bitsIn(width: number, height: number, list: readonly Zone[]): Uint16Array {
  return new ZoneCells(list, createCellGrid(width, height), width, height).bits;
}

/** In a small picture, for speed. */
function bitsOf(list: readonly Zone[]): Uint16Array {
  return bitsIn(48, 27, list);
}

/** Cells where either counts. */
function union(a: Uint16Array, b: Uint16Array): boolean[] {
  return [...a].map((bits, cell) => bits !== 0 || b[cell] !== 0);
}

describe('the cells of a zone', () => {
  test('are those whose middle lies in the polygon, in pictures of any size', () => {
    fc.assert(
      fc.property(polygon, frameSize, (points, frame) => {
        const cells = createCellGrid(frame.width, frame.height);
        const expected = Array.from({ length: cells.count }, (_, cell) => {
          const x = ((cell % cells.width) + 0.5) * cells.pixelsPerSide;
          const y = (Math.floor(cell / cells.width) + 0.5) * cells.pixelsPerSide;
          return containsPoint(points, x / frame.width, y / frame.height) ? 1 : 0;
        });
        fc.pre(expected.includes(1));
        const { bits } = new ZoneCells([include('a', points)], cells, frame.width, frame.height);
        expect([...bits]).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test('are never none: a speck or a line has the cells that it touches', () => {
    const speck = bitsIn(320, 180, [include('a', box(0.5001, 0.5001, 0.5002, 0.5002))]);
    expect([...speck].filter((bits) => bits !== 0)).toHaveLength(1);
    expect(speck[45 * 160 + 80]).toBe(1);
    const line = bitsIn(320, 180, [include('a', box(0.25, 0.5001, 0.75, 0.5002))]);
    expect([...line].filter((bits) => bits !== 0).length).toBeGreaterThanOrEqual(80);
  });

  test('are the same in a picture of 320 × 180 and of 640 × 360', () => {
    fc.assert(
      fc.property(zones, (list) => {
        expect(bitsIn(640, 360, list)).toEqual(bitsIn(320, 180, list));
      }),
      { numRuns: 20 },
    );
  });
});

describe('zones together', () => {
  test('let a cell count in any include zone, or without one anywhere, and never in an exclude zone', () => {
    fc.assert(
      fc.property(zones, (list) => {
        const counted = bitsOf(list);
        const alone = list.map((each) => bitsOf([{ ...each, kind: 'include' }]));
        const isIn = (kind: Zone['kind'], cell: number): boolean =>
          list.some((each, index) => each.kind === kind && alone[index]?.[cell] !== 0);
        const hasInclude = list.some(({ kind }) => kind === 'include');
        const expected = Array.from(
          counted,
          (_, cell) => (!hasInclude || isIn('include', cell)) && !isIn('exclude', cell),
        );
        expect([...counted].map((bits) => bits !== 0)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('mean the same in any order, and one that excludes takes the same from each of those that include', () => {
    fc.assert(
      fc.property(polygon, polygon, polygon, (a, b, c) => {
        const both = bitsOf([include('a', a), include('b', b), exclude('c', c)]);
        const turned = bitsOf([exclude('c', c), include('b', b), include('a', a)]);
        const isCounted = [...both].map((bits) => bits !== 0);
        expect([...turned].map((bits) => bits !== 0)).toEqual(isCounted);
        const apart = union(
          bitsOf([include('a', a), exclude('c', c)]),
          bitsOf([include('b', b), exclude('c', c)]),
        );
        expect(apart).toEqual(isCounted);
      }),
      { numRuns: 200 },
    );
  });
});

describe('what counts of a region', () => {
  const [width, height] = [320, 180];
  const grid = createCellGrid(width, height);
  const labels = new Int16Array(grid.count);
  const isActive = new Uint8Array(grid.count).fill(1);
  /** Cells, inclusive. */
  const [left, top, right, bottom] = [60, 30, 79, 59];
  const region = { ...emptyRegion(), area: 600, left, top, right, bottom };
  for (let y = top; y <= bottom; y += 1) labels.fill(1, y * grid.width + left, y * grid.width + right + 1);

  function partIn(list: readonly Zone[], minArea = 9, active = isActive) {
    return new ZoneCells(list, grid, width, height).partOf(region, 1, labels, active, minArea);
  }

  test('is what lies inside, with its own bounds', () => {
    fc.assert(
      fc.property(zones, (list) => {
        const { bits } = new ZoneCells(list, grid, width, height);
        const inside = [...bits.keys()].filter((cell) => bits[cell] !== 0 && labels[cell] === 1);
        const part = partIn(list, 1);
        const columns = inside.map((cell) => cell % grid.width);
        const rows = inside.map((cell) => Math.floor(cell / grid.width));
        const expected =
          inside.length === 0
            ? undefined
            : {
                area: inside.length,
                left: Math.min(...columns),
                top: Math.min(...rows),
                right: Math.max(...columns),
                bottom: Math.max(...rows),
              };
        expect(
          part && { area: part.area, left: part.left, top: part.top, right: part.right, bottom: part.bottom },
        ).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('is nothing when less than the smallest subject reaches in', () => {
    // Two columns of two cells.
    const list = [include('a', box(0, 58 / 90, 62 / 160, 1))];
    expect(partIn(list, 9)).toBeUndefined();
    expect(partIn(list, 4)).toMatchObject({ area: 4, left: 60, right: 61, top: 58, bottom: 59 });
  });

  test('is enough for a zone that is smaller than a subject when half of the zone moves', () => {
    const whole = [include('mat', box(66 / 160, 40 / 90, 71 / 160, 45 / 90))];
    expect(partIn(whole, 58)).toMatchObject({ area: 25, needed: 13 });
    const third = [include('mat', box(78 / 160, 40 / 90, 84 / 160, 45 / 90))];
    expect(partIn(third, 58)).toBeUndefined();
  });

  test('may be spread over several zones, none of which has enough', () => {
    const list = [
      include('a', box(0, 0, 62 / 160, 35 / 90)),
      include('b', box(0, 35 / 90, 61 / 160, 40 / 90)),
    ];
    const cells = new ZoneCells(list, grid, width, height);
    const part = cells.partOf(region, 1, labels, isActive, 12);
    expect(part).toMatchObject({ area: 15, needed: 12 });
    expect(cells.namesOf(part === undefined ? [] : [part])).toEqual(['a', 'b']);
  });

  test('must move itself: what stands inside and moves outside does not count', () => {
    const list = [include('a', box(0, 0, 65 / 160, 1))];
    const moving = isActive.slice();
    for (let y = top; y <= bottom; y += 1) moving.fill(0, y * grid.width, y * grid.width + 65);
    expect(partIn(list, 9)).toBeDefined();
    expect(partIn(list, 9, moving)).toBeUndefined();
  });

  test('is named by the include zones that it lies in, in the order of the settings', () => {
    const list = [
      include('far', box(0.9, 0.9, 1, 1)),
      include('lawn', box(0, 0, 1, 1)),
      exclude('tree', box(0, 0, 0.1, 0.1)),
      include('path', box(70 / 160, 0, 1, 1)),
      include('touched by a column', box(79 / 160, 0, 1, 32 / 90)),
    ];
    const cells = new ZoneCells(list, grid, width, height);
    const part = cells.partOf(region, 1, labels, isActive, 9);
    expect(cells.namesOf(part === undefined ? [] : [part])).toEqual(['lawn', 'path']);
  });
});
