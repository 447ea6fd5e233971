import { afterAll, beforeAll, expect, test } from 'vitest';
import { lossOf, takeFrames } from '../../test/support/live-frames.ts';
import { makeTempDir, type TempDir } from '../../test/support/temp-dir.ts';
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { StreamRequest } from '../core/camera-source.ts';
import { systemClock } from '../core/clock.ts';
import { createId } from '../core/ids.ts';
import { silentLog } from '../core/log.ts';
import { createMediaService, type MediaService } from './media-service.ts';

let dir: TempDir;
let media: MediaService;

beforeAll(async () => {
  dir = await makeTempDir();
  media = createMediaService({ clock: systemClock, log: silentLog() });
});

afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

/** A painter whose nth picture of `count` is of one gray, 20 brighter than the one before. */
async function painter(count: number): Promise<string> {
  const path = dir.file(`painter${count}.mjs`);
  await writeFile(
    path,
    `import { parentPort } from 'node:worker_threads';
let index = 0;
parentPort.on('message', () => {
  if (index === ${count}) return parentPort.postMessage(null);
  const picture = new Uint8Array(64 * 48 * 3).fill(40 + 20 * index++);
  parentPort.postMessage(picture, [picture.buffer]);
});`,
  );
  return pathToFileURL(path).href;
}

function camera(url: string): StreamRequest {
  return {
    name: 'painted',
    cameraId: createId(),
    purpose: 'analysis',
    protocol: 'synthetic',
    url,
    username: null,
    password: null,
    transport: 'tcp',
    capture: { size: { width: 64, height: 48 }, framesPerSecond: 20, format: null },
    masks: [],
    frameRate: 20,
    decode: 'full',
    pacing: 'realtime',
    isLooping: false,
  };
}

test('a painted scene is seen at its own pace, in order, over and over', async () => {
  await using source = media.openStream(camera(await painter(8)));
  const frames = await takeFrames(source, 20);
  const levels = frames.map(({ gray }) => Math.round(((gray[gray.length / 2 + 32] ?? 0) - 40) / 20));
  expect(levels).toEqual(Array.from({ length: 20 }, (_, index) => index % 8));
  const spanMs = (frames.at(-1)?.capturedAt ?? 0) - (frames[0]?.capturedAt ?? 0);
  expect(Math.abs(spanMs - 19 * 50)).toBeLessThanOrEqual(2);
  const wanted = [18, 9].map((index) => frames[index]?.capturedAt ?? 0);
  const pictures = await source.pictures(wanted, AbortSignal.timeout(10_000));
  expect(pictures.map(({ width, height }) => [width, height])).toEqual([
    [64, 48],
    [64, 48],
  ]);
  expect(source.info).toMatchObject({ codec: 'h264', width: 64, height: 48, framesPerSecond: 20 });
});

test('a painter that fails ends its camera, and nothing else', async () => {
  const path = dir.file('failing.mjs');
  await writeFile(path, `throw new Error('no paint');`);
  await using source = media.openStream(camera(pathToFileURL(path).href));
  const error = await lossOf(source);
  expect([error.cameraCause, error.message]).toEqual(['unknown', expect.stringContaining('no paint')]);
  await using other = media.openStream(camera(await painter(3)));
  expect(await takeFrames(other, 5)).toHaveLength(5);
  expect(media.stats().hostRestarts).toBe(0);
});

test.each([
  ['/dev/video63', 'not_found', 'no camera at /dev/video63'],
  ['/dev/null', 'invalid_data', '/dev/null is no camera'],
  ['/etc/hostname', 'invalid_data', '/etc/hostname is no camera'],
])('a USB camera at %s is %s', async (url, cause, message) => {
  const { capture: _, ...request } = camera(url);
  await using source = media.openStream({ ...request, protocol: 'usb' });
  const error = await lossOf(source);
  expect([error.cameraCause, error.message]).toEqual([cause, expect.stringContaining(message)]);
});
