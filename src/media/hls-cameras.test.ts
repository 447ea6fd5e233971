import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grayFrames } from '../../test/support/gray-frames.ts';
import { startHlsServer, type HlsServer } from '../../test/support/hls-server.ts';
import { expectLive, expectPictures, lossOf, takeFrames } from '../../test/support/live-frames.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { CameraLostError, type StreamRequest } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from './media-service.ts';

const scene: Scene = { width: 480, height: 270, framesPerSecond: 15, seconds: 8, counter: true, noise: 2 };
const frameTotal = 120;

let dir: TempDir;
let media: MediaService;
let server: HlsServer;

beforeAll(async () => {
  dir = await makeTempDir();
  await makeClip(dir.file('clip.mp4'), scene, { keyframeInterval: 15 });
  await makeClip(dir.file('small.mp4'), { ...scene, width: 320, height: 180 }, { keyframeInterval: 15 });
  await makeClip(dir.file('tiny.mp4'), { ...scene, width: 160, height: 90 }, { keyframeInterval: 15 });
  await makeClip(dir.file('hevc.mp4'), scene, { codec: 'hevc', keyframeInterval: 15 });
  media = createMediaService({
    clock: systemClock,
    log: silentLog(),
    camerasPerHost: 8,
    limits: { openMs: 6_000, noPacketMs: 3_000, onlyErrorsMs: 3_000 },
  });
  server = await startHlsServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function camera(url: string, change: Partial<StreamRequest> = {}): StreamRequest {
  return {
    name: 'yard',
    cameraId: createId(),
    purpose: 'analysis',
    protocol: 'hls',
    url,
    username: null,
    password: null,
    transport: 'tcp',
    variant: 'largest',
    masks: [],
    frameRate: 15,
    decode: 'full',
    pacing: 'realtime',
    isLooping: false,
    ...change,
  };
}

let pathCount = 0;

async function newPath(clip = 'clip.mp4', isFinished = false): Promise<string> {
  pathCount += 1;
  const path = `/live${pathCount}`;
  await server.addStream(path, { clipPath: dir.file(clip), isFinished });
  return path;
}

describe.concurrent('an HLS camera', () => {
  test('is seen evenly, though its segments come at once', async () => {
    const path = await newPath();
    await using source = media.openStream(camera(server.url(`${path}/index.m3u8`)));
    const frames = await takeFrames(source, 45);
    expect(frames).toHaveLength(45);
    expectLive(frames, frameTotal, 60);
    // Three seconds of pictures span three seconds; read as they come they would span two moments.
    const spanMs = (frames.at(-1)?.capturedAt ?? 0) - (frames[0]?.capturedAt ?? 0);
    expect(spanMs).toBeGreaterThan(2_500);
    await expectPictures(source, frames);
    expect(source.info).toMatchObject({ codec: 'h264', width: 480, height: 270, durationMs: null });
  });

  test.each([
    ['largest', 480],
    ['smallest', 320],
  ] as const)('is seen in its %s variant that is wide enough', async (variant, width) => {
    const paths = {
      large: await newPath(),
      small: await newPath('small.mp4'),
      tiny: await newPath('tiny.mp4'),
    };
    const master = `/master-${variant}.m3u8`;
    server.addMaster(master, [
      { path: paths.small, bandwidth: 300_000 },
      { path: paths.large, bandwidth: 900_000 },
      { path: paths.tiny, bandwidth: 100_000 },
    ]);
    await using source = media.openStream(camera(server.url(master), { variant }));
    expect(await takeFrames(source, 20)).toHaveLength(20);
    expect(source.info).toMatchObject({ width });
  });

  test('of which the end is there is over when it is over', async () => {
    const path = await newPath('clip.mp4', true);
    await using source = media.openStream(camera(server.url(`${path}/index.m3u8`)));
    const error = await lossOf(source);
    expect(error.cameraCause).toBe('ended');
  });

  test.each([
    ['is not there', { kind: 'status', status: 404 }, 'not_found'],
    ['asks for a password', { kind: 'status', status: 401 }, 'unauthorized'],
    ['never answers', { kind: 'black_hole' }, 'timeout'],
    ['resets the connection', { kind: 'reset' }, 'reset'],
    ['sends a web page', { kind: 'wrong_type' }, 'invalid_data'],
  ] as const)('that %s', async (_, fault, cause) => {
    const path = await newPath();
    server.setFault(path, fault);
    await using source = media.openStream(camera(server.url(`${path}/index.m3u8`)));
    expect((await lossOf(source)).cameraCause).toBe(cause);
  });

  test.each([
    ['is no longer there', { kind: 'status', status: 404 }, 'not_found'],
    ['resets the connection', { kind: 'reset' }, 'reset'],
    ['stops to grow', { kind: 'stall' }, 'no_frames'],
    ['stops to answer', { kind: 'black_hole' }, 'timeout|no_frames'],
  ] as const)(
    'that %s while it is seen, and is there again for the next connection',
    { timeout: 60_000 },
    async (_, fault, cause) => {
      const path = await newPath();
      await using source = media.openStream(camera(server.url(`${path}/index.m3u8`)));
      const error = await lossOf(
        source,
        (count) => {
          if (count === 5) server.setFault(path, fault);
        },
        45_000,
      );
      expect(error.cameraCause).toMatch(new RegExp(`^(?:${cause})$`));
      server.setFault(path, null);
      await using next = media.openStream(camera(server.url(`${path}/index.m3u8`)));
      expect(await takeFrames(next, 3)).toHaveLength(3);
    },
  );

  test('that sends damaged segments is seen on, or lost with a cause', { timeout: 60_000 }, async () => {
    const path = await newPath();
    await using source = media.openStream(camera(server.url(`${path}/index.m3u8`)));
    const watching = (async () => {
      let count = 0;
      for await (const frame of grayFrames(source.open(AbortSignal.timeout(8_000)))) {
        count += frame.gray.length > 0 ? 1 : 0;
        if (count === 5) server.setFault(path, { kind: 'damage', share: 0.01 });
      }
    })();
    const [outcome] = await Promise.allSettled([watching]);
    expect(outcome.status === 'fulfilled' || outcome.reason instanceof CameraLostError).toBe(true);
    server.setFault(path, null);
    await using next = media.openStream(camera(server.url(`${path}/index.m3u8`)));
    expect(await takeFrames(next, 3)).toHaveLength(3);
    expect(media.stats().hostRestarts).toBe(0);
  });

  test(
    'that changes its codec in the middle is lost with a cause, and seen by the next connection',
    { timeout: 60_000 },
    async () => {
      const path = await newPath();
      await using source = media.openStream(camera(server.url(`${path}/index.m3u8`)));
      let switched: Promise<void> | undefined;
      const error = await lossOf(
        source,
        (count) => {
          if (count === 5) switched = server.switchClip(path, dir.file('hevc.mp4'));
        },
        40_000,
      );
      await switched;
      expect(['invalid_data', 'corrupt', 'no_frames', 'reset']).toContain(error.cameraCause);
      await using next = media.openStream(camera(server.url(`${path}/index.m3u8`)));
      expect(await takeFrames(next, 5)).toHaveLength(5);
      expect(next.info?.codec).toBe('hevc');
    },
  );

  test('is decoded on in another size when it changes in the middle', { timeout: 40_000 }, async () => {
    const path = await newPath();
    await using source = media.openStream(camera(server.url(`${path}/index.m3u8`)));
    const sizes = new Set<string>();
    for await (const { width, height, gray } of grayFrames(source.open(AbortSignal.timeout(30_000)))) {
      if (sizes.size === 0) await server.switchClip(path, dir.file('small.mp4'));
      expect(gray.length).toBe(width * height);
      sizes.add(`${source.info?.width} × ${source.info?.height}`);
      if (sizes.size === 2) break;
    }
    expect([...sizes]).toEqual(['480 × 270', '320 × 180']);
  });
});
