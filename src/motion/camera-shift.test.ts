import { expect, test } from 'vitest';
import { CameraShift } from './camera-shift.ts';
import { createCellGrid, shrinkMoved, shrinkToCells } from './cell-grid.ts';

const width = 320;
const height = 180;
const grid = createCellGrid(width, height);

/** Levels of a place with edges in all directions. */
function levelAt(x: number, y: number): number {
  return 120 + 60 * Math.sin(x / 5.3) * Math.cos(y / 6.1) + 30 * Math.sin((x + 2 * y) / 11);
}

function grayOf(shiftX: number, shiftY: number, gain = 1): Uint8Array {
  const gray = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      gray[y * width + x] = Math.max(0, Math.min(255, Math.round(gain * levelAt(x - shiftX, y - shiftY))));
    }
  }
  return gray;
}

function cellsOf(gray: Uint8Array): Float32Array {
  const cells = new Float32Array(grid.count);
  shrinkToCells(gray, width, grid, cells);
  return cells;
}

const scene = cellsOf(grayOf(0, 0));
const nothingHidden = new Uint8Array(grid.count);

test('a picture that has not moved is left as it is', () => {
  expect(new CameraShift(grid, nothingHidden).find(cellsOf(grayOf(0, 0)), scene, 1, 0, 0.2)).toBe(false);
});

test.each([
  [2, 0],
  [-3, 1],
  [0.8, -2.6],
  [4.5, 3.3],
])('a shift by %d and %d pixels is found and undone', (x, y) => {
  const shift = new CameraShift(grid, nothingHidden);
  const gray = grayOf(x, y);
  expect(shift.find(cellsOf(gray), scene, 1, 0, 0.2)).toBe(true);
  expect(shift.x * grid.pixelsPerSide).toBeCloseTo(x, 0);
  expect(shift.y * grid.pixelsPerSide).toBeCloseTo(y, 0);
  const restored = new Float32Array(grid.count);
  shrinkMoved(gray, width, grid, shift.x * 2, shift.y * 2, restored);
  expect(meanDifference(restored)).toBeLessThan(0.3 * meanDifference(cellsOf(gray)));
});

test('light that has changed and a large subject do not disturb it', () => {
  const shift = new CameraShift(grid, nothingHidden);
  const gray = grayOf(3, -2, 0.7);
  for (let y = 40; y < 140; y += 1) gray.fill(250, y * width + 100, y * width + 220);
  expect(shift.find(cellsOf(gray), scene, 0.7, 0, 0.2)).toBe(true);
  expect(shift.x * 2).toBeCloseTo(3, 0);
  expect(shift.y * 2).toBeCloseTo(-2, 0);
});

test('a plain wall has no landmarks, so nothing is ever moved', () => {
  const wall = new Float32Array(grid.count).fill(150);
  const shift = new CameraShift(grid, nothingHidden);
  expect(shift.find(cellsOf(grayOf(3, 0)), wall, 1, 0, 0.2)).toBe(false);
});

/** Away from the rim, where the scene that came in is unknown. */
function meanDifference(cells: Float32Array): number {
  let sum = 0;
  let count = 0;
  for (let y = 5; y < grid.height - 5; y += 1) {
    for (let x = 5; x < grid.width - 5; x += 1) {
      const cell = y * grid.width + x;
      sum += Math.abs((cells[cell] ?? 0) - (scene[cell] ?? 0));
      count += 1;
    }
  }
  return sum / count;
}
