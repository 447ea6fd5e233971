import { assert, double, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { noise } from '../../test/support/gray-views.ts';
import { createCellGrid } from './cell-grid.ts';
import { LightWitness } from './light-witness.ts';

const grid = createCellGrid(320, 180);
const region = { area: 40 * 30, left: 50, top: 30, right: 89, bottom: 59 };
const labels = new Int16Array(grid.count);
for (let y = region.top; y <= region.bottom; y += 1) {
  labels.fill(1, y * grid.width + region.left, y * grid.width + region.right + 1);
}
const spread = new Float32Array(grid.count).fill(1);

/** Ground whose detail is so many levels strong. */
function ground(detail: number): Float32Array {
  return Float32Array.from({ length: grid.count }, (_, cell) => 90 + noise(cell, 1, detail));
}

function seesGround(frame: Float32Array, scene: Float32Array): boolean {
  return new LightWitness(grid).seesGround(region, 1, labels, frame, scene, spread);
}

test('light that differs from place to place, as strong as it may be, shows the ground', () => {
  const scene = ground(12);
  assert(
    property(double({ min: 0.3, max: 3, noNaN: true }), integer({ min: 3, max: 20 }), (gain, period) => {
      const lit = scene.map(
        (level, cell) => level * gain * (1 + 0.3 * Math.sin((cell % grid.width) / period)),
      );
      expect(seesGround(lit, scene)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('a subject hides it, whatever it looks like', () => {
  const scene = ground(12);
  assert(
    property(integer({ min: 0, max: 255 }), integer({ min: 0, max: 30 }), (level, detail) => {
      const subject = scene.map((_, cell) => level + noise(cell, 2, detail));
      expect(seesGround(subject, scene)).toBe(false);
    }),
    { numRuns: 30 },
  );
});

test('a subject that casts a shadow as large as itself hides it', () => {
  const scene = ground(12);
  const frame = scene.map((level, cell) => (cell % grid.width < 70 ? 40 + noise(cell, 3, 8) : level * 0.6));
  expect(seesGround(frame, scene)).toBe(false);
});

test('ground without detail says nothing, and neither does a small region', () => {
  const bare = new Float32Array(grid.count).fill(90);
  expect(
    seesGround(
      bare.map((level) => level * 1.5),
      bare,
    ),
  ).toBe(false);
  const scene = ground(12);
  const witness = new LightWitness(grid);
  const lit = scene.map((level) => level * 1.5);
  expect(witness.seesGround({ ...region, area: 100 }, 1, labels, lit, scene, spread)).toBe(false);
});
