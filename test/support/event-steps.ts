import * as fc from 'fast-check';
import type { Description, EventSource } from '../../src/core/event.ts';
import type { StatsQuery } from '../../src/store/event-stats.ts';
import type {
  EventAnnotation,
  EventQuery,
  FinishOutcome,
  RequeueRequest,
} from '../../src/store/event-store.ts';
import { exampleDescription, exampleTime } from './store-examples.ts';

// Words that the stemmer leaves alone, so that the naive matcher needs no stemmer.
const words = ['cat', 'dog', 'van', 'red', 'box', 'man', 'hat', 'fox'];
/** What pleases in a title only. */
const titleWords = ['night', 'porch', 'red'];
/** What stands in notes only. */
const noteWords = ['bob', 'gate', 'red'];
const labels = ['cat', 'dog', 'van', 'box'];
export const cameraNames = ['gate', 'back gate', 'red barn'];

const description = fc
  .record({
    text: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 6 }).map((some) => some.join(' ')),
    confidence: fc.option(fc.integer({ min: 0, max: 100 })),
    objects: fc.array(fc.constantFrom(...labels), { maxLength: 3 }),
    title: fc.option(
      fc.array(fc.constantFrom(...titleWords), { minLength: 1, maxLength: 2 }).map((some) => some.join(' ')),
    ),
    actions: fc.array(fc.constantFrom('runs', 'sits'), { maxLength: 2 }),
    isNothingOfInterest: fc.boolean(),
  })
  .map((parts): Description => exampleDescription(parts.text, parts));

const outcome: fc.Arbitrary<FinishOutcome> = fc.oneof(
  { weight: 3, arbitrary: description.map((given) => ({ status: 'done', description: given }) as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom({ status: 'failed', reason: 'x' }, { status: 'skipped', reason: 'y' }),
  },
);

/** Few different times, so that many events share one: the ties are where an order goes wrong. Some are of other days. */
const time = fc
  .tuple(
    fc.constantFrom(0, 0, 0, 0, 900_000, 3_600_000, 86_400_000, -86_400_000),
    fc.integer({ min: 0, max: 4 }),
  )
  .map(([far, near]) => exampleTime + far + near);
const term = fc.oneof(
  fc.constantFrom(...words, ...titleWords, ...noteWords, 'gate', 'back', 'barn', 'zebra'),
  fc.constantFrom('ca*', 'd*', 'ba*', '"red barn"', '"cat dog"', '"man"', 'red-box', 'po*'),
);

const filterNames = [
  'cameraIds',
  'startTime',
  'endTime',
  'minConfidence',
  'objectTypes',
  'alertTriggered',
  'descriptionStatus',
  'source',
  'userFeedback',
  'isStarred',
  'searchQuery',
  'after',
] as const satisfies readonly (keyof EventQuery)[];

/** Cameras are named by their place here, since their ids are not known yet. */
const query: fc.Arbitrary<EventQuery> = fc
  .record({
    full: fc.record({
      cameraIds: fc.uniqueArray(fc.constantFrom('0', '1', '2'), { maxLength: 2 }),
      startTime: time,
      endTime: time,
      minConfidence: fc.integer({ min: 0, max: 100 }),
      objectTypes: fc.uniqueArray(fc.constantFrom(...labels), { maxLength: 2 }),
      alertTriggered: fc.boolean(),
      descriptionStatus: fc.constantFrom('pending', 'done', 'failed', 'skipped'),
      source: fc.constantFrom('motion', 'api'),
      userFeedback: fc.constantFrom('correct', 'wrong', 'false_motion'),
      isStarred: fc.boolean(),
      searchQuery: fc.array(term, { minLength: 1, maxLength: 2 }).map((terms) => terms.join(' ')),
      limit: fc.integer({ min: 1, max: 8 }),
      offset: fc.integer({ min: 0, max: 4 }),
      sortOrder: fc.constantFrom('asc', 'desc'),
      after: fc.record({ timestamp: time, id: fc.uuid() }),
    }),
    // With all filters at once next to nothing would ever match.
    kept: fc.subarray([...filterNames], { maxLength: 3 }),
  })
  .map(({ full, kept }) => {
    const some: { -readonly [Name in keyof EventQuery]: EventQuery[Name] } = full;
    for (const name of filterNames) if (!kept.includes(name)) delete some[name];
    return some;
  });

const statsQuery: fc.Arbitrary<StatsQuery> = fc.record(
  {
    startTime: time,
    endTime: time,
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns'),
  },
  { requiredKeys: ['timeZone'] },
);

export type Step =
  | {
      kind: 'capture';
      camera: number;
      id: string;
      timestamp: number;
      source: EventSource;
      description: Description | undefined;
    }
  | { kind: 'finish'; target: number; outcome: FinishOutcome }
  | { kind: 'improve'; target: number; isStale: boolean; description: Description | undefined }
  | { kind: 'requeue'; targets: readonly number[]; statuses: RequeueStatuses; limit: number }
  | { kind: 'annotate'; target: number; annotation: EventAnnotation }
  | { kind: 'extend'; target: number; endedAt: number }
  | { kind: 'delete'; target: number }
  | { kind: 'rename'; camera: number; name: string }
  | { kind: 'list'; query: EventQuery }
  | { kind: 'next'; query: EventQuery; target: number }
  | { kind: 'rank'; query: EventQuery }
  | { kind: 'stats'; query: StatsQuery };

export type RequeueStatuses = NonNullable<RequeueRequest['statuses']>;

const target = fc.nat(1_000);
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('capture'),
      camera: fc.nat(cameraNames.length - 1),
      id: fc.uuid(),
      timestamp: time,
      source: fc.constantFrom('motion', 'api'),
      description: fc.option(description, { nil: undefined, freq: 1 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish'), target, outcome }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('improve'),
      target,
      isStale: fc.boolean(),
      description: fc.option(description, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('requeue'),
      targets: fc.array(target, { maxLength: 4 }),
      statuses: fc.subarray<RequeueStatuses[number]>(['done', 'failed', 'skipped'], { minLength: 1 }),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('annotate'),
      target,
      annotation: fc.record(
        {
          userFeedback: fc.option(fc.constantFrom('correct', 'wrong', 'false_motion')),
          note: fc.option(
            fc
              .array(fc.constantFrom(...noteWords), { minLength: 1, maxLength: 2 })
              .map((some) => some.join(' ')),
          ),
          isStarred: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('extend'), target, endedAt: time }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete'), target }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rename'),
      camera: fc.nat(cameraNames.length - 1),
      name: fc.constantFrom('gate', 'red barn', 'fox den'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('list'), query }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('next'), query, target }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rank'), query }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stats'), query: statsQuery }) },
);
