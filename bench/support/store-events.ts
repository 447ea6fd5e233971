import type { Description } from '../../src/core/event.ts';
import type { CapturedEvent } from '../../src/store/event-store.ts';

/** A number of 0 up to 1. */
type Random = () => number;

interface Subject {
  readonly label: string | undefined;
  readonly words: string;
  /** How often, in relation to the others. */
  readonly weight: number;
}

/** As the events of a house at a street are: people and cars mostly, a fox now and then. */
const subjects: readonly Subject[] = [
  { label: 'person', words: 'A person', weight: 300 },
  { label: 'person', words: 'A person in a dark jacket', weight: 120 },
  { label: 'person', words: 'A woman with a shoulder bag', weight: 60 },
  { label: 'person', words: 'A man with a backpack', weight: 60 },
  { label: 'person', words: 'A courier', weight: 25 },
  { label: 'car', words: 'A silver car', weight: 160 },
  { label: 'car', words: 'A black estate car', weight: 80 },
  { label: 'truck', words: 'A delivery van', weight: 40 },
  { label: 'bicycle', words: 'A cyclist', weight: 30 },
  { label: 'dog', words: 'A dog on a lead', weight: 40 },
  { label: 'cat', words: 'A grey cat', weight: 45 },
  { label: 'bird', words: 'A magpie', weight: 12 },
  { label: undefined, words: 'A fox', weight: 3 },
  { label: undefined, words: 'A hedgehog', weight: 0.3 },
  { label: undefined, words: 'A postwoman', weight: 8 },
];
const actions = [
  'walks along the path',
  'comes to the front door',
  'leaves by the gate',
  'crosses the street',
  'stops beside the hedge',
  'looks into the camera',
  'carries a box',
  'turns into the drive',
  'waits at the bell',
  'puts something on the step',
  'passes from left to right',
  'passes from right to left',
] as const;
const details = [
  'It is raining.',
  'The porch light is on.',
  'Nobody else is in sight.',
  'A second person follows at a distance.',
  'The gate stays open.',
  'The parked car does not move.',
  'Headlights reach the wall.',
  'An umbrella hides the face.',
  'The door opens after a moment.',
  'Snow covers the lawn.',
] as const;
/** Each of them in few events: rare words, as names and plates are. */
const rareWords = ['zeppelin', 'accordion', 'wheelbarrow', 'ladder', 'unicycle'] as const;
/** Events of an hour of the day in relation to the others: little at night, most in the afternoon. */
const dayRhythm = [1, 1, 1, 1, 1, 2, 5, 9, 10, 8, 8, 9, 10, 9, 9, 10, 12, 13, 11, 8, 6, 4, 3, 2];
const meanRhythm = dayRhythm.reduce((sum, share) => sum + share, 0) / dayRhythm.length;

const dayMs = 86_400_000;
export const firstDay = Date.UTC(2025, 0, 1);

/** The moments of `count` events within a year, oldest first. */
export function* eventTimes(random: Random, count: number): Generator<number> {
  const meanGapMs = (365 * dayMs) / count;
  let time = firstDay;
  for (let index = 0; index < count; index += 1) {
    const share = (dayRhythm[new Date(time).getUTCHours()] ?? 1) / meanRhythm;
    time += (-Math.log(1 - random()) * meanGapMs) / share;
    yield Math.round(time);
  }
}

export interface MadeEvent {
  readonly captured: CapturedEvent;
  /** What becomes of it when it comes without a description. */
  readonly ends: 'done' | 'failed' | 'skipped' | 'pending';
}

/** An event with what a camera's event has: two frames, motion, detections, and a text of one to three sentences. */
export function makeEvent(random: Random, cameraIds: readonly string[], timestamp: number): MadeEvent {
  const id = uuidOf(random, timestamp);
  // The first cameras see most.
  const cameraId = cameraIds[Math.floor(random() ** 2 * cameraIds.length)] ?? '';
  const fate = random();
  const ends = fate < 0.96 ? 'done' : fate < 0.98 ? 'failed' : fate < 0.9995 ? 'skipped' : 'pending';
  const day = new Date(timestamp).toISOString().slice(0, 10);
  const region = { box: [0.2, 0.3, 0.25, 0.4], area: 0.06 } as const;
  return {
    ends,
    captured: {
      id,
      cameraId,
      source: random() < 0.98 ? 'motion' : 'api',
      timestamp,
      startedAt: timestamp - 900,
      endedAt: timestamp + 8_000,
      motion: { score: random(), regions: [region], reason: 'motion', zones: [] },
      frames: [1, 2].map((number) => ({
        number,
        capturedAt: timestamp - number,
        path: `media/${day}/event_${id}_${number}.jpg`,
        width: 1920,
        height: 1080,
        sizeBytes: 200_000,
        regions: [region],
      })),
      thumbnailPath: `media/${day}/event_${id}.jpg`,
      timings: { captured: 1_300, queued: 1_305, described: 2_400, stored: 2_410, total: 2_410 },
      alertTriggered: random() < 0.03,
      ...(ends === 'done' && { description: makeDescription(random) }),
    },
  };
}

function makeDescription(random: Random): Description {
  const seen = [pickSubject(random), ...(random() < 0.15 ? [pickSubject(random)] : [])];
  const sentences = seen.map((subject) => `${subject.words} ${pick(random, actions)}.`);
  if (random() < 0.6) sentences.push(pick(random, details));
  if (random() < 0.0002) sentences.push(`There is a ${pick(random, rareWords)}.`);
  const objects = seen.flatMap(({ label }) => label ?? []);
  return {
    text: sentences.join(' '),
    title: seen.map(({ words }) => words).join(', '),
    confidence: Math.round((50 + 50 * random() ** 0.5) * 10) / 10,
    objects,
    actions: [],
    isNothingOfInterest: objects.length === 0,
    detections: objects.map((label) => ({ label, score: 0.5 + random() / 2, box: [0.2, 0.3, 0.2, 0.4] })),
    provider: 'local',
    model: 'efficientdet-lite0',
    costUsd: 0,
    usage: null,
  };
}

const weights = subjects.reduce((sum, { weight }) => sum + weight, 0);

function pickSubject(random: Random): Subject {
  let left = random() * weights;
  for (const subject of subjects) {
    left -= subject.weight;
    if (left < 0) return subject;
  }
  throw new Error('no subject');
}

function pick<Item>(random: Random, items: readonly Item[]): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

/** A UUIDv7 of this time whose chance comes from `random`, so that a run can be repeated. */
function uuidOf(random: Random, timestamp: number): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const time = timestamp.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
}
