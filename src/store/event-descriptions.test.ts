import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import {
  exampleAttempt,
  exampleCamera,
  exampleCapture,
  exampleDescription,
  exampleKeyring,
  exampleQuery,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import type { Camera } from '../core/camera.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import type { CapturedEvent, FinishOutcome, FinishRequest, SentRequest } from './event-store.ts';
import { migrations } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { openStore, type SqliteStore } from './open-store.ts';
import { undescribedStatement } from './requeue-operations.ts';

let dir: TempDir;
let clock: FakeClock;
let store: SqliteStore;
let camera: Camera;

async function capture(change: Partial<CapturedEvent> = {}): Promise<string> {
  const event = exampleCapture(camera.id, change);
  await store.events.capture(event);
  return event.id;
}

async function finish(eventId: string, outcome: FinishOutcome, change: Partial<FinishRequest> = {}) {
  return store.events.finish({ eventId, outcome, timings: {}, deliverTo: [], ...change });
}

const done = (text: string, change = {}): FinishOutcome => ({
  status: 'done',
  description: exampleDescription(text, change),
});
const failed: FinishOutcome = { status: 'failed', reason: 'DESCRIBE_TIMEOUT: too late' };

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

describe('a description', () => {
  test('comes with its title, actions, prompt and what it was reused from', async () => {
    const id = await capture();
    const description = exampleDescription('A man carries a ladder.', {
      title: 'Man with a ladder',
      actions: ['carries a ladder'],
      isNothingOfInterest: true,
    });
    await finish(id, { status: 'done', description, promptVersion: '3', sameAs: 'other' });
    expect(await store.events.get(id)).toMatchObject({
      title: 'Man with a ladder',
      actions: ['carries a ladder'],
      isNothingOfInterest: true,
      promptVersion: '3',
      sameAs: 'other',
    });
  });

  test('is found by its title, whose words are not marked in its text', async () => {
    const id = await capture();
    await finish(id, done('A man stands there.', { title: 'Nightly visitor' }));
    const found = await store.events.list(exampleQuery({ searchQuery: 'visitor man' }));
    expect(found.events.map((event) => event.id)).toEqual([id]);
    expect(found.highlights).toEqual(['A <mark>man</mark> stands there.']);
    await finish(await capture(), done('A cat.', { title: 'Cat' }));
    expect((await store.events.list(exampleQuery({ searchQuery: 'visitor' }))).totalCount).toBe(1);
  });

  test('that an earlier version left on the disk without the newer fields is stored all the same', async () => {
    const { title, actions, isNothingOfInterest, usage, ...old } = exampleDescription('A cat.');
    expect([title, actions, isNothingOfInterest, usage]).toEqual([null, [], false, null]);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as JSON of an earlier version is read
    const id = await capture({ description: old as CapturedEvent['description'] & object });
    expect(await store.events.get(id)).toMatchObject({
      title: null,
      actions: [],
      isNothingOfInterest: false,
    });
  });
});

describe('attempts', () => {
  const first = exampleAttempt({
    outcome: 'timeout',
    message: 'no answer',
    costUsd: 0.02,
    outputTokens: null,
  });
  const second = exampleAttempt({ provider: 'google', startedAt: exampleTime + 1_000 });

  test('are kept in order, and together are what the event has cost', async () => {
    const id = await capture();
    const event = await finish(id, done('A cat.', { costUsd: 0.01 }), { attempts: [first, second] });
    expect(event?.costUsd).toBe(0.03);
    expect(await store.events.attempts(id)).toEqual([first, second]);
    expect(await store.events.attempts(createId())).toEqual([]);
  });

  test('of a failure are kept too; a cost that is not known makes that of the event unknown', async () => {
    const id = await capture();
    await finish(id, failed, { attempts: [first, exampleAttempt({ outcome: 'bad_answer', costUsd: null })] });
    expect(await store.events.get(id)).toMatchObject({ descriptionStatus: 'failed', costUsd: null });
    expect(await store.events.attempts(id)).toHaveLength(2);
  });

  test('are not kept twice when an event is finished twice', async () => {
    const id = await capture();
    await finish(id, done('A cat.'), { attempts: [first] });
    await finish(id, done('A cat.'), { attempts: [first] });
    expect(await store.events.attempts(id)).toEqual([first]);
  });

  test('are at most fifty, and go with their event', async () => {
    const id = await capture();
    const many = Array.from({ length: 60 }, (_, index) => exampleAttempt({ startedAt: exampleTime + index }));
    await finish(id, failed, { attempts: many });
    expect(await store.events.attempts(id)).toEqual(many.slice(10));
    await store.events.delete(id);
    expect(await store.events.attempts(id)).toEqual([]);
  });
});

describe('a better description', () => {
  const better = exampleDescription('A woman brings a parcel.', {
    provider: 'openai',
    objects: ['person', 'parcel'],
  });
  const attempt = exampleAttempt();

  test('takes the place of the first, in the search too, and nobody is told', async () => {
    const id = await capture();
    const deliverTo = ['hook'];
    await finish(id, done('Motion.', { objects: ['dog'] }), { timings: { described: 900 }, deliverTo });
    await clock.advance(10_000);
    const event = await store.events.improve({
      eventId: id,
      replaces: 'Motion.',
      description: better,
      promptVersion: '1',
      attempts: [attempt],
    });
    expect(event).toMatchObject({
      description: 'A woman brings a parcel.',
      descriptionStatus: 'done',
      provider: 'openai',
      objectsDetected: ['person', 'parcel'],
      promptVersion: '1',
      costUsd: 0.01,
      updatedAt: exampleTime + 10_000,
    });
    expect(event?.timings.described).toBe(900);
    expect(await store.events.get(id)).toEqual(event);
    const found = async (query: object) => (await store.events.list(exampleQuery(query))).totalCount;
    expect(await found({ searchQuery: 'parcel' })).toBe(1);
    expect(await found({ searchQuery: 'motion' })).toBe(0);
    expect(await found({ objectTypes: ['dog'] })).toBe(0);
    expect((await store.deliveries.list({ limit: 10, offset: 0 })).totalCount).toBe(1);
  });

  test('does not take the place of another text, nor of none; its attempts are kept', async () => {
    const changed = await capture();
    await finish(changed, done('What a person wrote.'));
    const waiting = await capture();
    const broken = await capture();
    await finish(broken, failed);
    for (const [eventId, replaces] of [
      [changed, 'Motion.'],
      [waiting, ''],
      [broken, ''],
      [createId(), ''],
    ] as const) {
      const before = await store.events.get(eventId);
      const answer = await store.events.improve({
        eventId,
        replaces,
        description: better,
        attempts: [attempt],
      });
      expect(answer).toBeUndefined();
      const after = await store.events.get(eventId);
      expect(after?.description).toBe(before?.description);
      expect(after?.descriptionStatus).toBe(before?.descriptionStatus);
      expect(await store.events.attempts(eventId)).toEqual(before === undefined ? [] : [attempt]);
    }
  });

  test('that did not come leaves its attempts; the same answer again leaves nothing more', async () => {
    const id = await capture();
    await finish(id, done('Motion.'), { attempts: [attempt] });
    const late = exampleAttempt({ provider: 'google', outcome: 'timeout' });
    const request = { eventId: id, replaces: 'Motion.', description: undefined, attempts: [late] };
    for (const _ of [1, 2]) expect(await store.events.improve(request)).toBeUndefined();
    expect(await store.events.attempts(id)).toEqual([attempt, late]);
    expect((await store.events.get(id))?.description).toBe('Motion.');
  });
});

describe('queued again', () => {
  test('are failed and skipped events, each with a fresh job and its reason in the history', async () => {
    const broken = await capture({ timestamp: exampleTime });
    const skipped = await capture({ timestamp: exampleTime + 1 });
    const described = await capture({ timestamp: exampleTime + 2 });
    const waiting = await capture({ timestamp: exampleTime + 3 });
    const bare = await capture({ timestamp: exampleTime + 4, thumbnailPath: null, frames: [] });
    await store.events.beginAttempt(broken);
    await finish(broken, failed);
    await finish(skipped, { status: 'skipped', reason: 'overload' });
    await finish(described, done('A cat.'));
    await finish(bare, { status: 'skipped', reason: 'no picture' });
    await clock.advance(500);
    const events = [broken, skipped, described, waiting, bare, createId()];
    const jobs = await store.events.requeue({ events, limit: 10, requestedBy: 'user' });
    expect(jobs.map(({ eventId, attempts }) => [eventId, attempts])).toEqual([
      [skipped, 0],
      [broken, 0],
    ]);
    expect(await store.events.get(broken)).toMatchObject({
      descriptionStatus: 'pending',
      descriptionReason: null,
      updatedAt: exampleTime + 500,
    });
    expect((await store.events.pendingJobs()).map((job) => job.eventId)).toEqual([broken, skipped, waiting]);
    expect(await store.events.describeRequests(broken)).toEqual([
      {
        requestedAt: exampleTime + 500,
        requestedBy: 'user',
        previousStatus: 'failed',
        previousReason: 'DESCRIBE_TIMEOUT: too late',
      },
    ]);
    expect(await store.events.describeRequests(described)).toEqual([]);
    expect(await store.events.requeue({ events, limit: 10, requestedBy: 'user' })).toEqual([]);
  });

  test('an event that is described keeps what it has until something better comes', async () => {
    const id = await capture();
    await finish(id, done('A cat.'));
    const again = { events: [id], statuses: ['done'], limit: 1, requestedBy: 'user' } as const;
    expect(await store.events.requeue(again)).toHaveLength(1);
    expect(await store.events.get(id)).toMatchObject({ descriptionStatus: 'pending', description: 'A cat.' });
    const attempt = exampleAttempt({ outcome: 'network', costUsd: 0 });
    const after = await finish(id, failed, { attempts: [attempt], deliverTo: ['hook'] });
    expect(after).toMatchObject({
      descriptionStatus: 'done',
      description: 'A cat.',
      descriptionReason: null,
    });
    expect(await store.events.attempts(id)).toEqual([attempt]);
    expect((await store.deliveries.list({ limit: 10, offset: 0 })).totalCount).toBe(0);
    expect(await store.events.pendingJobs()).toEqual([]);
    await store.events.requeue(again);
    expect(await finish(id, done('A lynx.'))).toMatchObject({
      descriptionStatus: 'done',
      description: 'A lynx.',
    });
  });

  test('are those that a query finds, newest first, as many as are wanted', async () => {
    const other = await store.cameras.create(exampleCamera({ name: 'Barn' }));
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const id = await capture({ timestamp: exampleTime + index });
      await finish(id, index % 2 === 0 ? failed : { status: 'skipped', reason: 'overload' });
      ids.push(id);
    }
    const elsewhere = exampleCapture(other.id, { timestamp: exampleTime + 10 });
    await store.events.capture(elsewhere);
    await finish(elsewhere.id, failed);
    const events = { cameraIds: [camera.id], startTime: exampleTime + 1 };
    const jobs = await store.events.requeue({ events, limit: 3, requestedBy: 'backfill' });
    expect(jobs.map((job) => job.eventId)).toEqual([ids[5], ids[4], ids[3]]);
    const rest = await store.events.requeue({ events, limit: 500, requestedBy: 'backfill' });
    expect(rest.map((job) => job.eventId)).toEqual([ids[2], ids[1]]);
    const all = await store.events.requeue({
      events: {},
      statuses: ['failed'],
      limit: 9,
      requestedBy: 'user',
    });
    expect(all.map((job) => job.eventId)).toEqual([elsewhere.id, ids[0]]);
  });

  test('more often than fifty times, an event remembers the last fifty', async () => {
    const id = await capture();
    for (let round = 0; round < 53; round += 1) {
      await finish(id, { status: 'skipped', reason: `round ${round}` });
      await store.events.requeue({ events: [id], limit: 1, requestedBy: 'user' });
    }
    const requests = await store.events.describeRequests(id);
    expect(requests.map((request) => request.previousReason)).toEqual(
      Array.from({ length: 50 }, (_, index) => `round ${index + 3}`),
    );
    await store.events.delete(id);
    expect(await store.events.describeRequests(id)).toEqual([]);
  });
});

describe('what may be described later', () => {
  test('is what failed or was skipped and has a picture, those first that were tried least', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const id = await capture({ timestamp: exampleTime + index });
      await finish(id, index % 2 === 0 ? failed : { status: 'skipped', reason: 'budget' });
      ids.push(id);
    }
    const bare = await capture({ thumbnailPath: null, frames: [] });
    await finish(bare, { status: 'skipped', reason: 'no picture' });
    await finish(await capture(), done('A cat.'));
    await capture();
    const [a, b, c, d, e] = ids;
    const newest = (limit: number) => store.events.undescribed({ limit, newestFirst: true });
    expect(await newest(10)).toEqual([e, d, c, b, a]);
    expect(await store.events.undescribed({ limit: 2, newestFirst: false })).toEqual([a, b]);
    await store.events.requeue({ events: [e ?? ''], limit: 1, requestedBy: 'backfill' });
    expect(await newest(10)).toEqual([d, c, b, a]);
    await finish(e ?? '', failed);
    expect(await newest(10)).toEqual([d, c, b, a, e]);
    // What a person asks for is not held against the event.
    await store.events.requeue({ events: [d ?? ''], limit: 1, requestedBy: 'user' });
    await finish(d ?? '', failed);
    expect(await newest(10)).toEqual([d, c, b, a, e]);
  });

  test('is left to people once it was tried often enough, and waits between the tries', async () => {
    const id = await capture();
    await finish(id, failed);
    const due = (notSince?: number) =>
      store.events.undescribed({
        limit: 9,
        newestFirst: true,
        maxBackfills: 2,
        ...(notSince !== undefined && { notSince }),
      });
    await store.events.requeue({ events: [id], limit: 1, requestedBy: 'backfill' });
    await finish(id, failed);
    expect(await due()).toEqual([id]);
    expect(await due(exampleTime)).toEqual([]);
    expect(await due(exampleTime + 1)).toEqual([id]);
    await store.events.requeue({ events: [id], limit: 1, requestedBy: 'backfill' });
    await finish(id, failed);
    expect(await due()).toEqual([]);
  });

  test('is found by an index, without sorting', async () => {
    await store[Symbol.asyncDispose]();
    const open = await openDatabase({
      file: dir.file('vedette.db'),
      busyTimeoutMs: 100,
      migrations,
      keyring: exampleKeyring(),
    });
    for (const newestFirst of [true, false]) {
      const statement = undescribedStatement({ backfills: 0, limit: 5, notSince: 1, newestFirst });
      const { sql: text, parameters } = statement.compile(open.database);
      const plan = open.connection
        .prepare<unknown[], { detail: string }>(`explain query plan ${text}`)
        .all(...parameters);
      expect(plan.map((row) => row.detail)).toEqual([
        'SEARCH events USING INDEX events_undescribed (backfills=?)',
      ]);
    }
    await open.close();
  });
});

function sent(change: Partial<SentRequest> = {}): SentRequest {
  return {
    provider: 'openai',
    model: 'small-vision',
    sentAt: exampleTime,
    promptVersion: '1',
    system: 'You describe.',
    prompt: 'Frame 1 of 1',
    pictures: [1, 2].map((number) => ({
      label: `Frame ${number} of 2`,
      path: `media/2026-05-17/event_x_sent_openai-1_${number}.jpg`,
      width: 640,
      height: 360,
      sizeBytes: 1_000,
    })),
    ...change,
  };
}

describe('what was sent', () => {
  test('is kept in order with its pictures, and its files are named when the event is deleted', async () => {
    const id = await capture();
    const second = sent({ provider: 'google', model: null, pictures: [] });
    expect(await store.events.recordSent(id, sent())).toEqual({ kind: 'stored', removed: [] });
    await store.events.recordSent(id, second);
    expect(await store.events.sentRequests(id)).toEqual([sent(), second]);
    const deleted = await store.events.delete(id);
    expect(deleted?.paths).toEqual(expect.arrayContaining(sent().pictures.map(({ path }) => path)));
    expect(await store.events.sentRequests(id)).toEqual([]);
    expect(await store.events.recordSent(id, sent())).toEqual({ kind: 'gone' });
  });

  test('is at most eight requests: the oldest gives way and names its files', async () => {
    const id = await capture();
    for (let index = 0; index < 8; index += 1) await store.events.recordSent(id, sent({ sentAt: index }));
    expect(await store.events.recordSent(id, sent({ sentAt: 8, pictures: [] }))).toEqual({
      kind: 'stored',
      removed: sent().pictures,
    });
    expect((await store.events.sentRequests(id)).map((request) => request.sentAt)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });
});
