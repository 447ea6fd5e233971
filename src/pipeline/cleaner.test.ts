import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleCamera, exampleCapture, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import { LiveFeed, type LiveMessage } from '../core/live-feed.ts';
import { silentLog } from '../core/log.ts';
import { createEmbeddedQueue } from '../queue/embedded-queue.ts';
import type { CleanupPlan } from '../store/cleanup-store.ts';
import { runMaintenance } from '../store/maintenance.ts';
import { createMediaFiles } from '../store/media-files.ts';
import { openStore, type SqliteStore } from '../store/open-store.ts';
import { createCleaner, type Cleaner } from './cleaner.ts';
import { createFileRemoval, type FileRemoval } from './file-removal.ts';

const never = new AbortController().signal;
const log = silentLog();

let dir: TempDir;
let store: SqliteStore;
let files: FileRemoval;
let cameraId: string;
const queue = createEmbeddedQueue({ capacity: 500 });
const live = new LiveFeed({ now: () => 1 });

beforeEach(async () => {
  dir = await makeTempDir();
  store = await openStore({ dataDir: dir.path, log, clock: systemClock });
  files = createFileRemoval({ store: store.cleanup, media: createMediaFiles({ dataDir: dir.path }), log });
  cameraId = (await store.cameras.create(exampleCamera())).id;
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function makeCleaner(change: Partial<SqliteStore['cleanup']> = {}): Cleaner {
  return createCleaner({
    store: { ...store.cleanup, ...change },
    files,
    queue,
    live,
    clock: systemClock,
  });
}

/** With its files on the disk, and its job in the queue. */
async function addEvents(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const capture = exampleCapture(cameraId, { timestamp: exampleTime + index });
    await store.events.capture(capture);
    for (const path of pathsOf(capture)) {
      await mkdir(dirname(dir.file(path)), { recursive: true });
      await writeFile(dir.file(path), 'x');
    }
    queue.enqueue({ eventId: capture.id, cameraId, startedAt: 1, attempts: 0 });
    ids.push(capture.id);
  }
  return ids;
}

function pathsOf({ thumbnailPath, frames }: ReturnType<typeof exampleCapture>): string[] {
  return [...(thumbnailPath === null ? [] : [thumbnailPath]), ...frames.map(({ path }) => path)];
}

async function planAll(): Promise<CleanupPlan> {
  const scope = { cameraId: null, exceptCameraIds: [], before: exampleTime + 1e9, starred: 'kept' } as const;
  return runMaintenance('plan', store.file, { kind: 'chosen', scopes: [scope], now: Date.now() });
}

test('rows, files, tombstones, waiting jobs: all go, and whoever watches is told', async () => {
  const ids = await addEvents(120);
  const told: LiveMessage[] = [];
  const stop = live.subscribe(({ message }) => told.push(message));
  const result = await makeCleaner().run(await planAll(), never);
  stop();
  expect(result).toEqual({ deletedEvents: 120, deletedBytes: 120 * 2_003, end: 'done', failure: null });
  expect(await store.events.existing(ids)).toEqual([]);
  expect(existsSync(dir.file('media', '2026-05-17'))).toBe(false);
  expect(await store.cleanup.tombstones(1)).toEqual([]);
  expect(told).toEqual(ids.map((eventId) => ({ type: 'EVENT_DELETED', eventId })));
  expect(queue.depth()).toBe(0);
});

test('it deletes no event more than it has announced, and says so', async () => {
  const ids = await addEvents(20);
  const plan = await planAll();
  const result = await makeCleaner().run({ ...plan, events: 12 }, never);
  expect(result).toMatchObject({ deletedEvents: 12, end: 'more_than_announced' });
  expect(await store.events.existing(ids)).toHaveLength(8);
});

test('a store that fails ends the run; what was deleted until then is deleted wholly', async () => {
  const ids = await addEvents(120);
  let calls = 0;
  const failing = makeCleaner({
    deleteBatch: (request) => {
      calls += 1;
      return calls === 2 ? Promise.reject(new Error('disk on fire')) : store.cleanup.deleteBatch(request);
    },
  });
  expect(await failing.run(await planAll(), never)).toMatchObject({
    end: 'failed',
    failure: 'disk on fire',
    deletedEvents: 50,
  });
  expect(calls).toBe(2);
  expect(await store.events.existing(ids)).toHaveLength(70);
  expect(await store.cleanup.tombstones(1)).toEqual([]);
  expect(failing.running).toBeUndefined();
});

test('files that the disk refuses to remove are left to the next sweep', async () => {
  const [id = ''] = await addEvents(1);
  const path = `media/2026-05-17/event_${id}.jpg`;
  await rm(dir.file(path));
  // A folder that is not empty can't be removed as a file.
  await mkdir(dir.file(path, 'x'), { recursive: true });
  expect(await makeCleaner().run(await planAll(), never)).toMatchObject({ end: 'failed', deletedEvents: 1 });
  expect(await store.events.existing([id])).toEqual([]);
  expect(await files.sweep(never)).toBe(0);
  expect(await store.cleanup.tombstones(10)).toHaveLength(3);
  await rm(dir.file(path), { recursive: true });
  expect(await files.sweep(never)).toBe(3);
  expect(await store.cleanup.tombstones(10)).toEqual([]);
});

test('captures go on while it runs', async () => {
  await addEvents(200);
  const cleaner = makeCleaner();
  const running = cleaner.run(await planAll(), never);
  let captured = 0;
  while (cleaner.running !== undefined) {
    await store.events.capture(exampleCapture(cameraId, { timestamp: exampleTime + 2e9 }));
    captured += 1;
  }
  expect(await running).toMatchObject({ deletedEvents: 200, end: 'done' });
  expect(captured).toBeGreaterThan(3);
});

test('a stop ends it between two batches; a second run at the same time is refused', async () => {
  await addEvents(120);
  const plan = await planAll();
  const stop = new AbortController();
  const cleaner = makeCleaner();
  const running = cleaner.run(plan, stop.signal);
  await expect(cleaner.run(plan, never)).rejects.toMatchObject({ code: 'CLEANUP_RUNNING' });
  stop.abort();
  expect(await running).toMatchObject({ end: 'shutdown' });
});
