import { expect, test } from 'vitest';
import { sentenceOf } from './sentence.ts';
import type { Subject } from './subjects.ts';

function subject(label: string, count = 1, more: Partial<Subject> = {}): Subject {
  const kind = label === 'person' ? 'person' : label === 'animal' || label === 'dog' ? 'animal' : 'vehicle';
  return { kind, label, labels: [label], count, score: 0.8, movement: undefined, carried: [], ...more };
}

test.each<[string, Subject[]]>([
  ['A person.', [subject('person')]],
  ['An animal.', [subject('animal')]],
  ['Two people and a car.', [subject('person', 2), subject('car')]],
  ['A person, two buses and an animal.', [subject('person'), subject('bus', 2), subject('animal')]],
  ['A person walks from left to right.', [subject('person', 1, { movement: 'from left to right' })]],
  ['Three people walk to the left.', [subject('person', 3, { movement: 'to the left' })]],
  ['A truck drives to the right.', [subject('truck', 1, { movement: 'to the right' })]],
  ['A bicycle moves to the right.', [subject('bicycle', 1, { movement: 'to the right' })]],
  ['Two dogs come closer.', [subject('dog', 2, { movement: 'closer' })]],
  [
    'A person with an umbrella goes away.',
    [subject('person', 1, { movement: 'away', carried: ['umbrella'] })],
  ],
  [
    'A person and a car. The car drives to the left.',
    [subject('person'), subject('car', 1, { movement: 'to the left' })],
  ],
  [
    'A person and a bicycle. The person moves to the left.',
    [subject('person', 1, { movement: 'to the left' }), subject('bicycle')],
  ],
  [
    'A person and an animal. The person walks to the left.',
    [subject('person', 1, { movement: 'to the left' }), subject('animal')],
  ],
  ['A person stays in place.', [subject('person', 1, { movement: 'in place' })]],
  ['14 vehicles.', [subject('vehicle', 14)]],
])('%s', (text, subjects) => {
  expect(sentenceOf(subjects, true)).toBe(text);
});

test('when nothing is recognised it says so, and speaks of motion only when there was some', () => {
  expect(sentenceOf([], true)).toBe('Motion, but nothing recognised.');
  expect(sentenceOf([], false)).toBe('Nothing recognised in the picture.');
});
