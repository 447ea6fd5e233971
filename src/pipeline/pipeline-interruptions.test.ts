import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { openPipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { drainSpool, resumeJobs } from './resume.ts';

/** Waits a hundredth of what it is asked to: the delays stay in order, the test stays short. */
const hastyClock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) };

test('what is in work when everything is aborted stays stored, without an attempt counted, and is done next time', async () => {
  await using dir = await makeTempDir();
  const hanging = createScriptedChain(
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
  );
  let id = '';
  {
    await using rig = await openPipelineRig({ dataDir: dir.path, chain: hanging });
    const workers = rig.pipeline.runWorkers(rig.stop);
    ({ id } = await rig.capture());
    await waitUntil('the worker to begin', () => hanging.asked.length === 1);
    rig.stop.requestAbort();
    await workers;
    expect(rig.pipeline.tally).toEqual({ finished: 0, aborted: 1 });
  }
  await using rig = await openPipelineRig({
    dataDir: dir.path,
    chain: createScriptedChain(() => 'Done.'),
  });
  const jobs = await rig.store.events.pendingJobs();
  expect(jobs).toMatchObject([{ eventId: id, attempts: 0 }]);
  const workers = rig.pipeline.runWorkers(rig.stop);
  await resumeJobs(
    jobs,
    {
      store: rig.store.events,
      queue: rig.pipeline.queue,
      capture: rig.pipeline.capture,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    },
    rig.stop,
  );
  await waitUntil('the description', async () => (await rig.store.events.get(id))?.description === 'Done.');
  rig.stop.requestDrain();
  await workers;
});

test('jobs of the last run never push each other out, however many they are', async () => {
  await using dir = await makeTempDir();
  const rigOptions = { dataDir: dir.path, chain: createScriptedChain(() => 'Seen.') };
  {
    await using rig = await openPipelineRig({ ...rigOptions, capacity: 50 });
    for (let count = 0; count < 12; count += 1) await rig.capture();
  }
  await using rig = await openPipelineRig({ ...rigOptions, capacity: 4, clock: hastyClock });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const jobs = await rig.store.events.pendingJobs();
  expect(jobs).toHaveLength(12);
  await resumeJobs(
    jobs,
    {
      store: rig.store.events,
      queue: rig.pipeline.queue,
      capture: rig.pipeline.capture,
      clock: hastyClock,
      log: pino({ level: 'silent' }),
    },
    rig.stop,
  );
  rig.stop.requestDrain();
  await workers;
  const page = await rig.store.events.list({ limit: 50, offset: 0, sortOrder: 'asc' });
  expect(page.events.map(({ descriptionStatus }) => descriptionStatus)).toEqual(
    Array.from({ length: 12 }, () => 'done'),
  );
});

test('a database that stays locked loses no capture: it waits on the disk and is stored when the lock is gone', async () => {
  await using dir = await makeTempDir();
  await using rig = await openPipelineRig({
    dataDir: dir.path,
    chain: createScriptedChain(() => 'Late.'),
    busyTimeoutMs: 20,
    clock: hastyClock,
  });
  const other = new SqliteDatabase(join(dir.path, 'vedette.db'));
  other.exec('begin exclusive');
  const result = await rig.pipeline.capture.capture(rig.request(), rig.stop.abort);
  expect(result).toBeUndefined();
  expect(await readdir(join(dir.path, 'spool'))).toHaveLength(1);
  expect((await rig.metrics.snapshot()).pipelineErrors['capture:STORE_UNAVAILABLE']).toBe(3);
  other.exec('rollback');
  other.close();
  const workers = rig.pipeline.runWorkers(rig.stop);
  const draining = drainSpool(
    {
      store: rig.store.events,
      queue: rig.pipeline.queue,
      capture: rig.pipeline.capture,
      clock: hastyClock,
      log: pino({ level: 'silent' }),
    },
    rig.stop,
  );
  await waitUntil('the capture to be stored and described', async () => {
    const page = await rig.store.events.list({ limit: 5, offset: 0, sortOrder: 'asc' });
    return page.totalCount === 1 && page.events[0]?.description === 'Late.';
  });
  expect(await readdir(join(dir.path, 'spool'))).toEqual([]);
  rig.stop.requestDrain();
  await Promise.all([workers, draining]);
});

test('a worker outlives a database that is locked for longer than its retries', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(() => 'After all.');
  await using rig = await openPipelineRig({
    dataDir: dir.path,
    chain,
    busyTimeoutMs: 20,
    clock: hastyClock,
  });
  const { id } = await rig.capture();
  const other = new SqliteDatabase(join(dir.path, 'vedette.db'));
  other.exec('begin exclusive');
  const workers = rig.pipeline.runWorkers(rig.stop);
  await waitUntil('a worker to fail', async () => (await rig.metrics.snapshot()).workerRestarts > 0);
  other.exec('rollback');
  other.close();
  await waitUntil(
    'the description',
    async () => (await rig.store.events.get(id))?.description === 'After all.',
  );
  rig.stop.requestDrain();
  await workers;
});
