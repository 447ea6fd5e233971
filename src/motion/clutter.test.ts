import { expect, test } from 'vitest';
import { createCellGrid } from './cell-grid.ts';
import { Clutter } from './clutter.ts';

const grid = createCellGrid(320, 180);

/** Rain of `drops` short-lived regions of 12 cells a frame, for some seconds at 5 fps. */
function clutterOf(drops: number, seconds: number, clutter = new Clutter(grid)): Clutter {
  for (let frame = 0; frame < seconds * 5; frame += 1) {
    clutter.forget(0.2);
    for (let drop = 0; drop < drops; drop += 1) {
      clutter.add((drop * 37) % grid.width, (drop * 23) % grid.height, 12, 12 * Clutter.energyOf(15), 1);
    }
    clutter.settle();
  }
  return clutter;
}

test('without clutter a region is believed after the least number of frames', () => {
  expect(clutterOf(0, 20).requiredHits(12, 3)).toBe(3);
});

test('the more clutter of its size there is, the longer a region must be followed', () => {
  const some = clutterOf(2, 20).requiredHits(12, 3);
  const much = clutterOf(20, 20).requiredHits(12, 3);
  expect(some).toBeGreaterThan(3);
  expect(much).toBeGreaterThan(some);
});

test('a region far larger than the clutter is believed as soon as ever', () => {
  expect(clutterOf(20, 20).requiredHits(200, 3)).toBe(3);
});

test('clutter raises the variance where it is, and is forgotten when it ends', () => {
  const clutter = clutterOf(20, 20);
  const wet = Math.max(...clutter.variance);
  expect(wet).toBeGreaterThan(1);
  clutterOf(0, 120, clutter);
  expect(Math.max(...clutter.variance)).toBeLessThan(wet / 20);
  expect(clutter.requiredHits(12, 3)).toBe(3);
});
