import { readdir, readFile, rename, stat } from 'node:fs/promises';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { exampleCamera, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { silentLog } from '../core/log.ts';
import { openStore, type SqliteStore } from './open-store.ts';

const [firstKey, secondKey] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64'));

let dir: TempDir;
let clock: FakeClock;
let store: SqliteStore;

async function reopen(env: Readonly<Record<string, string | undefined>> = {}): Promise<void> {
  await store[Symbol.asyncDispose]();
  store = await openStore({ dataDir: dir.path, log: silentLog(), clock, env });
}

/** Every byte that the store keeps, but for the key itself. */
async function storedBytes(): Promise<Buffer> {
  const names = (await readdir(dir.path)).filter((name) => name.startsWith('vedette.db'));
  expect(names).toContain('vedette.db-wal');
  return Buffer.concat(await Promise.all(names.map((name) => readFile(dir.file(name)))));
}

/** Straight in the file, while no store has it open. */
async function edit(statement: string): Promise<void> {
  await store[Symbol.asyncDispose]();
  const database = new SqliteDatabase(dir.file('vedette.db'));
  expect(database.prepare(statement).run().changes).toBeGreaterThan(0);
  database.close();
}

function sealedPassword(): unknown {
  const database = new SqliteDatabase(dir.file('vedette.db'), { readonly: true });
  try {
    return database.prepare('select sealed_password from cameras').pluck().get();
  } finally {
    database.close();
  }
}

beforeEach(async () => {
  dir = await makeTempDir();
  clock = new FakeClock(exampleTime);
  store = await openStore({ dataDir: dir.path, log: silentLog(), clock, env: {} });
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

test('secrets are set, read, replaced, listed by their last four characters, and deleted', async () => {
  await store.secrets.set('openai', 'sk-0123456789abcdef');
  await store.secrets.set('camera', 'short');
  await clock.advance(5);
  await store.secrets.set('openai', 'sk-0123456789zyxw');
  await reopen();
  expect(await store.secrets.get('openai')).toBe('sk-0123456789zyxw');
  expect(await store.secrets.get('nothing')).toBeUndefined();
  expect(await store.secrets.list()).toEqual([
    { name: 'camera', last4: null, isReadable: true, updatedAt: exampleTime },
    { name: 'openai', last4: 'zyxw', isReadable: true, updatedAt: exampleTime + 5 },
  ]);
  expect(await store.secrets.delete('openai')).toBe(true);
  expect(await store.secrets.delete('openai')).toBe(false);
  expect(await store.secrets.get('openai')).toBeUndefined();
});

test('no byte of the database or its log holds a secret or a password, whatever was done with it', async () => {
  const camera = await store.cameras.create(exampleCamera({ password: 'hunter2-created' }));
  await store.cameras.update(camera.id, { password: 'hunter2-updated' });
  await store.cameras.replaceAll('config', [exampleCamera({ name: 'Barn', password: 'hunter2-configured' })]);
  await store.secrets.set('openai', 'hunter2-secret-key');
  await store.secrets.set('openai', 'hunter2-other-key');
  await store.secrets.rotate();
  const bytes = await storedBytes();
  expect(bytes.includes('rtsp://camera.test/stream')).toBe(true);
  expect(bytes.includes('hunter2')).toBe(false);
  expect((await store.cameras.list()).map(({ password }) => password)).toEqual([
    'hunter2-configured',
    'hunter2-updated',
  ]);
  await store.cameras.delete(camera.id);
  await reopen();
  expect((await store.cameras.list()).map(({ password }) => password)).toEqual(['hunter2-configured']);
  expect(await store.secrets.get('openai')).toBe('hunter2-other-key');
});

test('without a secret no key is made', async () => {
  await store.cameras.create(exampleCamera({ password: null }));
  expect(await readdir(dir.path)).not.toContain('secret.key');
  await store.secrets.set('a', 'b');
  expect((await stat(dir.file('secret.key'))).mode & 0o777).toBe(0o600);
});

test('a camera that is asked for as it is stays as it is, its password included', async () => {
  const configured = exampleCamera({ origin: 'config' });
  const [camera] = await store.cameras.replaceAll('config', [configured]);
  const before = sealedPassword();
  await clock.advance(10);
  expect(await store.cameras.replaceAll('config', [configured])).toEqual([camera]);
  expect(sealedPassword()).toBe(before);
  await store.cameras.replaceAll('config', [{ ...configured, password: 'other' }]);
  expect(sealedPassword()).not.toBe(before);
});

test('a key file is renewed, and everything is sealed with the new key; the former one still opens', async () => {
  const camera = await store.cameras.create(exampleCamera({ password: 'p' }));
  await store.secrets.set('a', 'b');
  await store[Symbol.asyncDispose]();
  const copy = new SqliteDatabase(dir.file('vedette.db'));
  copy.prepare('vacuum into ?').run(dir.file('backup.db'));
  copy.close();
  await reopen();
  expect(await store.secrets.rotate()).toEqual({ isNewKey: true, resealed: 2, unreadable: [] });
  expect((await readFile(dir.file('secret.key'), 'utf8')).trim().split('\n')).toHaveLength(4);
  await reopen();
  expect(await store.secrets.get('a')).toBe('b');
  expect(await store.cameras.get(camera.id)).toMatchObject({ password: 'p' });
  // A backup from before the rotation is put back.
  await store[Symbol.asyncDispose]();
  await rename(dir.file('backup.db'), dir.file('vedette.db'));
  await reopen();
  expect(await store.secrets.get('a')).toBe('b');
});

test('a key that comes from the environment is changed there: the next start seals everything with the new one', async () => {
  await reopen({ VEDETTE_SECRET_KEY: firstKey });
  await store.secrets.set('a', 'b');
  expect(await store.secrets.rotate()).toEqual({ isNewKey: false, resealed: 0, unreadable: [] });
  await reopen({ VEDETTE_SECRET_KEY: `${secondKey} ${firstKey}` });
  await reopen({ VEDETTE_SECRET_KEY: secondKey });
  expect(await store.secrets.get('a')).toBe('b');
  expect(await readdir(dir.path)).not.toContain('secret.key');
});

test('without its key a secret is not lost: it waits for the key, and everything else goes on', async () => {
  await reopen({ VEDETTE_SECRET_KEY: firstKey });
  const camera = await store.cameras.create(exampleCamera({ password: 'p' }));
  await store.secrets.set('a', 'b');
  const warnings: unknown[] = [];
  const log = silentLog();
  log.warn = (fields: unknown) => warnings.push(fields);
  await store[Symbol.asyncDispose]();
  store = await openStore({ dataDir: dir.path, log, clock, env: { VEDETTE_SECRET_KEY: secondKey } });
  expect(warnings).toMatchObject([
    { secrets: ['the password of the camera "Front Door"', 'the secret "a"'] },
  ]);
  await expect(store.secrets.get('a')).rejects.toMatchObject({
    code: 'SECRET_UNREADABLE',
    message: expect.stringMatching(/sealed with the key [0-9a-f]{8}, which is not there/),
  });
  expect(await store.secrets.list()).toMatchObject([{ name: 'a', last4: null, isReadable: false }]);
  expect(await store.cameras.update(camera.id, { name: 'Gate' })).toMatchObject({
    name: 'Gate',
    password: null,
  });
  await reopen({ VEDETTE_SECRET_KEY: firstKey });
  expect(await store.cameras.get(camera.id)).toMatchObject({ name: 'Gate', password: 'p' });
  expect(await store.secrets.get('a')).toBe('b');
});

test("one camera's password can't be put in another's place, nor a secret under another name", async () => {
  const gate = await store.cameras.create(exampleCamera({ name: 'Gate', password: 'gate' }));
  const barn = await store.cameras.create(exampleCamera({ name: 'Barn', password: 'barn' }));
  await store.secrets.set('mine', 'value');
  await edit(
    `update cameras set sealed_password = (select sealed_password from cameras where id = '${gate.id}')
      where id = '${barn.id}'`,
  );
  await edit(`update secrets set name = 'yours'`);
  await reopen();
  expect(await store.cameras.get(gate.id)).toMatchObject({ password: 'gate' });
  expect(await store.cameras.get(barn.id)).toMatchObject({ password: null });
  await expect(store.secrets.get('yours')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
});

test('a key that is none keeps the store from opening, with a clear word', async () => {
  await store[Symbol.asyncDispose]();
  const opening = openStore({
    dataDir: dir.path,
    log: silentLog(),
    clock,
    env: { VEDETTE_SECRET_KEY: 'hunter2' },
  });
  await expect(opening).rejects.toMatchObject({
    code: 'SECRET_KEY_INVALID',
    isRetryable: false,
    message: expect.stringMatching(/VEDETTE_SECRET_KEY .*expected 32 bytes in base64/),
  });
  await expect(opening).rejects.not.toThrow('hunter2');
});
