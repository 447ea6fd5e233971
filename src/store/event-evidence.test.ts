import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import {
  exampleCamera,
  exampleCapture,
  exampleEvidence,
  exampleKeyring,
  exampleTime,
} from '../../test/support/store-examples.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { unpackEvidence } from './evidence-coding.ts';
import { openDatabase } from './open-database.ts';
import { migrations } from './migrations.ts';
import { openStore } from './open-store.ts';
import { createOperations } from './store-operations.ts';

test('why an event fired is there with its capture, completed when its episode ends, and gone with it', async () => {
  await using dir = await makeTempDir();
  const clock = new FakeClock(exampleTime);
  let store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
  const camera = await store.cameras.create(exampleCamera());
  const evidence = exampleEvidence({ isComplete: false });
  const event = exampleCapture(camera.id, { evidence });
  const other = exampleCapture(camera.id);
  await store.events.capture(event);
  await store.events.capture(event);
  await store.events.capture(other);
  await store[Symbol.asyncDispose]();
  store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
  const asked = [event.id, other.id, createId()];
  expect(await store.events.evidence(asked)).toEqual(new Map([[event.id, evidence]]));
  const complete = exampleEvidence({ frames: 44 });
  await store.events.extend(event.id, { endedAt: exampleTime + 9_000, evidence: complete });
  // What says nothing of it leaves it.
  await store.events.extend(event.id, { endedAt: exampleTime + 9_000 });
  expect(await store.events.evidence(asked)).toEqual(new Map([[event.id, complete]]));
  await store.events.delete(event.id);
  expect(await store.events.extend(event.id, { evidence: complete })).toBeUndefined();
  expect(await store.events.evidence(asked)).toEqual(new Map());
  await store[Symbol.asyncDispose]();
});

test('it is packed, and rows of before that are read as they are until they are told anew', async () => {
  await using dir = await makeTempDir();
  const open = await openDatabase({
    file: dir.file('vedette.db'),
    busyTimeoutMs: 100,
    migrations,
    keyring: exampleKeyring(),
  });
  const operations = createOperations(open, () => exampleTime);
  const camera = await operations['cameras.create'](exampleCamera());
  const evidence = exampleEvidence();
  const event = exampleCapture(camera.id, { evidence });
  await operations['events.capture'](event);
  const stored = open.connection.prepare('select evidence_json, evidence_packed from event_evidence');
  const text = JSON.stringify(evidence);
  const packed = stored.get() as { evidence_json: string; evidence_packed: Buffer };
  expect(packed.evidence_json).toBe('');
  expect(packed.evidence_packed.length).toBeLessThan(text.length / 2);
  open.connection.prepare('update event_evidence set evidence_json = ?, evidence_packed = null').run(text);
  expect(await operations['events.evidence']([event.id])).toEqual(new Map([[event.id, evidence]]));
  const query = { cameraId: camera.id, startTime: exampleTime - 1, limit: 10 };
  const [before] = await operations['events.motion'](query);
  await operations['events.extend'](event.id, { evidence });
  const [after] = await operations['events.motion'](query);
  expect(stored.get()).toEqual(packed);
  expect([before?.evidence, after?.evidence]).toEqual([text, packed.evidence_packed]);
  expect([before, after].map((row) => row?.evidence && unpackEvidence(row.evidence))).toEqual([
    evidence,
    evidence,
  ]);
  await open.close();
});

test('a clean-up takes it away with its event', async () => {
  await using dir = await makeTempDir();
  const clock = new FakeClock(exampleTime);
  const store = await openStore({ dataDir: dir.path, log: silentLog(), clock });
  const camera = await store.cameras.create(exampleCamera());
  const events = Array.from({ length: 5 }, (_, index) =>
    exampleCapture(camera.id, { timestamp: exampleTime + index, evidence: exampleEvidence() }),
  );
  for (const event of events) await store.events.capture(event);
  const batch = await store.cleanup.deleteBatch({
    scope: { cameraId: null, exceptCameraIds: [], before: exampleTime + 3, starred: 'kept' },
    storedUntil: Number.MAX_SAFE_INTEGER,
    cursor: null,
    limit: 100,
  });
  expect(batch.eventIds).toHaveLength(3);
  await store[Symbol.asyncDispose]();
  const open = await openDatabase({
    file: dir.file('vedette.db'),
    busyTimeoutMs: 100,
    migrations,
    keyring: exampleKeyring(),
  });
  const rows = open.connection.prepare('select event_id from event_evidence order by event_id').pluck().all();
  expect(rows).toEqual(
    events
      .slice(3)
      .map(({ id }) => id)
      .toSorted(),
  );
  await open.close();
});
