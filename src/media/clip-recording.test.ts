import { existsSync } from 'node:fs';
import { readFile, stat, symlink } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grayFrames } from '../../test/support/gray-frames.ts';
import { startMjpegServer } from '../../test/support/mjpeg-server.ts';
import { probeStream, type ProbedFrame } from '../../test/support/probe-stream.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { startRtspServer, type RtspServer } from '../../test/support/rtsp-server.ts';
import { streamRequest } from '../../test/support/stream-request.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { CameraLostError, type CameraSource } from '../core/camera-source.ts';
import type { ClipOutcome, ClipRecording } from '../core/camera-video.ts';
import { systemClock } from '../core/clock.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from './media-service.ts';

const scene: Scene = { width: 480, height: 270, framesPerSecond: 15, seconds: 4, counter: true, noise: 2 };
const frameTotal = 60;
/** Of the test footage: a key frame every second. */
const keyframeInterval = 15;
const frameMs = 1000 / 15;

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
    makeClip(dir.file('small.mp4'), small, { keyframeInterval }),
  ]);
  media = createMediaService({ clock: systemClock, log: silentLog() });
  rtsp = await startRtspServer();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rtsp[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

let count = 0;

async function newPath(clip = 'h264.mp4'): Promise<string> {
  count += 1;
  const path = `/cam${count}`;
  await rtsp.addStream(path, { clipPath: dir.file(clip) });
  return path;
}

/** Reads on until `onFrame` answers true, or the stream is lost. */
async function watch(
  source: CameraSource,
  onFrame: (frame: AnalysisFrame, index: number) => boolean,
): Promise<void> {
  let index = 0;
  try {
    for await (const frame of grayFrames(source.open(AbortSignal.timeout(20_000)))) {
      if (onFrame(frame, index)) return;
      index += 1;
    }
  } catch (error) {
    if (!(error instanceof CameraLostError)) throw error;
  }
}

/** A clip that begins two seconds before the 45th frame and is told to end one second after it. */
async function recordAround(
  source: CameraSource,
  path: string,
): Promise<{ at: number; outcome: ClipOutcome }> {
  let at = 0;
  let clip: ClipRecording | undefined;
  await watch(source, ({ capturedAt }, index) => {
    if (index === 45) {
      at = capturedAt;
      clip = source.recordClip({ path, from: at - 2000, maxMs: 60_000 });
      clip.endAt(at + 1000);
    }
    return at > 0 && capturedAt > at + 1500;
  });
  if (clip === undefined) throw new Error('The camera showed too little.');
  return { at, outcome: await clip.done };
}

function written(outcome: ClipOutcome | undefined): Extract<ClipOutcome, { kind: 'written' }> {
  if (outcome?.kind !== 'written') throw new Error(`Expected a clip, got ${JSON.stringify(outcome)}.`);
  return outcome;
}

async function framesOf(path: string): Promise<readonly ProbedFrame[]> {
  return (await probeStream(path, { frames: 2000 })).frames;
}

async function widths(name: string): Promise<ReadonlySet<number>> {
  return new Set((await framesOf(dir.file(name))).map(({ width }) => width));
}

function expectUnbroken(frames: readonly ProbedFrame[]): void {
  for (const [index, { counter, ptsMs }] of frames.entries()) {
    const before = frames[index - 1];
    if (before?.counter == null || before.ptsMs === null || counter === null || ptsMs === null) continue;
    expect((counter - before.counter + frameTotal) % frameTotal).toBe(1);
    expect(ptsMs).toBeGreaterThan(before.ptsMs);
  }
}

describe.concurrent('a clip', () => {
  test.each([
    ['h264', 'avc1'],
    ['hevc', 'hvc1'],
  ])('of %s begins before its event and holds every picture to its end', async (codec, tag) => {
    const path = dir.file(`whole-${codec}.mp4`);
    await using source = media.openStream(streamRequest(rtsp.url(await newPath(`${codec}.mp4`))));
    const { at, outcome } = await recordAround(source, path);
    const clip = written(outcome);
    expect(clip).toEqual({
      kind: 'written',
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
      sizeBytes: (await stat(path)).size,
      codec,
      width: 480,
      height: 270,
    });
    // From a key frame on, of which there is one every second.
    expect(clip.startedAt).toBeLessThanOrEqual(at - 2000);
    expect(clip.startedAt).toBeGreaterThan(at - 2000 - 1000 - 2 * frameMs);
    expect(Math.abs(clip.endedAt - (at + 1000))).toBeLessThan(2 * frameMs);
    const frames = await framesOf(path);
    expect(frames[0]?.ptsMs).toBe(0);
    expect(frames).toHaveLength(Math.round((clip.endedAt - clip.startedAt) / frameMs) + 1);
    expectUnbroken(frames);
    // A browser can play it while it loads, under the name that all of them know.
    const bytes = await readFile(path);
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    expect(bytes.includes(tag)).toBe(true);
  });

  test('that begins earlier than what is kept begins with the oldest key frame', async () => {
    const path = dir.file('early.mp4');
    await using source = media.openStream(streamRequest(rtsp.url(await newPath())));
    let clip: ClipRecording | undefined;
    let first = 0;
    await watch(source, ({ capturedAt }, index) => {
      if (index === 0) first = capturedAt;
      if (index === 20) {
        clip = source.recordClip({ path, from: 0, maxMs: 60_000 });
        clip.endAt(capturedAt);
      }
      return index > 22;
    });
    expect(Math.abs(written(await clip?.done).startedAt - first)).toBeLessThanOrEqual(1);
  });

  test('ends by itself at the bound', async () => {
    const path = dir.file('bound.mp4');
    await using source = media.openStream(streamRequest(rtsp.url(await newPath())));
    let clip: ClipRecording | undefined;
    await watch(source, ({ capturedAt }, index) => {
      if (index === 5) clip = source.recordClip({ path, from: capturedAt, maxMs: 1500 });
      return index > 45;
    });
    const { startedAt, endedAt } = written(await clip?.done);
    expect(endedAt - startedAt).toBeLessThanOrEqual(1500);
    expect(endedAt - startedAt).toBeGreaterThan(1500 - 2 * frameMs);
  });

  test('that is not ended ends with its camera', async () => {
    const path = dir.file('lost.mp4');
    const stream = await newPath();
    await using source = media.openStream(streamRequest(rtsp.url(stream)));
    let clip: ClipRecording | undefined;
    await watch(source, ({ capturedAt }, index) => {
      if (index === 20) clip = source.recordClip({ path, from: capturedAt - 500, maxMs: 60_000 });
      if (index === 40) rtsp.setFault(stream, { kind: 'reset' });
      return false;
    });
    const outcome = written(await clip?.done);
    expect(outcome.endedAt - outcome.startedAt).toBeGreaterThan(1000);
    expectUnbroken(await framesOf(path));
  });

  test('ends where the video becomes another one, and a later one begins there', async () => {
    const stream = await newPath();
    await using source = media.openStream(streamRequest(rtsp.url(stream)));
    const clips: ClipRecording[] = [];
    let switchedAt: number | undefined;
    await watch(source, ({ capturedAt }, index) => {
      if (index === 20) {
        clips.push(source.recordClip({ path: dir.file('before.mp4'), from: capturedAt, maxMs: 60_000 }));
        void rtsp.switchClip(stream, dir.file('small.mp4'));
      }
      if (source.info?.width === 320) switchedAt ??= index;
      if (switchedAt !== undefined && index === switchedAt + 10) {
        const order = { path: dir.file('after.mp4'), from: capturedAt - 60_000, maxMs: 60_000 };
        clips.push(source.recordClip(order));
        clips[1]?.endAt(capturedAt);
      }
      return clips.length === 2 && index > (switchedAt ?? index) + 15;
    });
    expect(written(await clips[0]?.done)).toMatchObject({ width: 480, height: 270 });
    expect(written(await clips[1]?.done)).toMatchObject({ width: 320, height: 180 });
    expect(await widths('before.mp4')).toEqual(new Set([480]));
    expect(await widths('after.mp4')).toEqual(new Set([320]));
  });

  test('for which the disk has no room fails, and its camera goes on', async () => {
    const path = dir.file('full.mp4');
    await symlink('/dev/full', path);
    await using source = media.openStream(streamRequest(rtsp.url(await newPath())));
    let clip: ClipRecording | undefined;
    let outcome: ClipOutcome | undefined;
    let framesAfter = 0;
    await watch(source, ({ capturedAt }, index) => {
      if (index === 5) {
        clip = source.recordClip({ path, from: capturedAt - 2000, maxMs: 60_000 });
        clip.endAt(capturedAt + 500);
        void clip.done.then((ended) => (outcome = ended));
      }
      framesAfter += outcome === undefined ? 0 : 1;
      return framesAfter > 5;
    });
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'disk_full' });
  });

  test('that can not be written to its place fails and says why', async () => {
    await using source = media.openStream(streamRequest(rtsp.url(await newPath())));
    const { outcome } = await recordAround(source, dir.file('no-such-folder/clip.mp4'));
    expect(outcome).toMatchObject({
      kind: 'failed',
      reason: 'write_failed',
      message: expect.stringContaining('No such file'),
    });
  });

  test('that nobody wants any more is not completed', async () => {
    const path = dir.file('discarded.mp4');
    await using source = media.openStream(streamRequest(rtsp.url(await newPath())));
    let clip: ClipRecording | undefined;
    await watch(source, ({ capturedAt }, index) => {
      if (index === 5) clip = source.recordClip({ path, from: capturedAt, maxMs: 60_000 });
      if (index === 10) clip?.discard();
      return index > 12;
    });
    expect(await clip?.done).toEqual({ kind: 'discarded' });
    expect((await readFile(path)).includes('moov')).toBe(false);
  });

  test('of JPEG pictures is refused: no browser plays it', async () => {
    await using mjpeg = await startMjpegServer();
    await mjpeg.addStream('/cam', { clipPath: dir.file('mjpeg.avi') });
    const path = dir.file('mjpeg.mp4');
    await using source = media.openStream(streamRequest(mjpeg.url('/cam'), { protocol: 'http_mjpeg' }));
    let clip: ClipRecording | undefined;
    await watch(source, ({ capturedAt }, index) => {
      if (index === 3) clip = source.recordClip({ path, from: capturedAt, maxMs: 60_000 });
      return index > 3;
    });
    expect(await clip?.done).toMatchObject({ kind: 'failed', reason: 'codec_not_playable' });
    expect(existsSync(path)).toBe(false);
  });
});

test('a clip whose process is killed has failed, and so has one that is ordered later', async () => {
  await using service = createMediaService({ clock: systemClock, log: silentLog() });
  await using source = service.openStream(streamRequest(rtsp.url(await newPath())));
  const order = { path: dir.file('killed.mp4'), from: 0, maxMs: 60_000 };
  let clip: ClipRecording | undefined;
  await watch(source, (_, index) => {
    if (index === 5) clip = source.recordClip(order);
    if (index === 10) for (const pid of service.pids()) process.kill(pid, 'SIGKILL');
    return false;
  });
  expect(await clip?.done).toMatchObject({ kind: 'failed', reason: 'media_host_lost' });
  expect(await source.recordClip(order).done).toMatchObject({ kind: 'failed', reason: 'media_host_lost' });
});

test('a clip of a recording, whose packets have no start codes, plays too', async () => {
  const path = dir.file('of-file.mp4');
  const change = { protocol: 'file', isLooping: true } as const;
  await using source = media.openStream(streamRequest(dir.file('h264.mp4'), change));
  const { outcome } = await recordAround(source, path);
  expect(written(outcome)).toMatchObject({ codec: 'h264', width: 480, height: 270 });
  expectUnbroken(await framesOf(path));
});
