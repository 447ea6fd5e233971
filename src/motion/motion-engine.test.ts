import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { AnalysisFrame } from '../core/frame.ts';
import { silentLog } from '../core/log.ts';
import type { MotionSample } from '../core/motion.ts';
import { createMotionEngine } from './motion-engine.ts';
import type { MotionEngine } from './motion-detector.ts';
import { createMotionDetector } from './scene-detector.ts';

const open: MotionEngine[] = [];
afterEach(async () => {
  for (const engine of open.splice(0)) await engine[Symbol.asyncDispose]();
});

async function engineOf(workerModule?: URL): Promise<MotionEngine> {
  const engine = await createMotionEngine({
    log: silentLog(),
    clock: systemClock,
    ...(workerModule === undefined ? {} : { workerModule }),
  });
  open.push(engine);
  return engine;
}

/** The real motion thread, which also dies at a frame with this sequence number. */
const deadlySequence = 13;
const mortalWorker = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from 'node:worker_threads';
    await import(${JSON.stringify(new URL('./motion-worker.ts', import.meta.url).href)});
    parentPort.on('message', (m) => { if (m.frame?.sequence === ${deadlySequence}) process.exit(9); });
  `)}`,
);

/** A square of 24 pixels goes to the right over a gray field with a fixed grain. */
function frameAt(sequence: number): AnalysisFrame {
  const width = 160;
  const height = 90;
  const gray = new Uint8Array(width * height);
  for (let i = 0; i < gray.length; i += 1) gray[i] = 100 + ((i * 7919) % 5);
  const left = sequence < 40 ? -100 : (sequence - 40) * 5;
  for (let y = 30; y < 54; y += 1) {
    for (let x = Math.max(0, left); x < Math.min(width, left + 24); x += 1) gray[y * width + x] = 190;
  }
  return {
    sequence,
    capturedAt: 1_000_000 + sequence * 200,
    mediaTimeMs: sequence * 200,
    width,
    height,
    gray,
  };
}

test('a channel answers what the detector answers in place, frame by frame', async () => {
  const engine = await engineOf();
  const channel = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  const detector = createMotionDetector({ sensitivity: 'medium', frameRate: 5 });
  const there: MotionSample[] = [];
  const here: MotionSample[] = [];
  for (let i = 0; i < 60; i += 1) {
    there.push(await channel.detect(frameAt(i)));
    here.push(detector.detect(frameAt(i)));
  }
  expect(there).toMatchObject(here);
  // Beside it, once a second, what the picture looks like.
  expect(there.filter(({ look }) => look !== undefined)).toHaveLength(12);
  expect(there.some((sample) => sample.isMotion)).toBe(true);
});

test('the bytes of a frame are moved, those of a primed one are copied', async () => {
  const engine = await engineOf();
  const channel = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  const primed = Array.from({ length: 10 }, (_, i) => frameAt(i));
  await channel.prime(primed);
  expect(primed[0]?.gray.length).toBe(160 * 90);
  const frame = frameAt(10);
  const sample = await channel.detect(frame);
  expect(frame.gray.length).toBe(0);
  expect(sample.reason).toBe('quiet');
});

test('a view of a larger buffer leaves its neighbours in place', async () => {
  const engine = await engineOf();
  const channel = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  const shared = new Uint8Array(2 * 160 * 90);
  const frame = { ...frameAt(0), gray: shared.subarray(0, 160 * 90) };
  await channel.detect(frame);
  expect(shared.length).toBe(2 * 160 * 90);
});

test('channels of one thread keep their scenes apart', async () => {
  const engine = await engineOf();
  const a = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  const b = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  await a.prime(Array.from({ length: 30 }, (_, i) => frameAt(i)));
  expect((await a.detect(frameAt(30))).reason).toBe('quiet');
  expect((await b.detect(frameAt(30))).reason).toBe('warming_up');
});

test('a ninth frame in flight is refused as retryable, the eight before it are answered', async () => {
  const engine = await engineOf();
  const channel = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  const results = await Promise.allSettled(Array.from({ length: 9 }, (_, i) => channel.detect(frameAt(i))));
  expect(results.slice(0, 8).every((result) => result.status === 'fulfilled')).toBe(true);
  const last = results[8];
  expect(last?.status === 'rejected' && last.reason).toMatchObject({
    code: 'MOTION_UNAVAILABLE',
    isRetryable: true,
  });
});

test('when the thread dies, calls in flight are refused as retryable and its channels warm up again', async () => {
  const engine = await engineOf(mortalWorker);
  const dying = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  const other = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  await other.prime(Array.from({ length: 30 }, (_, i) => frameAt(i)));
  expect((await other.detect(frameAt(30))).reason).toBe('quiet');
  const results = await Promise.allSettled([
    dying.detect(frameAt(deadlySequence)),
    dying.detect(frameAt(14)),
    dying.detect(frameAt(15)),
  ]);
  expect(results.at(-1)).toMatchObject({
    status: 'rejected',
    reason: { code: 'MOTION_UNAVAILABLE', isRetryable: true },
  });
  const sample = await whenBack(() => other.detect(frameAt(31)));
  expect(sample.reason).toBe('warming_up');
  expect((await dying.detect(frameAt(16))).reason).toBe('warming_up');
});

test('a frame that is not what it says is refused, and the thread lives on', async () => {
  const engine = await engineOf();
  const channel = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  await expect(channel.detect({ ...frameAt(0), gray: new Uint8Array(7) })).rejects.toThrow(/7 bytes.*14400/);
  expect((await channel.detect(frameAt(0))).reason).toBe('warming_up');
});

test('a closed engine refuses calls, and closing twice is harmless', async () => {
  const engine = await engineOf();
  const channel = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  const inFlight = channel.detect(frameAt(0));
  const outcome = Promise.allSettled([inFlight]);
  await engine[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
  expect(await outcome).toMatchObject([{ status: 'rejected', reason: { code: 'SHUTTING_DOWN' } }]);
  await expect(channel.detect(frameAt(1))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
});

test('a closed channel refuses calls for good', async () => {
  const engine = await engineOf();
  const channel = await engine.openChannel({ sensitivity: 'medium', frameRate: 5 });
  await channel[Symbol.asyncDispose]();
  await channel[Symbol.asyncDispose]();
  await expect(channel.detect(frameAt(0))).rejects.toMatchObject({ isRetryable: false });
});

async function whenBack<T>(call: () => Promise<T>): Promise<T> {
  for (let i = 0; i < 400; i += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof AppError && error.isRetryable)) throw error;
      await systemClock.sleep(25);
    }
  }
  throw new Error('the motion thread did not come back within ten seconds');
}
