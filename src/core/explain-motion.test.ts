import { expect, test } from 'vitest';
import { exampleEvidence } from '../../test/support/store-examples.ts';
import { explainEvent, explainGuard, explainMotion } from './explain-motion.ts';
import type { EventMotion } from './event.ts';
import type { GuardMargin } from './motion-evidence.ts';

const motion: EventMotion = { score: 0.4, regions: [], zones: [], reason: 'motion' };
const walked =
  "Something of 1.2 % of the picture moved 34 % of the picture's width to the right in 6.2 s; found in 28 of 30 frames.";

test('an event says what moved, and which guard was nearest', () => {
  const event = { source: 'motion', motion, endedAt: 1 } as const;
  expect(explainEvent(event, exampleEvidence())).toBe(
    `${walked} Nearest guard: size, 2.0 times the smallest subject.`,
  );
});

test('it says what is not known of it', () => {
  const event = { source: 'motion', motion, endedAt: 1 } as const;
  const byCamera = { ...event, motion: { ...motion, reason: 'camera' } } as const;
  const unseen = exampleEvidence({ path: null, guards: [] });
  expect(explainEvent({ ...event, source: 'api' }, undefined)).toContain('handed in through the API');
  expect(explainEvent({ ...event, source: 'manual' }, undefined)).toContain('Somebody asked for it');
  expect(explainEvent(event, undefined)).toContain('not kept');
  expect(explainEvent(byCamera, unseen)).toBe(
    'The camera itself said that something moves. In its pictures nothing was found that moves like a subject.',
  );
  expect(explainEvent(byCamera, exampleEvidence())).toContain(walked);
  const cut = exampleEvidence({ isComplete: false });
  expect(explainEvent({ ...event, endedAt: null }, cut)).toContain('It goes on: this is how it began.');
  expect(explainEvent(event, cut)).toContain('Only its first 6.0 s are known');
  expect(explainEvent(event, exampleEvidence({ decode: 'keyframes' }))).toContain(
    'only key frames are decoded',
  );
});

/** From the middle of the picture. */
function wayTo(x: number, y: number, length: number): string {
  const path = exampleEvidence().path;
  const points = [
    { x: 0.5, y: 0.5 },
    { x, y },
  ];
  return explainMotion(exampleEvidence({ guards: [], path: path && { ...path, points, length } }));
}

test('a way has its direction, its length, and the zones it led through', () => {
  expect(wayTo(0.2, 0.5, 0.3)).toContain("30 % of the picture's width to the left");
  expect(wayTo(0.52, 0.9, 0.25)).toContain("25 % of the picture's width down in");
  expect(wayTo(0.8, 0.1, 0.4)).toContain("40 % of the picture's width up and to the right");
  expect(wayTo(0.51, 0.5, 0.4)).toContain("40 % of the picture's width, there and back, in 6.2 s");
  expect(wayTo(0.51, 0.5, 0.005)).toContain('moved in its place in 6.2 s');
  const [sample] = exampleEvidence().samples;
  const samples = sample === undefined ? [] : [{ ...sample, zones: ['drive', 'gate'] }, sample];
  expect(explainMotion(exampleEvidence({ samples }))).toContain('in 6.2 s, in zones drive, gate; found in');
});

test('every guard can be told in words, above its limit and below', () => {
  const told: [GuardMargin, string][] = [
    [
      { name: 'small', margin: 0.67, value: 0.0004, limit: 0.0006, side: 'least', unit: 'picture' },
      'size, 0.7 times the smallest subject',
    ],
    [
      { name: 'small', margin: 99, value: 0.2, limit: 0.0006, side: 'least', unit: 'picture' },
      'size, more than 99 times the smallest subject',
    ],
    [
      { name: 'clutter', margin: 1.5, value: 18, limit: 12, side: 'least', unit: 'frames' },
      'rain, snow or insects, found in 18 frames (at least 12 among so much of its size)',
    ],
    [
      { name: 'flicker', margin: 0.5, value: 0.6, limit: 0.3, side: 'most', unit: 'changes' },
      'swinging, its place changes 0.60 times a second (at most 0.30)',
    ],
    [
      { name: 'whole_picture', margin: 1.05, value: 0.955, limit: 1, side: 'most', unit: 'times' },
      'change of the whole picture, 96 % of what is taken for one',
    ],
    [
      { name: 'outside_zones', margin: 3, value: 0.0018, limit: 0.0006, side: 'least', unit: 'picture' },
      'zones, 0.2 % of the picture lies in them (at least 0.06 %)',
    ],
  ];
  for (const [guard, text] of told) expect(explainGuard(guard)).toBe(text);
});
