import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import SqliteDatabase from 'better-sqlite3';
import { expect, test } from 'vitest';
import {
  exampleCamera,
  exampleCapture,
  exampleDescription,
  exampleQuery,
} from '../../test/support/store-examples.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { migrations } from './migrations.ts';
import { openStore, type OpenStoreOptions, type SqliteStore } from './open-store.ts';

function openIn(dataDir: string, options: Partial<OpenStoreOptions> = {}): Promise<SqliteStore> {
  return openStore({ dataDir, log: silentLog(), clock: systemClock, ...options });
}

test('a database that another connection holds for too long is unavailable, then works again', async () => {
  await using dir = await makeTempDir();
  await using store = await openIn(dir.path, { busyTimeoutMs: 50 });
  const camera = await store.cameras.create(exampleCamera());
  const other = new SqliteDatabase(dir.file('vedette.db'));
  other.exec('begin exclusive');
  const event = exampleCapture(camera.id);
  const refusal = {
    code: 'STORE_UNAVAILABLE',
    isRetryable: true,
    message: expect.stringMatching(/Another program holds it/),
  };
  await expect(store.events.capture(event)).rejects.toMatchObject(refusal);
  await expect(store.checkHealth()).rejects.toMatchObject(refusal);
  expect(await store.events.get(event.id)).toBeUndefined();
  other.exec('rollback');
  other.close();
  expect(await store.events.capture(event)).toMatchObject({ kind: 'stored' });
  expect(await store.checkHealth()).toMatchObject({ schemaVersion: Object.keys(migrations).length });
});

test('a busy database that comes free within the busy timeout is waited for', async () => {
  await using dir = await makeTempDir();
  await using store = await openIn(dir.path, { busyTimeoutMs: 20_000 });
  const other = new SqliteDatabase(dir.file('vedette.db'));
  other.exec('begin exclusive');
  const camera = store.cameras.create(exampleCamera());
  await systemClock.sleep(50);
  other.exec('rollback');
  other.close();
  expect(await camera).toMatchObject({ name: 'Front Door' });
});

test('events are found while a write has to wait', async () => {
  await using dir = await makeTempDir();
  await using store = await openIn(dir.path, { busyTimeoutMs: 20_000 });
  const camera = await store.cameras.create(exampleCamera());
  await store.events.capture(exampleCapture(camera.id));
  const other = new SqliteDatabase(dir.file('vedette.db'));
  other.exec('begin immediate');
  const write = store.events.capture(exampleCapture(camera.id));
  expect(await store.events.list(exampleQuery())).toMatchObject({ totalCount: 1 });
  expect(await store.events.stats({ timeZone: 'UTC' })).toMatchObject({ totalCount: 1 });
  other.exec('rollback');
  other.close();
  await write;
  expect(await store.events.list(exampleQuery())).toMatchObject({ totalCount: 2 });
});

test('a file that is no database is named as damaged', async () => {
  await using dir = await makeTempDir();
  await writeFile(dir.file('vedette.db'), 'This is not a database, '.repeat(500));
  await expect(openIn(dir.path)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    isRetryable: false,
    message: expect.stringMatching(/vedette\.db is damaged.*vedette restore/),
  });
  // The folder is free again for whoever puts things right.
  await writeFile(dir.file('vedette.db'), '');
  await using store = await openIn(dir.path);
  expect(await store.cameras.list()).toEqual([]);
});

test('a database with destroyed pages says so when it is read', async () => {
  await using dir = await makeTempDir();
  {
    await using store = await openIn(dir.path);
    const camera = await store.cameras.create(exampleCamera());
    for (let index = 0; index < 50; index += 1) {
      const description = exampleDescription('A long story. '.repeat(100));
      await store.events.capture(exampleCapture(camera.id, { description }));
    }
  }
  const database = new SqliteDatabase(dir.file('vedette.db'));
  const pages = database.prepare<[], number>(`select pageno from dbstat where name = 'events'`).pluck().all();
  database.close();
  expect(pages.length).toBeGreaterThan(20);
  const file = await open(dir.file('vedette.db'), 'r+');
  for (const page of pages) await file.write(Buffer.alloc(4_096, 0xff), 0, 4_096, (page - 1) * 4_096);
  await file.close();
  await using store = await openIn(dir.path);
  await expect(store.events.list(exampleQuery({ limit: 500 }))).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
  });
});

test('a folder that can not be made is unavailable or refused, not a crash', async () => {
  await using dir = await makeTempDir();
  await writeFile(dir.file('taken'), '');
  await expect(openIn(dir.file('taken', 'data'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(/ENOTDIR/),
  });
});

test('a second opener of the same folder is refused and told by whom; after the first it may', async () => {
  await using dir = await makeTempDir();
  const first = await openIn(dir.path);
  await expect(openIn(dir.path)).rejects.toMatchObject({
    code: 'STORE_IN_USE',
    isRetryable: false,
    message: expect.stringContaining(`process ${process.pid}`),
  });
  expect(await first.cameras.list()).toEqual([]);
  await first[Symbol.asyncDispose]();
  await using second = await openIn(dir.path);
  expect(await second.cameras.list()).toEqual([]);
});

test('when the thread dies, what it held is unavailable, and the next call finds another one', async () => {
  await using dir = await makeTempDir();
  const workers: Worker[] = [];
  const remember = (message: unknown): void => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- documented of this channel
    workers.push((message as { worker: Worker }).worker);
  };
  subscribe('worker_threads', remember);
  try {
    await using store = await openIn(dir.path);
    const camera = await store.cameras.create(exampleCamera());
    const events = Array.from({ length: 300 }, () => exampleCapture(camera.id));
    const captures = Promise.allSettled(events.map((event) => store.events.capture(event)));
    await store.events.get(events[0]?.id ?? '').catch(() => undefined);
    void workers[0]?.terminate();
    const more = Promise.allSettled(events.map((event) => store.events.get(event.id)));
    const results = [...(await captures), ...(await more)];
    for (const result of results.filter(({ status }) => status === 'rejected')) {
      expect(result).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE', isRetryable: true } });
    }
    expect(results.some(({ status }) => status === 'rejected')).toBe(true);
    // Whatever was promised is there, and the rest can be captured again.
    const promised = events
      .filter((_, index) => results[index]?.status === 'fulfilled')
      .map((event) => event.id);
    expect(await store.events.existing(promised)).toHaveLength(promised.length);
    await Promise.all(events.map((event) => store.events.capture(event)));
    expect((await store.events.list(exampleQuery({ limit: 1 }))).totalCount).toBe(300);
    expect(store.counters).toEqual({ waiting: 0, refused: 0, restarts: 1 });
    // One that writes, one that reads, and the one that took the place of the first.
    expect(workers).toHaveLength(3);
  } finally {
    unsubscribe('worker_threads', remember);
  }
});

test('calls above the bound are refused and counted, the others are answered in order', async () => {
  await using dir = await makeTempDir();
  await using store = await openIn(dir.path, { maxWaiting: 5 });
  const order: number[] = [];
  const calls = Array.from({ length: 8 }, async (_, index) => {
    await store.settings.set('last', index);
    order.push(index);
  });
  const results = await Promise.allSettled(calls);
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
    ...Array(5).fill(true),
    ...Array(3).fill(false),
  ]);
  expect(results[7]).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE', isRetryable: true } });
  expect(order).toEqual([0, 1, 2, 3, 4]);
  expect(await store.settings.get('last')).toBe(4);
  expect(store.counters).toEqual({ waiting: 0, refused: 3, restarts: 0 });
});

test('what waits when the store is closed is answered first', async () => {
  await using dir = await makeTempDir();
  const store = await openIn(dir.path);
  const calls = [1, 2, 3].map((value) => store.settings.set(`key ${value}`, value));
  await store[Symbol.asyncDispose]();
  await expect(Promise.all(calls)).resolves.toHaveLength(3);
});

test('what a process was promised before it was killed is there, whenever it was killed', async () => {
  await using dir = await makeTempDir();
  const script = fileURLToPath(new URL('../../test/support/capture-process.ts', import.meta.url));
  const captured: string[] = [];
  const finished = new Set<string>();
  const refusals: unknown[] = [];
  for (const lines of [1, 17, 150]) {
    const child = spawn(process.execPath, [script, dir.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    let seen = 0;
    for await (const line of createInterface(child.stdout)) {
      const [what, id = ''] = line.split(' ');
      if (what === 'captured') captured.push(id);
      else finished.add(id);
      seen += 1;
      if (seen === lines) {
        refusals.push(await openIn(dir.path).catch((error: unknown) => error));
        child.kill('SIGKILL');
      }
    }
    await ended;
    expect(seen).toBeGreaterThanOrEqual(lines);
    expect(refusals.pop()).toMatchObject({ code: 'STORE_IN_USE' });

    await using store = await openIn(dir.path);
    const jobs = new Set((await store.events.pendingJobs()).map((job) => job.eventId));
    expect(await store.events.existing(captured)).toHaveLength(captured.length);
    for (const id of captured) {
      const event = await store.events.get(id);
      expect(event?.frames).toHaveLength(2);
      // One that was not promised to be finished may be so all the same.
      const isDone = event?.descriptionStatus === 'done';
      expect(isDone || !finished.has(id)).toBe(true);
      expect(jobs.has(id)).toBe(!isDone);
    }
    const all = await store.events.list(exampleQuery({ limit: 1 }));
    const found = await store.events.list(exampleQuery({ limit: 1, searchQuery: 'front door' }));
    expect(found.totalCount).toBe(all.totalCount);
    const { totalCount } = await store.deliveries.list({ limit: 1, offset: 0 });
    const done = await store.events.list(exampleQuery({ limit: 1, descriptionStatus: 'done' }));
    expect(totalCount).toBe(done.totalCount);
  }
}, 60_000);
