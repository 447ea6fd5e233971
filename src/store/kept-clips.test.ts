import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleCamera, exampleCapture, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { createClipFiles, type ClipFiles } from './clip-files.ts';
import { runMaintenance } from './maintenance.ts';
import { createMediaFiles, type MediaFiles } from './media-files.ts';
import { openStore, type SqliteStore } from './open-store.ts';
import { restoreBackup } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

// Clips are kept, counted and deleted with their events, as pictures are.

const bytes = Buffer.alloc(5_000, 'A clip. ');

let dir: TempDir;
let dataDir: string;
let store: SqliteStore;
let media: MediaFiles;
let clipFiles: ClipFiles;
let cameraId: string;

beforeEach(async () => {
  dir = await makeTempDir();
  dataDir = dir.file('data');
  store = await openStore({ dataDir, log: silentLog(), clock: systemClock, env: {} });
  media = createMediaFiles({ dataDir });
  clipFiles = await createClipFiles({ dataDir });
  cameraId = (await store.cameras.create(exampleCamera())).id;
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** An event whose only file is its clip. @returns the event's id and the path of the clip */
async function addEvent(
  timestamp: number,
  isFinished = true,
): Promise<{ readonly id: string; readonly path: string }> {
  const capture = exampleCapture(cameraId, { timestamp, thumbnailPath: null, frames: [] });
  await store.events.capture(capture);
  const path = clipFiles.pathOf(capture.id, timestamp);
  await store.events.beginClip(capture.id, path);
  const recording = clipFiles.newRecording();
  await writeFile(recording, bytes);
  await clipFiles.keep(recording, path);
  const size = { sizeBytes: bytes.length, codec: 'h264', width: 64, height: 36 };
  const written = { kind: 'written', startedAt: timestamp, endedAt: timestamp + 9_000, ...size } as const;
  if (isFinished) await store.events.finishClip(capture.id, written);
  return { id: capture.id, path };
}

function isThere(path: string, folder = dataDir): boolean {
  return existsSync(`${folder}/${path}`);
}

test('the retention counts a clip, frees its bytes, and deletes it with its event', async () => {
  const old = await addEvent(exampleTime - 1_000);
  const young = await addEvent(exampleTime);
  const plan = async (maxBytes: number | null) => {
    const policy = { days: 0, starredDays: 0, maxBytes };
    return runMaintenance('plan', store.file, {
      kind: 'retention',
      policy,
      wantedBytes: 0,
      now: Date.now(),
    });
  };
  const { usedBytes } = await plan(null);
  const chosen = await plan(usedBytes - 3_000);
  expect(chosen).toMatchObject({ events: 1, sizeBytes: 5_000 });
  for (const scope of chosen.scopes) {
    const batch = await store.cleanup.deleteBatch({
      scope,
      storedUntil: chosen.storedUntil,
      cursor: null,
      limit: 10,
    });
    expect(batch.eventIds).toEqual([old.id]);
  }
  const paths = await store.cleanup.tombstones(10);
  expect(paths).toEqual([old.path]);
  await media.removePaths(paths);
  expect([isThere(old.path), isThere(young.path)]).toEqual([false, true]);
});

test('an event that is deleted names its clip, and a clip that was interrupted goes alone', async () => {
  const event = await addEvent(exampleTime);
  expect((await store.events.delete(event.id))?.paths).toEqual([event.path]);
  const interrupted = await addEvent(exampleTime + 1, false);
  // As the next start does: the row may not say so any more than that it was begun.
  expect(await store.events.failOpenClips('interrupted')).toEqual([interrupted.path]);
  expect(await store.cleanup.tombstones(10)).toEqual([event.path, interrupted.path].toSorted());
  expect(await store.events.get(interrupted.id)).toMatchObject({ clip: { status: 'failed' } });
});

test('a clip without an event is an orphan, one with an event is none, and one that is gone is missed', async () => {
  const event = await addEvent(exampleTime);
  const orphan = clipFiles.pathOf('0193-nobody', exampleTime);
  await mkdir(dirname(`${dataDir}/${orphan}`), { recursive: true });
  await writeFile(`${dataDir}/${orphan}`, bytes);
  for (const path of [orphan, event.path]) await utimes(`${dataDir}/${path}`, 1, 1);
  const orphans = await media.findOrphans((ids) => store.events.existing(ids), Date.now());
  expect(orphans).toMatchObject([{ path: orphan, sizeBytes: bytes.length }]);
  await media.removeOrphans(orphans);
  expect([isThere(orphan), isThere(event.path)]).toEqual([false, true]);
  await rm(`${dataDir}/${event.path}`);
  expect(await runMaintenance('missing', store.file, { dataDir })).toEqual({
    count: 1,
    events: 1,
    paths: [event.path],
  });
});

test('a backup holds the clips that are whole, and a restore brings them back', async () => {
  const event = await addEvent(exampleTime);
  const unfinished = await addEvent(exampleTime + 1, false);
  const target = dir.file('backup.tar');
  await writeBackup({ dataDir, target, withSecretKey: false, version: '1.2.3', now: exampleTime });
  const restored = dir.file('restored');
  await restoreBackup({ archive: target, dataDir: restored, isForced: false, now: exampleTime });
  expect(await readFile(`${restored}/${event.path}`)).toEqual(bytes);
  expect(isThere(unfinished.path, restored)).toBe(false);
  await using opened = await openStore({ dataDir: restored, log: silentLog(), clock: systemClock, env: {} });
  expect(await opened.events.get(event.id)).toMatchObject({
    clip: { status: 'ready', path: event.path, sizeBytes: bytes.length },
  });
});
