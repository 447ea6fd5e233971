import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grayFrames } from '../../test/support/gray-frames.ts';
import {
  colourAt,
  counterOf,
  framesOf,
  lossOf,
  numberOf,
  pixelsOf,
  recording,
} from '../../test/support/recordings.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { makeFormatClip } from '../../test/support/format-clip.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { CameraLostError } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import { silentLog } from '../core/log.ts';
import { writeClip } from './clip-writer.ts';
import { createMediaService, type MediaLimits, type MediaService } from './media-service.ts';

const red = [210, 40, 30] as const;
const scene: Scene = {
  width: 640,
  height: 360,
  framesPerSecond: 15,
  seconds: 4,
  counter: true,
  noise: 3,
  objects: [{ from: 0, to: 4, size: [120, 120], path: [[320, 160]], colour: red }],
};
const frameTotal = 60;

let dir: TempDir;
let clip: string;
let media: MediaService;

beforeAll(async () => {
  dir = await makeTempDir();
  clip = dir.file('clip.mp4');
  await makeClip(clip, scene, { keyframeInterval: 15 });
  media = newService();
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

function newService(limits: Partial<MediaLimits> = {}): MediaService {
  return createMediaService({ clock: systemClock, log: silentLog(), limits });
}

const unhurried = (): AbortSignal => AbortSignal.timeout(20_000);

describe('the frames of a recording', () => {
  test.each([
    [1, 15, 4],
    [5, 3, 20],
    [15, 1, 60],
    [30, 1, 60],
  ])('at %i per second are every %ith, with their times', async (frameRate, step, count) => {
    await using source = media.openStream(recording(clip, { frameRate }));
    const before = Date.now();
    const frames = await framesOf(source);
    expect(frames.map(counterOf)).toEqual(Array.from({ length: count }, (_, index) => index * step));
    expect(frames.map(({ sequence }) => sequence)).toEqual(frames.map((_, index) => index));
    for (const [index, { mediaTimeMs, capturedAt }] of frames.entries()) {
      expect(Math.abs(mediaTimeMs - (index * step * 1000) / 15)).toBeLessThanOrEqual(1);
      expect(capturedAt - mediaTimeMs).toBe(frames[0]?.capturedAt ?? 0);
      expect(capturedAt - mediaTimeMs).toBeGreaterThanOrEqual(before);
    }
    expect(source.info).toEqual({
      codec: 'h264',
      width: 640,
      height: 360,
      framesPerSecond: 15,
      durationMs: 4_000,
    });
  });

  test('are 320 × 180, full range, and own their bytes', async () => {
    await using source = media.openStream(recording(clip, { frameRate: 1 }));
    const [, frame] = await framesOf(source);
    if (frame === undefined) throw new Error('no frame');
    expect([frame.width, frame.height, frame.gray.length]).toEqual([320, 180, 57_600]);
    expect(frame.gray.buffer.byteLength).toBe(57_600);
    // Frame 15: the last four blocks of the counter are white, those before black.
    expect(frame.gray[171 * 320 + 310]).toBeGreaterThan(250);
    expect(frame.gray[171 * 320 + 130]).toBeLessThan(5);
  });

  test('have rows without padding, whatever the shape of the picture', async () => {
    const narrow = dir.file('narrow.mp4');
    await makeClip(narrow, { ...scene, width: 480, height: 362, seconds: 0.4 });
    await using source = media.openStream(recording(narrow));
    const frames = await framesOf(source);
    expect(frames.map(counterOf)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(frames[0]?.gray.length).toBe((frames[0]?.width ?? 0) * (frames[0]?.height ?? 0));
    expect(frames[0]?.width).not.toBe(320);
  });

  test('wait for a slow reader: none is lost', async () => {
    await using source = media.openStream(recording(clip));
    const numbers: (number | null)[] = [];
    for await (const frame of grayFrames(source.open(new AbortController().signal))) {
      if (numbers.length % 20 === 0) await systemClock.sleep(150);
      numbers.push(counterOf(frame));
    }
    expect(numbers).toEqual(Array.from({ length: frameTotal }, (_, index) => index));
    expect(media.stats().framesDropped).toBe(0);
  });

  test.each([
    ['clip.mkv', undefined, 'h264'],
    ['clip.avi', undefined, 'mjpeg'],
    ['hevc.mp4', 'hevc', 'hevc'],
  ] as const)('come out of %s, and so do their pictures', async (name, codec, expected) => {
    const path = dir.file(name);
    await makeClip(path, { ...scene, seconds: 2 }, { keyframeInterval: 10, ...(codec && { codec }) });
    await using source = media.openStream(recording(path, { frameRate: 5 }));
    const frames = await framesOf(source);
    expect(frames.map(counterOf)).toEqual([0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
    expect(source.info?.codec).toBe(expected);
    const wanted = [9, 0, 5].map((index) => frames[index]?.capturedAt ?? 0);
    const pictures = await source.pictures(wanted, unhurried());
    expect(await Promise.all(pictures.map(numberOf))).toEqual([27, 0, 15]);
    expect(pictures.map(({ capturedAt }) => capturedAt)).toEqual(wanted);
  });

  test('in real time come at the pace of the recording, over and over, with times that go on', async () => {
    const short = dir.file('short.mp4');
    await makeClip(short, { ...scene, seconds: 0.6 });
    await using source = media.openStream(
      recording(short, { pacing: 'realtime', isLooping: true, frameRate: 15 }),
    );
    const stop = new AbortController();
    const frames: AnalysisFrame[] = [];
    for await (const frame of grayFrames(source.open(stop.signal))) {
      frames.push(frame);
      expect(frame.capturedAt).toBeLessThanOrEqual(Date.now() + 5);
      if (frames.length === 24) stop.abort();
    }
    expect(frames.map(counterOf)).toEqual(Array.from({ length: 24 }, (_, index) => index % 9));
    expect(Math.abs((frames[23]?.mediaTimeMs ?? 0) - (23 * 1000) / 15)).toBeLessThanOrEqual(2);
    const pictures = await source.pictures(
      [20, 10].map((index) => frames[index]?.capturedAt ?? 0),
      unhurried(),
    );
    expect(await Promise.all(pictures.map(numberOf))).toEqual([2, 1]);
  });
});

describe('the full-resolution pictures', () => {
  test('are the frames asked for, in the order asked for, while the stream goes on', async () => {
    await using source = media.openStream(recording(clip, { frameRate: 5 }));
    const seen = new Map<number, number | null>();
    for await (const frame of grayFrames(source.open(new AbortController().signal))) {
      seen.set(frame.capturedAt, counterOf(frame));
      if (seen.size % 6 !== 0) continue;
      const [newest, , , oldest] = [...seen.keys()].toReversed();
      const wanted = [newest ?? 0, oldest ?? 0];
      const pictures = await source.pictures(wanted, unhurried());
      expect(pictures.map(({ capturedAt, width, height }) => [capturedAt, width, height])).toEqual(
        wanted.map((capturedAt) => [capturedAt, 640, 360]),
      );
      expect(await Promise.all(pictures.map(numberOf))).toEqual(wanted.map((time) => seen.get(time)));
    }
    expect(seen.size).toBe(20);
  });

  test('have the levels and colours of the scene', async () => {
    await using source = media.openStream(recording(clip, { frameRate: 1 }));
    const frames = await framesOf(source);
    const [picture] = await source.pictures([frames[1]?.capturedAt ?? 0], unhurried());
    if (picture === undefined) throw new Error('no picture');
    const pixels = await pixelsOf(picture);
    for (const value of colourAt(pixels, 0.97, 0.95)) expect(value).toBeGreaterThan(248);
    for (const value of colourAt(pixels, 0.4, 0.95)) expect(value).toBeLessThan(7);
    for (const [channel, value] of colourAt(pixels, 0.5, 160 / 360).entries()) {
      expect(Math.abs(value - (red[channel] ?? 0))).toBeLessThanOrEqual(8);
    }
  });

  test.each([
    ['yuv420p', 'libx264', '.mp4', false],
    ['yuv420p', 'libx264', '.mp4', true],
    ['yuvj420p', 'mjpeg', '.avi', true],
    ['yuvj422p', 'mjpeg', '.avi', true],
    ['nv12', 'libx264', '.mp4', false],
    ['nv12', 'rawvideo', '.nut', false],
    ['yuyv422', 'rawvideo', '.nut', false],
    ['uyvy422', 'rawvideo', '.nut', false],
    ['yuv420p', 'rawvideo', '.nut', false],
    ['bgr24', 'rawvideo', '.nut', true],
    ['gray', 'rawvideo', '.nut', true],
  ] as const)(
    'have the levels of the scene, as the gray frames have, out of %s in %s%s (full range: %s)',
    async (pixelFormat, encoder, extension, isFullRange) => {
      const path = dir.file(`${pixelFormat}-${encoder}-${isFullRange}${extension}`);
      const bands = [[0, 0, 0], [128, 128, 128], [255, 255, 255], red] as const;
      await makeFormatClip({ path, pixelFormat, encoder, isFullRange, width: 320, height: 180, bands });
      await using source = media.openStream(recording(path));
      const [frame] = await framesOf(source);
      if (frame === undefined) throw new Error('no frame');
      const [picture] = await source.pictures([frame.capturedAt], unhurried());
      if (picture === undefined) throw new Error('no picture');
      const pixels = await pixelsOf(picture);
      for (const [index, band] of bands.entries()) {
        // BT.601, as the clips are coded.
        const luma = 0.299 * band[0] + 0.587 * band[1] + 0.114 * band[2];
        const x = (index + 0.5) / bands.length;
        const gray = frame.gray[(frame.height / 2) * frame.width + Math.round(x * frame.width)];
        expect(Math.abs((gray ?? Number.NaN) - luma)).toBeLessThanOrEqual(4);
        const expected = pixelFormat === 'gray' ? [luma, luma, luma] : band;
        for (const [channel, value] of colourAt(pixels, x, 0.5).entries()) {
          expect(Math.abs(value - (expected[channel] ?? Number.NaN))).toBeLessThanOrEqual(8);
        }
      }
    },
  );

  test('are made smaller when they are larger than 1920 pixels', async () => {
    const large = dir.file('large.mp4');
    const [width, height] = [2560, 1440];
    const pixels = new Uint8Array(width * height).fill(90);
    await writeClip({ path: large, width, height, framesPerSecond: 5, pixels: 'gray' }, [pixels, pixels]);
    await using source = media.openStream(recording(large));
    const frames = await framesOf(source);
    const [picture] = await source.pictures([frames[1]?.capturedAt ?? 0], unhurried());
    expect([picture?.width, picture?.height]).toEqual([1920, 1080]);
    expect(picture && (await pixelsOf(picture))).toMatchObject({ width: 1920, height: 1080 });
  });

  test('can still be had after the recording has ended, and no more once the stream is disposed', async () => {
    const source = media.openStream(recording(clip, { frameRate: 5 }));
    const frames = await framesOf(source);
    const last = frames.at(-1)?.capturedAt ?? 0;
    const [picture] = await source.pictures([last], unhurried());
    expect(picture && (await numberOf(picture))).toBe(57);
    await source[Symbol.asyncDispose]();
    await expect(source.pictures([last], unhurried())).rejects.toMatchObject({ code: 'CAMERA_LOST' });
  });

  test('are gone when their packets are', async () => {
    await using service = newService({ ringMs: 1_000 });
    await using source = service.openStream(recording(clip, { frameRate: 15 }));
    const frames = await framesOf(source);
    const at = (index: number): number => frames[index]?.capturedAt ?? 0;
    await expect(source.pictures([at(50), at(10)], unhurried())).rejects.toMatchObject({
      code: 'PICTURE_GONE',
    });
    const [picture] = await source.pictures([at(50)], unhurried());
    expect(picture && (await numberOf(picture))).toBe(50);
  });

  test('are kept within the bytes that are allowed, and what left for that is counted', async () => {
    await using service = newService({ ringBytes: 150_000, heartbeatMs: 50 });
    await using source = service.openStream(recording(clip, { frameRate: 15 }));
    const frames = await framesOf(source);
    await expect(source.pictures([frames[0]?.capturedAt ?? 0], unhurried())).rejects.toMatchObject({
      code: 'PICTURE_GONE',
    });
    await systemClock.sleep(200);
    expect(service.stats().packetsEvicted).toBeGreaterThan(0);
  });

  test('are refused when too many ask at once; those who wait are served', async () => {
    await using source = media.openStream(recording(clip, { frameRate: 5 }));
    const frames = await framesOf(source);
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        source.pictures([frames[index % frames.length]?.capturedAt ?? 0], unhurried()),
      ),
    );
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.length - refused.length).toBeGreaterThanOrEqual(8);
    for (const answer of refused) expect(answer).toMatchObject({ reason: { code: 'PICTURE_GONE' } });
    await expect(
      source.pictures(
        frames.slice(0, 9).map(({ capturedAt }) => capturedAt),
        unhurried(),
      ),
    ).rejects.toBeInstanceOf(AppError);
  });

  test('need not be waited for', async () => {
    await using source = media.openStream(recording(clip, { frameRate: 5 }));
    const frames = await framesOf(source);
    const stop = new AbortController();
    const waiting = source.pictures(
      frames.slice(0, 8).map(({ capturedAt }) => capturedAt),
      stop.signal,
    );
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect(source.pictures([frames[3]?.capturedAt ?? 0], unhurried())).resolves.toHaveLength(1);
  });
});

describe('a recording that is not what it should be', () => {
  test('is not found', async () => {
    await using source = media.openStream(recording(dir.file('nothing.mp4')));
    const error = await lossOf(source);
    expect(error.cameraCause).toBe('not_found');
    expect(error.message).toContain(dir.file('nothing.mp4'));
  });

  test.each(['text', 'empty', 'folder', 'playlist'])('is no video: %s', async (kind) => {
    const path = kind === 'folder' ? dir.path : dir.file(`${kind}.mp4`);
    const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${clip}\n#EXT-X-ENDLIST\n`;
    const contents = { text: 'no video at all\n'.repeat(100), empty: '', playlist };
    if (kind !== 'folder') await writeFile(path, contents[kind as keyof typeof contents]);
    await using source = media.openStream(recording(path));
    expect((await lossOf(source)).cameraCause).toBe('invalid_data');
  });

  test('is damaged: what can be decoded is, and the decoder lives on', async () => {
    await using service = newService({ heartbeatMs: 50 });
    const whole = await readFile(clip);
    const damaged = dir.file('damaged.mp4');
    let frameCount = 0;
    let state = 12_345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state % below;
    };
    for (let round = 0; round < 12; round += 1) {
      const bytes = Buffer.from(whole);
      for (let hit = 0; hit < 40 * (round + 1); hit += 1) bytes[random(bytes.length)] = random(256);
      await writeFile(damaged, round % 4 === 3 ? bytes.subarray(0, random(bytes.length)) : bytes);
      await using source = service.openStream(recording(damaged));
      const [outcome] = await Promise.allSettled([framesOf(source)]);
      if (outcome.status === 'fulfilled') frameCount += outcome.value.length;
      else if (!(outcome.reason instanceof CameraLostError)) throw outcome.reason;
    }
    await using source = service.openStream(recording(clip));
    expect(await framesOf(source)).toHaveLength(frameTotal);
    await systemClock.sleep(150);
    expect(frameCount).toBeGreaterThan(0);
    expect(service.stats()).toMatchObject({ hosts: 1, hostRestarts: 0 });
    expect(service.stats().packetsCorrupt).toBeGreaterThan(0);
  });

  test('is replaced by another one while it plays in a loop', async () => {
    const changing = dir.file('changing.mp4');
    const other = dir.file('other.mp4');
    await makeClip(changing, { ...scene, seconds: 0.4 });
    await makeClip(other, { ...scene, width: 320, height: 180, seconds: 0.4 });
    await using source = media.openStream(recording(changing, { isLooping: true, pacing: 'realtime' }));
    const iterator = source.open(new AbortController().signal)[Symbol.asyncIterator]();
    await iterator.next();
    await copyFile(other, changing);
    const playOn = async (): Promise<void> => {
      while (!(await iterator.next()).done);
    };
    await expect(playOn()).rejects.toMatchObject({ code: 'CAMERA_LOST' });
  });
});

test('an abort ends the frames at once, also while the reader waits for the next one', async () => {
  await using source = media.openStream(recording(clip, { pacing: 'realtime', frameRate: 1 }));
  const stop = new AbortController();
  const frames = source.open(stop.signal)[Symbol.asyncIterator]();
  await frames.next();
  const next = frames.next();
  stop.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});

test('a stream is opened once', async () => {
  await using source = media.openStream(recording(clip));
  await framesOf(source);
  await expect(framesOf(source)).rejects.toMatchObject({ code: 'INTERNAL' });
});
