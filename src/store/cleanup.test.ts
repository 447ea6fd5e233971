import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import SqliteDatabase from 'better-sqlite3';
import { exampleCamera, exampleCapture, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import type { Clock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { planCleanup } from './cleanup-plan.ts';
import type { CleanupPlan, CleanupRules, RetentionPolicy } from './cleanup-store.ts';
import { runMaintenance } from './maintenance.ts';
import { openStore, type SqliteStore } from './open-store.ts';

const dayMs = 86_400_000;
const keepAll: RetentionPolicy = { days: 0, starredDays: 0, maxBytes: null };

let dir: TempDir;
let clock: Clock;
let store: SqliteStore;

beforeEach(async () => {
  dir = await makeTempDir();
  clock = new FakeClock(exampleTime);
  store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function addCamera(name: string, retentionDays: number | null = null): Promise<string> {
  return (await store.cameras.create(exampleCamera({ name, retentionDays }))).id;
}

/** @returns the event's id; its two frames have 1,001 and 1,002 bytes, its thumbnail 100 */
async function addEvent(cameraId: string, ageDays: number): Promise<string> {
  const capture = exampleCapture(cameraId, { timestamp: exampleTime - ageDays * dayMs, thumbnailBytes: 100 });
  await store.events.capture(capture);
  return capture.id;
}

async function star(id: string): Promise<void> {
  await store.events.annotate(id, { isStarred: true });
}

function retention(policy: Partial<RetentionPolicy>, wantedBytes = 0): CleanupRules {
  return { kind: 'retention', policy: { ...keepAll, ...policy }, wantedBytes, now: exampleTime };
}

async function carryOut(plan: CleanupPlan): Promise<string[]> {
  const deleted: string[] = [];
  for (const scope of plan.scopes) {
    let cursor: string | null = null;
    for (let hasMore = true; hasMore;) {
      const batch = await store.cleanup.deleteBatch({
        scope,
        storedUntil: plan.storedUntil,
        cursor,
        limit: 3,
      });
      deleted.push(...batch.eventIds);
      ({ cursor, hasMore } = batch);
    }
  }
  return deleted;
}

test('what is too old goes: by the days of its camera, of its star, or of all', async () => {
  const cameras = {
    plain: await addCamera('Plain'),
    short: await addCamera('Short', 2),
    ever: await addCamera('Ever', 0),
  };
  const old = {
    plain: await addEvent(cameras.plain, 31),
    starred: await addEvent(cameras.plain, 400),
    oldStar: await addEvent(cameras.plain, 800),
    short: await addEvent(cameras.short, 3),
    ever: await addEvent(cameras.ever, 3_000),
  };
  for (const id of [old.starred, old.oldStar]) await star(id);
  await addEvent(cameras.plain, 29);
  await addEvent(cameras.short, 1);

  const plan = await runMaintenance('plan', store.file, retention({ days: 30, starredDays: 700 }));
  expect(plan).toMatchObject({
    events: 3,
    sizeBytes: 3 * 2_103,
    starredKept: 1,
    oldest: exampleTime - 800 * dayMs,
    newest: exampleTime - 3 * dayMs,
    excessBytes: 0,
  });
  expect((await carryOut(plan)).toSorted()).toEqual([old.plain, old.oldStar, old.short].toSorted());
});

test('the oldest go first, also when their times are written with fewer digits', async () => {
  const camera = await addCamera('Gate');
  const ids: string[] = [];
  for (const timestamp of [10, 2, exampleTime, 200, 30]) {
    const capture = exampleCapture(camera, { timestamp });
    await store.events.capture(capture);
    ids.push(capture.id);
  }
  const plan = await runMaintenance('plan', store.file, retention({ days: 30 }));
  expect(await carryOut(plan)).toEqual([ids[1], ids[0], ids[4], ids[3]]);
});

test('0 and no cap keep everything for ever', async () => {
  const camera = await addCamera('Gate');
  await addEvent(camera, 20_000);
  const plan = await runMaintenance('plan', store.file, retention({}));
  expect(plan).toMatchObject({ scopes: [], events: 0, sizeBytes: 0, oldest: null, newest: null });
});

test('what was to be kept for ever is kept when its camera is deleted', async () => {
  const camera = await addCamera('Gate', 0);
  await addEvent(camera, 100);
  await store.cameras.delete(camera);
  expect((await runMaintenance('plan', store.file, retention({ days: 30, maxBytes: 1 }))).events).toBe(0);
});

test('above the cap the oldest go, as many as it takes and no more; what is kept for ever is told', async () => {
  const camera = await addCamera('Gate');
  const ids: string[] = [];
  for (let age = 20; age > 0; age -= 1) ids.push(await addEvent(camera, age));
  await star(ids[0] ?? '');
  const { usedBytes } = await runMaintenance('plan', store.file, retention({}));
  const plan = await runMaintenance('plan', store.file, retention({}, 3 * 2_103));
  // The share of the database that each event has counts too.
  expect(plan.events).toBeGreaterThan(0);
  expect(plan.events).toBeLessThanOrEqual(3);
  expect(await carryOut(plan)).toEqual(ids.slice(1, 1 + plan.events));
  const tight = await runMaintenance('plan', store.file, retention({ maxBytes: Math.round(usedBytes / 2) }));
  expect(tight.events).toBeGreaterThan(plan.events);
  expect(tight.excessBytes).toBe(0);
  const impossible = await runMaintenance('plan', store.file, retention({ maxBytes: 1 }));
  expect(impossible.events).toBe(19 - plan.events);
  expect(impossible.excessBytes).toBeGreaterThan(0);
});

test('events that are stored after the counting are not touched', async () => {
  const camera = await addCamera('Gate');
  const counted = await addEvent(camera, 40);
  const plan = await runMaintenance('plan', store.file, retention({ days: 30 }));
  await (clock as FakeClock).advance(1);
  await addEvent(camera, 50);
  expect(await carryOut(plan)).toEqual([counted]);
});

test('what is deleted leaves tombstones that name all its files, until they are gone', async () => {
  const camera = await addCamera('Gate');
  const id = await addEvent(camera, 40);
  const picture = {
    label: 'a',
    path: `media/2026-01-01/event_${id}_sent_x-1_1.jpg`,
    width: 1,
    height: 1,
    sizeBytes: 7,
  };
  await store.events.recordSent(id, {
    provider: 'x',
    model: null,
    sentAt: 1,
    promptVersion: '1',
    system: '',
    prompt: '',
    pictures: [picture],
  });
  const plan = await runMaintenance('plan', store.file, retention({ days: 30 }));
  expect(plan.sizeBytes).toBe(2_110);
  const [scope] = plan.scopes;
  if (scope === undefined) throw new Error('no scope');
  const batch = await store.cleanup.deleteBatch({ scope, storedUntil: exampleTime, cursor: null, limit: 10 });
  expect(batch.paths).toHaveLength(4);
  expect(batch.paths).toContain(picture.path);
  expect((await store.cleanup.tombstones(10)).toSorted()).toEqual(batch.paths.toSorted());
  await store.cleanup.clearTombstones(batch.paths.slice(1));
  expect(await store.cleanup.tombstones(10)).toEqual(batch.paths.slice(0, 1));
});

test('of the ninth request on, the pictures of the oldest are tombstones', async () => {
  const id = await addEvent(await addCamera('Gate'), 1);
  for (let index = 0; index < 9; index += 1) {
    const path = `media/2026-01-01/event_${id}_sent_x-${index}_1.jpg`;
    const pictures = [{ label: 'a', path, width: 1, height: 1, sizeBytes: 7 }];
    const request = {
      provider: 'x',
      model: null,
      sentAt: index,
      promptVersion: '1',
      system: '',
      prompt: '',
      pictures,
    };
    await store.events.recordSent(id, request);
  }
  expect(await store.cleanup.tombstones(10)).toEqual([`media/2026-01-01/event_${id}_sent_x-0_1.jpg`]);
});

test('with a limit of 0 nothing is deleted, and it tells whether anything would be', async () => {
  const camera = await addCamera('Gate');
  await addEvent(camera, 40);
  const scope = { cameraId: camera, exceptCameraIds: [], starred: 'kept' } as const;
  const ask = (before: number) =>
    store.cleanup.deleteBatch({
      scope: { ...scope, before },
      storedUntil: exampleTime,
      cursor: null,
      limit: 0,
    });
  expect(await ask(exampleTime)).toMatchObject({ eventIds: [], hasMore: true });
  expect(await ask(0)).toMatchObject({ eventIds: [], hasMore: false });
});

test('a database that can not be read ends the counting with an error, not with nothing', async () => {
  await expect(runMaintenance('plan', join(dir.path, 'no.db'), retention({ days: 1 }))).rejects.toMatchObject(
    { code: 'STORE_UNAVAILABLE' },
  );
});

test('an abort ends the process', async () => {
  await expect(runMaintenance('plan', store.file, retention({}), AbortSignal.timeout(1))).rejects.toThrow(
    /abort/i,
  );
});

test('any policy over any events deletes exactly those that a naive reading of it names', async () => {
  const cameras = [
    { id: await addCamera('A'), days: null },
    { id: await addCamera('B', 0), days: 0 },
    { id: await addCamera('C', 5), days: 5 },
  ];
  const eventArbitrary = fc.record({
    camera: fc.nat(2),
    ageDays: fc.double({ min: 0.01, max: 40, noNaN: true }),
    isStarred: fc.boolean(),
  });
  const days = fc.constantFrom(0, 1, 5, 20);
  await fc.assert(
    fc.asyncProperty(
      fc.array(eventArbitrary, { maxLength: 25 }),
      days,
      days,
      async (wanted, all, starred) => {
        const events = [];
        for (const each of wanted) {
          const camera = cameras[each.camera];
          if (camera === undefined) continue;
          const id = await addEvent(camera.id, each.ageDays);
          if (each.isStarred) await star(id);
          events.push({ ...each, id, kept: camera.days ?? all });
        }
        const expected = events.filter(({ kept, ageDays, isStarred, camera }) => {
          const limit = isStarred ? (camera === 1 ? 0 : starred) : kept;
          return limit > 0 && Math.round(exampleTime - ageDays * dayMs) < exampleTime - limit * dayMs;
        });
        const connection = new SqliteDatabase(store.file, { readonly: true });
        const plan = planCleanup(connection, retention({ days: all, starredDays: starred }));
        connection.close();
        const deleted = await carryOut(plan);
        expect(deleted.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
        expect(plan.events).toBe(deleted.length);
        for (const { id } of events) await store.events.delete(id);
      },
    ),
    { numRuns: 25 },
  );
});
