import { spawn } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { childrenOf, isAlive } from '../../test/support/processes.ts';
import { probeStream } from '../../test/support/probe-stream.ts';
import { makeClip, type Scene } from '../../test/support/render-clip.ts';
import { readClipPackets } from '../../test/support/clip-packets.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import { writeClip } from './clip-writer.ts';

const scene: Scene = { width: 320, height: 180, framesPerSecond: 10, seconds: 1.5, counter: true };

/** Endless pictures of one gray. */
function* grayFrames(width: number, height: number): Generator<Uint8Array> {
  for (;;) yield new Uint8Array(width * height).fill(128);
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(64 * 64);
  await Promise.resolve();
  throw new Error('the camera fell off the wall');
}

/** Kills the encoding process once it has begun to write into the folder. */
async function* killing(folder: string): AsyncGenerator<Uint8Array> {
  for (const frame of grayFrames(64, 64)) {
    yield frame;
    if ((await readdir(folder)).length === 0) continue;
    for (const { pid } of await childrenOf()) process.kill(pid, 'SIGKILL');
  }
}

test.each([
  ['clip.mp4', 'h264', undefined],
  ['clip.mkv', 'h264', undefined],
  ['clip.avi', 'mjpeg', undefined],
  ['clip.h264', 'h264', undefined],
  ['clip.hevc', 'hevc', undefined],
  ['clip.mp4', 'hevc', 'hevc'],
] as const)('%s in %s holds every picture, in order and at its rate', async (name, codec, asked) => {
  await using dir = await makeTempDir();
  const path = dir.file(name);
  await makeClip(path, scene, asked === undefined ? {} : { codec: asked });
  const clip = await readClipPackets(path);
  expect(clip).toMatchObject({ codec, width: 320, height: 180, framesPerSecond: 10 });
  expect(clip.packets).toHaveLength(15);
  const { frames } = await probeStream(path, { frames: 15 });
  expect(frames.map(({ counter }) => counter)).toEqual(Array.from({ length: 15 }, (_, index) => index));
  expect(await readdir(dir.path)).toEqual([name]);
});

test('key frames come at the interval that was asked for, and no picture is shown out of order', async () => {
  await using dir = await makeTempDir();
  const path = dir.file('clip.mp4');
  // Hard cuts, at which an encoder that is free to choose sets key frames too.
  const globalChanges = [1, 2, 3].map((count) => ({ at: count * 0.5 + 0.1, by: count % 2 === 0 ? 0 : 110 }));
  await makeClip(path, { ...scene, seconds: 2, noise: 20, globalChanges }, { keyframeInterval: 4 });
  const { packets } = await readClipPackets(path);
  expect(packets.flatMap(({ isKey }, index) => (isKey ? [index] : []))).toEqual([0, 4, 8, 12, 16]);
  expect(packets.every(({ ptsMs, dtsMs }) => ptsMs === dtsMs)).toBe(true);
});

test('black and white come out as limited range, 16 and 235', async () => {
  await using dir = await makeTempDir();
  const path = dir.file('clip.mp4');
  const [width, height] = [64, 64];
  const picture = new Uint8Array(width * height).fill(255, (width * height) / 2);
  await writeClip(
    { path, width, height, framesPerSecond: 5, pixels: 'gray', crf: 1 },
    Array(4).fill(picture),
  );
  const { frames } = await probeStream(path, { frames: 1 });
  expect(frames[0]?.lumaRange[0]).toBeCloseTo(16, -0.5);
  expect(frames[0]?.lumaRange[1]).toBeCloseTo(235, -0.5);
});

test('a clip appears whole or not at all: a source that throws leaves the old one and no rest', async () => {
  await using dir = await makeTempDir();
  const path = dir.file('clip.mp4');
  await writeFile(path, 'the old one');
  const options = { path, width: 64, height: 64, framesPerSecond: 5, pixels: 'gray' } as const;
  await expect(writeClip(options, failing())).rejects.toThrow('fell off the wall');
  expect(await readdir(dir.path)).toEqual(['clip.mp4']);
  expect(await childrenOf()).toEqual([]);
});

test('an encoding process that is killed is an error, without a rest', async () => {
  await using dir = await makeTempDir();
  const path = dir.file('clip.mp4');
  await expect(
    writeClip({ path, width: 64, height: 64, framesPerSecond: 5, pixels: 'gray' }, killing(dir.path)),
  ).rejects.toMatchObject({ code: 'CLIP_NOT_WRITTEN', message: expect.stringContaining('SIGKILL') });
  expect(await readdir(dir.path)).toEqual([]);
});

test('an encoding process whose writer is killed ends by itself, without a rest', async () => {
  await using dir = await makeTempDir();
  const module = new URL('clip-writer.ts', import.meta.url).href;
  const options = { path: dir.file('clip.mp4'), width: 64, height: 64, framesPerSecond: 5, pixels: 'gray' };
  const script = `import { writeClip } from ${JSON.stringify(module)};
    function* frames() { for (;;) yield new Uint8Array(64 * 64); }
    await writeClip(${JSON.stringify(options)}, frames());`;
  const writer = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' });
  const encoder = await waitUntil('the encoding process', async () => (await childrenOf(writer.pid))[0]);
  await waitUntil('the unfinished clip', async () => (await readdir(dir.path)).length === 1);
  writer.kill('SIGKILL');
  await waitUntil('the encoding process to end', async () => !(await isAlive(encoder.pid)));
  expect(await readdir(dir.path)).toEqual([]);
});

test('an abort ends the encoding, without a rest', async () => {
  await using dir = await makeTempDir();
  const abort = new AbortController();
  function* aborting(): Generator<Uint8Array> {
    let count = 0;
    for (const frame of grayFrames(64, 64)) {
      yield frame;
      count += 1;
      if (count === 5) abort.abort();
    }
  }
  const options = {
    path: dir.file('clip.mp4'),
    width: 64,
    height: 64,
    framesPerSecond: 5,
    pixels: 'gray',
  } as const;
  await expect(writeClip(options, aborting(), abort.signal)).rejects.toMatchObject({ name: 'AbortError' });
  expect(await readdir(dir.path)).toEqual([]);
  expect(await childrenOf()).toEqual([]);
});

test.each([
  ['an unknown container', { path: 'clip.xyz' }, [new Uint8Array(64 * 64)], "extension is '.xyz'"],
  ['an odd width', { width: 63 }, [new Uint8Array(63 * 64)], 'width is 63'],
  ['no rate', { framesPerSecond: 0 }, [new Uint8Array(64 * 64)], '0 frames per second'],
  ['no frames', {}, [], 'no frames'],
  ['a frame of another size', {}, [new Uint8Array(10)], 'has 10 bytes, expected 4096'],
  ['a folder that is not there', { path: 'nowhere/clip.mp4' }, [new Uint8Array(64 * 64)], 'No such file'],
] as const)('%s is refused with a word that says what was expected', async (_, change, frames, message) => {
  await using dir = await makeTempDir();
  const options = { width: 64, height: 64, framesPerSecond: 5, pixels: 'gray', ...change } as const;
  const path = dir.file('path' in change ? change.path : 'clip.mp4');
  await expect(writeClip({ ...options, path }, frames)).rejects.toMatchObject({
    code: 'CLIP_NOT_WRITTEN',
    message: expect.stringContaining(message),
  });
  expect(await readdir(dir.path)).toEqual([]);
});
