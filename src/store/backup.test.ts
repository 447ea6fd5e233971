import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import SqliteDatabase from 'better-sqlite3';
import { exampleCamera, exampleCapture, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { tarEnd, tarHeader, tarPadding } from '../core/tar-writer.ts';
import { createMediaFiles, type MediaFiles } from './media-files.ts';
import { openStore, type SqliteStore } from './open-store.ts';
import { restoreBackup } from './restore-backup.ts';
import { isRestoreReady, markReady, stagingFolder } from './restore-swap.ts';
import { writeBackup } from './write-backup.ts';

const run = promisify(execFile);
const log = silentLog();
const key = Buffer.alloc(32, 9).toString('base64');

let dir: TempDir;
let dataDir: string;
let store: SqliteStore;
let media: MediaFiles;
let cameraId: string;
let jpeg: Buffer;

beforeEach(async () => {
  dir = await makeTempDir();
  dataDir = dir.file('data');
  store = await openStore({ dataDir, log, clock: systemClock, env: {} });
  media = createMediaFiles({ dataDir });
  cameraId = (await store.cameras.create(exampleCamera())).id;
  jpeg = await sharp({ create: { width: 64, height: 36, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer();
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function addEvent(ageDays = 0): Promise<string> {
  const id = createId();
  const timestamp = exampleTime - ageDays * 86_400_000;
  const picture = { jpeg, width: 64, height: 36, capturedAt: timestamp, regions: [] };
  const written = await media.writeEventPictures(id, timestamp, [picture]);
  await store.events.capture(exampleCapture(cameraId, { id, timestamp, ...written }));
  return id;
}

async function deleteEvent(id: string): Promise<void> {
  const deleted = await store.events.delete(id);
  await media.removePaths(deleted?.paths ?? []);
}

function backUp(name = 'a.tar', withSecretKey = false, hooks: Parameters<typeof writeBackup>[1] = {}) {
  const target = dir.file(name);
  return writeBackup({ dataDir, target, withSecretKey, version: '1.2.3', now: exampleTime }, hooks);
}

function restore(name = 'a.tar', into = 'restored', isForced = false) {
  return restoreBackup({ archive: dir.file(name), dataDir: dir.file(into), isForced, now: exampleTime });
}

/** What a folder holds: events, those of them whose pictures are all there, and what SQLite thinks of it. */
async function inspect(folder: string) {
  const opened = await openStore({ dataDir: folder, log, clock: systemClock, env: {} });
  const { events } = await opened.events.list({ limit: 500, offset: 0, sortOrder: 'asc' });
  const files = createMediaFiles({ dataDir: folder });
  const whole: string[] = [];
  for (const { id, thumbnailPath, frames } of events) {
    await files.read(thumbnailPath ?? '');
    for (const { path } of frames) await files.read(path);
    whole.push(id);
  }
  // As the start of the service does: a backup may hold files of events that went while it was made.
  await files.removePaths(await opened.cleanup.tombstones(1_000));
  const orphans = await files.findOrphans((ids) => opened.events.existing(ids), Date.now() + 1e9);
  await opened[Symbol.asyncDispose]();
  const connection = new SqliteDatabase(`${folder}/vedette.db`);
  connection.prepare(`insert into event_search (event_search, rank) values ('integrity-check', 1)`).run();
  const integrity = connection.pragma('integrity_check', { simple: true });
  const foreignKeys = connection.pragma('foreign_key_check');
  connection.close();
  return { events: whole, orphans: orphans.length, integrity, foreignKeys };
}

const sound = { orphans: 0, integrity: 'ok', foreignKeys: [] };

test('what was backed up is there again, with every picture and its password sealed', async () => {
  const ids = [await addEvent(1), await addEvent()].toSorted();
  const summary = await backUp();
  expect(summary).toMatchObject({ events: 2, files: 5, missing_files: 0, has_secret_key: false });
  expect((await stat(dir.file('a.tar'))).mode & 0o777).toBe(0o600);
  expect((await readdir(dir.path)).toSorted()).toEqual(['a.tar', 'data']);
  const { replaced, hasSecretKey } = await restore();
  expect([replaced, hasSecretKey]).toEqual([null, false]);
  const found = await inspect(dir.file('restored'));
  expect(found).toEqual({ ...sound, events: found.events });
  expect(found.events.toSorted()).toEqual(ids);
  expect((await readdir(dir.file('restored'))).filter((name) => name.includes('unfinished'))).toEqual([]);
});

test('events that come and go while it runs: the backup is one moment, each row with its pictures', async () => {
  const before: string[] = [];
  for (let index = 0; index < 60; index += 1) before.push(await addEvent(index % 5));
  const done = new AbortController();
  const working = (async () => {
    for (let index = 0; !done.signal.aborted; index += 1) {
      await addEvent();
      await deleteEvent(before[index] ?? '');
    }
  })();
  const summary = await backUp();
  done.abort();
  await working;
  await restore();
  const found = await inspect(dir.file('restored'));
  expect(found).toMatchObject(sound);
  expect(found.events).toHaveLength(summary.events);
  expect(summary).toMatchObject({ missing_files: 0 });
  // What was deleted last, after the backup, is in it.
  expect(found.events).toContain(before.at(-1));
});

test('what was deleted while its files were copied leaves the copy of the database too', async () => {
  const [first, second, third] = [await addEvent(3), await addEvent(2), await addEvent(1)];
  const deleted: Promise<void>[] = [];
  // Before the first file is copied: the database has been.
  const summary = await backUp('a.tar', false, {
    onProgress: (share) => {
      if (share >= 0.2 && deleted.length === 0) deleted.push(deleteEvent(third));
    },
  });
  await Promise.all(deleted);
  await restore();
  const found = await inspect(dir.file('restored'));
  expect(found).toMatchObject(sound);
  expect(found.events.length).toBe(summary.events);
  expect(found.events).toEqual(expect.arrayContaining([first, second]));
});

test('pictures that the disk has lost are counted; their event is kept', async () => {
  const id = await addEvent();
  const event = await store.events.get(id);
  await media.remove({ thumbnailPath: event?.thumbnailPath ?? null, frames: [] });
  expect(await backUp()).toMatchObject({ events: 1, missing_files: 1 });
});

test('captures that wait for the database are in it, with their pictures', async () => {
  const id = createId();
  const picture = { jpeg, width: 64, height: 36, capturedAt: exampleTime, regions: [] };
  const written = await media.writeEventPictures(id, exampleTime, [picture]);
  await mkdir(dir.file('data', 'spool'));
  await writeFile(
    dir.file('data', 'spool', `${id}.json`),
    JSON.stringify(exampleCapture(cameraId, { id, ...written })),
  );
  await backUp();
  await restore();
  expect(existsSync(dir.file('restored', 'spool', `${id}.json`))).toBe(true);
  expect(existsSync(dir.file('restored', written.thumbnailPath ?? ''))).toBe(true);
});

test('the key of the passwords is in it only when that was wished for', async () => {
  await writeFile(dir.file('data', 'secret.key'), key);
  await backUp('without.tar');
  expect(String(await readFile(dir.file('without.tar')))).not.toContain(key);
  expect(await backUp('with.tar', true)).toMatchObject({ has_secret_key: true });
  expect(await restore('with.tar')).toMatchObject({ hasSecretKey: true });
  expect((await stat(dir.file('restored', 'secret.key'))).mode & 0o777).toBe(0o600);
});

test('nothing is overwritten, and what ends early leaves nothing', async () => {
  for (let index = 0; index < 5; index += 1) await addEvent();
  await writeFile(dir.file('a.tar'), 'precious');
  await expect(backUp()).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  expect(String(await readFile(dir.file('a.tar')))).toBe('precious');
  const stop = new AbortController();
  const stopped = backUp('b.tar', false, {
    signal: stop.signal,
    onProgress: (share) => {
      if (share > 0.5) stop.abort();
    },
  });
  await expect(stopped).rejects.toThrow(/abort/i);
  expect((await readdir(dir.path)).toSorted()).toEqual(['a.tar', 'data']);
});

test('tar and sha256sum read it too', async ({ skip }) => {
  await addEvent();
  await backUp();
  await mkdir(dir.file('by-hand'));
  try {
    await run('tar', ['--version']);
    await run('sha256sum', ['--version']);
  } catch {
    skip('tar or sha256sum is not installed');
  }
  await run('tar', ['-xf', dir.file('a.tar'), '-C', dir.file('by-hand')]);
  const { stdout } = await run('sha256sum', ['-c', 'SHA256SUMS'], { cwd: dir.file('by-hand') });
  expect(stdout).toContain('vedette.db: OK');
});

test('a backup that is cut off or changed anywhere is refused, and nothing is changed', async () => {
  await addEvent();
  await backUp();
  const whole = await readFile(dir.file('a.tar'));
  await mkdir(dir.file('target'));
  const change = fc.oneof(
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat(whole.length - 1_025) }),
    fc.record({ kind: fc.constant('flip' as const), at: fc.nat(whole.length - 1) }),
  );
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(change, async ({ kind, at }) => {
      const bytes = kind === 'cut' ? whole.subarray(0, at) : Buffer.from(whole);
      if (kind === 'flip') bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      await writeFile(dir.file('broken.tar'), bytes);
      const error: unknown = await restore('broken.tar', 'target').then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error === undefined) {
        // A bit that says nothing, such as one of the padding or of a file's time.
        await rename(dir.file('target'), dir.file(`target-${createId()}`));
        await mkdir(dir.file('target'));
        return;
      }
      refused += 1;
      expect(error).toMatchObject({ code: 'BACKUP_DAMAGED' });
      const left = (await readdir(dir.file('target'))).filter((name) => !/^vedette\.(?:lock|pid)/.test(name));
      expect(left).toEqual([]);
    }),
    { numRuns: 60 },
  );
  expect(refused).toBeGreaterThan(40);
});

test.each([
  ['../evil', '0'],
  ['/tmp/evil', '0'],
  ['media/2026-01-01/../../../evil', '0'],
  ['media/2026-01-01/.hidden', '0'],
  ['spool/../evil', '0'],
  ['media', '2'],
  ['vedette.db-wal', '0'],
])('an archive that wants to write %s (type %s) is refused', async (path, type) => {
  const content = Buffer.from('evil');
  const header = Buffer.from(tarHeader({ path, size: content.length, modifiedAt: 0 }));
  if (type !== '0') {
    header.write(type, 156);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  }
  await writeFile(dir.file('evil.tar'), Buffer.concat([header, content, tarPadding(content.length), tarEnd]));
  await expect(restore('evil.tar')).rejects.toMatchObject({ code: 'BACKUP_DAMAGED' });
  expect((await readdir(dir.path)).toSorted()).toEqual(['data', 'evil.tar', 'restored']);
  expect((await readdir(dir.file('restored'))).filter((name) => name.includes('evil'))).toEqual([]);
});

test('a folder in use and one that holds something are refused; by force, what it holds is put aside', async () => {
  const kept = await addEvent();
  await backUp();
  await expect(restore('a.tar', 'data', true)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
  const later = await addEvent();
  await store[Symbol.asyncDispose]();
  await expect(restore('a.tar', 'data')).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
  const { replaced } = await restore('a.tar', 'data', true);
  expect((await inspect(dataDir)).events).toEqual([kept]);
  expect((await inspect(replaced ?? '')).events.toSorted()).toEqual([kept, later].toSorted());
});

test('a backup of a newer version is refused with a clear word', async () => {
  await addEvent();
  await store[Symbol.asyncDispose]();
  const connection = new SqliteDatabase(`${dataDir}/vedette.db`);
  connection.prepare(`insert into kysely_migration values ('9999_future', '')`).run();
  connection.close();
  await backUp();
  await expect(restore()).rejects.toMatchObject({
    code: 'STORE_TOO_NEW',
    message: expect.stringContaining('9999_future'),
  });
});

test('a restore that is cut off while its files take their places is carried to its end by the next start', async () => {
  const kept = await addEvent();
  await backUp();
  const later = await addEvent();
  await store[Symbol.asyncDispose]();
  // Everything is unpacked and ready; then after no, one, two, … renames the power fails.
  for (let renames = 0; renames <= 4; renames += 1) {
    const folder = dir.file(`cut-${renames}`);
    await restore('a.tar', `unpacked-${renames}`);
    await run('cp', ['-r', dataDir, folder]);
    await mkdir(stagingFolder(folder));
    for (const name of ['media', 'vedette.db'])
      await rename(dir.file(`unpacked-${renames}`, name), `${stagingFolder(folder)}/${name}`);
    markReady(folder, exampleTime);
    const aside = `${folder}/replaced-${new Date(exampleTime).toISOString().replaceAll(/[:.]/g, '')}`;
    await mkdir(aside);
    const steps = [
      () => rename(`${folder}/media`, `${aside}/media`),
      () => rename(`${stagingFolder(folder)}/media`, `${folder}/media`),
      () => rename(`${folder}/vedette.db`, `${aside}/vedette.db`),
      () => rename(`${stagingFolder(folder)}/vedette.db`, `${folder}/vedette.db`),
    ];
    for (const step of steps.slice(0, renames)) await step();
    expect(isRestoreReady(folder)).toBe(true);
    const found = await inspect(folder);
    expect(found.events).toEqual([kept]);
    expect(isRestoreReady(folder)).toBe(false);
    expect((await inspect(aside)).events.toSorted()).toEqual([kept, later].toSorted());
  }
});
