import { expect, test } from 'vitest';
import { createScriptedChain } from '../../test/fakes/scripted-chain.ts';
import { createScriptedSource } from '../../test/fakes/scripted-camera.ts';
import { openPipelineRig } from '../../test/support/pipeline-rig.ts';
import { makeTempDir } from '../../test/support/temp-dir.ts';
import { systemClock } from '../core/clock.ts';
import type { VedetteEvent } from '../core/event.ts';
import { silentLog } from '../core/log.ts';
import type { MetricsSnapshot } from '../core/metrics.ts';
import type { MotionSample } from '../core/motion.ts';
import { EpisodeWatch } from './episode-watch.ts';

const schedule = {
  timeZone: 'Europe/Berlin',
  daysOfWeek: [],
  timeRanges: [{ start: '12:00', end: '12:01' }],
};
/** When the schedule begins, for a minute. */
const noon = Date.parse('2026-06-01T10:00:00Z');
const frameMs = 200;

function sampleAt(capturedAt: number, isMotion: boolean): MotionSample {
  return {
    capturedAt,
    mediaTimeMs: capturedAt - noon + 600_000,
    isMotion,
    score: isMotion ? 0.5 : 0,
    regions: [],
    zones: [],
    reason: isMotion ? 'motion' : 'quiet',
    quality: isMotion ? 0.5 : 0,
  };
}

/**
 * What becomes of motion at these times, five frames a second.
 *
 * @param stretches seconds from noon
 */
async function watch(
  stretches: readonly (readonly [from: number, to: number])[],
  motionCooldown = 0,
): Promise<{
  readonly events: readonly VedetteEvent[];
  readonly suppressed: MetricsSnapshot['episodesSuppressed'];
  /** When motion would have been made an event of at once, seconds from noon. */
  readonly attentive: readonly number[];
}> {
  await using dir = await makeTempDir();
  await using rig = await openPipelineRig({ dataDir: dir.path, chain: createScriptedChain(() => 'x.') });
  const camera = { ...rig.camera, schedule, motionCooldown };
  const attentive: number[] = [];
  {
    await using episodes = new EpisodeWatch({
      camera,
      source: createScriptedSource(systemClock, () => ({ seconds: 0, end: 'silence' })),
      capture: rig.pipeline.capture,
      events: rig.store.events,
      live: rig.live,
      metrics: rig.metrics,
      log: silentLog(),
      captureWindowMs: 1000,
      picturesPerEvent: 2,
      abort: rig.stop.abort,
      isLossless: true,
    });
    const first = Math.min(...stretches.map(([from]) => from)) - 2;
    const last = Math.max(...stretches.map(([, to]) => to)) + 6;
    for (let at = noon + first * 1000; at <= noon + last * 1000; at += frameMs) {
      const isMotion = stretches.some(([from, to]) => at >= noon + from * 1000 && at < noon + to * 1000);
      const sample = sampleAt(at, isMotion);
      const gray = new Uint8Array(64 * 36);
      await episodes.push({ ...sample, sequence: 0, width: 64, height: 36, gray }, sample);
      if (episodes.isAttentive) attentive.push((at - noon) / 1000);
    }
  }
  const { events } = await rig.store.events.list({ limit: 100, offset: 0, sortOrder: 'asc' });
  return { events, suppressed: (await rig.metrics.snapshot()).episodesSuppressed, attentive };
}

/** Seconds from noon. */
function timesOf({ startedAt, endedAt }: VedetteEvent): [number, number] {
  return [(startedAt - noon) / 1000, ((endedAt ?? 0) - noon) / 1000];
}

test('motion outside the schedule makes no event and is counted as such', async () => {
  const { events, suppressed } = await watch([
    [-30, -20],
    [70, 80],
  ]);
  expect(events).toEqual([]);
  expect(suppressed).toEqual({ cooldown: 0, schedule: 2, total: 2 });
});

test('motion that runs into the schedule is an event from the moment on at which it begins', async () => {
  const { events, suppressed } = await watch([[-10, 10]]);
  expect(events.map(timesOf)).toEqual([[0, 9.8]]);
  for (const { capturedAt } of events[0]?.frames ?? []) expect(capturedAt).toBeGreaterThanOrEqual(noon);
  expect(events[0]?.frames).toHaveLength(2);
  expect(suppressed.total).toBe(0);
});

test('an event that begins within the schedule goes on until its motion ends', async () => {
  const { events, suppressed } = await watch([[50, 80]]);
  expect(events.map(timesOf)).toEqual([[50, 79.8]]);
  expect(suppressed.total).toBe(0);
});

test('motion whose first moment is the last of the schedule is an event with a picture', async () => {
  const { events } = await watch([[59.8, 64]]);
  expect(events.map(timesOf)).toEqual([[59.8, 63.8]]);
  expect(events[0]?.frames).not.toEqual([]);
});

test('motion that ends as the schedule begins makes none', async () => {
  const { events, suppressed } = await watch([[-10, 0]]);
  expect(events).toEqual([]);
  expect(suppressed).toEqual({ cooldown: 0, schedule: 1, total: 1 });
});

test('what falls into a cooldown within the schedule is counted as that', async () => {
  const { events, suppressed } = await watch(
    [
      [5, 10],
      [20, 25],
    ],
    3600,
  );
  expect(events).toHaveLength(1);
  expect(suppressed).toEqual({ cooldown: 1, schedule: 0, total: 1 });
});

test('it is watched closely until the pictures of an event are chosen, and again before the next one may begin', async () => {
  const { events, attentive } = await watch(
    [
      [-4, -3],
      [4, 8],
    ],
    20,
  );
  expect(events).toHaveLength(1);
  // Two seconds before the schedule begins, until the pictures were chosen; then not before the cooldown is over.
  expect(attentive.filter((at) => at < -2.001)).toEqual([]);
  expect(attentive).toContain(-1.8);
  expect(attentive.filter((at) => at > 5.001)).toEqual([]);
  expect(attentive).toContain(4.6);
});
