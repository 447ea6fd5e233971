import type { EventQuery } from '../../src/store/event-store.ts';
import { firstDay } from './store-events.ts';

const dayMs = 86_400_000;

function day(round: number): number {
  return firstDay + ((round * 37) % 365) * dayMs;
}

function week(round: number): Partial<EventQuery> {
  return { startTime: day(round), endTime: day(round) + 7 * dayMs + 12_345 };
}

function behind(round: number): Partial<EventQuery> {
  return { after: { timestamp: day(round), id: 'ffffffff' } };
}

type Ask = (round: number) => Partial<EventQuery>;

/** What is asked of a store of a year; the round varies cameras, days and words so that no answer is the one before. */
export function questions(cameraIds: readonly string[]): readonly (readonly [name: string, ask: Ask])[] {
  const camera = (round: number): string => cameraIds[round % cameraIds.length] ?? '';
  const quiet = cameraIds.at(-1) ?? '';
  const person = 'person';
  return [
    ['list, newest first', () => ({})],
    ['list, 500 at once', () => ({ limit: 500 })],
    ['list, deep by cursor', behind],
    ['list, offset 100,000', () => ({ offset: 100_000 })],
    ['one camera', (round) => ({ cameraIds: [camera(round)] })],
    ['three cameras', (round) => ({ cameraIds: [0, 1, 2].map((step) => camera(round + step)) })],
    ['a week', week],
    ['commonest label', () => ({ objectTypes: [person] })],
    ['rare label', () => ({ objectTypes: ['bird'] })],
    ['two labels', () => ({ objectTypes: ['cat', 'dog'] })],
    ['status failed', () => ({ descriptionStatus: 'failed' })],
    ['alert', () => ({ alertTriggered: true })],
    ['starred', () => ({ isStarred: true })],
    ['feedback', () => ({ userFeedback: 'wrong' })],
    ['source api', () => ({ source: 'api' })],
    ['confidence from 90', () => ({ minConfidence: 90 })],
    ['confidence from 99.9', () => ({ minConfidence: 99.9 })],
    ['camera and label', (round) => ({ cameraIds: [camera(round)], objectTypes: [person] })],
    [
      'camera, label, confidence',
      (round) => ({ cameraIds: [camera(round)], objectTypes: ['cat'], minConfidence: 95 }),
    ],
    ['alert and label', () => ({ alertTriggered: true, objectTypes: [person] })],
    ['starred, quiet camera', () => ({ isStarred: true, cameraIds: [quiet] })],
    [
      'everything at once',
      (round) => ({
        ...week(round),
        cameraIds: [camera(round)],
        objectTypes: [person],
        minConfidence: 70,
        alertTriggered: true,
        descriptionStatus: 'done',
        source: 'motion',
      }),
    ],
    ['search, commonest word', () => ({ searchQuery: person })],
    ['search, commonest word, deep', (round) => ({ searchQuery: person, ...behind(round) })],
    ['search, middle word', () => ({ searchQuery: 'umbrella' })],
    [
      'search, rare word',
      (round) => ({ searchQuery: ['zeppelin', 'accordion', 'unicycle'][round % 3] ?? '' }),
    ],
    ['search, a word that is not there', () => ({ searchQuery: 'xylophone' })],
    ['search, three words', () => ({ searchQuery: 'person gate raining' })],
    ['search, phrase', () => ({ searchQuery: '"front door"' })],
    ['search, prefix', () => ({ searchQuery: 'umbr*' })],
    ['search, prefix of the commonest word', () => ({ searchQuery: 'pers*' })],
    ['search, commonest word and camera', (round) => ({ searchQuery: person, cameraIds: [camera(round)] })],
    ['search, commonest word and label', () => ({ searchQuery: person, objectTypes: ['cat'] })],
    ['search, commonest word and a week', (round) => ({ searchQuery: person, ...week(round) })],
    ['search, commonest word and starred', () => ({ searchQuery: person, isStarred: true })],
    ['search, commonest word and alert', () => ({ searchQuery: person, alertTriggered: true })],
    ['search, commonest word and failed', () => ({ searchQuery: person, descriptionStatus: 'failed' })],
    ['search, commonest word and confidence', () => ({ searchQuery: person, minConfidence: 99.5 })],
    ['search, rare word and camera', (round) => ({ searchQuery: 'ladder', cameraIds: [camera(round)] })],
    ['ranked, commonest word', () => ({ searchQuery: person, sortBy: 'relevance' })],
    ['ranked, rare word', () => ({ searchQuery: 'ladder', sortBy: 'relevance' })],
    [
      'ranked, commonest word and camera',
      (round) => ({ searchQuery: person, cameraIds: [camera(round)], sortBy: 'relevance' }),
    ],
  ];
}

/** Filters put together by chance, some of which fit next to nothing: a way that is chosen badly shows here. */
export function randomFilter(random: () => number, cameraIds: readonly string[]): Partial<EventQuery> {
  const pick = <Value>(values: readonly Value[]): Value | undefined =>
    random() < 0.35 ? values[Math.floor(random() * values.length)] : undefined;
  const cameras = pick([cameraIds.slice(0, 1), cameraIds.slice(-1), cameraIds.slice(0, 3), cameraIds]);
  const labels = pick([['person'], ['bird'], ['cat', 'dog'], ['person', 'car'], ['zebra']]);
  const minConfidence = pick([60, 90, 99.5, 99.9, 100]);
  const descriptionStatus = pick(['done', 'failed', 'pending'] as const);
  const alertTriggered = pick([true, false]);
  const isStarred = pick([true, false]);
  const source = pick(['api', 'motion'] as const);
  const userFeedback = pick(['wrong', 'correct'] as const);
  const round = Math.floor(random() * 365);
  return {
    ...(cameras !== undefined && { cameraIds: cameras }),
    ...(labels !== undefined && { objectTypes: labels }),
    ...(minConfidence !== undefined && { minConfidence }),
    ...(descriptionStatus !== undefined && { descriptionStatus }),
    ...(alertTriggered !== undefined && { alertTriggered }),
    ...(isStarred !== undefined && { isStarred }),
    ...(source !== undefined && { source }),
    ...(userFeedback !== undefined && { userFeedback }),
    ...pick([week(round), behind(round), { startTime: day(round) }]),
    sortOrder: random() < 0.5 ? 'asc' : 'desc',
  };
}

/** Words of every kind, alone and together, as people type them. */
export function randomWords(random: () => number): string {
  const words = ['person', 'umbrella', 'zeppelin', 'person gate raining', 'pers*', '"front door"', 'fox'];
  return words[Math.floor(random() * words.length)] ?? '';
}
