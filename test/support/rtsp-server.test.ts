import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendSignal } from './processes.ts';
import { probeStream, type ProbeResult } from './probe-stream.ts';
import { makeClip, type Scene } from './render-clip.ts';
import { spawnRtspServer } from './rtsp-server-child.ts';
import { startRtspServer, type RtspFault, type RtspServer } from './rtsp-server.ts';
import { makeTempDir, type TempDir } from './temp-dir.ts';
import { waitUntil } from './wait-until.ts';

const scene: Scene = {
  width: 320,
  height: 180,
  framesPerSecond: 20,
  seconds: 1,
  counter: true,
  // Makes key frames larger than one packet, so that they come in fragments.
  noise: 25,
};
const credentials = { username: 'viewer', password: 'pass word@1' };

let dir: TempDir;
let server: RtspServer;

beforeAll(async () => {
  dir = await makeTempDir();
  server = await startRtspServer();
  await makeClip(dir.file('h264.mp4'), scene);
  await makeClip(dir.file('hevc.mp4'), scene, { codec: 'hevc' });
  await makeClip(dir.file('large.mp4'), { ...scene, width: 640, height: 360, firstNumber: 1_000 });
  const clipPath = dir.file('h264.mp4');
  await server.addStream('/h264', { clipPath, join: 'start' });
  await server.addStream('/hevc', { clipPath: dir.file('hevc.mp4'), join: 'start' });
  await server.addStream('/digest', { clipPath, credentials });
  await server.addStream('/basic', { clipPath, credentials, auth: 'basic' });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function withPassword(url: string, password: string): string {
  return url.replace('//', `//viewer:${encodeURIComponent(password)}@`);
}

function countersOf({ frames }: ProbeResult): (number | null)[] {
  return frames.map(({ counter }) => counter);
}

test.each([
  ['h264', 'tcp'],
  ['h264', 'udp'],
  ['hevc', 'tcp'],
  ['hevc', 'udp'],
] as const)(
  'FFmpeg plays %s over %s: every picture, round and round, with times that go on',
  async (name, transport) => {
    const result = await probeStream(server.url(`/${name}`), { transport, frames: 45 });
    expect(result.error).toBeNull();
    expect(result.frames[0]).toMatchObject({ codec: name, width: 320, height: 180 });
    expect(countersOf(result)).toEqual(Array.from({ length: 45 }, (_, index) => index % 20));
    // The first picture of an RTSP stream has no time in FFmpeg.
    const steps = result.frames
      .slice(2)
      .map(({ ptsMs }, index) => (ptsMs ?? 0) - (result.frames[index + 1]?.ptsMs ?? 0));
    for (const step of steps) expect(step).toBeCloseTo(50, 0);
  },
);

test.each(['digest', 'basic'])('%s demands the password, and takes the right one', async (scheme) => {
  const url = server.url(`/${scheme}`);
  expect((await probeStream(url)).error).toContain('401');
  expect((await probeStream(withPassword(url, 'guess'))).error).toContain('401');
  const result = await probeStream(withPassword(url, credentials.password));
  expect(result.error).toBeNull();
  expect(result.frames).toHaveLength(5);
  expect(server.stats().streams[`/${scheme}`]?.unauthorized).toBeGreaterThan(2);
});

test('a path without a stream is not found', async () => {
  expect((await probeStream(server.url('/nowhere'))).error).toContain('404');
});

test('many clients watch one stream at once', async () => {
  const before = server.stats().streams['/h264']?.plays ?? 0;
  const results = await Promise.all(
    (['tcp', 'udp', 'tcp'] as const).map((transport) =>
      probeStream(server.url('/h264'), { transport, frames: 25 }),
    ),
  );
  for (const result of results) expect(result.frames).toHaveLength(25);
  expect(server.stats().streams['/h264']?.plays).toBe(before + 3);
});

/** A server of its own with one stream, which begins with the fault. */
async function faultyServer(fault: RtspFault | null): Promise<RtspServer> {
  const faulty = await startRtspServer();
  await faulty.addStream('/cam', { clipPath: dir.file('h264.mp4'), join: 'start' });
  faulty.setFault('/cam', fault);
  return faulty;
}

// The errors are FFmpeg's own. For it a black hole is invalid data, and a reset connection an ended one.
test.concurrent.each<[RtspFault, RegExp]>([
  [{ kind: 'black_hole' }, /Invalid data/],
  [{ kind: 'stall', afterPackets: 30 }, /timed out/],
  [{ kind: 'reset', afterPackets: 30 }, /End of file|reset by peer/],
  [{ kind: 'close', afterSeconds: 0.5 }, /End of file/],
  [{ kind: 'status', status: 503 }, /5XX/],
  [{ kind: 'status', status: 403, method: 'SETUP' }, /403/],
  [{ kind: 'wrong_sdp', sdp: 'garbage' }, /4XX/],
  [{ kind: 'wrong_sdp', sdp: 'no_video' }, /4XX/],
  [{ kind: 'wrong_sdp', sdp: 'unknown_codec' }, /Invalid argument/],
])('the fault %o ends in an error at the client, and heals', async (fault, error) => {
  await using faulty = await faultyServer(fault);
  const failed = await probeStream(faulty.url('/cam'), { frames: 60, timeoutMs: 1_000 });
  expect(failed.error).toMatch(error);
  faulty.setFault('/cam', null);
  expect(await probeStream(faulty.url('/cam'))).toMatchObject({ error: null });
});

test.concurrent.each<RtspFault>([
  // The pictures bring their parameter sets along.
  { kind: 'wrong_sdp', sdp: 'bad_parameter_sets' },
  { kind: 'slow_answers', msPerByte: 1 },
])('the fault %o is one that FFmpeg gets over', async (fault) => {
  await using faulty = await faultyServer(fault);
  expect(await probeStream(faulty.url('/cam'))).toMatchObject({ error: null });
});

test('slow answers come byte by byte', async () => {
  await using faulty = await faultyServer({ kind: 'slow_answers', msPerByte: 1 });
  const socket = connect(faulty.port, '127.0.0.1');
  socket.write(`OPTIONS ${faulty.url('/cam')} RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
  const pieces: Buffer[] = [];
  for await (const piece of socket as AsyncIterable<Buffer>) {
    pieces.push(piece);
    if (Buffer.concat(pieces).includes('\r\n\r\n')) break;
  }
  expect(Buffer.concat(pieces).toString()).toMatch(/^RTSP\/1\.0 200 OK\r\n/);
  expect(pieces.length).toBeGreaterThan(20);
});

test.concurrent.each<RtspFault>([
  { kind: 'damage', how: 'flip_bits', share: 0.3 },
  { kind: 'damage', how: 'truncate', share: 0.3 },
  { kind: 'lose', share: 0.3 },
])('under the fault %o pictures still come, but not as they were', async (fault) => {
  await using faulty = await faultyServer(fault);
  const result = await probeStream(faulty.url('/cam'), { frames: 20, transport: 'udp' });
  expect(result.frames.length).toBeGreaterThan(0);
  const isWhole = countersOf(result).every((counter, index) => counter === index);
  expect(isWhole).toBe(false);
});

test('a frozen camera goes on sending the same picture with times that go on', async () => {
  await using faulty = await faultyServer({ kind: 'freeze' });
  const result = await probeStream(faulty.url('/cam'), { frames: 10 });
  expect(new Set(countersOf(result))).toEqual(new Set([0]));
  expect(result.frames.at(-1)?.ptsMs).toBeGreaterThan(350);
});

test('another clip, of another size, goes on in the same connection', async () => {
  await using other = await faultyServer(null);
  const playing = probeStream(other.url('/cam'), { frames: 40 });
  await waitUntil('the client to play', () => (other.stats().streams['/cam']?.framesSent ?? 0) > 5);
  await other.switchClip('/cam', dir.file('large.mp4'));
  const { frames, error } = await playing;
  expect(error).toBeNull();
  expect(frames[0]).toMatchObject({ width: 320, counter: 0 });
  expect(frames.find(({ counter }) => counter === 1_000)).toMatchObject({ width: 640, height: 360 });
  expect(other.stats().accepted).toBe(1);
});

test('a stopped server refuses, and plays again on the same port after its restart', async () => {
  await using other = await faultyServer(null);
  const playing = probeStream(other.url('/cam'), { frames: 1_000 });
  await waitUntil('the client to play', () => other.stats().streams['/cam']?.playing === 1);
  await other.stop();
  expect((await playing).error).not.toBeNull();
  expect((await probeStream(other.url('/cam'))).error).toContain('refused');
  await other.restart();
  expect(await probeStream(other.url('/cam'))).toMatchObject({ error: null });
  await waitUntil('the connections to be gone', () => other.stats().connections === 0);
  expect(other.stats().streams['/cam']?.playing).toBe(0);
});

test('in a process of its own it does the same, and can be stopped and killed with signals', async () => {
  await using child = await spawnRtspServer();
  await child.addStream('/cam', { clipPath: dir.file('h264.mp4'), join: 'start' });
  expect(countersOf(await probeStream(child.url('/cam'), { frames: 3 }))).toEqual([0, 1, 2]);
  await child.setFault('/cam', { kind: 'status', status: 404 });
  expect((await probeStream(child.url('/cam'))).error).toContain('404');
  await child.setFault('/cam', null);
  expect((await child.stats()).streams['/cam']).toMatchObject({ plays: 1 });
  await expect(child.addStream('/bad', { clipPath: dir.file('nothing.mp4') })).rejects.toThrow('nothing.mp4');

  await child.kill('SIGSTOP');
  expect((await probeStream(child.url('/cam'), { timeoutMs: 500 })).error).toContain('Invalid data');
  await child.kill('SIGCONT');
  const playing = probeStream(child.url('/cam'), { frames: 1_000 });
  await waitUntil('the client to play', async () => (await child.stats()).streams['/cam']?.playing === 1);
  await child.kill('SIGKILL');
  expect((await playing).error).not.toBeNull();
  expect(sendSignal(child.pid, 'SIGTERM')).toBe(false);
});
