import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMjpegServer, type MjpegFault, type MjpegServer } from './mjpeg-server.ts';
import { probeStream, type ProbeResult } from './probe-stream.ts';
import { makeClip, type Scene } from './render-clip.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';
import { waitUntil } from './wait-until.ts';

const scene: Scene = { width: 320, height: 180, framesPerSecond: 20, seconds: 1, counter: true };
const credentials = { username: 'viewer', password: 'secret' };

let dir: TempDir;

beforeAll(async () => {
  dir = await makeTempDir();
  await makeClip(dir.file('clip.avi'), scene);
  await makeClip(dir.file('large.avi'), { ...scene, width: 640, height: 360, firstNumber: 1_000 });
});

afterAll(async () => {
  await dir[Symbol.asyncDispose]();
});

async function startServer(fault: MjpegFault | null = null): Promise<MjpegServer> {
  const server = await startMjpegServer();
  await server.addStream('/cam', { clipPath: dir.file('clip.avi') });
  server.setFault('/cam', fault);
  return server;
}

function countersOf({ frames }: ProbeResult): (number | null)[] {
  return frames.map(({ counter }) => counter);
}

test.each([true, false])(
  'FFmpeg plays every picture, with the length of parts said: %s',
  async (hasContentLength) => {
    await using server = await startMjpegServer();
    await server.addStream('/cam', { clipPath: dir.file('clip.avi'), hasContentLength });
    const result = await probeStream(server.url('/cam'), { frames: 25 });
    expect(result).toMatchObject({ error: null });
    expect(result.frames[0]).toMatchObject({ codec: 'mjpeg', width: 320, height: 180 });
    expect(countersOf(result)).toEqual(Array.from({ length: 25 }, (_, index) => index % 20));
  },
);

test.each(['basic', 'digest'] as const)('%s demands the password, and takes the right one', async (auth) => {
  await using server = await startMjpegServer();
  await server.addStream('/cam', { clipPath: dir.file('clip.avi'), credentials, auth });
  const url = server.url('/cam');
  expect((await probeStream(url)).error).toContain('401');
  expect((await probeStream(url.replace('//', '//viewer:guess@'))).error).toContain('401');
  expect(await probeStream(url.replace('//', '//viewer:secret@'))).toMatchObject({ error: null });
});

test.concurrent.each<[MjpegFault, RegExp]>([
  [{ kind: 'black_hole' }, /timed out/],
  [{ kind: 'stall', afterFrames: 10 }, /timed out/],
  [{ kind: 'reset', afterFrames: 10 }, /reset by peer|Input\/output/],
  [{ kind: 'close', afterFrames: 10 }, /End of file/],
  [{ kind: 'status', status: 503 }, /5XX/],
  [{ kind: 'wrong_type' }, /Invalid data/],
])('the fault %o ends in an error at the client, and heals', async (fault, error) => {
  await using server = await startServer(fault);
  const failed = await probeStream(server.url('/cam'), { frames: 60, timeoutMs: 1_000 });
  expect(failed.error).toMatch(error);
  server.setFault('/cam', null);
  expect(await probeStream(server.url('/cam'))).toMatchObject({ error: null });
});

test.each(['truncate', 'flip_bits'] as const)(
  'pictures that are damaged (%s) come among whole ones',
  async (how) => {
    await using server = await startServer({ kind: 'damage', how, share: 0.5 });
    const counters = countersOf(await probeStream(server.url('/cam'), { frames: 20 }));
    const whole = counters.filter((counter) => counter !== null);
    expect(whole.length).toBeGreaterThan(5);
    expect(counters).not.toEqual(Array.from({ length: 20 }, (_, index) => index));
  },
);

test('a frozen camera repeats one picture', async () => {
  await using server = await startServer({ kind: 'freeze' });
  expect(new Set(countersOf(await probeStream(server.url('/cam'), { frames: 10 })))).toEqual(new Set([0]));
});

test('another clip, of another size, goes on in the same connection', async () => {
  await using server = await startServer();
  const playing = probeStream(server.url('/cam'), { frames: 40 });
  await waitUntil('the client to play', () => server.stats().framesSent > 5);
  await server.switchClip('/cam', dir.file('large.avi'));
  const { frames } = await playing;
  expect(frames.find(({ counter }) => counter === 1_000)).toMatchObject({ width: 640, height: 360 });
  expect(server.stats().requests).toBe(1);
});

test('a stopped server refuses, and plays again on the same port after its restart', async () => {
  await using server = await startServer();
  const playing = probeStream(server.url('/cam'), { frames: 1_000 });
  await waitUntil('the client to play', () => server.stats().framesSent > 5);
  await server.stop();
  expect((await playing).error).not.toBeNull();
  expect((await probeStream(server.url('/cam'))).error).toContain('refused');
  await server.restart();
  expect(await probeStream(server.url('/cam'))).toMatchObject({ error: null });
});
