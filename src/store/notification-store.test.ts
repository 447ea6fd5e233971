import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { makeOldDatabase } from '../../test/support/old-database.ts';
import { exampleKeyring, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import type { UserNotification } from '../core/user-notification.ts';
import type { Store } from './event-store.ts';
import { migrations } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { openStore } from './open-store.ts';
import { createOperations } from './store-operations.ts';

describe('notifications', () => {
  const clock = new FakeClock(exampleTime);
  let dir: TempDir;
  let store: Store;
  let cameraId: string;

  beforeEach(async () => {
    dir = await makeTempDir();
    store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
    const camera = await store.cameras.create({
      name: 'Gate',
      type: 'rtsp',
      url: 'rtsp://192.168.1.20/1',
      username: null,
      password: null,
      frameRate: 5,
      isEnabled: true,
      motionSensitivity: 'medium',
      motionCooldown: 60,
      origin: 'api',
    });
    cameraId = camera.id;
  });

  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });

  function notification(change: Partial<UserNotification> = {}): UserNotification {
    return {
      id: createId(),
      type: 'camera.lost',
      cameraId,
      cameraName: 'Gate',
      title: 'Gate is lost',
      message: 'Nobody listens.',
      details: { cause: 'refused', losses: 2, isFirst: true, note: null },
      createdAt: exampleTime,
      readAt: null,
      ...change,
    };
  }

  test('come back as they were added, with a delivery for each target, and only once', async () => {
    const lost = notification();
    await store.notifications.add(lost, ['hook', 'other', 'hook']);
    await store.notifications.add(lost, ['hook']);
    expect(await store.notifications.get(lost.id)).toEqual(lost);
    const { deliveries } = await store.deliveries.list({ limit: 10, offset: 0 });
    expect(deliveries.map(({ target }) => target).toSorted()).toEqual(['hook', 'other']);
    expect(await store.deliveries.due('hook', clock.now(), 10)).toMatchObject([
      { eventId: null, notificationId: lost.id, type: 'camera.lost', status: 'pending' },
    ]);
  });

  test('are listed newest first, and counted until they are read', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const each = notification({ createdAt: exampleTime + index });
      ids.unshift(each.id);
      await store.notifications.add(each, []);
    }
    const first = await store.notifications.list({ limit: 2, offset: 1 });
    expect(first.notifications.map(({ id }) => id)).toEqual(ids.slice(1, 3));
    expect([first.totalCount, first.unreadCount]).toEqual([5, 5]);
    const [newest = ''] = ids;
    expect(await store.notifications.markRead(newest, exampleTime + 10)).toMatchObject({
      readAt: exampleTime + 10,
    });
    expect(await store.notifications.markRead(newest, exampleTime + 99)).toMatchObject({
      readAt: exampleTime + 10,
    });
    expect(await store.notifications.markRead('nobody', exampleTime)).toBeUndefined();
    const unread = await store.notifications.list({ onlyUnread: true, limit: 10, offset: 0 });
    expect(unread.notifications.map(({ id }) => id)).toEqual(ids.slice(1));
    expect([unread.totalCount, unread.unreadCount]).toEqual([4, 4]);
    expect(await store.notifications.markAllRead(exampleTime + 20)).toBe(4);
    expect(await store.notifications.markAllRead(exampleTime + 20)).toBe(0);
  });

  test('are kept up to a thousand; the oldest give way with what was to be delivered of them', async () => {
    const oldest = notification({ createdAt: exampleTime - 1 });
    await store.notifications.add(oldest, ['hook']);
    for (let index = 0; index < 1000; index += 1) {
      await store.notifications.add(notification({ createdAt: exampleTime + index }), []);
    }
    expect((await store.notifications.list({ limit: 1, offset: 0 })).totalCount).toBe(1000);
    expect(await store.notifications.get(oldest.id)).toBeUndefined();
    expect(await store.deliveries.due('hook', clock.now(), 10)).toEqual([]);
  });

  test('tell which cameras were last said to be lost', async () => {
    const say = (type: UserNotification['type'], at: number): Promise<void> =>
      store.notifications.add(notification({ type, createdAt: exampleTime + at }), []);
    await say('camera.lost', 1);
    await say('camera.condition_changed', 2);
    expect(await store.notifications.toldLost()).toEqual([cameraId]);
    await say('camera.recovered', 3);
    expect(await store.notifications.toldLost()).toEqual([]);
    await say('camera.lost', 4);
    expect(await store.notifications.toldLost()).toEqual([cameraId]);
  });
});

test('deliveries of a database of an earlier version come through, and still go with their event', async () => {
  await using dir = await makeTempDir();
  const file = dir.file('vedette.db');
  await makeOldDatabase(file, '0003_camera_settings', { events: 50 });
  const before = new SqliteDatabase(file);
  for (let index = 0; index < 50; index += 1) {
    const event = `event-${String(index).padStart(3, '0')}`;
    const status = ['pending', 'sent', 'dead'][index % 3];
    before.exec(`insert into deliveries values
      ('delivery-${index}', '${event}', 'hook', 'event.described', '${status}', ${index}, ${index}, 'why', ${index}, 2)`);
  }
  const rows = before.prepare('select * from deliveries order by created_at').all();
  before.close();

  const open = await openDatabase({ file, busyTimeoutMs: 100, migrations, keyring: exampleKeyring() });
  const operations = createOperations(open, () => exampleTime);
  const after = open.connection.prepare('select * from deliveries order by created_at').all();
  expect(after).toHaveLength(50);
  expect(after).toMatchObject(rows);
  expect(await operations['deliveries.due']('hook', exampleTime, 100)).toHaveLength(17);
  await operations['events.delete']('event-000');
  expect((await operations['deliveries.list']({ limit: 1, offset: 0 })).totalCount).toBe(49);
  expect(() =>
    open.connection.exec(`insert into deliveries select 'x', null, null, target, type, status, attempts,
      next_attempt_at, last_error, created_at, updated_at from deliveries limit 1`),
  ).toThrow(/CHECK/);
  expect(open.connection.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(open.connection.pragma('foreign_key_check')).toEqual([]);
  const plan = open.connection
    .prepare(`explain query plan select * from deliveries where target = 'hook' and status = 'pending'
      and next_attempt_at <= 5 order by next_attempt_at, id`)
    .all();
  expect(JSON.stringify(plan)).toContain('deliveries_due');
  await open.close();
});
