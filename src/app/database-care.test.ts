import { open, readdir, utimes, writeFile } from 'node:fs/promises';
import SqliteDatabase from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeOldDatabase } from '../../test/support/old-database.ts';
import {
  exampleCamera,
  exampleCapture,
  exampleDescription,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { createStop } from '../core/stop.ts';
import { openStore, type SqliteStore } from '../store/open-store.ts';
import { rebuildSearch } from '../store/rebuild-search.ts';
import { createDatabaseCare, type DatabaseCare } from './database-care.ts';

function careOf(store: SqliteStore): Promise<DatabaseCare> {
  return createDatabaseCare({
    databaseFile: store.file,
    settings: store.settings,
    now: exampleTime,
    log: silentLog(),
    stop: createStop(),
  });
}

function openIn(dir: TempDir): Promise<SqliteStore> {
  return openStore({ dataDir: dir.path, log: silentLog(), clock: systemClock });
}

async function addEvents(store: SqliteStore, count: number): Promise<void> {
  const { id } = await store.cameras.create(exampleCamera());
  for (let index = 0; index < count; index += 1) {
    await store.events.capture(
      exampleCapture(id, {
        timestamp: exampleTime + index,
        description: exampleDescription(`A zebra number ${index} crosses. ${'x'.repeat(500)}`),
      }),
    );
  }
}

const copies = async (dir: TempDir): Promise<string[]> =>
  (await readdir(dir.path)).filter((name) => name.includes('.before-')).toSorted();

test('the copy that holds passwords in clear goes once the upgrade is proven; of the others two stay', async () => {
  await using dir = await makeTempDir();
  await makeOldDatabase(dir.file('vedette.db'), '0001_initial', {
    events: 3,
    passwords: { Gate: 'hunter2' },
  });
  await using store = await openIn(dir);
  for (const [index, name] of ['0003', '0004', '0005'].entries()) {
    await writeFile(dir.file(`vedette.db.before-${name}`), '');
    await utimes(dir.file(`vedette.db.before-${name}`), index, index);
  }
  expect(await copies(dir)).toHaveLength(4);
  await (await careOf(store)).work();
  expect(await copies(dir)).toEqual(['vedette.db.before-0004', 'vedette.db.before-0005']);
});

test('after a run that was cut off, a damaged database is found and told, and its copies stay', async () => {
  await using dir = await makeTempDir();
  {
    await using store = await openIn(dir);
    await addEvents(store, 300);
    await careOf(store);
  }
  await writeFile(dir.file('vedette.db.before-0002_describing_chain'), '');
  // In the middle of the file, page after page is overwritten, as a dying disk does; what is read when it is opened
  // stands at its beginning and at its end.
  const file = await open(dir.file('vedette.db'), 'r+');
  const { size } = await file.stat();
  for (let at = Math.floor(size / 2 / 4096) * 4096; at < size * 0.8; at += 4096)
    await file.write(Buffer.alloc(4096, 0xee), 0, 4096, at);
  await file.close();
  await using store = await openIn(dir);
  const care = await careOf(store);
  await care.work();
  expect(care.health()).toMatchObject({
    status: 'degraded',
    cause: expect.stringMatching(/damaged.*vedette restore/),
  });
  expect(await copies(dir)).toHaveLength(1);
});

test('after a stop in good order nothing is read from end to end', async () => {
  await using dir = await makeTempDir();
  await using store = await openIn(dir);
  const first = await careOf(store);
  await first.markCleanStop();
  expect(await store.settings.get('store.running_since')).toBeUndefined();
  await careOf(store);
  expect(await store.settings.get('store.running_since')).toBe(exampleTime);
});

test('a search that does not know all events is told, and made anew when nothing runs', async () => {
  await using dir = await makeTempDir();
  {
    await using store = await openIn(dir);
    await addEvents(store, 5);
    const connection = new SqliteDatabase(store.file);
    connection.exec(`insert into event_search (event_search) values ('delete-all')`);
    connection.close();
    const care = await careOf(store);
    expect(await care.check('full')).toEqual({ problems: [], unsearchable: 5, searchGhosts: 0 });
    expect(care.health().cause).toContain('vedette doctor --rebuild-search');
    expect(() => {
      rebuildSearch(dir.path);
    }).toThrow(/in use/);
  }
  rebuildSearch(dir.path);
  await using store = await openIn(dir);
  expect(
    (await store.events.list({ searchQuery: 'zebra', limit: 1, offset: 0, sortOrder: 'asc' })).totalCount,
  ).toBe(5);
  expect(await (await careOf(store)).check('full')).toEqual({
    problems: [],
    unsearchable: 0,
    searchGhosts: 0,
  });
});
