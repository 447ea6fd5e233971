import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grayFrames } from '../../test/support/gray-frames.ts';
import { expectLive, expectPictures, lossOf, takeFrames } from '../../test/support/live-frames.ts';
import { startMjpegServer, type MjpegServer } from '../../test/support/mjpeg-server.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../test/support/rtsp-server.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { CameraLostError, type StreamRequest } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from './media-service.ts';

const scene: Scene = { width: 480, height: 270, framesPerSecond: 15, seconds: 4, counter: true, noise: 2 };
const frameTotal = 60;
const credentials = { username: 'admin', password: 'p@ss/w:rd %41' };

let dir: TempDir;
let media: MediaService;
let rtsp: RtspServer;
let mjpeg: MjpegServer;

beforeAll(async () => {
  dir = await makeTempDir();
  await Promise.all([
    makeClip(dir.file('clip.mp4'), scene, { keyframeInterval: 15 }),
    makeClip(dir.file('clip.avi'), scene),
    makeClip(dir.file('hevc.mp4'), scene, { codec: 'hevc', keyframeInterval: 15 }),
    // Noise fills every picture, so that none is whole when all packets are cut short.
    makeClip(dir.file('noisy.mp4'), { ...scene, noise: 12, seconds: 2 }, { keyframeInterval: 15 }),
    makeClip(
      dir.file('small.mp4'),
      { ...scene, width: 320, height: 180, seconds: 1 },
      { keyframeInterval: 5 },
    ),
  ]);
  media = createMediaService({
    clock: systemClock,
    log: silentLog(),
    limits: { openMs: 3_000, noPacketMs: 3_000, onlyErrorsMs: 3_000, heartbeatMs: 100, missedHeartbeats: 20 },
  });
  rtsp = await startRtspServer();
  mjpeg = await startMjpegServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rtsp[Symbol.asyncDispose]();
  await mjpeg[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function camera(url: string, change: Partial<StreamRequest> = {}): StreamRequest {
  return {
    name: 'yard',
    cameraId: createId(),
    purpose: 'analysis',
    decode: 'full',
    protocol: url.startsWith('rtsp') ? 'rtsp' : 'http_mjpeg',
    url,
    username: null,
    password: null,
    transport: 'tcp',
    masks: [],
    frameRate: 15,
    pacing: 'realtime',
    isLooping: false,
    ...change,
  };
}

let pathCount = 0;

/** A path of its own for each test: its faults are nobody else's. */
async function newRtspPath(options: Partial<Parameters<RtspServer['addStream']>[1]> = {}): Promise<string> {
  pathCount += 1;
  const path = `/cam${pathCount}`;
  await rtsp.addStream(path, { clipPath: dir.file('clip.mp4'), ...options });
  return path;
}

async function newMjpegPath(options: Partial<Parameters<MjpegServer['addStream']>[1]> = {}): Promise<string> {
  pathCount += 1;
  const path = `/cam${pathCount}`;
  await mjpeg.addStream(path, { clipPath: dir.file('clip.avi'), ...options });
  return path;
}

describe.concurrent('an RTSP camera', () => {
  test.each([
    ['h264', 'clip.mp4', 'tcp'],
    ['h264', 'clip.mp4', 'udp'],
    ['hevc', 'hevc.mp4', 'tcp'],
    ['hevc', 'hevc.mp4', 'udp'],
    ['mjpeg', 'clip.avi', 'tcp'],
    ['mjpeg', 'clip.avi', 'udp'],
  ] as const)('is seen in %s (%s) over %s as it happens', async (codec, clip, transport) => {
    const path = await newRtspPath({ clipPath: dir.file(clip) });
    await using source = media.openStream(camera(rtsp.url(path), { transport }));
    const frames = await takeFrames(source, 20);
    expect(frames).toHaveLength(20);
    expectLive(frames, frameTotal);
    await expectPictures(source, frames);
    // JPEG over RTP has a size in whole blocks.
    const height = codec === 'mjpeg' ? 272 : 270;
    expect(source.info).toMatchObject({ codec, width: 480, height, durationMs: null });
  });

  test('is seen from its next key frame on when it begins between two', async () => {
    const path = await newRtspPath({ join: 'live' });
    await using source = media.openStream(camera(rtsp.url(path)));
    const frames = await takeFrames(source, 6);
    expect(frames).toHaveLength(6);
    expectLive(frames, frameTotal);
    await expectPictures(source, frames);
  });

  test.each(['digest', 'basic'] as const)('lets in who has the password (%s)', async (auth) => {
    const path = await newRtspPath({ credentials, auth });
    await using source = media.openStream(camera(rtsp.url(path), credentials));
    expectLive(await takeFrames(source, 4), frameTotal);
    expect(source.info?.codec).toBe('h264');
  });

  test.each([
    ['a wrong password', { username: 'admin', password: 'letmein' }, 'did not accept'],
    ['no password', {}, 'asks for a user name'],
  ])('refuses who has %s, once', async (_, given, message) => {
    const path = await newRtspPath({ credentials, auth: 'digest' });
    await using source = media.openStream(camera(rtsp.url(path), given));
    const error = await lossOf(source);
    expect(error.cameraCause).toBe('unauthorized');
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('letmein');
    expect(rtsp.stats().streams[path]?.unauthorized).toBeLessThanOrEqual(2);
  });

  test.each([
    ['is not there', { kind: 'status', status: 404 }, 'not_found'],
    ['never answers', { kind: 'black_hole' }, 'timeout'],
    ['answers endlessly slowly', { kind: 'slow_answers', msPerByte: 100 }, 'timeout'],
    ['has an error of its own', { kind: 'status', status: 503 }, 'unknown'],
    ['offers no video', { kind: 'wrong_sdp', sdp: 'no_video' }, 'invalid_data'],
    ['offers a format that nobody knows', { kind: 'wrong_sdp', sdp: 'unknown_codec' }, 'unsupported_codec'],
  ] as const)('that %s', async (_, fault, cause) => {
    const path = await newRtspPath();
    rtsp.setFault(path, fault);
    await using source = media.openStream(camera(rtsp.url(path)));
    expect((await lossOf(source)).cameraCause).toBe(cause);
  });

  test.each([
    ['stalls', { kind: 'stall', afterPackets: 1 }, 'tcp', 'no_frames'],
    ['stalls', { kind: 'stall', afterPackets: 1 }, 'udp', 'no_frames'],
    ['resets the connection', { kind: 'reset', afterPackets: 1 }, 'tcp', 'reset'],
    ['closes the connection', { kind: 'close', afterSeconds: 0.1 }, 'tcp', 'reset'],
    ['closes the connection', { kind: 'close', afterSeconds: 0.1 }, 'udp', 'reset'],
  ] as const)('that %s while it is seen', async (_, fault, transport, cause) => {
    const path = await newRtspPath();
    await using source = media.openStream(camera(rtsp.url(path), { transport }));
    const error = await lossOf(source, (count) => {
      if (count === 5) rtsp.setFault(path, fault);
    });
    expect(error.cameraCause).toBe(cause);
  });

  test('is decoded on in another size when it changes in the middle', async () => {
    const path = await newRtspPath();
    await using source = media.openStream(camera(rtsp.url(path)));
    const sizes = new Set<string>();
    for await (const { width, height, gray } of grayFrames(source.open(AbortSignal.timeout(20_000)))) {
      if (sizes.size === 0) await rtsp.switchClip(path, dir.file('small.mp4'));
      expect(gray.length).toBe(width * height);
      sizes.add(`${source.info?.width} × ${source.info?.height}`);
      if (sizes.size === 2) break;
    }
    expect([...sizes]).toEqual(['480 × 270', '320 × 180']);
  });

  test.each([
    ['stands still', 'still'],
    ['is set back by half a second', -500],
    ['is set back by an hour', -3_600_000],
    ['is set forward by a day', 86_400_000],
  ] as const)('whose clock %s is seen on, at the right time', async (_, shiftMs) => {
    const path = await newRtspPath();
    await using source = media.openStream(camera(rtsp.url(path), { frameRate: 5 }));
    const frames: AnalysisFrame[] = [];
    let faultAt = 0;
    for await (const frame of grayFrames(source.open(AbortSignal.timeout(20_000)))) {
      frames.push(frame);
      if (frames.length === 5) {
        rtsp.setFault(path, { kind: 'clock', shiftMs });
        faultAt = Date.now();
      }
      expect(Math.abs(frame.capturedAt - Date.now())).toBeLessThan(5_000);
      if (faultAt > 0 && Date.now() - faultAt > 6_000) break;
    }
    expect(frames.length).toBeGreaterThan(20);
  });

  test.each(['udp', 'tcp'] as const)('whose every picture is damaged is lost (%s)', async (transport) => {
    const path = await newRtspPath({ clipPath: dir.file('noisy.mp4') });
    await using source = media.openStream(camera(rtsp.url(path), { transport }));
    const error = await lossOf(source, (count) => {
      if (count === 3) rtsp.setFault(path, { kind: 'damage', how: 'truncate', share: 1 });
    });
    expect(error.cameraCause).toBe('corrupt');
  });

  test.each([
    ['flip_bits', 'udp'],
    ['truncate', 'udp'],
    ['flip_bits', 'tcp'],
    ['truncate', 'tcp'],
  ] as const)(
    'that sends damaged packets (%s, over %s) is seen on, or lost with a cause',
    async (how, transport) => {
      const path = await newRtspPath();
      rtsp.setFault(path, { kind: 'damage', how, share: 0.2 });
      await using source = media.openStream(camera(rtsp.url(path), { transport }));
      const [outcome] = await Promise.allSettled([takeFrames(source, 20)]);
      const isLost = outcome.status === 'rejected' && outcome.reason instanceof CameraLostError;
      expect(isLost || outcome.status === 'fulfilled').toBe(true);
      rtsp.setFault(path, null);
      await using next = media.openStream(camera(rtsp.url(path)));
      expect(await takeFrames(next, 5)).toHaveLength(5);
      expect(media.stats().hostRestarts).toBe(0);
    },
  );

  test.each(['tcp', 'udp'] as const)(
    'that changes its codec in the middle over %s is lost with a cause, and seen by the next connection',
    async (transport) => {
      const path = await newRtspPath();
      await using source = media.openStream(camera(rtsp.url(path), { transport }));
      let switched: Promise<void> | undefined;
      const error = await lossOf(source, (count) => {
        if (count === 5) switched = rtsp.switchClip(path, dir.file('hevc.mp4'));
      });
      await switched;
      expect(['invalid_data', 'corrupt', 'no_frames', 'reset']).toContain(error.cameraCause);
      await using next = media.openStream(camera(rtsp.url(path), { transport }));
      expect(await takeFrames(next, 5)).toHaveLength(5);
      expect(next.info?.codec).toBe('hevc');
    },
  );

  test('that was restarted is seen again by the next connection', async () => {
    await using server = await startRtspServer();
    await server.addStream('/a', { clipPath: dir.file('clip.mp4') });
    await using first = media.openStream(camera(server.url('/a')));
    let stopped: Promise<void> | undefined;
    const error = await lossOf(first, (count) => {
      if (count === 3) stopped = server.stop();
    });
    await stopped;
    expect(error.cameraCause).toBe('reset');
    await using second = media.openStream(camera(server.url('/a')));
    expect((await lossOf(second)).cameraCause).toBe('refused');
    await server.restart();
    await using third = media.openStream(camera(server.url('/a')));
    expectLive(await takeFrames(third, 5), frameTotal);
  });

  test.each(['tcp', 'udp'] as const)(
    'is told that it is over (%s) when nobody reads any more',
    async (transport) => {
      const path = await newRtspPath();
      await using source = media.openStream(camera(rtsp.url(path), { transport }));
      expect(await takeFrames(source, 3)).toHaveLength(3);
      await waitUntil('the server to stop sending', () => rtsp.stats().streams[path]?.playing === 0);
      expect(rtsp.stats().streams[path]?.teardowns).toBe(1);
    },
  );

  test('whose name does not exist', async () => {
    await using source = media.openStream(camera('rtsp://no..such..host/1'));
    const error = await lossOf(source);
    expect(error.cameraCause).toBe('no_such_host');
    expect(error.message).toContain('no..such..host');
  });
});

describe.concurrent('an MJPEG camera', () => {
  test.each([true, false])('is seen as it happens (with content lengths: %s)', async (hasContentLength) => {
    const path = await newMjpegPath({ hasContentLength });
    await using source = media.openStream(camera(mjpeg.url(path), { frameRate: 5 }));
    const frames = await takeFrames(source, 6);
    expectLive(frames, frameTotal);
    await expectPictures(source, frames);
    expect(source.info).toEqual({
      codec: 'mjpeg',
      width: 480,
      height: 270,
      framesPerSecond: null,
      durationMs: null,
    });
  });

  test.each(['basic', 'digest'] as const)('lets in who has the password (%s)', async (auth) => {
    const path = await newMjpegPath({ credentials, auth });
    await using source = media.openStream(camera(mjpeg.url(path), credentials));
    expect(await takeFrames(source, 3)).toHaveLength(3);
  });

  test.each([
    ['refuses a wrong password', { kind: 'status', status: 401 }, 'unauthorized'],
    ['is not there', { kind: 'status', status: 404 }, 'not_found'],
    ['never answers', { kind: 'black_hole' }, 'timeout'],
    ['sends a web page', { kind: 'wrong_type' }, 'invalid_data'],
    ['stalls', { kind: 'stall', afterFrames: 3 }, 'no_frames'],
    ['resets the connection', { kind: 'reset', afterFrames: 3 }, 'reset'],
    ['ends', { kind: 'close', afterFrames: 3 }, 'reset'],
  ] as const)('that %s', async (_, fault, cause) => {
    const path = await newMjpegPath();
    mjpeg.setFault(path, fault);
    await using source = media.openStream(camera(mjpeg.url(path)));
    expect((await lossOf(source)).cameraCause).toBe(cause);
  });
});

test.each([
  ['only', 0, 'invalid_data'],
  ['in the end only', 20, 'corrupt'],
] as const)('a camera that sends %s what can not be decoded is lost', async (_, wholeCount, cause) => {
  const jpeg = await sharp({ create: { width: 320, height: 180, channels: 3, background: '#456' } })
    .jpeg()
    .toBuffer();
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=x' });
    let sentCount = 0;
    const sending = setInterval(() => {
      const body = sentCount < wholeCount ? jpeg : Buffer.from('no jpeg'.padEnd(600));
      sentCount += 1;
      response.write(`--x\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\n\r\n`);
      response.write(body);
      response.write('\r\n');
    }, 50);
    response.on('close', () => {
      clearInterval(sending);
    });
  });
  const listening = once(server, 'listening');
  server.listen(0, '127.0.0.1');
  await listening;
  const { port } = server.address() as AddressInfo;
  await using source = media.openStream(camera(`http://127.0.0.1:${port}/`));
  const error = await lossOf(source);
  server.closeAllConnections();
  server.close();
  expect(error.cameraCause).toBe(cause);
  await waitUntil('the count', () => media.stats().packetsCorrupt > 0);
});

test('a slow reader of a live camera gets the newest frames, and the others are counted', async () => {
  await using service = createMediaService({
    clock: systemClock,
    log: silentLog(),
    limits: { heartbeatMs: 50, missedHeartbeats: 40 },
  });
  const path = await newRtspPath();
  await using source = service.openStream(camera(rtsp.url(path)));
  const frames: AnalysisFrame[] = [];
  for await (const frame of grayFrames(source.open(AbortSignal.timeout(20_000)))) {
    frames.push(frame);
    if (frames.length === 2) await systemClock.sleep(1_500);
    if (frames.length === 10) break;
  }
  const gap = frames.findIndex(
    ({ sequence }, index) => sequence - (frames[index - 1]?.sequence ?? sequence) > 5,
  );
  expect(gap).toBeGreaterThan(0);
  expectLive(frames, frameTotal, frameTotal - 1);
  await waitUntil('the count', () => service.stats().framesDropped > 5);
});

test('a stopped stream settles even in the middle of a silence, and its host lives on', async () => {
  await using service = createMediaService({
    clock: systemClock,
    log: silentLog(),
    limits: { noPacketMs: 20_000, settleMs: 3_000 },
  });
  const path = await newRtspPath();
  const source = service.openStream(camera(rtsp.url(path)));
  const stop = new AbortController();
  const frames = source.open(stop.signal)[Symbol.asyncIterator]();
  await frames.next();
  rtsp.setFault(path, { kind: 'stall' });
  const reading = (async () => {
    while (!(await frames.next()).done);
  })();
  await systemClock.sleep(300);
  stop.abort();
  await reading;
  await source[Symbol.asyncDispose]();
  await waitUntil('the server to notice', () => rtsp.stats().streams[path]?.playing === 0);
  expect(service.stats()).toMatchObject({ hosts: 1, hostRestarts: 0, streams: 0 });
});
