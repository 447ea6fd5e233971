import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { systemClock, type Clock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { DetectorPool } from './detector-pool.ts';
import type { DetectorWorkerData, PinnedPath } from './detector-protocol.ts';

// The pool's own worker threads, with a small runtime in place of TFLite that does as the picture's colour says: on red
// its thread dies, on blue it hangs, else it finds one person.
const runtime = `
  module.exports = async () => ({
    HEAPU8: new Uint8Array(16), _malloc: () => 0,
    TFLiteWebModelRunner: { CreateFromBufferAndOptions: () => ({ ok: () => true, value: () => runner }) },
  });
  const pixels = new Uint8Array(320 * 320 * 3);
  const outputs = [[[0.2, 0.2, 0.6, 0.6]], [0], [0.9], [1]].map((data) => ({ data: () => Float32Array.from(data.flat()) }));
  const runner = {
    GetInputs: () => ({ get: () => ({ shape: '1,320,320,3', data: () => pixels }) }),
    GetOutputs: () => ({ get: (index) => outputs[index] }),
    Infer: () => {
      const [red, green, blue] = pixels;
      if (red > 200 && blue < 60) process.exit(3);
      while (blue > 200 && red < 60);
      return true;
    },
  };
`;

const { signal } = new AbortController();
let folder: string;
let workerData: DetectorWorkerData;
let gray: Buffer;
let red: Buffer;
let blue: Buffer;

async function pinned(name: string, content: string): Promise<PinnedPath> {
  const path = join(folder, name);
  await writeFile(path, content);
  return { path, sha256: createHash('sha256').update(content).digest('hex') };
}

async function plain(background: string): Promise<Buffer> {
  return await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vedette-detector-'));
  workerData = {
    runtimeCode: await pinned('runtime.cjs', runtime),
    runtimeBinary: await pinned('runtime.wasm', 'none'),
    weights: await pinned('weights', 'none'),
  };
  [gray, red, blue] = [await plain('#808080'), await plain('#ff0000'), await plain('#0000ff')];
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Waits of the pool end at once, but those for a hanging thread only when the test says so. */
function impatientClock() {
  const hang = Promise.withResolvers<void>();
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms, stop) => {
      if (ms < 30_000) return;
      await Promise.race([
        hang.promise,
        new Promise<never>((_, reject) => {
          stop?.addEventListener('abort', () => {
            reject(new DOMException('aborted', 'AbortError'));
          });
        }),
      ]);
    },
  };
  return { clock, endHang: hang.resolve };
}

async function startPool(settings: { maxWaiting?: number; clock?: Clock; data?: DetectorWorkerData } = {}) {
  const { maxWaiting = 8, clock = impatientClock().clock, data = workerData } = settings;
  const pool = new DetectorPool({ workerData: data, threads: 1, maxWaiting, clock, log: silentLog() });
  onTestFinished(async () => {
    await pool[Symbol.asyncDispose]();
  });
  await pool.start();
  return pool;
}

test('a thread that dies fails its own request with an error that may be tried again, and is replaced', async () => {
  const pool = await startPool();
  const dying = pool.detect({ jpeg: red, focus: [] }, signal);
  const waiting = pool.detect({ jpeg: gray, focus: [] }, signal);
  await expect(dying).rejects.toMatchObject({ code: 'DETECTION_FAILED', isRetryable: true });
  expect((await waiting).map(({ label }) => label)).toEqual(['person']);
  expect(pool.counts).toEqual({ waiting: 0, refused: 0, restarts: 1 });
});

test('a thread that hangs is ended and replaced', async () => {
  const { clock, endHang } = impatientClock();
  const pool = await startPool({ clock });
  const hanging = pool.detect({ jpeg: blue, focus: [] }, signal);
  endHang();
  await expect(hanging).rejects.toMatchObject({ code: 'DETECTION_FAILED', isRetryable: true });
  expect(pool.counts.restarts).toBe(1);
});

test('requests beyond the bound are refused and counted', async () => {
  const pool = await startPool({ maxWaiting: 2 });
  const taken = [1, 2, 3].map(async () => await pool.detect({ jpeg: gray, focus: [] }, signal));
  const refused = pool.detect({ jpeg: gray, focus: [] }, signal);
  await expect(refused).rejects.toMatchObject({ code: 'DETECTION_FAILED', isRetryable: true });
  expect(await Promise.all(taken)).toHaveLength(3);
  expect(pool.counts).toEqual({ waiting: 0, refused: 1, restarts: 0 });
});

test('an abort ends the wait of its own request only', async () => {
  const pool = await startPool();
  const stop = new AbortController();
  const first = pool.detect({ jpeg: gray, focus: [] }, stop.signal);
  const second = pool.detect({ jpeg: gray, focus: [] }, stop.signal);
  const third = pool.detect({ jpeg: gray, focus: [] }, signal);
  stop.abort();
  await expect(first).rejects.toMatchObject({ name: 'AbortError' });
  await expect(second).rejects.toMatchObject({ name: 'AbortError' });
  expect(await third).toHaveLength(1);
  await expect(pool.detect({ jpeg: gray, focus: [] }, stop.signal)).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test('closing rejects what runs and what waits, once and for all', async () => {
  const pool = await startPool();
  const hanging = pool.detect({ jpeg: blue, focus: [] }, signal);
  const waiting = pool.detect({ jpeg: gray, focus: [] }, signal);
  const ended = Promise.allSettled([hanging, waiting]);
  await pool[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
  for (const outcome of await ended)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SHUTTING_DOWN' } });
  await expect(pool.detect({ jpeg: gray, focus: [] }, signal)).rejects.toMatchObject({
    code: 'SHUTTING_DOWN',
  });
});

test('files that are not the pinned ones are never run', async () => {
  const data = { ...workerData, runtimeCode: { ...workerData.runtimeCode, sha256: 'another hash' } };
  await expect(startPool({ data })).rejects.toMatchObject({ code: 'MODEL_UNAVAILABLE' });
});
