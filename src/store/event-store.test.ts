import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import {
  exampleCamera,
  exampleCapture,
  exampleDescription,
  exampleQuery,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import type { Camera } from '../core/camera.ts';
import type { EventMotion } from '../core/event.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { migrations } from './migrations.ts';
import type { CapturedEvent, FinishOutcome } from './event-store.ts';
import { openStore, type SqliteStore } from './open-store.ts';

let dir: TempDir;
let clock: FakeClock;
let store: SqliteStore;
let camera: Camera;

async function reopen(): Promise<void> {
  await store[Symbol.asyncDispose]();
  store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
}

async function capture(change: Partial<CapturedEvent> = {}): Promise<string> {
  const event = exampleCapture(camera.id, change);
  await store.events.capture(event);
  return event.id;
}

async function finish(eventId: string, outcome: FinishOutcome, deliverTo: string[] = []) {
  return store.events.finish({ eventId, outcome, timings: { described: 2_000 }, deliverTo });
}

beforeEach(async () => {
  dir = await makeTempDir();
  clock = new FakeClock(exampleTime);
  store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
  camera = await store.cameras.create(exampleCamera());
});

afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

describe('capture', () => {
  test('captures that come together are each stored or refused on their own', async () => {
    const events = Array.from({ length: 250 }, (_, index) =>
      exampleCapture(index % 50 === 49 ? 'no such camera' : camera.id, { timestamp: exampleTime + index }),
    );
    const again = exampleCapture(camera.id, { id: events[0]?.id ?? '' });
    const beyond = exampleCapture(camera.id, { timestamp: -1 });
    const results = await Promise.allSettled(
      [...events, again, beyond].map((event) => store.events.capture(event)),
    );
    for (const [index, event] of events.entries()) {
      expect(results[index]).toMatchObject(
        event.cameraId === camera.id
          ? { status: 'fulfilled', value: { kind: 'stored', event: { id: event.id } } }
          : { status: 'rejected', reason: { code: 'CAMERA_NOT_FOUND' } },
      );
    }
    expect(results[250]).toMatchObject({ value: { kind: 'stored', event: { timestamp: exampleTime } } });
    expect(results[251]).toMatchObject({ reason: { code: 'VALIDATION_FAILED' } });
    expect((await store.events.list(exampleQuery({ limit: 1 }))).totalCount).toBe(245);
    expect(await store.events.pendingJobs()).toHaveLength(245);
  });

  test('an event, its frames and its job are there after the store was closed and opened again', async () => {
    const captured = exampleCapture(camera.id);
    const result = await store.events.capture(captured);
    await reopen();
    const event = await store.events.get(captured.id);
    expect(result).toEqual({ kind: 'stored', event });
    expect(event).toEqual({
      ...captured,
      cameraName: 'Front Door',
      description: null,
      title: null,
      descriptionStatus: 'pending',
      descriptionReason: null,
      confidence: null,
      objectsDetected: [],
      actions: [],
      isNothingOfInterest: false,
      detections: [],
      provider: null,
      model: null,
      promptVersion: null,
      sameAs: null,
      clip: null,
      alertTriggered: false,
      userFeedback: null,
      note: null,
      isStarred: false,
      costUsd: null,
      createdAt: exampleTime,
      updatedAt: exampleTime,
    });
    expect(await store.events.pendingJobs()).toEqual([
      { eventId: captured.id, cameraId: camera.id, startedAt: captured.startedAt, attempts: 0 },
    ]);
  });

  test('an event that arrives described has no job, and a delivery for each target', async () => {
    const id = await capture({
      description: exampleDescription('A cat.', { objects: ['cat', 'cat'] }),
      deliverTo: ['hook', 'broker', 'hook'],
    });
    expect(await store.events.get(id)).toMatchObject({
      descriptionStatus: 'done',
      description: 'A cat.',
      objectsDetected: ['cat'],
    });
    expect(await store.events.pendingJobs()).toEqual([]);
    const { deliveries } = await store.deliveries.list({ limit: 10, offset: 0 });
    expect(deliveries.map(({ target, type }) => `${type} ${target}`).toSorted()).toEqual([
      'event.described broker',
      'event.described hook',
    ]);
  });

  test('the same capture again, because its answer got lost, stores nothing twice', async () => {
    const captured = exampleCapture(camera.id);
    const first = await store.events.capture(captured);
    expect(await store.events.capture(captured)).toEqual(first);
    expect((await store.events.list(exampleQuery())).totalCount).toBe(1);
    expect(await store.events.pendingJobs()).toHaveLength(1);
  });

  test('an idempotency key answers the same request with its event and refuses another request', async () => {
    const idempotency = { key: 'order 66', requestHash: 'a' };
    const first = exampleCapture(camera.id, { idempotency });
    await store.events.capture(first);
    const again = await store.events.capture(exampleCapture(camera.id, { idempotency }));
    expect(again).toMatchObject({ kind: 'repeated', event: { id: first.id } });
    const other = exampleCapture(camera.id, { idempotency: { ...idempotency, requestHash: 'b' } });
    expect(await store.events.capture(other)).toEqual({ kind: 'conflict' });
    expect((await store.events.list(exampleQuery())).totalCount).toBe(1);
    await store.events.delete(first.id);
    expect(await store.events.capture(other)).toMatchObject({ kind: 'stored' });
  });

  test('an event of an unknown camera is refused, one of a deleted camera is kept under its name', async () => {
    await expect(store.events.capture(exampleCapture(createId()))).rejects.toMatchObject({
      code: 'CAMERA_NOT_FOUND',
    });
    await store.cameras.delete(camera.id);
    const id = await capture();
    expect(await store.events.get(id)).toMatchObject({ cameraName: 'Front Door' });
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 43])(
    'the timestamp %d is refused',
    async (timestamp) => {
      await expect(store.events.capture(exampleCapture(camera.id, { timestamp }))).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
      });
    },
  );

  test('times at the ends of the range, and fractions, are stored and found', async () => {
    for (const timestamp of [0, 2 ** 43 - 2, 1_000.4]) await capture({ timestamp, startedAt: timestamp });
    const { events } = await store.events.list(exampleQuery({ sortOrder: 'asc' }));
    expect(events.map((event) => event.timestamp)).toEqual([0, 1_000, 2 ** 43 - 2]);
    const late = await store.events.list(exampleQuery({ startTime: 1_001 }));
    expect(late.events.map((event) => event.timestamp)).toEqual([2 ** 43 - 2]);
    expect(late.totalCount).toBe(1);
  });
});

describe('finish', () => {
  const done: FinishOutcome = { status: 'done', description: exampleDescription('A dog runs.') };

  test('the description, its delivery and the end of the job come together', async () => {
    const id = await capture();
    await clock.advance(2_500);
    const event = await finish(id, done, ['hook']);
    expect(event).toMatchObject({
      description: 'A dog runs.',
      descriptionStatus: 'done',
      confidence: 80,
      objectsDetected: ['person'],
      detections: [{ label: 'person', score: 0.8, box: [0.1, 0.1, 0.2, 0.4] }],
      provider: 'local',
      model: 'efficientdet-lite0',
      costUsd: 0,
      alertTriggered: false,
      timings: { captured: 1_100, queued: null, described: 2_000, stored: null, total: null },
      updatedAt: exampleTime + 2_500,
    });
    expect(event).toEqual(await store.events.get(id));
    expect(event?.frames).toHaveLength(2);
    expect(await store.events.pendingJobs()).toEqual([]);
    expect(await store.deliveries.due('hook', clock.now(), 10)).toMatchObject([
      { eventId: id, type: 'event.described', status: 'pending', attempts: 0, lastError: null },
    ]);
  });

  test('a failure keeps its reason, and says nothing in the description', async () => {
    const id = await capture();
    const event = await finish(id, { status: 'failed', reason: 'DESCRIBE_TIMEOUT: too late' }, ['hook']);
    expect(event).toMatchObject({
      description: null,
      descriptionStatus: 'failed',
      descriptionReason: 'DESCRIBE_TIMEOUT: too late',
    });
    expect(await store.events.pendingJobs()).toEqual([]);
    expect(await store.deliveries.due('hook', clock.now(), 10)).toMatchObject([{ type: 'event.failed' }]);
    expect((await store.events.list(exampleQuery({ searchQuery: 'timeout' }))).totalCount).toBe(0);
  });

  test('finishing twice is finishing once', async () => {
    const id = await capture();
    const first = await finish(id, done, ['hook']);
    await clock.advance(1_000);
    const other: FinishOutcome = { status: 'done', description: exampleDescription('Something else.') };
    expect(await finish(id, other, ['hook'])).toEqual(first);
    expect(await finish(id, { status: 'failed', reason: 'late' }, ['hook'])).toEqual(first);
    expect((await store.deliveries.list({ limit: 10, offset: 0 })).totalCount).toBe(1);
  });

  test('a description takes the place of an omission, and another failure does not', async () => {
    const id = await capture();
    const skipped = await finish(id, { status: 'skipped', reason: 'overload' });
    expect(await finish(id, { status: 'failed', reason: 'other' })).toEqual(skipped);
    expect(await finish(id, done)).toMatchObject({
      descriptionStatus: 'done',
      descriptionReason: null,
      description: 'A dog runs.',
    });
  });

  test('an event that was deleted meanwhile is not there, and leaves no job and no delivery', async () => {
    const id = await capture();
    expect(await store.events.delete(id)).toMatchObject({ id, frames: [{ number: 1 }, { number: 2 }] });
    expect(await finish(id, done, ['hook'])).toBeUndefined();
    expect(await store.events.pendingJobs()).toEqual([]);
    expect((await store.deliveries.list({ limit: 10, offset: 0 })).totalCount).toBe(0);
    expect(await store.events.delete(id)).toBeUndefined();
  });
});

describe('jobs and episodes', () => {
  test('attempts are counted before the work and survive a restart; released ones are taken back', async () => {
    const id = await capture();
    expect(await store.events.beginAttempt(id)).toBe(1);
    expect(await store.events.beginAttempt(id)).toBe(2);
    await store.events.releaseAttempt(id);
    await reopen();
    expect(await store.events.pendingJobs()).toMatchObject([{ eventId: id, attempts: 1 }]);
    await store.events.releaseAttempt(id);
    await store.events.releaseAttempt(id);
    expect(await store.events.pendingJobs()).toMatchObject([{ attempts: 0 }]);
    expect(await store.events.beginAttempt(createId())).toBeUndefined();
  });

  test('jobs come back oldest first', async () => {
    const late = await capture({ startedAt: 3_000 });
    const early = await capture({ startedAt: 1_000 });
    const between = await capture({ startedAt: 2_000 });
    const jobs = await store.events.pendingJobs();
    expect(jobs.map((job) => job.eventId)).toEqual([early, between, late]);
  });

  test('an episode that goes on changes its end and its motion only', async () => {
    const id = await capture();
    const before = await store.events.get(id);
    await clock.advance(10);
    const motion = { score: 0.9, regions: [], zones: [], reason: 'motion' } as const;
    expect(await store.events.extend(id, { endedAt: exampleTime + 5_000 })).toEqual({
      ...before,
      endedAt: exampleTime + 5_000,
      updatedAt: exampleTime + 10,
    });
    expect(await store.events.extend(id, { motion })).toMatchObject({ motion, endedAt: exampleTime + 5_000 });
    expect(await store.events.extend(createId(), { motion })).toBeUndefined();
  });

  test('the motion of an event from before there were zones touched none', async () => {
    const id = await capture();
    const { zones: _zones, ...motion } = { score: 0.9, regions: [], zones: [], reason: 'motion' } as const;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as an older version wrote it
    const stored = await store.events.extend(id, { motion: motion as unknown as EventMotion });
    expect(stored?.motion).toEqual({ ...motion, zones: [] });
  });

  test('episodes that a crash left open end at the time of their picture', async () => {
    const open = await capture({ timestamp: exampleTime + 7, endedAt: null });
    const closed = await capture({ endedAt: exampleTime + 9 });
    expect(await store.events.closeOpenEpisodes()).toBe(1);
    expect(await store.events.get(open)).toMatchObject({ endedAt: exampleTime + 7 });
    expect(await store.events.get(closed)).toMatchObject({ endedAt: exampleTime + 9 });
    expect(await store.events.closeOpenEpisodes()).toBe(0);
  });

  test('existing names those ids that are stored, however many are asked for', async () => {
    const id = await capture();
    const asked = [...Array.from({ length: 2_500 }, () => createId()), id];
    expect(await store.events.existing(asked)).toEqual([id]);
    expect(await store.events.existing([])).toEqual([]);
  });
});

describe('search', () => {
  test('highlights are escaped, and only matches are marked', async () => {
    const text = `A <script> & "man" isn't here, <mark>`;
    await finish(await capture(), { status: 'done', description: exampleDescription(text) });
    const search = (searchQuery: string) => store.events.list(exampleQuery({ searchQuery }));
    expect((await search('MAN script')).highlights).toEqual([
      'A &lt;<mark>script</mark>&gt; &amp; &quot;<mark>man</mark>&quot; isn&#39;t here, &lt;mark&gt;',
    ]);
    expect((await search('front')).highlights).toEqual([
      'A &lt;script&gt; &amp; &quot;man&quot; isn&#39;t here, &lt;mark&gt;',
    ]);
    expect((await store.events.list(exampleQuery())).highlights).toEqual([null]);
  });

  test('an event without a description is found by its camera and has no highlight', async () => {
    const id = await capture();
    const page = await store.events.list(exampleQuery({ searchQuery: 'door' }));
    expect(page).toMatchObject({ events: [{ id }], totalCount: 1, highlights: [null] });
  });

  test('words may be spread over description, objects and camera name; accents and endings do not matter', async () => {
    const description = exampleDescription('Two cafés are closing.', { objects: ['dog'] });
    const id = await capture({ description });
    for (const searchQuery of ['cafe closed', 'dog front', 'CAFÉ door', 'clos*', '"two cafes"']) {
      const { events } = await store.events.list(exampleQuery({ searchQuery }));
      expect({ searchQuery, found: events.map((event) => event.id) }).toEqual({ searchQuery, found: [id] });
    }
    for (const searchQuery of ['cafe cat', '"cafes two"', '???', '🙂', 'description: cafe']) {
      expect({ searchQuery, ...(await store.events.list(exampleQuery({ searchQuery }))) }).toMatchObject({
        searchQuery,
        totalCount: 0,
      });
    }
  });

  test('of equal matches the newest come first, also when their times are written with fewer digits', async () => {
    const ids = new Map<number, string>();
    for (const timestamp of [2, 10, 300]) {
      ids.set(timestamp, await capture({ timestamp, description: exampleDescription('A red van') }));
    }
    const page = await store.events.list(exampleQuery({ searchQuery: 'van', sortBy: 'relevance' }));
    expect(page.events.map(({ id }) => id)).toEqual([300, 10, 2].map((timestamp) => ids.get(timestamp)));
  });

  test('a camera that is renamed is found by its new name only', async () => {
    const id = await capture();
    await store.cameras.update(camera.id, { name: 'Garage' });
    expect((await store.events.list(exampleQuery({ searchQuery: 'front' }))).totalCount).toBe(0);
    const page = await store.events.list(exampleQuery({ searchQuery: 'garage' }));
    expect(page).toMatchObject({ events: [{ id, cameraName: 'Garage' }], totalCount: 1 });
  });
});

test('the health check reads and writes, and knows the schema and the size', async () => {
  const health = await store.checkHealth();
  expect(health.schemaVersion).toBe(Object.keys(migrations).length);
  expect(health.sizeBytes).toBeGreaterThan(4_096);
});

test('settings hold any JSON, survive a restart, and undefined takes them away', async () => {
  expect(await store.settings.get('theme')).toBeUndefined();
  await store.settings.set('theme', { dark: [true, null, 'ü'] });
  await store.settings.set('zero', 0);
  await reopen();
  expect(await store.settings.get('theme')).toEqual({ dark: [true, null, 'ü'] });
  expect(await store.settings.get('zero')).toBe(0);
  await store.settings.set('theme', undefined);
  expect(await store.settings.get('theme')).toBeUndefined();
});

test('a store that is closed refuses, and may be closed again', async () => {
  await store[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  await expect(store.events.pendingJobs()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    isRetryable: false,
  });
});
