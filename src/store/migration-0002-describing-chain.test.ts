import { readdir, readFile, stat } from 'node:fs/promises';
import SqliteDatabase from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeOldDatabase } from '../../test/support/old-database.ts';
import { exampleKeyring, exampleQuery, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { openSecretKeyring } from '../core/secret-keys.ts';
import { migrations } from './migrations.ts';
import { openDatabase, type OpenDatabase } from './open-database.ts';
import { createOperations } from './store-operations.ts';

function makeFirstVersion(file: string): Promise<void> {
  const passwords = { Gate: 'hunter2-gate', Barn: null, Yard: 'sealed:1:00000000:hunter2' };
  return makeOldDatabase(file, '0001_initial', { events: 300, passwords });
}

function open(file: string): Promise<OpenDatabase> {
  return openDatabase({ file, busyTimeoutMs: 100, migrations, keyring: exampleKeyring() });
}

test('a database of the first version comes through with everything that it holds', async () => {
  await using dir = await makeTempDir();
  const file = dir.file('vedette.db');
  await makeFirstVersion(file);
  const database = await open(file);
  const operations = createOperations(database, () => exampleTime);
  const page = await operations['events.list'](exampleQuery({ limit: 500, sortOrder: 'asc' }));
  expect(page.totalCount).toBe(300);
  expect(page.events[1]).toMatchObject({
    id: 'event-001',
    description: 'A dog number 1 runs.',
    title: null,
    actions: [],
    isNothingOfInterest: false,
    promptVersion: null,
    sameAs: null,
  });
  const found = await operations['events.list'](exampleQuery({ searchQuery: 'running 7' }));
  expect(found.events.map((event) => event.id)).toEqual(['event-007']);
  expect(await operations['events.undescribed']({ limit: 500, newestFirst: true })).toHaveLength(100);
  expect(
    (await operations['cameras.list']()).map(({ name, password, isLocalOnly }) => [
      name,
      password,
      isLocalOnly,
    ]),
  ).toEqual([
    ['Barn', null, false],
    ['Gate', 'hunter2-gate', false],
    // What only looks sealed was in clear, and is a password like any other.
    ['Yard', 'sealed:1:00000000:hunter2', false],
  ]);
  database.connection
    .prepare(`insert into event_search (event_search, rank) values ('integrity-check', 1)`)
    .run();
  expect(database.connection.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(database.connection.pragma('foreign_key_check')).toEqual([]);
  await database.close();
});

test('passwords that the first version kept in clear are gone from the file; its copy is for the owner only', async () => {
  await using dir = await makeTempDir();
  const file = dir.file('vedette.db');
  await makeFirstVersion(file);
  expect((await readFile(file)).includes('hunter2')).toBe(true);
  const database = await open(file);
  // While it is open: the log beside it counts too.
  for (const name of ['vedette.db', 'vedette.db-wal']) {
    expect({ name, shows: (await readFile(dir.file(name))).includes('hunter2') }).toEqual({
      name,
      shows: false,
    });
  }
  await database.close();
  expect((await readFile(file)).includes('hunter2')).toBe(false);
  const copy = (await readdir(dir.path)).find((name) => name.includes('.before-')) ?? '';
  expect(copy).toBe('vedette.db.before-0002_describing_chain');
  expect((await stat(dir.file(copy))).mode & 0o777).toBe(0o600);
});

test('a start that ended between the migration and the sealing seals at the next one', async () => {
  await using dir = await makeTempDir();
  const file = dir.file('vedette.db');
  await makeFirstVersion(file);
  // No key can be made here, so the opening ends where it needs one.
  const keyring = openSecretKeyring({ env: {}, keyFile: dir.file('no', 'such', 'folder', 'secret.key') });
  await expect(openDatabase({ file, busyTimeoutMs: 100, migrations, keyring })).rejects.toMatchObject({
    code: 'SECRET_KEY_INVALID',
  });
  const between = new SqliteDatabase(file);
  expect(between.prepare('select count(*) from kysely_migration').pluck().get()).toBe(
    Object.keys(migrations).length,
  );
  expect(between.prepare('select password from cameras where id = ?').pluck().get('camera-1')).toBe(
    'hunter2-gate',
  );
  between.close();
  const database = await open(file);
  const operations = createOperations(database, () => exampleTime);
  expect(await operations['cameras.get']('camera-1')).toMatchObject({ password: 'hunter2-gate' });
  await database.close();
  expect((await readFile(file)).includes('hunter2')).toBe(false);
});
