import * as fc from 'fast-check';
import { sql, type RawBuilder } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  exampleCamera,
  exampleCapture,
  exampleDescription,
  exampleKeyring,
  exampleQuery,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { everything, partsOf } from './event-filter.ts';
import { listEvents, searchOf } from './event-list.ts';
import { chooseWalk } from './event-plan.ts';
import { spanOf } from './event-span.ts';
import type { EventFilter, EventQuery } from './event-store.ts';
import {
  countLookedStatement,
  countStatement,
  positionsStatement,
  rankedStatement,
  searchDriver,
  type Walk,
} from './event-walk.ts';
import { migrations } from './migrations.ts';
import { openDatabase, type OpenDatabase } from './open-database.ts';
import { parseSearch } from './search-query.ts';
import { createOperations } from './store-operations.ts';

let dir: TempDir;
let open: OpenDatabase;

beforeAll(async () => {
  dir = await makeTempDir();
  open = await openDatabase({
    file: dir.file('a.db'),
    busyTimeoutMs: 100,
    migrations,
    keyring: exampleKeyring(),
  });
  const operations = createOperations(open, () => exampleTime);
  const cameras = [];
  for (const name of ['a', 'b', 'c'])
    cameras.push(await operations['cameras.create'](exampleCamera({ name })));
  for (let index = 0; index < 400; index += 1) {
    const camera = cameras[index % 3];
    if (camera === undefined) continue;
    const description = exampleDescription(`A man ${index}`, {
      confidence: index % 100,
      objects: index % 2 === 0 ? ['person'] : ['dog', 'car'],
    });
    const event = exampleCapture(camera.id, {
      timestamp: exampleTime + index,
      source: index % 50 === 0 ? 'api' : 'motion',
      alertTriggered: index % 9 === 0,
      ...(index % 4 !== 0 && { description }),
    });
    await operations['events.capture'](event);
    if (index % 20 === 0) {
      await operations['events.annotate'](event.id, { isStarred: index % 40 === 0, userFeedback: 'wrong' });
    }
  }
});

afterAll(async () => {
  await open.close();
  await dir[Symbol.asyncDispose]();
});

async function planOf(statement: RawBuilder<unknown>): Promise<string[]> {
  const { sql: text, parameters } = statement.compile(open.database);
  const rows = await open.database.executeQuery<{ detail: string }>({
    ...sql`explain query plan`.compile(open.database),
    sql: `explain query plan ${text}`,
    parameters,
  });
  return rows.rows.map((row) => row.detail);
}

const filters: readonly EventFilter[] = [
  { cameraIds: ['x'] },
  { cameraIds: ['x', 'y'] },
  { objectTypes: ['dog'] },
  { objectTypes: ['dog', 'car'] },
  { descriptionStatus: 'done' },
  { descriptionStatus: 'pending' },
  { alertTriggered: true },
  { alertTriggered: false },
  { isStarred: true },
  { isStarred: false },
  { userFeedback: 'wrong' },
  { source: 'api' },
  { source: 'motion' },
  { minConfidence: 50 },
];
/** Every filter alone, every two of them together, all at once, each with and without a span of time. */
const combinations = [
  {},
  ...filters,
  ...filters.flatMap((one, index) =>
    filters.slice(index + 1).map((other): EventFilter => Object.assign({}, one, other)),
  ),
  Object.assign({}, ...filters) as EventFilter,
].flatMap((filter): EventFilter[] => [
  filter,
  { ...filter, startTime: exampleTime + 20, endTime: exampleTime + 390 },
]);

/** All ways to the events of a filter: along each of its indexes, along time, and by the full-text index. */
function walksOf(filter: EventFilter, searchQuery: string | undefined): Walk[] {
  const parts = partsOf(filter);
  const span = spanOf(filter);
  const words = searchQuery === undefined ? undefined : parseSearch(searchQuery);
  if (words !== undefined) {
    const { match, left } = searchOf(words, parts, () => true);
    return [
      { driver: searchDriver(words.all), parts, span },
      { driver: searchDriver(match), parts: left, span },
    ];
  }
  return [
    { driver: everything, parts, span },
    ...parts.flatMap((own) =>
      own.driver === undefined
        ? []
        : [{ driver: own.driver(span), parts: parts.filter((part) => part !== own), span }],
    ),
  ];
}

describe.each(['without statistics', 'with statistics'])('%s', (kind) => {
  beforeAll(() => {
    if (kind === 'with statistics') open.connection.exec('analyze');
  });

  test.each([undefined, 'man'])(
    'the search %s with any filters is found by an index, and sorted by it where it can be',
    async (search) => {
      let seen = 0;
      for (const filter of combinations) {
        for (const walk of walksOf(filter, search)) {
          for (const sortOrder of ['asc', 'desc'] as const) {
            const plan = await planOf(positionsStatement(walk, { limit: 50, offset: 0, sortOrder }));
            expect(readsAll(plan)).toEqual([]);
            const isSorting = plan.some((line) => line.includes('TEMP B-TREE FOR ORDER BY'));
            expect({ plan, isSorting }).toEqual({ plan, isSorting: !walk.driver.isOrdered });
          }
          const counting = [countStatement(walk, { maxLooked: 100, maxCounted: 10 })];
          if (walk.parts.length > 0) counting.push(countLookedStatement(walk, 100));
          for (const statement of counting) {
            const plan = await planOf(statement);
            expect(readsAll(plan)).toEqual([]);
            expect(plan.length).toBeGreaterThan(0);
          }
          seen += 1;
        }
      }
      expect(seen).toBeGreaterThan(300);
    },
  );

  test('matches are ranked from the full-text index', async () => {
    for (const filter of combinations) {
      const walk = { driver: searchDriver('man'), parts: partsOf(filter), span: spanOf(filter) };
      const plan = await planOf(rankedStatement(walk, { limit: 50, offset: 0, maxRanked: 100 }));
      expect(readsAll(plan)).toEqual([]);
      // The newest are taken in the order of the index; only those few are sorted, by their points.
      expect(plan.filter((line) => line.includes('TEMP B-TREE'))).toHaveLength(1);
    }
  });
});

/** Steps that walk a whole table, or the whole of it by an index that does not hold what is asked for. */
function readsAll(plan: readonly string[]): string[] {
  const subqueries = new Set(
    plan.flatMap((step) => /^(?:CO-ROUTINE|MATERIALIZE) (\w+)$/.exec(step)?.[1] ?? []),
  );
  return plan.filter((step) => {
    const scanned = /^SCAN (events|event_objects|d|f|o)\b(?!.*COVERING INDEX)/.exec(step)?.[1];
    return scanned !== undefined && !subqueries.has(scanned);
  });
}

test('the check of the plans knows a full scan when it sees one', async () => {
  const plan = await planOf(sql`select * from events as f where provider = 'x'`);
  expect(readsAll(plan)).toEqual(['SCAN f']);
});

test('all ways to the events of a filter find the same', async () => {
  const cameras = (await open.database.selectFrom('cameras').select('id').execute()).map(({ id }) => id);
  let found = 0;
  for (const { cameraIds, ...filter } of combinations) {
    const real = {
      ...filter,
      ...(cameraIds !== undefined && { cameraIds: cameras.slice(0, cameraIds.length) }),
    };
    for (const search of [undefined, 'ma* 1*']) {
      const pages = await Promise.all(
        walksOf(real, search).map(async (walk) => {
          const { rows } = await positionsStatement(walk, { limit: 7, offset: 2, sortOrder: 'desc' }).execute(
            open.database,
          );
          const counted = await countStatement(walk, { maxLooked: 1_000, maxCounted: 1_000 }).execute(
            open.database,
          );
          const [looked] =
            walk.parts.length === 0
              ? counted.rows
              : (await countLookedStatement(walk, 1_000).execute(open.database)).rows;
          expect(looked?.total).toBe(counted.rows[0]?.total);
          return { positions: rows.map(({ position }) => position), total: counted.rows[0]?.total };
        }),
      );
      for (const page of pages) expect(page).toEqual(pages[0]);
      found += pages[0]?.positions.length ?? 0;
    }
  }
  expect(found).toBeGreaterThan(1_000);
});

/** Along how many of a million events the way to a page of 50 leads. */
function chosenCount(filter: EventFilter, counts: readonly number[]): number {
  return chooseWalk(partsOf(filter), counts, 1_000_000, spanOf(filter), 51).driverCount;
}

test('the way that is chosen is the rarest one, unless sorting it costs more than the page', () => {
  const common = { descriptionStatus: 'done', objectTypes: ['person'] } as const;
  expect(chosenCount({ ...common, cameraIds: ['x'] }, [500, 600_000, 960_000])).toBe(500);
  expect(chosenCount({ ...common, isStarred: true }, [600_000, 960_000, 1_500])).toBe(1_500);
  expect(chosenCount(common, [600_000, 960_000])).toBe(600_000);
  // Nearly all events fit: along time none has to be looked up.
  expect(chosenCount({ descriptionStatus: 'done', minConfidence: 50 }, [960_000, 900_000])).toBe(1_000_000);
  expect(chosenCount({ minConfidence: 50 }, [900_000])).toBe(1_000_000);
  expect(chosenCount({ minConfidence: 99 }, [40])).toBe(40);
});

test('no text, id or label is an error, alone or together', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc
      .array(fc.constantFrom('"', '*', 'man', '-', ' OR ', '(', ':', '\ue000', '\0', '\ud800', "'", '^'), {
        maxLength: 8,
      })
      .map((parts) => parts.join('')),
  );
  const filter = fc.record(
    {
      searchQuery: text,
      cameraIds: fc.array(text, { maxLength: 2 }),
      objectTypes: fc.array(fc.oneof(text, fc.constantFrom('person', 'dog')), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  let found = 0;
  await fc.assert(
    fc.asyncProperty(filter, fc.constantFrom('time', 'relevance'), async (change, sortBy) => {
      found += (await listEvents(open, exampleQuery({ ...change, sortBy, limit: 1 }))).events.length;
    }),
    { numRuns: 1_000 },
  );
  expect(found).toBeGreaterThan(0);
});

test('a total above ten thousand is said to be at least that where it would take counting, and pages go on behind it', async () => {
  const count = 10_100;
  open.connection
    .prepare(
      `with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ?)
      insert into events (position, id, camera_id, camera_name, source, timestamp, started_at, description,
        description_status, confidence, objects_detected, detections_json, created_at, updated_at)
      select (? + n * 1000) << 20, 'many-' || n, (select id from cameras where name = 'a'), 'a', 'motion', ? + n * 1000, 0,
        'A stranger', 'done', 71.5, '[]', '[]', 0, 0 from numbers`,
    )
    .run(count, exampleTime, exampleTime);
  const total = async (change: Partial<EventQuery>) => {
    const page = await listEvents(open, exampleQuery({ limit: 1, ...change }));
    return [page.totalCount, page.isTotalExact, page.events[0]?.id];
  };
  const [cameraId = ''] = (
    await open.database.selectFrom('cameras').select('id').where('name', '=', 'a').execute()
  ).map(({ id }) => id);
  // What is kept as a count is exact, whatever its size.
  expect(await total({})).toEqual([count + 400, true, `many-${count}`]);
  expect(await total({ cameraIds: [cameraId] })).toEqual([count + 134, true, `many-${count}`]);
  expect(await total({ startTime: exampleTime + 1_500 })).toEqual([count - 1, true, `many-${count}`]);
  expect(await total({ searchQuery: 'stranger' })).toEqual([10_000, false, `many-${count}`]);
  expect(await total({ searchQuery: 'stranger', offset: 10_050 })).toEqual([10_052, false, 'many-50']);
  expect(await total({ searchQuery: 'stranger', startTime: exampleTime + 101_000 })).toEqual([
    10_000,
    true,
    `many-${count}`,
  ]);
  expect(await total({ cameraIds: [cameraId], minConfidence: 71 })).toEqual([10_000, false, `many-${count}`]);
  expect(await total({ searchQuery: 'stranger', minConfidence: 72 })).toEqual([0, true, undefined]);
});
