import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grayFrames } from '../../test/support/gray-frames.ts';
import { startFaultProxy } from '../../test/support/fault-proxy.ts';
import { childrenOf, isAlive } from '../../test/support/processes.ts';
import { makeClip } from '../../test/support/render-clip.ts';
import { startRtspServer } from '../../test/support/rtsp-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { CameraSource, StreamRequest } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import type { HostLoss } from './media-host.ts';
import { createMediaService, type MediaLimits, type MediaService } from './media-service.ts';

let dir: TempDir;
let clip: string;

beforeAll(async () => {
  dir = await makeTempDir();
  clip = dir.file('clip.mp4');
  await makeClip(clip, { width: 320, height: 180, framesPerSecond: 10, seconds: 2 });
});

afterAll(async () => {
  await dir[Symbol.asyncDispose]();
});

interface Rig extends AsyncDisposable {
  readonly media: MediaService;
  readonly losses: HostLoss[];
}

function startService(limits: Partial<MediaLimits> = {}, camerasPerHost = 4): Rig {
  const losses: HostLoss[] = [];
  const media = createMediaService({
    clock: systemClock,
    log: silentLog(),
    camerasPerHost,
    limits,
    onHostLost: (loss) => losses.push(loss),
  });
  return { media, losses, [Symbol.asyncDispose]: () => media[Symbol.asyncDispose]() };
}

function endless(change: Partial<StreamRequest> = {}): StreamRequest {
  return {
    name: 'yard',
    cameraId: createId(),
    purpose: 'analysis',
    decode: 'full',
    protocol: 'file',
    url: clip,
    username: null,
    password: null,
    transport: 'tcp',
    masks: [],
    frameRate: 10,
    pacing: 'realtime',
    isLooping: true,
    ...change,
  };
}

interface Viewer {
  readonly source: CameraSource;
  readonly seen: () => number;
  /** What the stream ended with; `undefined` when it returned. */
  readonly ended: Promise<unknown>;
}

/** Opens a stream, waits for its first frame and goes on reading. */
async function view(media: MediaService, request = endless()): Promise<Viewer> {
  const source = media.openStream(request);
  let count = 0;
  const first = Promise.withResolvers<void>();
  const ended = (async () => {
    try {
      for await (const { gray } of grayFrames(source.open(AbortSignal.timeout(25_000)))) {
        count += gray.length > 0 ? 1 : 0;
        first.resolve();
      }
      return undefined;
    } catch (error) {
      return error;
    } finally {
      first.resolve();
    }
  })();
  await first.promise;
  return { source, seen: () => count, ended };
}

function onlyPid(media: MediaService): number {
  const [pid, ...others] = media.pids();
  if (pid === undefined || others.length > 0)
    throw new Error(`expected one host, found ${media.pids().length}`);
  return pid;
}

async function isGone(pid: number): Promise<boolean> {
  return !(await isAlive(pid));
}

describe('streams and hosts', () => {
  test('a host is started with the first stream and takes only so many', async () => {
    await using rig = startService({}, 2);
    expect(rig.media.stats()).toMatchObject({ hosts: 0, streams: 0 });
    const viewers = [];
    for (let count = 0; count < 5; count += 1) viewers.push(await view(rig.media));
    expect(rig.media.stats()).toMatchObject({ hosts: 3, streams: 5, hostRestarts: 0 });
    expect(new Set(rig.media.pids()).size).toBe(3);
  });

  test('a host without streams is ended after a while, and a stream that comes before that finds it', async () => {
    await using rig = startService({ idleMs: 400 });
    const first = await view(rig.media);
    const pid = onlyPid(rig.media);
    await first.source[Symbol.asyncDispose]();
    const second = await view(rig.media);
    expect(rig.media.pids()).toEqual([pid]);
    await second.source[Symbol.asyncDispose]();
    await waitUntil('the host to end', () => rig.media.pids().length === 0);
    await waitUntil('the process to be gone', () => isGone(pid));
    expect(rig.losses).toEqual([]);
    expect((await view(rig.media)).seen()).toBeGreaterThan(0);
  });
});

/** What is said of the frame by which the scene is known, of so many at most. */
async function firstWords(media: MediaService, request: StreamRequest): Promise<string[]> {
  const reasons: string[] = [];
  await using source = media.openStream(request);
  for await (const { sample } of source.open(AbortSignal.timeout(20_000))) {
    reasons.push(sample?.reason ?? 'none');
    if (sample?.reason !== 'warming_up' || reasons.length === 500) break;
  }
  return reasons;
}

describe('what was learnt of a scene', () => {
  test('is found again by a camera that comes back, where it was last, and not by another one', async () => {
    await using rig = startService({}, 1);
    const motion = { sensitivity: 'medium', zones: [] } as const;
    const [yard, street] = [endless({ motion, pacing: 'fastest' }), endless({ motion, pacing: 'fastest' })];
    const words = await Promise.all([firstWords(rig.media, yard), firstWords(rig.media, street)]);
    expect(words.map(([first]) => first)).toEqual(['warming_up', 'warming_up']);
    expect(words.map((each) => each.at(-1))).toEqual(['quiet', 'quiet']);
    expect(rig.media.pids()).toHaveLength(2);
    expect(await firstWords(rig.media, street)).toEqual(['quiet']);
    expect(await firstWords(rig.media, yard)).toEqual(['quiet']);
    expect((await firstWords(rig.media, endless({ motion, pacing: 'fastest' })))[0]).toBe('warming_up');
    for (const pid of rig.media.pids()) process.kill(pid, 'SIGKILL');
    await waitUntil('the loss to be told', () => rig.losses.length === 2);
    expect((await firstWords(rig.media, yard))[0]).toBe('warming_up');
  });
});

describe('a host that dies', () => {
  test('costs its streams their connection at once, others nothing, and the next connection works', async () => {
    await using rig = startService({}, 2);
    const doomed = [await view(rig.media), await view(rig.media)];
    const pid = onlyPid(rig.media);
    const other = await view(rig.media);
    process.kill(pid, 'SIGKILL');
    for (const { ended, source } of doomed) {
      expect(await ended).toMatchObject({ code: 'CAMERA_LOST', cameraCause: 'decoder_crashed' });
      await expect(source.pictures([1], AbortSignal.timeout(5_000))).rejects.toMatchObject({
        cameraCause: 'decoder_crashed',
      });
      await source[Symbol.asyncDispose]();
    }
    await waitUntil('the loss to be told', () => rig.losses.length > 0);
    expect(rig.losses).toEqual([{ reason: 'exit', code: null, signal: 'SIGKILL', streams: 2 }]);
    expect(rig.media.stats()).toMatchObject({ hosts: 1, hostRestarts: 1 });
    const again = await view(rig.media);
    expect(again.seen()).toBeGreaterThan(0);
    const before = other.seen();
    await waitUntil('the other camera to go on', () => other.seen() > before);
  });

  test('fails the pictures that were being made', async () => {
    await using rig = startService();
    const { source } = await view(rig.media);
    const pid = onlyPid(rig.media);
    process.kill(pid, 'SIGSTOP');
    const pictures = source.pictures([Date.now()], AbortSignal.timeout(20_000));
    process.kill(pid, 'SIGKILL');
    await expect(pictures).rejects.toMatchObject({ cameraCause: 'decoder_crashed' });
  });
});

describe('a stream that kills its host again and again', () => {
  test('takes others with it once, when it does so while it is opened', async () => {
    await using camera = await startFaultProxy({ targetPort: 1 });
    await camera.setFault({ kind: 'black_hole' });
    const poison = endless({ protocol: 'rtsp', url: `rtsp://127.0.0.1:${camera.port}/`, isLooping: false });
    await using rig = startService();
    const neighbours = [endless(), endless()];
    const first = await Promise.all(neighbours.map((request) => view(rig.media, request)));
    const opening = view(rig.media, poison);
    await waitUntil('it to be opened', () => rig.media.stats().streams === 3);
    await camera.accepted();
    process.kill(onlyPid(rig.media), 'SIGKILL');
    expect(await (await opening).ended).toMatchObject({ cameraCause: 'decoder_crashed' });
    for (const { ended } of first) await ended;

    const again = await Promise.all(neighbours.map((request) => view(rig.media, request)));
    const shared = onlyPid(rig.media);
    for (let time = 0; time < 2; time += 1) {
      const openedAgain = view(rig.media, poison);
      const own = await waitUntil('a host of its own', () => rig.media.pids().find((pid) => pid !== shared));
      await camera.accepted();
      process.kill(own, 'SIGKILL');
      await (
        await openedAgain
      ).ended;
    }
    expect(rig.media.pids()).toEqual([shared]);
    const seen = again.map((viewer) => viewer.seen());
    await waitUntil('the others to go on', () => again.every((viewer, i) => viewer.seen() > (seen[i] ?? 0)));
  });

  test('is found among those that stream, after two losses', async () => {
    await using rig = startService();
    const requests = [endless(), endless()];
    for (let time = 0; time < 2; time += 1) {
      const viewers = await Promise.all(requests.map((request) => view(rig.media, request)));
      process.kill(onlyPid(rig.media), 'SIGKILL');
      for (const { ended } of viewers) await ended;
    }
    await Promise.all(requests.map((request) => view(rig.media, request)));
    await view(rig.media);
    // Each of the two has a host to itself, and the newcomer is let in with neither.
    expect(rig.media.pids()).toHaveLength(3);
  });
});

describe('a host that hangs', () => {
  test('is killed and replaced', async () => {
    await using rig = startService();
    const viewer = await view(rig.media);
    const pid = onlyPid(rig.media);
    process.kill(pid, 'SIGSTOP');
    expect(await viewer.ended).toMatchObject({ cameraCause: 'decoder_crashed' });
    await waitUntil('the process to be gone', () => isGone(pid));
    await waitUntil('the loss to be told', () => rig.losses.length > 0);
    expect(rig.losses).toEqual([{ reason: 'hang', code: null, signal: 'SIGKILL', streams: 1 }]);
    const again = await view(rig.media);
    expect(again.seen()).toBeGreaterThan(0);
    expect(rig.media.pids()).not.toContain(pid);
  });

  test('takes no new stream, and ends no later than the service', async () => {
    const rig = startService({ exitMs: 500, missedHeartbeats: 1_000 });
    await view(rig.media);
    const pid = onlyPid(rig.media);
    process.kill(pid, 'SIGSTOP');
    await rig[Symbol.asyncDispose]();
    await waitUntil('the process to be gone', () => isGone(pid));
    await expect(view(rig.media).then(({ ended }) => ended)).resolves.toMatchObject({
      code: 'SHUTTING_DOWN',
    });
  });

  test('in a stream that does not settle is killed for the sake of the next connection', async () => {
    await using rig = startService({ settleMs: 300, missedHeartbeats: 1_000 });
    const { source, ended } = await view(rig.media);
    const pid = onlyPid(rig.media);
    process.kill(pid, 'SIGSTOP');
    await source[Symbol.asyncDispose]();
    await ended;
    await waitUntil('the process to be gone', () => isGone(pid));
    await waitUntil('the loss to be told', () => rig.losses.length > 0);
    expect(rig.losses).toMatchObject([{ reason: 'hang' }]);
  });
});

describe('the end', () => {
  test('of the service leaves no process behind', async () => {
    const rig = startService({}, 1);
    const viewers = [await view(rig.media), await view(rig.media)];
    const pids = rig.media.pids();
    expect(pids).toHaveLength(2);
    await rig[Symbol.asyncDispose]();
    await rig[Symbol.asyncDispose]();
    for (const { ended } of viewers) await ended;
    expect(await Promise.all(pids.map(isGone))).toEqual([true, true]);
    expect(rig.losses).toEqual([]);
  });

  test('of the parent by SIGKILL is the end of its hosts, also in the middle of a read', async () => {
    await using server = await startRtspServer();
    await server.addStream('/a', { clipPath: clip });
    const request = endless({ protocol: 'rtsp', url: server.url('/a'), isLooping: false });
    const code = `
      const { createMediaService } = await import(${JSON.stringify(new URL('media-service.ts', import.meta.url).href)});
      const { systemClock } = await import(${JSON.stringify(new URL('../core/clock.ts', import.meta.url).href)});
      const { silentLog } = await import(${JSON.stringify(new URL('../core/log.ts', import.meta.url).href)});
      const media = createMediaService({ clock: systemClock, log: silentLog() });
      const source = media.openStream(${JSON.stringify(request)});
      for await (const frame of source.open(new AbortController().signal)) process.stdout.write('frame');
    `;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(parent.stdout, 'data');
    server.setFault('/a', { kind: 'stall' });
    const hosts = await childrenOf(parent.pid);
    expect(hosts).toHaveLength(1);
    await systemClock.sleep(200);
    parent.kill('SIGKILL');
    for (const { pid } of hosts) await waitUntil('the host to be gone', () => isGone(pid));
  });

  test('by Ctrl+C is left to the service', async () => {
    await using rig = startService();
    const viewer = await view(rig.media);
    const pid = onlyPid(rig.media);
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    const before = viewer.seen();
    await waitUntil('frames to go on', () => viewer.seen() > before + 3);
    expect(rig.media.pids()).toEqual([pid]);
  });
});
