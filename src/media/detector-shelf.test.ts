import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import type { MotionDetector, MotionOptions } from '../motion/motion-detector.ts';
import { createMotionDetector } from '../motion/scene-detector.ts';
import { backgroundValidMs, DetectorShelf } from './detector-shelf.ts';

const medium: MotionOptions = { sensitivity: 'medium', frameRate: 5, zones: [], masks: [] };

interface Rig {
  readonly shelf: DetectorShelf;
  readonly clock: FakeClock;
  readonly first: MotionDetector;
}

/** The detector of a camera whose connection has just been lost. */
function lostCamera(): Rig {
  const clock = new FakeClock();
  const shelf = new DetectorShelf(clock, createMotionDetector);
  const first = shelf.take('yard', medium);
  shelf.keep('yard', medium, first);
  return { shelf, clock, first };
}

test('what was learnt of a scene outlives a short loss', async () => {
  const { shelf, clock, first } = lostCamera();
  await clock.advance(backgroundValidMs - 1);
  expect(shelf.take('yard', { ...medium })).toBe(first);
});

test('after a long loss the scene is learnt anew', async () => {
  const { shelf, clock, first } = lostCamera();
  await clock.advance(backgroundValidMs + 1);
  expect(shelf.take('yard', medium)).not.toBe(first);
});

test('a detector is of one camera, and of one connection at a time', () => {
  const { shelf, first } = lostCamera();
  expect(shelf.take('street', medium)).not.toBe(first);
  expect(shelf.take('yard', medium)).toBe(first);
  expect(shelf.take('yard', medium)).not.toBe(first);
});

test('with other settings the scene is learnt anew', () => {
  const { shelf, first } = lostCamera();
  const corner = [
    [0, 0],
    [0.2, 0],
    [0, 0.2],
  ] as const;
  expect(shelf.take('yard', { ...medium, masks: [corner] })).not.toBe(first);
});
