import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { exampleCamera, exampleCapture, exampleTime } from '../../test/support/store-examples.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { openStore, type SqliteStore } from './open-store.ts';

let dir: TempDir;
let clock: FakeClock;
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

const configured = (name: string, change = {}) => exampleCamera({ name, origin: 'config', ...change });

async function finishFor(targets: readonly string[]): Promise<string> {
  const camera = await store.cameras.create(exampleCamera({ name: createId() }));
  const event = exampleCapture(camera.id);
  await store.events.capture(event);
  const outcome = { status: 'skipped', reason: 'overload' } as const;
  await store.events.finish({ eventId: event.id, outcome, timings: {}, deliverTo: targets });
  return event.id;
}

describe('one camera', () => {
  test('is listed by name, read, changed and deleted', async () => {
    const gate = await store.cameras.create(exampleCamera({ name: 'Gate' }));
    const barn = await store.cameras.create(
      exampleCamera({ name: 'Barn', isEnabled: false, frameRate: 0.5 }),
    );
    expect(gate).toEqual({
      ...exampleCamera({ name: 'Gate' }),
      id: gate.id,
      createdAt: exampleTime,
      updatedAt: exampleTime,
    });
    expect(await store.cameras.list()).toEqual([barn, gate]);
    await clock.advance(5);
    const changed = await store.cameras.update(gate.id, { motionSensitivity: 'high', password: null });
    expect(changed).toEqual({
      ...gate,
      motionSensitivity: 'high',
      password: null,
      updatedAt: exampleTime + 5,
    });
    expect(await store.cameras.get(gate.id)).toEqual(changed);
    expect(await store.cameras.delete(gate.id)).toBe(true);
    expect(await store.cameras.delete(gate.id)).toBe(false);
    expect(await store.cameras.get(gate.id)).toBeUndefined();
    expect(await store.cameras.update(gate.id, { name: 'x' })).toBeUndefined();
    expect(await store.cameras.list()).toEqual([barn]);
  });

  test('takes no name that another one has, but that of a deleted one, whose events keep it', async () => {
    const first = await store.cameras.create(exampleCamera());
    const event = exampleCapture(first.id);
    await store.events.capture(event);
    const refusal = {
      code: 'CAMERA_NAME_TAKEN',
      details: [{ name: 'Front Door', cameraId: first.id, origin: 'api' }],
    };
    await expect(store.cameras.create(exampleCamera())).rejects.toMatchObject(refusal);
    const other = await store.cameras.create(exampleCamera({ name: 'Other' }));
    await expect(store.cameras.update(other.id, { name: 'Front Door' })).rejects.toMatchObject(refusal);
    await store.cameras.delete(first.id);
    const second = await store.cameras.create(exampleCamera());
    expect(second.id).not.toBe(first.id);
    await store.cameras.update(second.id, { name: 'Back Door' });
    expect(await store.events.get(event.id)).toMatchObject({ cameraName: 'Front Door' });
  });
});

describe('all cameras of one origin', () => {
  test('become exactly those given; what keeps its name keeps its id, others are left alone', async () => {
    const own = await store.cameras.create(exampleCamera({ name: 'Own' }));
    const [gate, barn] = await store.cameras.replaceAll('config', [configured('Gate'), configured('Barn')]);
    await clock.advance(5);
    const after = await store.cameras.replaceAll('config', [
      configured('Yard'),
      configured('Gate', { frameRate: 9 }),
    ]);
    expect(after).toMatchObject([
      { name: 'Yard' },
      { id: gate?.id, frameRate: 9, updatedAt: exampleTime + 5 },
    ]);
    expect((await store.cameras.list()).map((camera) => camera.name)).toEqual(['Gate', 'Own', 'Yard']);
    expect(await store.cameras.get(own.id)).toEqual(own);
    expect(await store.cameras.get(barn?.id ?? '')).toBeUndefined();
  });

  test('are not touched when they are so already', async () => {
    const before = await store.cameras.replaceAll('config', [configured('Gate')]);
    await clock.advance(5);
    expect(await store.cameras.replaceAll('config', [configured('Gate')])).toEqual(before);
  });

  test('a name of another origin, or one given twice, is refused, and then nothing has changed', async () => {
    await store.cameras.create(exampleCamera({ name: 'Own' }));
    const before = await store.cameras.replaceAll('config', [configured('Gate')]);
    await expect(
      store.cameras.replaceAll('config', [configured('New'), configured('Own')]),
    ).rejects.toMatchObject({
      code: 'CAMERA_NAME_TAKEN',
      message: expect.stringMatching(/"Own".*added through the API/),
    });
    for (const twice of ['Gate', 'New']) {
      const cameras = [configured(twice), configured(twice)];
      await expect(store.cameras.replaceAll('config', cameras)).rejects.toMatchObject({
        code: 'CAMERA_NAME_TAKEN',
      });
    }
    const left = await store.cameras.list();
    expect(left.filter((camera) => camera.origin === 'config')).toEqual(before);
  });
});

describe('deliveries', () => {
  test('are due by target, oldest first, until they are sent', async () => {
    const first = await finishFor(['hook', 'broker']);
    await clock.advance(10);
    const second = await finishFor(['hook']);
    expect(await store.deliveries.due('hook', exampleTime + 9, 10)).toMatchObject([{ eventId: first }]);
    const due = await store.deliveries.due('hook', exampleTime + 10, 10);
    expect(due.map((delivery) => delivery.eventId)).toEqual([first, second]);
    expect(await store.deliveries.due('hook', exampleTime + 10, 1)).toHaveLength(1);
    for (const delivery of due) await store.deliveries.markSent(delivery.id, exampleTime + 11);
    expect(await store.deliveries.due('hook', exampleTime + 99, 10)).toEqual([]);
    expect(await store.deliveries.due('broker', exampleTime + 99, 10)).toHaveLength(1);
    expect(await store.deliveries.list({ status: 'sent', limit: 1, offset: 0 })).toMatchObject({
      deliveries: [{ eventId: second, attempts: 1, updatedAt: exampleTime + 11 }],
      totalCount: 2,
    });
  });

  test('that fail come again later, die when there is no later, and can be sent again', async () => {
    await finishFor(['hook']);
    const [delivery] = await store.deliveries.due('hook', exampleTime, 1);
    const id = delivery?.id ?? '';
    await store.deliveries.markFailed(id, '503', exampleTime + 100, exampleTime + 1);
    expect(await store.deliveries.due('hook', exampleTime + 99, 1)).toEqual([]);
    expect(await store.deliveries.due('hook', exampleTime + 100, 1)).toMatchObject([
      { attempts: 1, lastError: '503' },
    ]);
    await store.deliveries.markFailed(id, '410', null, exampleTime + 2);
    expect(await store.deliveries.due('hook', exampleTime + 10_000, 1)).toEqual([]);
    expect((await store.deliveries.list({ status: 'dead', limit: 5, offset: 0 })).totalCount).toBe(1);
    expect(await store.deliveries.retry(id, exampleTime + 3)).toMatchObject({
      status: 'pending',
      attempts: 2,
      nextAttemptAt: exampleTime + 3,
    });
    await store.deliveries.markSent(id, exampleTime + 4);
    expect(await store.deliveries.retry(id, exampleTime + 5)).toBeUndefined();
    expect(await store.deliveries.retry(createId(), exampleTime)).toBeUndefined();
  });
});
