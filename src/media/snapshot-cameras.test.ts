import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grayFrames } from '../../test/support/gray-frames.ts';
import { expectLive, expectPictures, lossOf, takeFrames } from '../../test/support/live-frames.ts';
import { startMjpegServer, type MjpegServer } from '../../test/support/mjpeg-server.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { startSnapshotServer, type SnapshotServer } from '../../test/support/snapshot-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { StreamRequest } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from './media-service.ts';

const scene: Scene = { width: 480, height: 270, framesPerSecond: 15, seconds: 8, counter: true, noise: 2 };
const frameTotal = 120;
const credentials = { username: 'admin', password: 'p@ss"/w:rd %41' };

let dir: TempDir;
let media: MediaService;
let server: SnapshotServer;
let mjpeg: MjpegServer;

beforeAll(async () => {
  dir = await makeTempDir();
  await makeClip(dir.file('clip.avi'), scene);
  media = createMediaService({
    clock: systemClock,
    log: silentLog(),
    limits: { openMs: 2_000, noPacketMs: 2_000 },
  });
  server = await startSnapshotServer();
  mjpeg = await startMjpegServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await mjpeg[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function camera(url: string, change: Partial<StreamRequest> = {}): StreamRequest {
  return {
    name: 'yard',
    cameraId: createId(),
    purpose: 'analysis',
    protocol: 'http_snapshot',
    url,
    username: null,
    password: null,
    transport: 'tcp',
    masks: [],
    frameRate: 10,
    decode: 'full',
    pacing: 'realtime',
    isLooping: false,
    ...change,
  };
}

let pathCount = 0;

async function newPath(options: Partial<Parameters<SnapshotServer['addCamera']>[1]> = {}): Promise<string> {
  pathCount += 1;
  const path = `/snapshot${pathCount}`;
  await server.addCamera(path, { clipPath: dir.file('clip.avi'), ...options });
  return path;
}

describe.concurrent('a snapshot camera', () => {
  test('is asked at the frame rate, and seen as it happens', async () => {
    const path = await newPath();
    await using source = media.openStream(camera(server.url(path)));
    const frames = await takeFrames(source, 12);
    expect(frames).toHaveLength(12);
    expectLive(frames, frameTotal, 60);
    await expectPictures(source, frames);
    expect(source.info).toMatchObject({ codec: 'mjpeg', width: 480, height: 270, framesPerSecond: null });
    expect(server.stats(path).requests).toBeLessThanOrEqual(14);
  });

  test.each(['basic', 'digest'] as const)(
    'lets in who has the password (%s), and asks once',
    async (auth) => {
      const path = await newPath({ credentials, auth });
      await using source = media.openStream(camera(server.url(path), credentials));
      expect(await takeFrames(source, 5)).toHaveLength(5);
      expect(server.stats(path).unauthorized).toBe(1);
    },
  );

  test.each(['etag', 'last-modified'] as const)(
    'is not asked again for a picture that it has (%s)',
    async (validator) => {
      const path = await newPath({ validator });
      server.setFault(path, { kind: 'freeze' });
      await using source = media.openStream(camera(server.url(path)));
      expect(await takeFrames(source, 6)).toHaveLength(6);
      expect(server.stats(path)).toMatchObject({ pictures: 1, unauthorized: 0 });
      expect(server.stats(path).notModified).toBeGreaterThanOrEqual(5);
    },
  );

  test.each([
    ['a wrong password', { username: 'admin', password: 'letmein' }, 'did not accept'],
    ['no password', {}, 'asks for a user name'],
  ])('refuses who has %s', async (_, given, message) => {
    const path = await newPath({ credentials, auth: 'digest' });
    await using source = media.openStream(camera(server.url(path), given));
    const error = await lossOf(source);
    expect(error.cameraCause).toBe('unauthorized');
    expect(error.message).toContain(message);
    expect(server.stats(path).requests).toBeLessThanOrEqual(2);
  });

  test.each([
    ['is not there', { kind: 'status', status: 404 }, 'not_found', ''],
    ['has an error of its own', { kind: 'status', status: 503 }, 'unknown', '503'],
    ['never answers', { kind: 'black_hole' }, 'timeout', ''],
    ['resets the connection', { kind: 'reset' }, 'reset', ''],
    ['sends endlessly slowly', { kind: 'slow_body', msPerByte: 50 }, 'timeout', ''],
    ['breaks off', { kind: 'truncate' }, 'reset', ''],
    [
      'sends elsewhere',
      { kind: 'redirect', location: 'http://192.0.2.1/a.jpg' },
      'invalid_data',
      '192.0.2.1',
    ],
    [
      'sends a web page',
      { kind: 'content', type: 'text/html', body: Buffer.from('<html>') },
      'invalid_data',
      'a web page',
    ],
    [
      'sends another format',
      { kind: 'content', type: 'image/png', body: Buffer.from('\u0089PNG') },
      'unsupported_codec',
      'image/png',
    ],
    [
      'sends what is no picture',
      { kind: 'content', type: 'image/jpeg', body: Buffer.from('no jpeg') },
      'unsupported_codec',
      'expected a JPEG',
    ],
    [
      'sends without end',
      { kind: 'content', type: 'image/jpeg', body: Buffer.alloc(33 * 1024 * 1024, 0xff) },
      'invalid_data',
      '32 MB',
    ],
  ] as const)('that %s', async (_, fault, cause, message) => {
    const path = await newPath();
    server.setFault(path, fault);
    await using source = media.openStream(camera(server.url(path)));
    const error = await lossOf(source);
    expect([error.cameraCause, error.message]).toEqual([cause, expect.stringContaining(message)]);
  });

  test.each([
    ['stops to answer', { kind: 'black_hole' }, 'no_frames'],
    ['resets the connection', { kind: 'reset' }, 'reset'],
    ['breaks off', { kind: 'truncate' }, 'reset'],
  ] as const)(
    'that %s while it is seen, and is there again for the next connection',
    async (_, fault, cause) => {
      const path = await newPath();
      await using source = media.openStream(camera(server.url(path)));
      const error = await lossOf(source, (count) => {
        if (count === 3) server.setFault(path, fault);
      });
      expect(error.cameraCause).toBe(cause);
      server.setFault(path, null);
      await using next = media.openStream(camera(server.url(path)));
      expect(await takeFrames(next, 3)).toHaveLength(3);
    },
  );

  test('is followed to another path of the same host', async () => {
    const path = await newPath();
    const elsewhere = await newPath();
    server.setFault(path, { kind: 'redirect', location: elsewhere });
    await using source = media.openStream(camera(server.url(path)));
    expect(await takeFrames(source, 3)).toHaveLength(3);
  });

  test('is decoded on in another size when it changes in the middle', async () => {
    const path = await newPath();
    await makeClip(dir.file('small.avi'), { ...scene, width: 320, height: 180, seconds: 1 });
    await using source = media.openStream(camera(server.url(path)));
    const sizes = new Set<string>();
    for await (const { width, height, gray } of grayFrames(source.open(AbortSignal.timeout(20_000)))) {
      if (sizes.size === 0) await server.addCamera(path, { clipPath: dir.file('small.avi') });
      expect(gray.length).toBe(width * height);
      sizes.add(`${source.info?.width} × ${source.info?.height}`);
      if (sizes.size === 2) break;
    }
    expect([...sizes]).toEqual(['480 × 270', '320 × 180']);
  });

  test('whose name does not exist', async () => {
    await using source = media.openStream(camera('http://no..such..host/a.jpg'));
    expect((await lossOf(source)).cameraCause).toBe('no_such_host');
  });

  test('is let go of in the middle of a silence', async () => {
    const path = await newPath();
    const source = media.openStream(camera(server.url(path)));
    const stop = new AbortController();
    const reading = (async () => {
      for await (const frame of grayFrames(source.open(stop.signal)))
        if (frame.sequence === 2) server.setFault(path, { kind: 'black_hole' });
    })();
    await waitUntil('the silence', () => server.stats(path).requests >= 4);
    stop.abort();
    await reading;
    await source[Symbol.asyncDispose]();
  });
});

test('all pictures come over one connection', async () => {
  await using own = await startSnapshotServer();
  await own.addCamera('/a', { clipPath: dir.file('clip.avi'), credentials, auth: 'digest' });
  await using source = media.openStream(camera(own.url('/a'), credentials));
  expect(await takeFrames(source, 8)).toHaveLength(8);
  expect(own.connections()).toBe(1);
});

test('a camera of another type says which one to set', async () => {
  const path = await newPath();
  await mjpeg.addStream('/stream', { clipPath: dir.file('clip.avi') });
  for (const [url, protocol, type] of [
    [mjpeg.url('/stream'), 'http_snapshot', 'http_mjpeg'],
    [server.url(path), 'http_mjpeg', 'http_snapshot'],
    [server.url(path), 'hls', 'http_snapshot'],
    [mjpeg.url('/stream'), 'hls', 'http_mjpeg'],
  ] as const) {
    await using source = media.openStream(camera(url, { protocol }));
    const error = await lossOf(source);
    expect([error.cameraCause, error.message]).toEqual([
      'invalid_data',
      expect.stringContaining(`set the type ${type}`),
    ]);
  }
});
