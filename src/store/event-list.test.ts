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
import { countStatement, pageStatement, type PageOrder } from './event-list.ts';
import type { EventQuery } from './event-store.ts';
import { createHighlightMarks } from './highlight.ts';
import { migrations } from './migrations.ts';
import { openDatabase, type OpenDatabase } from './open-database.ts';
import { toMatchExpression } from './search-query.ts';
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
    await operations['events.capture'](
      exampleCapture(camera.id, {
        timestamp: exampleTime + index,
        ...(index % 4 !== 0 && { description }),
      }),
    );
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

const camera = { cameraIds: ['x'] };
const cases: readonly [string, Partial<EventQuery>, isSortedByIndex: boolean][] = [
  ['no filter', {}, true],
  ['a span of time', { startTime: exampleTime, endTime: exampleTime + 9 }, true],
  ['one camera', camera, true],
  ['one camera, a span of time', { ...camera, startTime: exampleTime }, true],
  ['one label', { objectTypes: ['dog'] }, true],
  ['one label, a span of time', { objectTypes: ['dog'], endTime: exampleTime }, true],
  ['the alert', { alertTriggered: true }, true],
  ['the status', { descriptionStatus: 'failed' }, true],
  ['several cameras', { cameraIds: ['x', 'y'] }, false],
  ['several labels', { objectTypes: ['dog', 'car'] }, false],
  ['the confidence', { minConfidence: 50 }, false],
  ['a camera, a label and the confidence', { ...camera, objectTypes: ['dog'], minConfidence: 50 }, false],
  [
    'a camera, several labels, a status',
    { ...camera, objectTypes: ['dog', 'car'], descriptionStatus: 'done' },
    false,
  ],
  ['a search', { searchQuery: 'man' }, true],
  ['a search in a span of time', { searchQuery: 'man', startTime: exampleTime }, true],
  ['a search with filters', { searchQuery: 'man', ...camera, objectTypes: ['dog'], minConfidence: 5 }, true],
];

describe.each(['without statistics', 'with statistics'])('%s', (kind) => {
  beforeAll(() => {
    if (kind === 'with statistics') open.connection.exec('analyze');
  });

  test.each(cases)('%s: rows are found by an index', async (_name, change, isSortedByIndex) => {
    const query = exampleQuery(change);
    const match = query.searchQuery === undefined ? undefined : toMatchExpression(query.searchQuery);
    const marks = createHighlightMarks('x');
    for (const sortOrder of ['asc', 'desc'] as const) {
      const orders: PageOrder[] = ['index', 'time'];
      for (const order of orders) {
        const plan = await planOf(pageStatement({ ...query, sortOrder }, match, marks, order));
        expect(plan.filter(readsAllOf('events'))).toEqual([]);
        const isSorting = plan.some((line) => line.includes('TEMP B-TREE FOR ORDER BY'));
        expect(isSorting && (order === 'time' || isSortedByIndex)).toBe(false);
      }
    }
    const plan = await planOf(countStatement(query, match));
    expect(plan.filter(readsAllOf('events'))).toEqual([]);
    expect(plan.length).toBeGreaterThan(0);
  });
});

/** A step that walks a whole table, or the whole of it by an index that does not hold what is asked for. */
function readsAllOf(table: string): (step: string) => boolean {
  return (step) => new RegExp(`^SCAN (${table}|event_objects)\\b(?!.*COVERING INDEX)`).test(step);
}

test('the check of the plans knows a full scan when it sees one', async () => {
  const plan = await planOf(sql`select * from events where provider = 'x'`);
  expect(plan.filter(readsAllOf('events'))).toEqual(['SCAN events']);
});

test('both ways of finding a page find the same', async () => {
  for (const [, change] of cases) {
    if (change.searchQuery !== undefined) continue;
    const query = exampleQuery({ ...change, cameraIds: [], limit: 7, offset: 3 });
    const pages = [];
    for (const order of ['index', 'time'] as const) {
      const { rows } = await pageStatement(query, undefined, createHighlightMarks('x'), order).execute(
        open.database,
      );
      pages.push(rows.map((row) => row.id));
    }
    expect(pages[0]).toEqual(pages[1]);
  }
});
