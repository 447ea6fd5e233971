import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMjpegServer } from '../../test/support/mjpeg-server.ts';
import { probeStream } from '../../test/support/probe-stream.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../test/support/rtsp-server.ts';
import { streamRequest } from '../../test/support/stream-request.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { CameraLostError, type CameraSource, type StreamRequest } from '../core/camera-source.ts';
import type { LiveChunk } from '../core/camera-video.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from './media-service.ts';

const scene: Scene = { width: 480, height: 270, framesPerSecond: 15, seconds: 4, counter: true, noise: 2 };
const frameTotal = 60;
const keyframeInterval = 15;
/** Some 3 MB a second: what a slow reader does not take fills the window within moments. */
const heavy: Scene = { ...scene, seconds: 8, noise: 60 };
const heavyTotal = 120;

let dir: TempDir;
let media: MediaService;
let rtsp: RtspServer;

beforeAll(async () => {
  dir = await makeTempDir();
  const small = { ...scene, width: 320, height: 180, seconds: 2 };
  await Promise.all([
    makeClip(dir.file('h264.mp4'), scene, { keyframeInterval }),
    makeClip(dir.file('hevc.mp4'), scene, { codec: 'hevc', keyframeInterval }),
    makeClip(dir.file('mjpeg.avi'), scene),
    makeClip(dir.file('heavy.mp4'), heavy, { keyframeInterval: 5, bitRate: 24_000_000 }),
    makeClip(dir.file('small.mp4'), small, { keyframeInterval }),
  ]);
  media = createMediaService({
    clock: systemClock,
    log: silentLog(),
    limits: { heartbeatMs: 50, missedHeartbeats: 40 },
  });
  rtsp = await startRtspServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rtsp[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** A camera that is being analysed, as it is in the service. */
async function watched(url: string, change: Partial<StreamRequest> = {}): Promise<CameraSource> {
  const source = media.openStream(streamRequest(url, change));
  const frames = source.open(AbortSignal.timeout(25_000))[Symbol.asyncIterator]();
  for (let count = 0; count < 5; count += 1) await frames.next();
  // Read on until it ends; nobody looks.
  void (async () => {
    try {
      while ((await frames.next()).done !== true);
    } catch (error) {
      if (!(error instanceof CameraLostError)) throw error;
    }
  })();
  return source;
}

async function take(
  source: CameraSource,
  until: (chunks: readonly LiveChunk[]) => boolean,
): Promise<LiveChunk[]> {
  const chunks: LiveChunk[] = [];
  for await (const chunk of source.live(AbortSignal.timeout(20_000))) {
    chunks.push(chunk);
    if (until(chunks)) break;
  }
  return chunks;
}

async function framesOf(name: string, chunks: readonly LiveChunk[]) {
  await writeFile(dir.file(name), Buffer.concat(chunks.map(({ bytes }) => bytes)));
  return (await probeStream(dir.file(name), { frames: 1000 })).frames;
}

test.each([
  ['h264', /^video\/mp4; codecs="avc1\.64[0-9a-f]{4}"$/],
  ['hevc', /^video\/mp4; codecs="hvc1\.1\.[0-9a-f]+\.L\d+(?:\.[0-9a-f]+)*"$/],
])(
  '%s comes as an init segment and one fragment for each picture, from a key frame on',
  async (codec, mime) => {
    await rtsp.addStream(`/${codec}`, { clipPath: dir.file(`${codec}.mp4`) });
    await using source = await watched(rtsp.url(`/${codec}`));
    const before = Date.now();
    const chunks = await take(source, ({ length }) => length === 31);
    const [init, first, ...rest] = chunks;
    expect(init).toMatchObject({ kind: 'init', mimeType: expect.stringMatching(mime) });
    // The newest key frame, of which there is one every second.
    const startedAt = init?.kind === 'init' ? init.startedAt : 0;
    expect(before - startedAt).toBeLessThan(1500);
    expect(first).toMatchObject({ kind: 'media', isKeyframe: true });
    expect(rest.map(({ kind }) => kind)).toEqual(Array.from({ length: 29 }, () => 'media'));
    const frames = await framesOf(`${codec}-live.mp4`, chunks);
    expect(frames).toHaveLength(30);
    for (const [index, { counter }] of frames.entries()) {
      expect(counter).toBe(((frames[0]?.counter ?? 0) + index) % frameTotal);
    }
  },
);

test('video that becomes another one begins anew with an init of its own', async () => {
  await rtsp.addStream('/changing', { clipPath: dir.file('h264.mp4') });
  await using source = await watched(rtsp.url('/changing'));
  let isSwitched = false;
  const chunks = await take(source, (seen) => {
    if (seen.length === 5 && !isSwitched) {
      isSwitched = true;
      void rtsp.switchClip('/changing', dir.file('small.mp4'));
    }
    return seen.filter(({ kind }) => kind === 'init').length === 2 && seen.at(-1)?.kind === 'media';
  });
  const second = chunks.findLastIndex(({ kind }) => kind === 'init');
  expect(chunks[second + 1]).toMatchObject({ kind: 'media', isKeyframe: true });
  const frames = await framesOf('changed.mp4', chunks.slice(second));
  expect(frames[0]).toMatchObject({ width: 320, height: 180 });
});

test('a reader who is too slow misses pictures up to a key frame, and they are counted', async () => {
  await rtsp.addStream('/heavy', { clipPath: dir.file('heavy.mp4') });
  await using source = await watched(rtsp.url('/heavy'));
  const skippedBefore = media.stats().liveSkipped;
  const chunks: LiveChunk[] = [];
  for await (const chunk of source.live(AbortSignal.timeout(25_000))) {
    chunks.push(chunk);
    if (chunks.length === 5)
      await waitUntil('pictures left out', () => media.stats().liveSkipped > skippedBefore);
    if (media.stats().liveSkipped > skippedBefore && chunks.length > 60) break;
  }
  const frames = await framesOf('heavy-live.mp4', chunks);
  const steps = frames.slice(1).map(({ counter }, index) => {
    return ((counter ?? 0) - (frames[index]?.counter ?? 0) + heavyTotal) % heavyTotal;
  });
  // After the gap it goes on with a key frame, of which there is one every five.
  const gap = steps.findIndex((step) => step !== 1);
  expect(gap).toBeGreaterThan(0);
  expect((frames[gap + 1]?.counter ?? 0) % 5).toBe(0);
});

test('JPEG pictures are refused: browsers play no MP4 of them', async () => {
  await using mjpeg = await startMjpegServer();
  await mjpeg.addStream('/cam', { clipPath: dir.file('mjpeg.avi') });
  await using source = await watched(mjpeg.url('/cam'), { protocol: 'http_mjpeg' });
  const error = await take(source, () => true).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code: 'LIVE_NOT_PLAYABLE', message: expect.stringContaining('mjpeg') });
});

test('it ends with the camera, and with its process', async () => {
  await rtsp.addStream('/ending', { clipPath: dir.file('h264.mp4') });
  await using source = await watched(rtsp.url('/ending'));
  const chunks = await take(source, ({ length }) => {
    if (length === 5) rtsp.setFault('/ending', { kind: 'reset' });
    return false;
  });
  expect(chunks.length).toBeGreaterThanOrEqual(5);
  await using service = createMediaService({ clock: systemClock, log: silentLog() });
  rtsp.setFault('/ending', null);
  await using other = service.openStream(streamRequest(rtsp.url('/ending')));
  const frames = other.open(AbortSignal.timeout(20_000))[Symbol.asyncIterator]();
  await frames.next();
  const lost = take(other, ({ length }) => {
    if (length === 3) for (const pid of service.pids()) process.kill(pid, 'SIGKILL');
    return false;
  });
  await expect(lost).rejects.toThrow(CameraLostError);
});

test('an aborted reader leaves, and another one begins with an init', async () => {
  await rtsp.addStream('/again', { clipPath: dir.file('h264.mp4') });
  await using source = await watched(rtsp.url('/again'));
  const stop = new AbortController();
  const first: LiveChunk[] = [];
  for await (const chunk of source.live(stop.signal)) {
    first.push(chunk);
    if (first.length === 3) stop.abort();
  }
  expect(first).toHaveLength(3);
  const second = await waitUntil('another reading', () => take(source, ({ length }) => length === 2));
  expect(second.map(({ kind }) => kind)).toEqual(['init', 'media']);
});
