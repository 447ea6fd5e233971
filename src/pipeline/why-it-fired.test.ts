import { expect, test } from 'vitest';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { createScriptedSource } from '../../test/fakes/scripted-camera.ts';
import { frameOf, walker } from '../../test/support/gray-views.ts';
import { openPipelineRig, type PipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import type { VedetteEvent } from '../core/event.ts';
import { explainEvent } from '../core/explain-motion.ts';
import { silentLog } from '../core/log.ts';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { MotionSample } from '../core/motion.ts';
import { createMotionDetector } from '../motion/scene-detector.ts';
import { EpisodeWatch } from './episode-watch.ts';

/** Somebody comes in after eight seconds and goes through the yard, to the right. */
const frames = Array.from({ length: 90 }, (_, sequence) =>
  frameOf(walker(8, 40, 16, 40, 30), sequence, 5, 2),
);

interface Stored {
  readonly event: VedetteEvent;
  readonly evidence: MotionEvidence | undefined;
}

async function storedOf(rig: PipelineRig): Promise<Stored[]> {
  const { events } = await rig.store.events.list({ limit: 10, offset: 0, sortOrder: 'asc' });
  const evidence = await rig.store.events.evidence(events.map(({ id }) => id));
  return events.map((event) => ({ event, evidence: evidence.get(event.id) }));
}

/**
 * What is stored of the frames right after the capture, and at the end.
 *
 * @param count what a sample is taken for
 */
async function watchYard(
  count: (sample: MotionSample) => MotionSample = (sample) => sample,
): Promise<{ readonly captured: readonly Stored[]; readonly ended: readonly Stored[] }> {
  await using dir = await makeTempDir();
  await using rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'x.') });
  const detector = createMotionDetector({ sensitivity: 'medium', frameRate: 5 });
  let captured: readonly Stored[] = [];
  {
    await using episodes = new EpisodeWatch({
      camera: { ...rig.camera, motionCooldown: 0 },
      source: createScriptedSource(systemClock, () => ({ seconds: 0, end: 'silence' })),
      capture: rig.pipeline.capture,
      events: rig.store.events,
      live: rig.live,
      metrics: rig.metrics,
      log: silentLog(),
      captureWindowMs: 1000,
      picturesPerEvent: 1,
      abort: rig.stop.abort,
      isLossless: true,
    });
    for (const frame of frames) {
      await episodes.push(frame, count(detector.detect(frame)));
      if (captured.length === 0) captured = await storedOf(rig);
    }
  }
  return { captured, ended: await storedOf(rig) };
}

test('what is known at the capture is stored with it, and the whole when the motion ends', async () => {
  const { captured, ended } = await watchYard();
  expect([captured.length, ended.length]).toEqual([1, 1]);
  const [before, after] = [captured[0]?.evidence, ended[0]?.evidence];
  expect(before).toMatchObject({ isComplete: false, sensitivity: 'medium' });
  expect(before?.samples[0]?.atMs).toBe(0);
  expect(after?.isComplete).toBe(true);
  expect(after?.frames).toBeGreaterThan((before?.frames ?? 0) + 20);
  expect(after?.path?.length).toBeGreaterThan(0.8);
  const { startedAt, endedAt } = ended[0]?.event ?? { startedAt: 0, endedAt: 0 };
  expect(after?.samples.at(-1)?.atMs).toBe((endedAt ?? 0) - startedAt);
  expect(ended.map(({ event, evidence }) => explainEvent(event, evidence))[0]).toMatch(
    /^Something of \S+ % of the picture moved \S+ % of the picture's width to the right in /,
  );
  expect(captured.map(({ event, evidence }) => explainEvent(event, evidence))[0]).toContain('It goes on');
});

test('what moved before the event began is no part of why it fired', async () => {
  // The first event is of the first moment that counts: the camera looked away until the walker was half through.
  const until = 1_700_000_000_000 + 12_000;
  const { ended } = await watchYard((sample) =>
    sample.capturedAt < until ? { ...sample, isMotion: false, reason: 'small' } : sample,
  );
  const evidence = ended[0]?.evidence;
  expect(ended).toHaveLength(1);
  expect(evidence?.samples[0]?.atMs).toBe(0);
  const columns = evidence?.heat.columns ?? 1;
  const warmth = evidence?.heat.seconds.map((seconds, field) => [field % columns, seconds] as const) ?? [];
  const leftHalf = warmth.filter(([column]) => column < columns / 4).map(([, seconds]) => seconds);
  const rightHalf = warmth.filter(([column]) => column > columns / 2).map(([, seconds]) => seconds);
  expect(Math.max(...leftHalf)).toBe(0);
  expect(Math.max(...rightHalf)).toBeGreaterThan(0);
});

test('a moving frame from which no event came is no part of why the next one fired', async () => {
  const stray = { columns: 32, rows: 18, moved: [3], wholeness: 0, subjects: [] };
  const areas = { low: null, medium: 0.01, high: null };
  const { ended } = await watchYard((sample) =>
    sample.mediaTimeMs === 7_000
      ? { ...sample, isMotion: true, reason: 'motion', evidence: { ...stray, areas } }
      : sample,
  );
  expect(ended).toHaveLength(1);
  expect(ended[0]?.evidence?.heat.seconds[3]).toBe(0);
});

test('where only the camera said that something moves, it says so', async () => {
  const { ended } = await watchYard(
    ({ capturedAt, mediaTimeMs, isMotion, score, zones, reason, quality }) => ({
      capturedAt,
      mediaTimeMs,
      isMotion,
      score,
      regions: [],
      zones,
      reason: isMotion ? 'camera' : reason,
      quality,
    }),
  );
  const [stored] = ended;
  expect(stored?.evidence).toMatchObject({ path: null, guards: [] });
  expect(stored && explainEvent(stored.event, stored.evidence)).toBe(
    'The camera itself said that something moves. In its pictures nothing was found that moves like a subject.',
  );
});
