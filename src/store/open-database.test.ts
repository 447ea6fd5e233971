import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import SqliteDatabase from 'better-sqlite3';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import {
  exampleCamera,
  exampleCapture,
  exampleKeyring,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { migrations, type DatabaseMigration } from './migrations.ts';
import { openDatabase, type OpenDatabase } from './open-database.ts';
import { createOperations } from './store-operations.ts';

function open(file: string, added: Readonly<Record<string, DatabaseMigration>> = {}): Promise<OpenDatabase> {
  return openDatabase({
    file,
    busyTimeoutMs: 100,
    migrations: { ...migrations, ...added },
    keyring: exampleKeyring(),
  });
}

const addNotes: DatabaseMigration = {
  up: async (db) => {
    await sql`create table notes (text text not null) strict`.execute(db);
    await sql`insert into notes select name from cameras`.execute(db);
  },
};

test('the promised settings hold on the connection', async () => {
  await using dir = await makeTempDir();
  const { connection, close } = await open(dir.file('a.db'));
  const setting = (name: string) => connection.pragma(name, { simple: true });
  expect(setting('journal_mode')).toBe('wal');
  expect(setting('foreign_keys')).toBe(1);
  expect(setting('synchronous')).toBe(1);
  expect(setting('busy_timeout')).toBe(100);
  await close();
  await close();
});

test('durable work commits with synchronous=FULL, other work and what follows with NORMAL', async () => {
  await using dir = await makeTempDir();
  const { connection, database, durably, close } = await open(dir.file('a.db'));
  const level = () => connection.pragma('synchronous', { simple: true });
  expect(await durably(async () => level())).toBe(2);
  expect(level()).toBe(1);
  await expect(durably(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(level()).toBe(1);
  expect(connection.inTransaction).toBe(false);
  expect(await database.transaction().execute(async () => level())).toBe(1);
  await close();
});

test('captures, deletions and what people set up are durable', async () => {
  await using dir = await makeTempDir();
  const database = await open(dir.file('a.db'));
  let durable = 0;
  const counting: OpenDatabase = {
    ...database,
    durably: (work) => {
      durable += 1;
      return database.durably(work);
    },
  };
  const operations = createOperations(counting, () => exampleTime);
  const camera = await operations['cameras.create'](exampleCamera());
  const event = exampleCapture(camera.id);
  await operations['events.capture'](event);
  await operations['events.delete'](event.id);
  await operations['settings.set']('a', 1);
  expect(durable).toBe(4);
  await operations['events.list']({ limit: 1, offset: 0, sortOrder: 'asc' });
  await operations['events.beginAttempt'](event.id);
  expect(durable).toBe(4);
  await database.close();
});

test('an older database is copied beside itself before it is changed; a new one is not', async () => {
  await using dir = await makeTempDir();
  const file = dir.file('a.db');
  const before = await open(file);
  await createOperations(before, () => exampleTime)['cameras.create'](exampleCamera());
  await before.close();
  expect(await readdir(dir.path)).toEqual(['a.db']);

  const after = await open(file, { '9999_notes': addNotes });
  expect(after.schemaVersion).toBe(before.schemaVersion + 1);
  expect(after.connection.prepare('select text from notes').pluck().all()).toEqual(['Front Door']);
  await after.close();
  expect((await readdir(dir.path)).toSorted()).toEqual(['a.db', 'a.db.before-9999_notes']);

  const copy = await open(`${file}.before-9999_notes`);
  expect(copy.connection.prepare('select name from cameras').pluck().all()).toEqual(['Front Door']);
  expect(copy.connection.pragma('integrity_check', { simple: true })).toBe('ok');
  await copy.close();
});

test('a migration that fails leaves the database as it was, to be tried again', async () => {
  await using dir = await makeTempDir();
  const file = dir.file('a.db');
  await (await open(file)).close();
  const failing: DatabaseMigration = {
    up: async (db) => {
      await addNotes.up(db);
      throw new Error('power cut');
    },
  };
  await expect(open(file, { '9999_notes': failing })).rejects.toThrow('power cut');
  const left = await open(file);
  expect(left.connection.prepare(`select name from sqlite_schema where name = 'notes'`).all()).toEqual([]);
  await left.close();
  const mended = await open(file, { '9999_notes': addNotes });
  expect(mended.connection.prepare('select count(*) from notes').pluck().get()).toBe(0);
  await mended.close();
});

test('a database of a newer version is refused with a clear word, and not touched', async () => {
  await using dir = await makeTempDir();
  const file = dir.file('a.db');
  await (await open(file, { '9999_notes': addNotes })).close();
  await expect(open(file)).rejects.toMatchObject({
    code: 'STORE_TOO_NEW',
    message: expect.stringMatching(
      new RegExp(`newer version of Vedette.*9999_notes.*${Object.keys(migrations).at(-1)}`),
    ),
  });
  const database = new SqliteDatabase(file);
  expect(database.prepare('select count(*) from kysely_migration').pluck().get()).toBe(
    Object.keys(migrations).length + 1,
  );
  database.close();
  expect(existsSync(`${file}.before-0001_initial`)).toBe(false);
});
