import type { Kind } from './kinds.ts';
import type { Movement } from './movement.ts';
import type { Subject } from './subjects.ts';

const numbers = [
  'no',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];
const irregularPlurals: Readonly<Record<string, string>> = { person: 'people', bus: 'buses', sheep: 'sheep' };

/** One or two sentences; says no more than what the subjects hold. */
export function sentenceOf(subjects: readonly Subject[], isMotionKnown: boolean): string {
  const [first, ...others] = subjects;
  if (first === undefined)
    return isMotionKnown ? 'Motion, but nothing recognised.' : 'Nothing recognised in the picture.';
  const who = listOf(subjects.map(nounOf));
  if (others.length === 0) {
    return capitalised(
      first.movement === undefined ? `${who}.` : `${who} ${predicateOf(first, first.movement, true)}.`,
    );
  }
  // Of several subjects the movement is told where it can be referred to without doubt.
  const moved = subjects.find((subject) => subject.movement !== undefined && subject.movement !== 'in place');
  if (moved?.movement === undefined) return capitalised(`${who}.`);
  const noun = moved.count === 1 ? moved.label : pluralOf(moved.label);
  // Who is seen with a bicycle may ride it.
  const isOnFoot = subjects.every(({ kind }) => kind !== 'vehicle');
  return `${capitalised(who)}. The ${noun} ${predicateOf(moved, moved.movement, isOnFoot)}.`;
}

/** What the subjects do, as far as it is known: `walks to the right`. */
export function actionsOf(subjects: readonly Subject[]): string[] {
  const isOnFoot = subjects.every(({ kind }) => kind !== 'vehicle') || subjects.length === 1;
  return [
    ...new Set(
      subjects.flatMap((subject) =>
        subject.movement === undefined ? [] : [predicateOf(subject, subject.movement, isOnFoot)],
      ),
    ),
  ];
}

function nounOf({ label, count, carried }: Subject): string {
  const noun = count === 1 ? withArticle(label) : `${numbers[count] ?? count} ${pluralOf(label)}`;
  const [item] = carried;
  return item === undefined ? noun : `${noun} with ${withArticle(item)}`;
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

function pluralOf(noun: string): string {
  return irregularPlurals[noun] ?? `${noun}s`;
}

function predicateOf({ kind, label, count }: Subject, movement: Movement, isOnFoot: boolean): string {
  const isOne = count === 1;
  if (movement === 'closer') return isOne ? 'comes closer' : 'come closer';
  if (movement === 'away') return isOne ? 'goes away' : 'go away';
  if (movement === 'in place') return isOne ? 'stays in place' : 'stay in place';
  const verb = verbOf(kind, label, isOnFoot);
  return `${isOne ? `${verb}s` : verb} ${movement}`;
}

function verbOf(kind: Kind, label: string, isOnFoot: boolean): string {
  if (kind === 'person') return isOnFoot ? 'walk' : 'move';
  return kind === 'vehicle' && label !== 'bicycle' ? 'drive' : 'move';
}

function listOf(nouns: readonly string[]): string {
  const last = nouns.at(-1) ?? '';
  return nouns.length < 2 ? last : `${nouns.slice(0, -1).join(', ')} and ${last}`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
