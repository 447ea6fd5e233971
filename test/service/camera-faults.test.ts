import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CameraCause } from '../../src/core/camera.ts';
import { defaultMediaLimits, type MediaLimits } from '../../src/media/media-service.ts';
import { cameraInput, eventsOf, openCameraRig, type CameraRig } from '../support/camera-rig.ts';
import {
  cameraKinds,
  canHave,
  faultNames,
  openCameraYard,
  type CameraKind,
  type CameraYard,
  type FaultName,
  type FaultyCamera,
} from '../support/faulty-cameras.ts';
import { makeTempDir, type TempDir } from '../support/temp-dir.ts';
import { waitUntil } from '../support/wait-until.ts';

/** What is said of a fault, and how soon. */
interface Expected {
  /** One of these; none at all when the camera goes on, perhaps with a cause in between. */
  readonly causes: readonly CameraCause[];
  /** What it takes to notice; without it, it is noticed at once. */
  readonly limit?: 'openMs' | 'noPacketMs' | 'onlyErrorsMs';
  /** Noticed when the recording begins anew. */
  readonly isAtNextRound?: boolean;
  /** The next connection works, although the fault is still there. */
  readonly healsItself?: boolean;
}

/** Waits and the wait before the next connection come on top of the limits. */
const overheadMs = 2000;
/** The clip's length. */
const roundMs = 8000;
/** For a machine that does other things as well. */
const slackMs = 15_000;

const live: Record<FaultName, Expected> = {
  'nothing listens': { causes: ['refused'] },
  'accepts, never answers': { causes: ['timeout'], limit: 'openMs' },
  'answers, then sends nothing': { causes: ['no_frames'], limit: 'noPacketMs' },
  'goes silent': { causes: ['no_frames'], limit: 'noPacketMs' },
  'resets the connection': { causes: ['reset'] },
  'ends in good order': { causes: ['reset'] },
  'answers byte by byte': { causes: ['timeout'], limit: 'openMs' },
  'wrong password (Basic)': { causes: ['unauthorized'] },
  'wrong password (Digest)': { causes: ['unauthorized'] },
  'no password given': { causes: ['unauthorized'] },
  'no such host': { causes: ['no_such_host'] },
  'no such path': { causes: ['not_found'] },
  'a web page instead of video': { causes: ['invalid_data'] },
  'cut short': { causes: ['reset'] },
  'few bits flipped': { causes: [] },
  // The first of the many wrong bits decides: in the lengths of the transport, in an answer, or in the video.
  'many bits flipped': {
    causes: ['no_frames', 'corrupt', 'invalid_data', 'reset'],
    limit: 'noPacketMs',
  },
  'another size': { causes: [] },
  'another codec': { causes: ['no_frames', 'corrupt'], limit: 'onlyErrorsMs', healsItself: true },
  'its process killed': { causes: ['refused'] },
};

const exceptions: Record<CameraKind, Partial<Record<FaultName, Expected>>> = {
  rtsp: {},
  'rtsp over UDP': {
    'cut short': { causes: ['corrupt'], limit: 'onlyErrorsMs' },
    'many bits flipped': { causes: ['corrupt', 'invalid_data', 'no_frames'], limit: 'onlyErrorsMs' },
  },
  http_mjpeg: {
    // Its opening includes the first picture.
    'answers, then sends nothing': { causes: ['timeout'], limit: 'openMs' },
    'many bits flipped': { causes: ['invalid_data', 'corrupt', 'no_frames'], limit: 'onlyErrorsMs' },
  },
  file: {
    'no such path': { causes: ['not_found'], isAtNextRound: true },
    'a web page instead of video': { causes: ['invalid_data', 'corrupt'], isAtNextRound: true },
    'cut short': { causes: [] },
    'many bits flipped': { causes: ['corrupt', 'invalid_data', 'unsupported_codec'], isAtNextRound: true },
    'another size': { causes: ['reset'], isAtNextRound: true, healsItself: true },
    'another codec': { causes: ['reset'], isAtNextRound: true, healsItself: true },
  },
};

function expectedOf(kind: CameraKind, name: FaultName): Expected {
  return exceptions[kind][name] ?? live[name];
}

function withinMs(
  { limit, isAtNextRound = false }: Expected,
  given: Pick<MediaLimits, 'openMs' | 'noPacketMs' | 'onlyErrorsMs'>,
): number {
  return overheadMs + (limit === undefined ? 0 : given[limit]) + (isAtNextRound ? roundMs : 0);
}

/** One more beat for the one that had just been answered, and half a second to be told. */
function hangMs({ heartbeatMs, missedHeartbeats }: MediaLimits): number {
  return heartbeatMs * (missedHeartbeats + 2);
}

/** Short ones, so that the suite is quick; the ones that users get are compared with what the documentation says. */
const limits = { openMs: 3000, noPacketMs: 3000, onlyErrorsMs: 3000 };

const atOnce = 24;

const cases = faultNames.flatMap((name) =>
  cameraKinds
    .filter((kind) => canHave(kind, name))
    .map((kind) => ({ kind, name, title: `${kind}: ${name}` })),
);

const decoderCases = [
  { signal: 'SIGKILL', title: 'a decoder process is killed' },
  { signal: 'SIGSTOP', title: 'a decoder process hangs' },
] as const;

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
  for (const [index, { kind, name, title }] of cases.entries()) {
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
  await using own = await openCameraRig(dir.file(`data-${signal}`));
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
        async () => (await eventsOf(pipeline, id)).some(({ startedAt }) => startedAt > afterMs),
        { timeoutMs: 30_000 + slackMs, everyMs: 200 },
      ),
  };
}

function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

test.each([...cases, ...decoderCases])('$title', { timeout: 240_000 }, async ({ title }) => {
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

test('the documentation says what is told of each fault, and how soon with the limits that users have', async () => {
  const documentation = await readFile(new URL('../../docs/cameras.md', import.meta.url), 'utf8');
  const rows = new Map<string, CameraKind[]>();
  for (const { kind, name } of cases) {
    const expected = expectedOf(kind, name);
    const causes = expected.causes.map((cause) => `\`${cause}\``).join(', ');
    const seconds = withinMs(expected, defaultMediaLimits) / 1000;
    const said = causes === '' ? 'none: it goes on | ' : `${causes} | ${seconds} s `;
    const row = `${name} | ${said}`;
    rows.set(row, [...(rows.get(row) ?? []), kind]);
  }
  const lines = [...rows].map(([row, kinds]) => {
    const [name = '', causes = '', within = ''] = row.split(' | ');
    return `| ${name} | ${kinds.join(', ')} | ${causes} | ${within}|`;
  });
  const hang = hangMs(defaultMediaLimits) / 1000;
  for (const { title } of decoderCases)
    lines.push(`| ${title} | ${cameraKinds.join(', ')} | \`decoder_crashed\` | ${hang} s |`);
  expect(documentation).toContain(lines.join('\n'));
});
