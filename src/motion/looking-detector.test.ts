import { expect, test } from 'vitest';
import { frameOf, yard } from '../../test/support/gray-views.ts';
import { createLookingDetector } from './looking-detector.ts';
import { createMotionDetector } from './scene-detector.ts';

const options = { sensitivity: 'medium', frameRate: 5 } as const;

test('samples are those of the detector, and once a second they say what the picture looks like', () => {
  const looking = createLookingDetector(options);
  const plain = createMotionDetector(options);
  let lookCount = 0;
  for (let sequence = 0; sequence < 30; sequence += 1) {
    const frame = frameOf(yard, sequence);
    const { look, ...sample } = looking.detect(frame);
    expect(sample).toEqual(plain.detect(frame));
    if (look !== undefined) lookCount += 1;
  }
  expect(lookCount).toBe(6);
});

test('a clock that is set back does not end the looking', () => {
  const looking = createLookingDetector(options);
  const hourMs = 3_600_000;
  looking.detect(frameOf(yard, 0));
  const frame = frameOf(yard, 1);
  const { look } = looking.detect({ ...frame, capturedAt: frame.capturedAt - hourMs });
  expect(look).toBeDefined();
});
