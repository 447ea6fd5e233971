import { expect, test } from 'vitest';
import { exampleEvidence } from '../../test/support/store-examples.ts';
import { explainMotion } from '../core/explain-motion.ts';
import { fileReport, quietRecording } from './scan-report.ts';

const event = {
  file: 'yard.mp4',
  start: 9.4,
  end: 3_675,
  labels: ['person'],
  description: null,
  thumbnail: null,
};

test('a recording with events tells them, and why where that was asked for', () => {
  expect(fileReport('yard.mp4', [event], undefined)).toEqual([
    'yard.mp4: 1 event',
    '  0:09.4 – 1:01:15.0  person',
  ]);
  const evidence = exampleEvidence();
  const told = { ...event, why: explainMotion(evidence), guards: evidence.guards };
  expect(fileReport('yard.mp4', [told], undefined)).toEqual([
    'yard.mp4: 1 event',
    '  0:09.4 – 1:01:15.0  person',
    "      Something of 1.2 % of the picture moved 34 % of the picture's width to the right in 6.2 s; found in 28 of 30 frames. Nearest guard: size, 2.0 times the smallest subject.",
    '        2.0 ×  size, 2.0 times the smallest subject',
    '        9.3 ×  persistence, found in 28 frames (at least 3)',
  ]);
});

test('a recording without events tells what was nearest', () => {
  const frames = new Map([
    ['small', 1],
    ['quiet', 598],
  ] as const);
  const guard = {
    name: 'small',
    margin: 0.67,
    value: 0.0004,
    limit: 0.0006,
    side: 'least',
    unit: 'picture',
  } as const;
  const nearest = { area: 0.0004, guard, mediaTimeMs: 12_040 };
  expect(fileReport('yard.mp4', [], { frames, nearest })).toEqual([
    'yard.mp4: nothing happened',
    '      599 frames: 598 quiet, 1 small.',
    '      Nearest to an event at 0:12.0: something of 0.04 % of the picture; size, 0.7 times the smallest subject.',
  ]);
  expect(fileReport('yard.mp4', [], { frames, nearest: undefined }).at(-1)).toBe(
    '      Nothing differed from the scene.',
  );
  expect(fileReport('yard.mp4', [], undefined)).toEqual(['yard.mp4: nothing happened']);
  expect(quietRecording('yard.mp4', { frames, nearest })).toEqual({
    file: 'yard.mp4',
    start: null,
    end: null,
    labels: [],
    description: null,
    thumbnail: null,
    why: '599 frames: 598 quiet, 1 small. Nearest to an event at 0:12.0: something of 0.04 % of the picture; size, 0.7 times the smallest subject.',
    guards: [guard],
    frames: { small: 1, quiet: 598 },
    nearest_at: 12.04,
  });
  expect(quietRecording('yard.mp4', { frames, nearest: undefined })).toMatchObject({
    guards: [],
    nearest_at: null,
  });
});
