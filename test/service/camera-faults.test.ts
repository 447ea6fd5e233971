import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CameraCause } from '../../src/core/camera.ts';
import { defaultMediaLimits } from '../../src/media/media-service.ts';
import { cameraInput, eventsOf, openCameraRig, type CameraRig } from '../support/camera-rig.ts';
import { decoderCases, expectedOf, faultCases, hangMs, withinMs } from '../support/fault-expectations.ts';
import {
  cameraKinds,
  openCameraYard,
  type CameraKind,
  type CameraYard,
  type FaultName,
  type FaultyCamera,
} from '../support/faulty-cameras.ts';
import { makeTempDir, type TempDir } from '../support/temp-dir.ts';
import { pause } from '../support/pause.ts';
import { waitUntil } from '../support/wait-until.ts';

/** For a machine that does other things as well. */
const slackMs = 15_000;

/** Short ones, so that the suite is quick; the ones that users get are compared with what the documentation says. */
const limits = { openMs: 5000, noPacketMs: 3000, onlyErrorsMs: 3000 };

const atOnce = 32;

/** The slowest first, so that the suite does not end with them. */
const inOrder = faultCases.toSorted(
  (a, b) => withinMs(expectedOf(b.kind, b.name), limits) - withinMs(expectedOf(a.kind, a.name), limits),
);

let dir: TempDir;
let yard: CameraYard;
let rig: CameraRig;
let witnessId: string;
/** What each case ended with: `undefined`, or its error. */
const outcomes = new Map<string, Promise<unknown>>();

beforeAll(async () => {
  dir = await makeTempDir();
  yard = await openCameraYard(dir);
  rig = await openCameraRig(dir.file('data'), { limits });
  const witness = await rig.cameras.create(cameraInput('Witness', dir.file('usual.mp4')));
  witnessId = witness.camera.id;
  runAll();
});

afterAll(async () => {
  await Promise.all(outcomes.values());
  await rig[Symbol.asyncDispose]();
  await yard[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** Side by side, but not all at once. What a case ended with is told by the test that has its name. */
function runAll(): void {
  const ends: Promise<unknown>[] = [];
  for (const [index, { kind, name, title }] of inOrder.entries()) {
    const mayBegin = ends[index - atOnce] ?? Promise.resolve();
    const end = errorOf(mayBegin.then(() => runCase(kind, name, title)));
    ends.push(end);
    outcomes.set(title, end);
  }
  for (const { signal, title } of decoderCases) outcomes.set(title, errorOf(runDecoderCase(signal)));
}

async function runCase(kind: CameraKind, name: FaultName, title: string): Promise<void> {
  const expected = expectedOf(kind, name);
  await using camera = await yard.add(kind, name);
  const watched = await watchNew(rig, title, camera);
  await watched.streams();
  const fault = camera.fault({
    change: async (change) => {
      await rig.cameras.update(watched.id, change);
    },
  });
  const faultAt = Date.now();
  await fault.start();
  if (expected.causes.length > 0) await watched.tells(expected.causes, faultAt, withinMs(expected, limits));
  else await pause(3000);
  if (expected.healsItself === true) await watched.streams();
  await fault.end();
  const endedAt = Date.now();
  await watched.streams();
  await watched.captures(endedAt);
  await rig.cameras.delete(watched.id);
}

/** All kinds of camera in one decoder process. */
async function runDecoderCase(signal: NodeJS.Signals): Promise<void> {
  await using own = await openCameraRig(dir.file(`data-${signal}`), {
    camerasPerHost: cameraKinds.length,
  });
  await using cameras = new AsyncDisposableStack();
  const all = [];
  for (const kind of cameraKinds) {
    const camera = cameras.use(await yard.add(kind, 'no such path'));
    all.push(await watchNew(own, kind, camera));
  }
  await Promise.all(all.map(({ streams }) => streams()));
  const [pid, ...others] = own.streams.pids();
  if (pid === undefined || others.length > 0)
    throw new Error('The cameras do not share one decoder process.');
  const faultAt = Date.now();
  process.kill(pid, signal);
  await Promise.all(all.map(({ tells }) => tells(['decoder_crashed'], faultAt, hangMs(defaultMediaLimits))));
  await Promise.all(all.map(({ streams }) => streams()));
  const backAt = Date.now();
  await Promise.all(all.map(({ captures }) => captures(backAt)));
}

interface Watched {
  readonly id: string;
  /** Resolves when it streams. */
  readonly streams: () => Promise<unknown>;
  /** Resolves once one of the causes was told since then. */
  readonly tells: (causes: readonly CameraCause[], sinceMs: number, timeMs: number) => Promise<unknown>;
  /** Resolves once there is an event that began after that. */
  readonly captures: (afterMs: number) => Promise<unknown>;
}

async function watchNew(
  { cameras, rig: pipeline }: CameraRig,
  name: string,
  { input }: FaultyCamera,
): Promise<Watched> {
  const { id } = (await cameras.create(cameraInput(name, input.url, input))).camera;
  const causesSince = (sinceMs: number): (CameraCause | null)[] =>
    pipeline.messages.flatMap(({ message }) =>
      message.type === 'CAMERA_STATUS_CHANGED' && message.cameraId === id && message.state.since >= sinceMs
        ? [message.state.cause]
        : [],
    );
  return {
    id,
    streams: () =>
      waitUntil(`${name} to stream`, () => cameras.get(id)?.state.status === 'streaming', {
        timeoutMs: 20_000 + slackMs,
      }),
    tells: (causes, sinceMs, timeMs) =>
      waitUntil(
        `${causes.join(' or ')} of ${name}`,
        () => {
          const seen = causesSince(sinceMs);
          if (seen.some((cause) => cause !== null && causes.includes(cause))) return true;
          throw new Error(`causes so far: ${seen.join(', ')}`);
        },
        { timeoutMs: timeMs + slackMs },
      ),
    captures: (afterMs) =>
      waitUntil(
        `an event of ${name}`,
        async () => {
          const events = await eventsOf(pipeline, id);
          if (events.some(({ startedAt }) => startedAt > afterMs)) return true;
          const state = cameras.get(id)?.state;
          throw new Error(
            `${events.length} events before; ${state?.status} at ${state?.framesPerSecond} fps; causes since: ${causesSince(afterMs).join(', ')}`,
          );
        },
        { timeoutMs: 60_000 + slackMs, everyMs: 200 },
      ),
  };
}

function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test.each([...faultCases, ...decoderCases])('$title', { timeout: 240_000 }, async ({ title }) => {
  const error = await outcomes.get(title);
  if (error !== undefined) throw error;
  expect(outcomes.has(title)).toBe(true);
});

test('none of it is seen by a camera that is well, or costs a decoder', { timeout: 240_000 }, async () => {
  await Promise.all(outcomes.values());
  const changes = rig.rig.messages.filter(
    ({ message }) => message.type === 'CAMERA_STATUS_CHANGED' && message.cameraId === witnessId,
  );
  expect(changes).toHaveLength(1);
  expect(rig.streams.stats()).toMatchObject({ streams: 1, hostRestarts: 0 });
});
