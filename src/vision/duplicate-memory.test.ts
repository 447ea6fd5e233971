import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Description } from '../core/event.ts';
import { DuplicateMemory, looksSame, type EventLook } from './duplicate-memory.ts';

const minute = 60_000;
const look: EventLook = {
  capturedAt: 0,
  frame: 0xffff_0000_ffff_0000n,
  subject: 0x0f0f_0f0f_0f0f_0f0fn,
  box: [0.2, 0.2, 0.2, 0.4],
  labels: ['person'],
};

function description(text: string): Description {
  return {
    text,
    title: null,
    confidence: null,
    objects: [],
    actions: [],
    isNothingOfInterest: false,
    detections: [],
    provider: 'openai',
    model: null,
    costUsd: 0.001,
    usage: null,
  };
}

const remembered = { eventId: 'event-1', description: description('A person at the door.') };

test('the same scene with the same subject at the same place is found, minutes later', () => {
  const memory = new DuplicateMemory();
  memory.remember('yard', look, remembered);
  expect(memory.find('yard', { ...look, capturedAt: 9 * minute, frame: look.frame ^ 7n })).toMatchObject(
    remembered,
  );
});

test.for([
  ['another camera', 'street', look],
  ['much later', 'yard', { ...look, capturedAt: 11 * minute }],
  ['another scene', 'yard', { ...look, frame: ~look.frame & 0xffff_ffff_ffff_ffffn }],
  ['another subject', 'yard', { ...look, subject: look.subject ^ 0xffffn }],
  ['another place', 'yard', { ...look, box: [0.5, 0.2, 0.2, 0.4] as const }],
  ['other things', 'yard', { ...look, labels: ['dog'] }],
  ['more of them', 'yard', { ...look, labels: ['person', 'person'] }],
] as const)('%s is another event', ([, camera, other]) => {
  const memory = new DuplicateMemory();
  memory.remember('yard', look, remembered);
  expect(memory.find(camera, other)).toBeUndefined();
});

const anyLook = fc.record({
  capturedAt: fc.nat(30 * minute),
  frame: fc.bigInt({ min: 0n, max: 15n }),
  subject: fc.bigInt({ min: 0n, max: 15n }),
  box: fc.constant([0.1, 0.1, 0.2, 0.2] as const),
  labels: fc.constantFrom(['person'], ['car']),
});

test('looking the same goes both ways, and everything looks like itself', () => {
  fc.assert(fc.property(anyLook, anyLook, (a, b) => looksSame(a, a) && looksSame(a, b) === looksSame(b, a)));
});

test('it never holds more than it may, and only finds what was put in for that camera in time', () => {
  const step = fc.record({ camera: fc.constantFrom('a', 'b', 'c', 'd'), look: anyLook });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new DuplicateMemory({ capacity: 10, perCamera: 4 });
      const put: { camera: string; look: EventLook; eventId: string }[] = [];
      for (const [index, { camera, look: seen }] of steps.entries()) {
        const found = memory.find(camera, seen);
        const source = put.find(({ eventId }) => eventId === found?.eventId);
        const isRight =
          source !== undefined &&
          source.camera === camera &&
          looksSame(source.look, seen) &&
          Math.abs(source.look.capturedAt - seen.capturedAt) <= 10 * minute;
        expect(found === undefined || isRight).toBe(true);
        const eventId = `event-${index}`;
        memory.remember(camera, seen, { eventId, description: description(eventId) });
        put.push({ camera, look: seen, eventId });
        expect(memory.size).toBeLessThanOrEqual(10);
      }
    }),
  );
});
