import { pino } from 'pino';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { createScriptedSource, type ScriptedConnection } from '../../test/fakes/scripted-camera.ts';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { openPipelineRig, type PipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { printCells } from '../core/picture-print.ts';
import { createClipFiles } from '../store/clip-files.ts';
import { CameraNewsDesk, type CameraNews } from './camera-news.ts';
import { CameraRunner } from './camera-runner.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

interface LogLine {
  readonly msg: string;
  readonly changes?: number;
  readonly attempts?: number;
  readonly cause?: string;
}

interface RunnerRig extends AsyncDisposable {
  readonly rig: PipelineRig;
  readonly clock: FakeClock;
  readonly runner: CameraRunner;
  readonly lines: readonly LogLine[];
  /** When a connection was begun, ms from the start. */
  readonly connections: readonly number[];
  readonly news: readonly CameraNews[];
  connection: ScriptedConnection;
  /** Lets the time pass as the service does: what is withheld from the log is said in time. */
  advance(ms: number): Promise<void>;
  /** States that were told to who is connected. */
  told(): string[];
}

async function openRunner(connection: ScriptedConnection): Promise<RunnerRig> {
  const dir = await makeTempDir();
  const clock = new FakeClock();
  const rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'x'), clock });
  const lines: LogLine[] = [];
  const connections: number[] = [];
  const news: CameraNews[] = [];
  const runner = new CameraRunner(
    { ...rig.camera, type: 'rtsp', url: 'rtsp://192.168.1.20:554/stream1' },
    () =>
      createScriptedSource(clock, () => {
        connections.push(clock.monotonic());
        return parts.connection;
      }),
    {
      capture: rig.pipeline.capture,
      events: rig.store.events,
      clipFiles: await createClipFiles({ dataDir: dir.path }),
      live: rig.live,
      metrics: rig.metrics,
      clock,
      log: pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line) as LogLine) }),
      captureWindowMs: 1500,
      picturesPerEvent: 3,
      abort: rig.stop.abort,
      people: { add: (each) => void news.push(each) },
    },
    new CameraNewsDesk({ lostAfterMs: minuteMs, conditions: ['covered'] }),
  );
  const parts: RunnerRig = {
    rig,
    clock,
    runner,
    lines,
    connections,
    news,
    connection,
    async advance(ms) {
      for (let left = ms; left > 0; left -= 5000) {
        await clock.advance(Math.min(left, 5000));
        runner.attend();
      }
    },
    told: () =>
      rig.messages.flatMap(({ message }) =>
        message.type === 'CAMERA_STATUS_CHANGED'
          ? [`${message.state.status} ${message.state.cause ?? ''}`.trim()]
          : [],
      ),
    async [Symbol.asyncDispose]() {
      await runner.stop();
      await rig[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
  runner.start();
  return parts;
}

const refused: ScriptedConnection = { seconds: 0, end: 'refused' };
const healthy: ScriptedConnection = { seconds: Number.POSITIVE_INFINITY, end: 'silence' };

test('a camera that is down for a day says when it is tried next, and leaves a handful of lines', async () => {
  await using parts = await openRunner(refused);
  await parts.advance(100);
  const first = parts.runner.state;
  expect(first).toMatchObject({ status: 'disconnected', cause: 'refused', attempts: 1 });
  expect(first.nextAttemptAt).toBeGreaterThanOrEqual(parts.clock.now() + 400);
  await parts.advance(24 * hourMs);
  const { attempts, nextAttemptAt, since } = parts.runner.state;
  expect(attempts).toBe(parts.connections.length);
  expect(attempts).toBeGreaterThan(1400);
  expect(nextAttemptAt).toBeLessThanOrEqual(parts.clock.now() + minuteMs);
  expect(since).toBe(first.since);
  expect(parts.lines.map(({ msg }) => msg)).toEqual([
    'camera down',
    ...Array.from({ length: parts.lines.length - 1 }, () => 'camera still down'),
  ]);
  expect(parts.lines.slice(1, 4).map((line) => line.attempts)).toEqual([10, 20, 40]);
  expect(parts.lines.length).toBeLessThan(12);
  expect(parts.told()).toEqual(['disconnected refused']);
  parts.connection = healthy;
  await parts.advance(62_000);
  expect(parts.runner.state).toMatchObject({ status: 'streaming', attempts: 0, nextAttemptAt: null });
});

test('a few changes of state have a line each', async () => {
  await using parts = await openRunner({ seconds: 120, end: 'reset' });
  await parts.advance(5 * minuteMs);
  const texts = parts.lines.map(({ msg }) => msg);
  expect(texts).toEqual(['camera up', 'camera down', 'camera up', 'camera down', 'camera up']);
});

test('a camera that flaps for hours is summarised, and every change is counted', async () => {
  await using parts = await openRunner({ seconds: 5, end: 'reset' });
  await parts.advance(4 * hourMs);
  parts.connection = healthy;
  await parts.advance(20 * minuteMs);
  const changes = parts.told().length;
  expect(changes).toBeGreaterThan(700);
  // One pair of news for at most ten minutes; it is not told to be back as long as it flaps.
  expect(parts.news.map(({ type }) => type)).toEqual(['camera.lost', 'camera.recovered']);
  // Two changes and a summary for each ten minutes, and the first six.
  expect(parts.lines.length).toBeLessThanOrEqual(6 + 3 * 27);
  const withLine = parts.lines.filter(({ msg }) => msg === 'camera up' || msg === 'camera down').length;
  const summarised = parts.lines.reduce((sum, line) => sum + (line.changes ?? 0), 0);
  expect(withLine + summarised).toBe(changes);
});

test('causes that take turns while it is down do not fill the log either', async () => {
  await using parts = await openRunner(refused);
  for (let round = 0; round < 500; round += 1) {
    parts.connection = { seconds: 0, end: round % 2 === 0 ? 'timeout' : 'refused' };
    await parts.advance(30_000);
  }
  expect(parts.lines.length).toBeLessThanOrEqual(6 + 3 * 26);
});

test('a wrong password is asked with few enough times, and by hand at once', async () => {
  await using parts = await openRunner({ seconds: 0, end: 'unauthorized' });
  await parts.advance(10 * minuteMs);
  expect(parts.connections.length).toBeLessThanOrEqual(7);
  expect(parts.connections[1]).toBeGreaterThanOrEqual(30_000);
  const before = parts.connections.length;
  parts.connection = healthy;
  parts.runner.reconnect();
  await parts.advance(2000);
  expect(parts.connections.length).toBe(before + 1);
  expect(parts.runner.state.status).toBe('streaming');
});

test('a camera that goes silent is lost and connected to again, though its decoder says nothing', async () => {
  await using parts = await openRunner({ seconds: 30, end: 'silence' });
  await parts.advance(40_000);
  expect(parts.runner.state.status).toBe('streaming');
  await parts.advance(5_000);
  expect(parts.told()).toContain('disconnected no_frames');
  await parts.advance(5_000);
  expect(parts.runner.state.status).toBe('streaming');
});

test('a frozen picture is a loss of its own, without flapping, until the camera is awake again', async () => {
  let picture = 1;
  let isFrozen = false;
  const print = (): Uint32Array<ArrayBuffer> => {
    if (!isFrozen) picture += 1;
    return new Uint32Array(printCells).fill(picture);
  };
  await using parts = await openRunner({ ...healthy, print });
  await parts.advance(5 * minuteMs);
  expect(parts.told()).toEqual(['streaming']);
  isFrozen = true;
  await parts.advance(70_000);
  expect(parts.runner.state).toMatchObject({ status: 'disconnected', cause: 'frozen' });
  expect(parts.runner.state.message).toContain('same picture');
  await parts.advance(3 * hourMs);
  expect(parts.told()).toEqual(['streaming', 'disconnected frozen']);
  expect(parts.runner.state).toMatchObject({ status: 'disconnected', cause: 'frozen' });
  expect(parts.runner.state.nextAttemptAt).toBeGreaterThan(parts.clock.now());
  // It is tried ever more seldom (at most 18 connections with the shortest waits), and stays connected in between.
  expect(parts.connections.length).toBeLessThan(20);
  expect(parts.runner.state.framesPerSecond).toBeGreaterThan(0);
  isFrozen = false;
  await parts.advance(10_000);
  expect(parts.told()).toEqual(['streaming', 'disconnected frozen', 'streaming']);
  expect((await parts.rig.metrics.exposition()).text).toContain(
    'vedette_camera_frozen_total{camera="Yard"} 1',
  );
});

test('a frame that can not be analysed is counted and said once, and the camera goes on', async () => {
  await using parts = await openRunner({ ...healthy, failsAt: (sequence) => sequence >= 3 && sequence < 10 });
  await parts.advance(20_000);
  expect(parts.told()).toEqual(['streaming']);
  expect(parts.lines.map(({ msg }) => msg)).toEqual(['camera up', 'frames are not analysed']);
  expect((await parts.rig.metrics.exposition()).text).toMatch(
    /vedette_pipeline_errors_total\{[^}]*stage="motion"[^}]*\} 7/,
  );
});
