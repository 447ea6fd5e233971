import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeClip } from '../../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../../test/support/rtsp-server.ts';
import { makeTempDir, type TempDir } from '../../../test/support/temp-dir.ts';
import type { StreamRequest } from '../../core/camera-source.ts';
import { NotReadableHereError, RtspInput } from './rtsp-input.ts';

let dir: TempDir;
let server: RtspServer;

beforeAll(async () => {
  dir = await makeTempDir();
  const scene = { width: 320, height: 180, framesPerSecond: 15, seconds: 2, noise: 2 };
  await makeClip(dir.file('clip.mp4'), scene, { keyframeInterval: 15 });
  await makeClip(dir.file('clip.avi'), scene);
  server = await startRtspServer();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function inputFor(path: string): RtspInput {
  const request: StreamRequest = {
    name: 'yard',
    cameraId: 'yard',
    purpose: 'analysis',
    decode: 'full',
    protocol: 'rtsp',
    url: server.url(path),
    username: null,
    password: null,
    transport: 'tcp',
    masks: [],
    frameRate: 5,
    pacing: 'realtime',
    isLooping: false,
  };
  return new RtspInput(request);
}

async function readOne(input: RtspInput): Promise<{ pts: bigint; isKeyframe: boolean }> {
  using packet = await input.read();
  return { pts: packet.pts, isKeyframe: packet.isKeyframe };
}

test.concurrent('parameter sets that are not described are taken from the stream', async () => {
  await server.addStream('/bare', { clipPath: dir.file('clip.mp4') });
  server.setFault('/bare', { kind: 'wrong_sdp', sdp: 'no_parameter_sets' });
  const bare = inputFor('/bare');
  await bare.open();
  server.setFault('/bare', null);
  const described = inputFor('/bare');
  await described.open();
  expect(bare.copyParameters().extradata?.length).toBeGreaterThan(20);
  expect(bare.copyParameters().extradata).toEqual(described.copyParameters().extradata);
  expect(await readOne(bare)).toMatchObject({ isKeyframe: true });
  await Promise.all([bare.close(), described.close()]);
});

test.concurrent('a session is kept alive, and ended in order', async () => {
  await server.addStream('/alive', { clipPath: dir.file('clip.mp4'), sessionTimeoutS: 4 });
  const input = inputFor('/alive');
  await input.open();
  const atFirst = server.stats().streams['/alive']?.requests ?? 0;
  const { pts: first } = await readOne(input);
  let last = first;
  // For 2.4 s: half of the 4 s, and some.
  while (last - first < 216_000n) last = (await readOne(input)).pts;
  expect(server.stats().streams['/alive']?.requests).toBe(atFirst + 1);
  await input.close();
  expect(server.stats().streams['/alive']).toMatchObject({ teardowns: 1, playing: 0 });
});

test.concurrent('pictures come in the rhythm of the camera', async () => {
  await server.addStream('/even', { clipPath: dir.file('clip.mp4') });
  const input = inputFor('/even');
  await input.open();
  const times: bigint[] = [];
  for (let count = 0; count < 20; count += 1) times.push((await readOne(input)).pts);
  expect(new Set(times.slice(1).map((pts, index) => pts - (times[index] ?? 0n)))).toEqual(new Set([6000n]));
  await input.close();
});

test.concurrent('what is interrupted ends at once, while it is opened and while it is read', async () => {
  await server.addStream('/hole', { clipPath: dir.file('clip.mp4') });
  const read = inputFor('/hole');
  await read.open();
  await readOne(read);
  server.setFault('/hole', { kind: 'black_hole' });
  const opened = inputFor('/hole');
  const opening = opened.open();
  server.setFault('/hole', { kind: 'stall' });
  const reading = (async () => {
    for (;;) await readOne(read);
  })();
  const outcomes = Promise.allSettled([opening, reading]);
  opened.interrupt();
  read.interrupt();
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await Promise.all([opened.close(), read.close()]);
});

test.concurrent.each([
  ['is in another format', '/mjpeg', 'clip.avi', null],
  ['is elsewhere', '/moved', 'clip.mp4', { kind: 'status', status: 302, method: 'DESCRIBE' }],
  ['is sent over another transport', '/other', 'clip.mp4', { kind: 'status', status: 461, method: 'SETUP' }],
] as const)('what %s is left to FFmpeg', async (_what, path, clip, fault) => {
  await server.addStream(path, { clipPath: dir.file(clip) });
  server.setFault(path, fault);
  const input = inputFor(path);
  await expect(input.open()).rejects.toBeInstanceOf(NotReadableHereError);
  await input.close();
});
