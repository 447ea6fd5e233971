import { describe, expect, test } from 'vitest';
import { descriptionRig, done, failed } from '../../test/support/description-rig.ts';
import {
  exampleAttempt,
  exampleCamera,
  exampleCapture,
  exampleKeyring,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { createId } from '../core/ids.ts';
import { migrations } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { undescribedStatement } from './requeue-operations.ts';

const rig = descriptionRig();
const { capture, finish } = rig;

describe('queued again', () => {
  test('are failed and skipped events, each with a fresh job and its reason in the history', async () => {
    const broken = await capture({ timestamp: exampleTime });
    const skipped = await capture({ timestamp: exampleTime + 1 });
    const described = await capture({ timestamp: exampleTime + 2 });
    const waiting = await capture({ timestamp: exampleTime + 3 });
    const bare = await capture({ timestamp: exampleTime + 4, thumbnailPath: null, frames: [] });
    await rig.store.events.beginAttempt(broken);
    await finish(broken, failed);
    await finish(skipped, { status: 'skipped', reason: 'overload' });
    await finish(described, done('A cat.'));
    await finish(bare, { status: 'skipped', reason: 'no picture' });
    await rig.clock.advance(500);
    const events = [broken, skipped, described, waiting, bare, createId()];
    const jobs = await rig.store.events.requeue({ events, limit: 10, requestedBy: 'user' });
    expect(jobs.map(({ eventId, attempts }) => [eventId, attempts])).toEqual([
      [skipped, 0],
      [broken, 0],
    ]);
    expect(await rig.store.events.get(broken)).toMatchObject({
      descriptionStatus: 'pending',
      descriptionReason: null,
      updatedAt: exampleTime + 500,
    });
    expect((await rig.store.events.pendingJobs()).map((job) => job.eventId)).toEqual([
      broken,
      skipped,
      waiting,
    ]);
    expect(await rig.store.events.describeRequests(broken)).toEqual([
      {
        requestedAt: exampleTime + 500,
        requestedBy: 'user',
        previousStatus: 'failed',
        previousReason: 'DESCRIBE_TIMEOUT: too late',
      },
    ]);
    expect(await rig.store.events.describeRequests(described)).toEqual([]);
    expect(await rig.store.events.requeue({ events, limit: 10, requestedBy: 'user' })).toEqual([]);
  });

  test('an event that is described keeps what it has until something better comes', async () => {
    const id = await capture();
    await finish(id, done('A cat.'));
    const again = { events: [id], statuses: ['done'], limit: 1, requestedBy: 'user' } as const;
    expect(await rig.store.events.requeue(again)).toHaveLength(1);
    expect(await rig.store.events.get(id)).toMatchObject({
      descriptionStatus: 'pending',
      description: 'A cat.',
    });
    const attempt = exampleAttempt({ outcome: 'network', costUsd: 0 });
    const after = await finish(id, failed, { attempts: [attempt], deliverTo: ['hook'] });
    expect(after).toMatchObject({
      descriptionStatus: 'done',
      description: 'A cat.',
      descriptionReason: null,
    });
    expect(await rig.store.events.attempts(id)).toEqual([attempt]);
    expect((await rig.store.deliveries.list({ limit: 10, offset: 0 })).totalCount).toBe(0);
    expect(await rig.store.events.pendingJobs()).toEqual([]);
    await rig.store.events.requeue(again);
    expect(await finish(id, done('A lynx.'))).toMatchObject({
      descriptionStatus: 'done',
      description: 'A lynx.',
    });
  });

  test('are those that a query finds, newest first, as many as are wanted', async () => {
    const other = await rig.store.cameras.create(exampleCamera({ name: 'Barn' }));
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const id = await capture({ timestamp: exampleTime + index });
      await finish(id, index % 2 === 0 ? failed : { status: 'skipped', reason: 'overload' });
      ids.push(id);
    }
    const elsewhere = exampleCapture(other.id, { timestamp: exampleTime + 10 });
    await rig.store.events.capture(elsewhere);
    await finish(elsewhere.id, failed);
    const events = { cameraIds: [rig.camera.id], startTime: exampleTime + 1 };
    const jobs = await rig.store.events.requeue({ events, limit: 3, requestedBy: 'backfill' });
    expect(jobs.map((job) => job.eventId)).toEqual([ids[5], ids[4], ids[3]]);
    const rest = await rig.store.events.requeue({ events, limit: 500, requestedBy: 'backfill' });
    expect(rest.map((job) => job.eventId)).toEqual([ids[2], ids[1]]);
    const all = await rig.store.events.requeue({
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
      await rig.store.events.requeue({ events: [id], limit: 1, requestedBy: 'user' });
    }
    const requests = await rig.store.events.describeRequests(id);
    expect(requests.map((request) => request.previousReason)).toEqual(
      Array.from({ length: 50 }, (_, index) => `round ${index + 3}`),
    );
    await rig.store.events.delete(id);
    expect(await rig.store.events.describeRequests(id)).toEqual([]);
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
    const newest = (limit: number) => rig.store.events.undescribed({ limit, newestFirst: true });
    expect(await newest(10)).toEqual([e, d, c, b, a]);
    expect(await rig.store.events.undescribed({ limit: 2, newestFirst: false })).toEqual([a, b]);
    await rig.store.events.requeue({ events: [e ?? ''], limit: 1, requestedBy: 'backfill' });
    expect(await newest(10)).toEqual([d, c, b, a]);
    await finish(e ?? '', failed);
    expect(await newest(10)).toEqual([d, c, b, a, e]);
    // What a person asks for is not held against the event.
    await rig.store.events.requeue({ events: [d ?? ''], limit: 1, requestedBy: 'user' });
    await finish(d ?? '', failed);
    expect(await newest(10)).toEqual([d, c, b, a, e]);
  });

  test('is left to people once it was tried often enough, and waits between the tries', async () => {
    const id = await capture();
    await finish(id, failed);
    const due = (notSince?: number) =>
      rig.store.events.undescribed({
        limit: 9,
        newestFirst: true,
        maxBackfills: 2,
        ...(notSince !== undefined && { notSince }),
      });
    await rig.store.events.requeue({ events: [id], limit: 1, requestedBy: 'backfill' });
    await finish(id, failed);
    expect(await due()).toEqual([id]);
    expect(await due(exampleTime)).toEqual([]);
    expect(await due(exampleTime + 1)).toEqual([id]);
    await rig.store.events.requeue({ events: [id], limit: 1, requestedBy: 'backfill' });
    await finish(id, failed);
    expect(await due()).toEqual([]);
  });

  test('is found by an index, without sorting', async () => {
    await rig.store[Symbol.asyncDispose]();
    const open = await openDatabase({
      file: rig.dir.file('vedette.db'),
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
