import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createScriptedChain, scriptedDescription } from '../../test/fakes/scripted-chain.ts';
import { openPipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { LateAnswer } from '../vision/describe-chain.ts';
import { VisionError } from '../vision/vision-error.ts';
import { backfillOnce } from './backfill.ts';

function attemptOf(provider: string, outcome: ProviderAttempt['outcome']): ProviderAttempt {
  return {
    provider,
    model: 'm',
    startedAt: Date.now(),
    latencyMs: 5,
    outcome,
    message: null,
    inputTokens: null,
    outputTokens: null,
    costUsd: 0,
  };
}

test('a captured event is announced, described, stored and announced again', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(({ cameraName }) => `A person at ${cameraName}.`);
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const captured = await rig.capture();
  expect(captured.descriptionStatus).toBe('pending');
  const event = await waitUntil('the description', async () => {
    const now = await rig.store.events.get(captured.id);
    return now?.descriptionStatus === 'done' ? now : undefined;
  });
  expect(event).toMatchObject({
    description: 'A person at Yard.',
    objectsDetected: ['person'],
    provider: 'scripted',
    confidence: 80,
  });
  for (const stage of ['captured', 'queued', 'described', 'stored', 'total'] as const) {
    expect(event.timings[stage]).toBeGreaterThanOrEqual(0);
  }
  expect(rig.messages.map(({ message }) => message.type)).toEqual(['EVENT_CREATED', 'EVENT_UPDATED']);
  expect(await rig.store.events.pendingJobs()).toEqual([]);
  rig.stop.requestDrain();
  await workers;
  expect(rig.pipeline.tally.finished).toBe(1);
});

test('whoever describes is told the zones in which something moved', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(() => 'x.');
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const zones = ['Driveway', 'Steps'];
  const { id } = await rig.capture({ motion: { score: 0.5, regions: [], zones, reason: 'motion' } });
  await rig.capture({ motion: null });
  await waitUntil('both to be described', () => chain.asked.length === 2);
  const asked = new Map(chain.asked.map((input) => [input.eventId === id, input.zones]));
  expect(asked).toEqual(
    new Map([
      [true, zones],
      [false, []],
    ]),
  );
  rig.stop.requestDrain();
  await workers;
});

test('the pictures are on the disk and the job is stored before anybody is asked', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(() => 'Never.');
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const event = await rig.capture();
  expect(chain.asked).toEqual([]);
  expect(await rig.store.events.pendingJobs()).toMatchObject([{ eventId: event.id, attempts: 0 }]);
  for (const { path } of event.frames) expect((await rig.media.read(path)).length).toBeGreaterThan(0);
});

test('the 51st job makes the oldest of the busiest camera give way: kept, marked, counted and logged', async () => {
  await using dir = await makeTempDir();
  const warnings: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => warnings.push(JSON.parse(line) as Record<string, unknown>) },
  );
  await using rig = await openPipelineRig({
    dataDir: dir.path,
    chain: createScriptedChain(() => 'x.'),
    log,
  });
  const quiet = await rig.addCamera('Quiet');
  await rig.capture({ cameraId: quiet.id, cameraName: quiet.name });
  const events = [];
  for (let count = 0; count < 49; count += 1) events.push(await rig.capture());
  expect(rig.pipeline.queue.depth()).toBe(50);
  expect(warnings).toEqual([]);
  await rig.capture();
  expect(rig.pipeline.queue.depth()).toBe(50);
  const dropped = await rig.store.events.get(events[0]?.id ?? '');
  expect(dropped).toMatchObject({
    descriptionStatus: 'skipped',
    descriptionReason: 'overload',
    description: null,
  });
  expect(dropped?.frames.length).toBe(1);
  expect(warnings).toMatchObject([
    { level: 40, eventId: events[0]?.id, camera: 'Yard', depth: 50, capacity: 50 },
  ]);
  expect((await rig.metrics.snapshot()).eventsDropped).toEqual([
    { camera: 'Yard', reason: 'overload', count: 1 },
  ]);
  expect(await rig.store.events.pendingJobs()).toHaveLength(50);
});

test('a failure that can heal is tried again; after the last attempt the event ends as failed with its cause', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(() => {
    throw new AppError('DESCRIBE_FAILED', 'the chain is on fire');
  });
  await using rig = await openPipelineRig({ dataDir: dir.path, chain, workerCount: 1 });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const { id } = await rig.capture();
  const event = await waitUntil('the end of the attempts', async () => {
    const now = await rig.store.events.get(id);
    return now?.descriptionStatus === 'failed' ? now : undefined;
  });
  expect(chain.asked).toHaveLength(3);
  expect(event.descriptionReason).toContain('the chain is on fire');
  expect(event.description).toBeNull();
  expect(await rig.store.events.pendingJobs()).toEqual([]);
  expect((await rig.metrics.snapshot()).eventsProcessed).toMatchObject({ success: 0, failure: 1 });
  rig.stop.requestDrain();
  await workers;
});

test('a failure that can not heal is not tried again', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(() => {
    throw new AppError('DESCRIBE_FAILED', 'refused', { isRetryable: false });
  });
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const { id } = await rig.capture();
  await waitUntil(
    'the failure',
    async () => (await rig.store.events.get(id))?.descriptionStatus === 'failed',
  );
  expect(chain.asked).toHaveLength(1);
  rig.stop.requestDrain();
  await workers;
});

test('only money is missing: the event is skipped, with the reason', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(() => {
    throw new VisionError('budget', 'the daily cap is spent', { attempts: [attemptOf('openai', 'budget')] });
  });
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const { id } = await rig.capture();
  await waitUntil('the end', async () => (await rig.store.events.get(id))?.descriptionStatus === 'skipped');
  expect(await rig.store.events.get(id)).toMatchObject({ descriptionReason: 'budget', description: null });
  expect(await rig.store.events.attempts(id)).toMatchObject([{ provider: 'openai', outcome: 'budget' }]);
  rig.stop.requestDrain();
  await workers;
});

test('a better description takes the place of the one that made it in time, and is told live', async () => {
  await using dir = await makeTempDir();
  const late = Promise.withResolvers<LateAnswer>();
  const chain = createScriptedChain(() => ({
    first: scriptedDescription('Something moves.'),
    attempts: [attemptOf('openai', 'timeout')],
    sameAs: null,
    better: late.promise,
  }));
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const { id } = await rig.capture();
  await waitUntil(
    'the first one',
    async () => (await rig.store.events.get(id))?.description === 'Something moves.',
  );
  late.resolve({
    description: scriptedDescription('A fox crosses the yard.'),
    attempts: [attemptOf('openai', 'described')],
  });
  await waitUntil(
    'the better one',
    async () => (await rig.store.events.get(id))?.description === 'A fox crosses the yard.',
  );
  expect(await rig.store.events.attempts(id)).toMatchObject([
    { outcome: 'timeout' },
    { outcome: 'described' },
  ]);
  await rig.pipeline.settle();
  expect(rig.messages.map(({ message }) => message.type)).toEqual([
    'EVENT_CREATED',
    'EVENT_UPDATED',
    'EVENT_UPDATED',
  ]);
  rig.stop.requestDrain();
  await workers;
});

test('what was left undescribed is described when the queue is idle, and only then', async () => {
  await using dir = await makeTempDir();
  let isDown = true;
  const chain = createScriptedChain(() => {
    if (isDown) throw new VisionError('auth', 'the key is wrong');
    return 'At last.';
  });
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const workers = rig.pipeline.runWorkers(rig.stop);
  const { id } = await rig.capture();
  await waitUntil(
    'the failure',
    async () => (await rig.store.events.get(id))?.descriptionStatus === 'failed',
  );
  isDown = false;
  const context = {
    store: rig.store.events,
    queue: rig.pipeline.queue,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  };
  await waitUntil('the queue to be idle', async () => (await backfillOnce(context)) === 1);
  await waitUntil(
    'the description',
    async () => (await rig.store.events.get(id))?.description === 'At last.',
  );
  expect(await backfillOnce(context)).toBe(0);
  rig.stop.requestDrain();
  await workers;
});

test('an event that was deleted while it waited ends its job in silence', async () => {
  await using dir = await makeTempDir();
  const chain = createScriptedChain(() => 'Nobody asked.');
  await using rig = await openPipelineRig({ dataDir: dir.path, chain });
  const { id } = await rig.capture();
  await rig.store.events.delete(id);
  const workers = rig.pipeline.runWorkers(rig.stop);
  await waitUntil(
    'the queue to be empty',
    () => rig.pipeline.queue.depth() + rig.pipeline.queue.leased() === 0,
  );
  rig.stop.requestDrain();
  await workers;
  expect(chain.asked).toEqual([]);
  expect(await rig.store.events.get(id)).toBeUndefined();
});

test('a target that is down delays only itself', async () => {
  await using dir = await makeTempDir();
  const told: string[] = [];
  const down = {
    name: 'down',
    notify: () => Promise.reject(new AppError('DELIVERY_FAILED', 'connection refused')),
  };
  const up = {
    name: 'up',
    notify: ({ idempotencyKey }: { readonly idempotencyKey: string }) => {
      told.push(idempotencyKey);
      return Promise.resolve();
    },
  };
  await using rig = await openPipelineRig({
    dataDir: dir.path,
    chain: createScriptedChain(() => 'Told.'),
    notifiers: [down, up],
  });
  const running = [rig.pipeline.runWorkers(rig.stop), rig.pipeline.deliverer.run(rig.stop)];
  await rig.capture();
  await waitUntil('both targets to be tried', async () => {
    const { deliveries } = await rig.store.deliveries.list({ limit: 10, offset: 0 });
    return (
      deliveries.some(({ target, status }) => target === 'up' && status === 'sent') &&
      deliveries.some(
        ({ target, status, attempts }) => target === 'down' && status === 'pending' && attempts === 1,
      )
    );
  });
  expect(told).toHaveLength(1);
  const { deliveries } = await rig.store.deliveries.list({ limit: 10, offset: 0 });
  expect(deliveries.find(({ target }) => target === 'down')).toMatchObject({
    lastError: 'connection refused',
  });
  rig.stop.requestDrain();
  await Promise.all(running);
});
