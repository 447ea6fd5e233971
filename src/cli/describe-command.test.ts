import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { makeDescription, startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { systemClock } from '../core/clock.ts';
import type { FinishOutcome } from '../store/event-store.ts';
import { addDescribeCommand } from './describe-command.ts';

const hourMs = 3_600_000;
const failed: FinishOutcome = { status: 'failed', reason: 'DESCRIBE_FAILED: no' };
const done: FinishOutcome = { status: 'done', description: makeDescription('A cat.') };
const quickClock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(Math.min(ms, 5), signal),
};

afterEach(() => {
  process.exitCode = 0;
});

interface Run {
  readonly stdout: string;
  readonly stderr: string;
  /** Of an error that ended it. */
  readonly error: string | undefined;
  readonly exitCode: unknown;
}

/** @param typed what somebody types when asked; nobody is there unless given */
async function run(api: Pick<RunningApi, 'url'>, args: readonly string[], typed?: string): Promise<Run> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const terminal = Object.fromEntries(
    Object.entries(streams).map(([name, stream]) => [
      name,
      Object.assign(stream, { isTTY: typed !== undefined }),
    ]),
  ) as unknown as Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;
  const program = new Command('vedette').exitOverride().configureOutput({ writeErr: () => undefined });
  addDescribeCommand(program, { terminal, clock: quickClock });
  if (typed !== undefined) streams.stdin.write(`${typed}\n`);
  let error: string | undefined;
  try {
    await program.parseAsync(['describe', '--url', api.url, ...args], { from: 'user' });
  } catch (thrown) {
    error = String(thrown);
  }
  const exitCode = process.exitCode ?? 0;
  process.exitCode = 0;
  return { stdout: text(streams.stdout), stderr: text(streams.stderr), error, exitCode };
}

function text(stream: PassThrough): string {
  return String(stream.read() ?? '');
}

async function addEvent(
  api: RunningApi,
  cameraId: string,
  ageHours: number,
  outcome: FinishOutcome,
  hasPicture = true,
): Promise<string> {
  const timestamp = Date.now() - ageHours * hourMs;
  const jpeg = await sharp({ create: { width: 64, height: 36, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer();
  const pictures = hasPicture ? [{ jpeg, width: 64, height: 36, capturedAt: timestamp, regions: [] }] : [];
  const { id } = await api.addEvent({ cameraId, timestamp, startedAt: timestamp }, pictures);
  await api.store.events.finish({ eventId: id, outcome, timings: {}, deliverTo: [] });
  return id;
}

/** Finishes what is queued, as the workers do. */
function startWorker(api: RunningApi, outcomeOf: (eventId: string) => FinishOutcome = () => done) {
  const stop = new AbortController();
  const order: string[] = [];
  let mostWaiting = 0;
  const work = (async () => {
    while (!stop.signal.aborted) {
      const jobs = await api.store.events.pendingJobs();
      mostWaiting = Math.max(mostWaiting, jobs.length);
      for (const { eventId } of jobs) {
        order.push(eventId);
        await api.store.events.finish({ eventId, outcome: outcomeOf(eventId), timings: {}, deliverTo: [] });
      }
      await delay(10);
    }
  })();
  return {
    order,
    get mostWaiting() {
      return mostWaiting;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await work;
    },
  };
}

test('what was left undescribed is described, newest first and a few at a time', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  const ids: string[] = [];
  for (let age = 1; age <= 12; age += 1) {
    const outcome: FinishOutcome = age % 2 === 0 ? failed : { status: 'skipped', reason: 'overload' };
    ids.push(await addEvent(api, camera, age, outcome));
  }
  await addEvent(api, camera, 1, done);
  await addEvent(api, camera, 1, { status: 'skipped', reason: 'no picture' }, false);
  await using worker = startWorker(api);
  const { stdout, stderr, error, exitCode } = await run(api, ['--yes']);
  expect([error, exitCode]).toEqual([undefined, 0]);
  expect(stdout).toBe('12 events to describe by "local": free.\n12 described.\n');
  expect(stderr).toBe('describing 12 events: done\n');
  expect(worker.order.toSorted()).toEqual(ids.toSorted());
  // Whichever of the four newest is ready first.
  expect(ids.slice(0, 4)).toContain(worker.order[0]);
  expect(worker.mostWaiting).toBeLessThanOrEqual(4);
  expect((await run(api, ['--yes'])).stdout).toBe('No event is left to be described.\n');
});

test('status, time, camera and number choose the events', async () => {
  await using api = await startApi();
  const yard = await api.addCamera('Yard');
  const gate = await api.addCamera('Gate');
  const ids = {
    failed: await addEvent(api, yard, 1, failed),
    skipped: await addEvent(api, gate, 2, { status: 'skipped', reason: 'overload' }),
    old: await addEvent(api, gate, 100, failed),
    described: await addEvent(api, gate, 3, done),
  };
  await using worker = startWorker(api, () => failed);
  const chosen = async (...args: readonly string[]): Promise<string[]> => {
    worker.order.length = 0;
    await run(api, ['--yes', ...args]);
    return worker.order.toSorted();
  };
  expect(await chosen('--limit', '1')).toEqual([ids.failed]);
  expect(await chosen('--since', '2d', '--camera', 'Gate')).toEqual([ids.skipped]);
  expect(await chosen('--status', 'done')).toEqual([ids.described]);
  expect(await chosen('--camera', 'Gate', '--status', 'failed,skipped')).toEqual(
    [ids.skipped, ids.old].toSorted(),
  );
  expect((await run(api, ['--yes', '--camera', 'Door'])).error).toContain('"Yard", "Gate"');
});

test('many events are found page by page', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  for (let count = 0; count < 501; count += 1) {
    const { id } = await api.addEvent({
      cameraId: camera,
      timestamp: Date.now() - count * 1000,
      thumbnailPath: 'media/2026-01-01/event_x.jpg',
    });
    await api.store.events.finish({ eventId: id, outcome: failed, timings: {}, deliverTo: [] });
  }
  const { stdout } = await run(api, [], 'n');
  expect(stdout).toBe('501 events to describe by "local": free.\nNothing was done.\n');
});

test('the price is told before anybody is asked, and no answer is a no', async () => {
  await using api = await startApi({
    ai: { listed: [{ type: 'openai', api_key: 'k'.repeat(20) }], env: {} },
  });
  const id = await addEvent(api, await api.addCamera(), 1, failed);
  for (const typed of ['n', '', 'yesterday']) {
    const { stdout, stderr } = await run(api, [], typed);
    expect(stdout).toMatch(
      /^1 event to describe by "openai" for \$0\.00\d\d at most\.\nNothing was done\.\n$/,
    );
    expect(stderr).toContain('Go on? [y/N]');
  }
  expect(await api.store.events.describeRequests(id)).toEqual([]);
  await using worker = startWorker(api);
  expect((await run(api, [], 'y')).stdout).toContain('1 described.');
  expect(worker.order).toEqual([id]);
});

test('a budget that is too small, and a price that is not known, are told', async () => {
  await using api = await startApi({ ai: { listed: [{ type: 'openai', api_key: 'k'.repeat(20) }] } });
  await addEvent(api, await api.addCamera(), 1, failed);
  api.store.spending.setBudget({ ...api.ai.budget.current(), dailyUsd: 0.0001 });
  expect((await run(api, [], 'n')).stdout).toContain('The budget leaves $0.0001 today');
  await using other = await startApi({
    ai: { listed: [{ type: 'openai', model: 'gpt-9-moon', api_key: 'k'.repeat(20) }] },
  });
  await addEvent(other, await other.addCamera(), 1, failed);
  expect((await run(other, [], 'n')).stdout).toContain('by "openai" at a price that is not known.');
});

test('where nobody can be asked, nothing is done without --yes', async () => {
  await using api = await startApi();
  const id = await addEvent(api, await api.addCamera(), 1, failed);
  const { error } = await run(api, []);
  expect(error).toContain('--yes');
  expect(await api.store.events.describeRequests(id)).toEqual([]);
});

test('events that fail again, were asked for too often or are gone are told apart', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  const often = await addEvent(api, camera, 1, failed);
  const bad = await addEvent(api, camera, 2, failed);
  await addEvent(api, camera, 3, failed);
  await using worker = startWorker(api, (id) => (id === bad || id === often ? failed : done));
  for (let count = 0; count < 3; count += 1) await run(api, ['--yes', '--limit', '1']);
  const { stdout, exitCode } = await run(api, ['--yes']);
  expect(stdout).toContain(
    '1 described, 1 not described (DESCRIBE_FAILED: no), 1 left out (described 3 times within the hour already).',
  );
  expect(exitCode).toBe(1);
  expect(worker.order.filter((id) => id === often)).toHaveLength(3);
});

test('when the money is used up no further event is begun', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  for (let age = 1; age <= 20; age += 1) await addEvent(api, camera, age, failed);
  await using worker = startWorker(api, () => ({ status: 'skipped', reason: 'budget' }));
  const { stdout, exitCode } = await run(api, ['--yes']);
  const [, begun, left] = /0 described, (\d+) not described \(budget\), (\d+) not begun/.exec(stdout) ?? [];
  expect([Number(begun) + Number(left), worker.order.length, exitCode]).toEqual([20, Number(begun), 1]);
  expect(Number(begun)).toBeLessThanOrEqual(8);
});

test('a service that is not there, or is something else, is told with what to do', async () => {
  const other = createServer((_request, response) => response.end('<html>hello</html>'));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  expect((await run({ url }, ['--yes'])).error).toContain('does not seem to be Vedette');
  other.close();
  other.closeAllConnections();
  await once(other, 'close');
  const { error } = await run({ url }, ['--yes']);
  expect(error).toMatch(/No service answers at .*ECONNREFUSED.*vedette serve/);
});

test('a service that goes away in the middle ends it with a word', async () => {
  const api = await startApi();
  const camera = await api.addCamera();
  for (let age = 1; age <= 6; age += 1) await addEvent(api, camera, age, failed);
  const running = run(api, ['--yes']);
  await waitUntil(
    'the first events to be queued',
    async () => (await api.store.events.pendingJobs()).length >= 4,
  );
  await api[Symbol.asyncDispose]();
  expect((await running).error).toContain('No service answers');
});

test('an interrupted command ends at once, and what was asked for goes on in the service', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  for (let age = 1; age <= 6; age += 1) await addEvent(api, camera, age, failed);
  const command = spawn(process.execPath, ['src/cli/main.ts', 'describe', '--yes', '--url', api.url]);
  let stdout = '';
  command.stdout.on('data', (chunk) => (stdout += String(chunk)));
  const closed = once(command, 'close');
  await waitUntil(
    'the first events to be queued',
    async () => (await api.store.events.pendingJobs()).length === 4,
  );
  command.kill('SIGINT');
  expect(await closed).toEqual([1, null]);
  expect(stdout).toContain('Stopped. What was asked for already goes on in the service.');
  expect(await api.store.events.pendingJobs()).toHaveLength(4);
});

test('options that make no sense are refused', async () => {
  for (const [args, word] of [
    [['--since', 'yesterday'], '2026-11-01'],
    [['--status', 'pending'], 'failed, skipped, done'],
    [['--limit', '0'], 'whole number'],
    [['--url', 'ftp://x'], 'http://127.0.0.1:8470'],
  ] as const) {
    expect((await run({ url: 'http://127.0.0.1:1' }, args)).error).toContain(word);
  }
});
