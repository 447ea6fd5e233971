import { expect, test } from 'vitest';
import type { Detection } from '../core/event.ts';
import type { Box } from '../core/geometry.ts';
import { buildTracks, type SeenFrame } from './tracks.ts';

function framesOf(...frames: Detection[][]): SeenFrame[] {
  return frames.map((detections, index) => ({ capturedAt: index * 500, detections, regions: undefined }));
}

function seen(label: string, score: number, box: Box): Detection {
  return { label, score, box };
}

function labelsOf(...frames: Detection[][]): string[] {
  return buildTracks(framesOf(...frames)).map((track) => track.label);
}

test('two walkers who pass each other stay two tracks of the right length', () => {
  const tracks = buildTracks(
    framesOf(
      ...[0, 1, 2, 3].map((step) => [
        seen('person', 0.8, [0.3 + step * 0.05, 0.4, 0.06, 0.2]),
        seen('person', 0.8, [0.55 - step * 0.05, 0.6, 0.08, 0.3]),
      ]),
    ),
  );
  expect(tracks.map(({ sightings }) => sightings.length)).toEqual([4, 4]);
});

test('a vehicle whose name flips is a vehicle, one that is mostly a car is a car', () => {
  const box: Box = [0.3, 0.3, 0.3, 0.3];
  const [flipping] = buildTracks(framesOf([seen('car', 0.6, box)], [seen('truck', 0.6, box)]));
  expect(flipping?.label).toBe('vehicle');
  const [mostly] = buildTracks(
    framesOf([seen('car', 0.8, box)], [seen('car', 0.7, box)], [seen('bus', 0.4, box)]),
  );
  expect(mostly?.label).toBe('car');
});

test('a species is named only when it is sure, seen well and never contradicted', () => {
  const large: Box = [0.3, 0.3, 0.3, 0.3];
  const small: Box = [0.3, 0.3, 0.05, 0.05];
  expect(labelsOf([seen('dog', 0.9, large)], [seen('dog', 0.8, large)])).toEqual(['dog']);
  expect(labelsOf([seen('dog', 0.9, large)])).toEqual(['animal']);
  expect(labelsOf([seen('dog', 0.7, large)], [seen('dog', 0.7, large)])).toEqual(['animal']);
  expect(labelsOf([seen('bird', 0.9, small)], [seen('bird', 0.9, small)])).toEqual(['animal']);
  expect(labelsOf([seen('dog', 0.9, large)], [seen('dog', 0.9, large)], [seen('cat', 0.3, large)])).toEqual([
    'animal',
  ]);
});

test('a weak flash in one of several frames is not believed', () => {
  expect(buildTracks(framesOf([seen('person', 0.5, [0.3, 0.3, 0.1, 0.3])], [], []))).toEqual([]);
});

test('a weak answer over and over, on the same wall, is not believed either', () => {
  const wall = seen('person', 0.43, [0.22, 0.14, 0.14, 0.82]);
  expect(buildTracks(framesOf([wall], [wall], [wall]))).toEqual([]);
});

test('what is a person in one frame and an animal in the next is neither', () => {
  const box: Box = [0.3, 0.15, 0.08, 0.22];
  expect(buildTracks(framesOf([seen('person', 0.52, box)], [seen('bird', 0.5, box)]))).toEqual([]);
});

test('labels outside the allow-list make no track, but show that a thing was still there', () => {
  const box: Box = [0.15, 0.1, 0.2, 0.6];
  expect(buildTracks(framesOf([seen('cell phone', 0.9, box)], [seen('frisbee', 0.9, box)]))).toEqual([]);
  // Neither its other name in the same frame nor some other thing nearby takes the second sighting away from it.
  const car = seen('car', 0.46, [0.15, 0.12, 0.2, 0.58]);
  const others = [seen('microwave', 0.5, box), seen('frisbee', 0.5, [0.42, 0.1, 0.2, 0.6])];
  const tracks = buildTracks(framesOf([car, ...others], [seen('cell phone', 0.8, box)]));
  expect(tracks.map(({ label, sightings }) => [label, sightings.length])).toEqual([['car', 1]]);
});

test('a car that is a car only where it enters and leaves is one car', () => {
  const entering = seen('car', 0.39, [0.36, 0.6, 0.31, 0.4]);
  const leaving = seen('car', 0.48, [0.37, 0, 0.15, 0.12]);
  const between: Box[] = [
    [0.36, 0.38, 0.27, 0.62],
    [0.35, 0.17, 0.22, 0.6],
    [0.36, 0.05, 0.19, 0.54],
    [0.37, 0, 0.16, 0.3],
  ];
  const phones = between.map((box) => [seen('cell phone', 0.75, box)]);
  const tracks = buildTracks(framesOf([entering], ...phones, [leaving]));
  expect(tracks.map(({ label, score }) => [label, score])).toEqual([['car', 0.48]]);
});
