import { readdir, readFile, stat } from 'node:fs/promises';
import SqliteDatabase from 'better-sqlite3';
import { expect, test } from 'vitest';
import { exampleKeyring, exampleQuery, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { openSecretKeyring } from '../core/secret-keys.ts';
import { migrations } from './migrations.ts';
import { openDatabase, type OpenDatabase } from './open-database.ts';
import { createOperations } from './store-operations.ts';

/** As version 1 made it: its own migration, and rows as its code wrote them. */
async function makeFirstVersion(file: string): Promise<void> {
  const { '0001_initial': initial } = migrations;
  if (initial === undefined) throw new Error('the first migration is gone');
  // The opening of today looks for what today's migrations make, so that of version 1 is done by hand.
  const database = new SqliteDatabase(file);
  database.pragma('journal_mode = wal');
  const { Kysely, SqliteDialect } = await import('kysely');
  const { Migrator } = await import('kysely/migration');
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
  const provider = { getMigrations: () => Promise.resolve({ '0001_initial': initial }) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
  const camera = database.prepare(`insert into cameras values
    (?, ?, 'rtsp', 'rtsp://camera.test/stream', 'viewer', ?, 5, 1, 'medium', 60, 'api', 1, 1, null)`);
  camera.run('camera-1', 'Gate', 'hunter2-gate');
  camera.run('camera-2', 'Barn', null);
  camera.run('camera-3', 'Yard', 'sealed:1:00000000:hunter2');
  const event =
    database.prepare(`insert into events (position, id, camera_id, camera_name, source, timestamp, started_at,
    description, description_status, description_reason, confidence, objects_detected, detections_json, thumbnail_path,
    created_at, updated_at) values (?, ?, 'camera-1', 'Gate', 'motion', ?, ?, ?, ?, ?, 80, '["dog"]', '[]', 'media/x.jpg', 1, 1)`);
  for (let index = 0; index < 300; index += 1) {
    const time = exampleTime + index;
    const isDone = index % 3 !== 0;
    event.run(
      BigInt(time) << 20n,
      `event-${String(index).padStart(3, '0')}`,
      time,
      time,
      isDone ? `A dog number ${index} runs.` : null,
      isDone ? 'done' : 'failed',
      isDone ? null : 'DESCRIBE_TIMEOUT',
    );
  }
  await db.destroy();
  database.close();
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
