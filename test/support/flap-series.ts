import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import type { LiveMessage } from '../../src/core/live-feed.ts';
import { startCameraFleet, type CameraFleet, type FleetCamera } from './camera-fleet.ts';
import { cameraInput, openCameraRig, type CameraRig } from './camera-rig.ts';
import type { WireFault } from './fault-proxy.ts';
import { makeMovingClip } from './moving-clip.ts';
import { handlesOf, type Handles } from './process-handles.ts';
import type { TempDir } from './temp-dir.ts';
import { waitUntil } from './wait-until.ts';

export interface FlapSeriesOptions {
  readonly dir: TempDir;
  /** Cameras that are lost again and again, and cameras that are well. Every decoder process has some of both. */
  readonly flapping: number;
  readonly healthy: number;
  /** The series ends after so many flaps, or after so long. */
  readonly flaps: number;
  readonly longestMs?: number;
  /** How long the cameras are only watched before the flaps, and how long they rest after them. */
  readonly calmMs: number;
  /** 0..1; makes a series repeatable, as far as the machine does. */
  readonly random: () => number;
  readonly onProgress?: (progress: Sample) => void;
}

/** Milliseconds from one frame of a camera to the next. */
export interface Gaps {
  readonly frames: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
}

export interface Sample {
  /** From the first flap. */
  readonly seconds: number;
  readonly flaps: number;
  readonly service: Handles;
  readonly decoders: Handles;
}

export interface FlapSeriesResult {
  readonly seconds: number;
  /** Faults that began, by kind. */
  readonly flaps: Readonly<Record<string, number>>;
  /** Connections that the service lost or could not make, by cause. */
  readonly losses: Readonly<Record<string, number>>;
  readonly before: Sample;
  readonly after: Sample;
  readonly samples: readonly Sample[];
  /** Of the healthy cameras. */
  readonly gapsBefore: Gaps;
  readonly gapsDuring: Gaps;
  /** Changes of state of the healthy cameras; one each is right. */
  readonly healthyChanges: number;
  readonly decodersLost: number;
  /** Changes of the state of all cameras, and lines that the log has of them. */
  readonly changes: number;
  readonly lines: number;
  readonly events: number;
  /** Announced as captured and not stored, or without its pictures. Must be empty. */
  readonly lost: readonly string[];
  /** Cameras that did not come back when all faults were over. Must be empty. */
  readonly away: readonly string[];
}

const camerasPerFleet = 4;

/** Short ones: a flap has to be noticed before it is over. */
const limits = { openMs: 3000, noPacketMs: 3000, onlyErrorsMs: 3000 };

const faults: readonly WireFault[] = [
  { kind: 'refuse' },
  { kind: 'black_hole' },
  { kind: 'silence', afterBytes: 1000 },
  { kind: 'reset', afterBytes: 1000 },
  { kind: 'truncate', afterBytes: 5000 },
  { kind: 'slow_loris', msPerByte: 100 },
  { kind: 'flip_bits', everyBytes: 60 },
  { kind: 'web_page' },
];

/**
 * Lets cameras fail in every way that their connections can, each at random moments, beside cameras that are well, and
 * tells what it did to those, to the processes and to what was captured. The cameras are processes of their own.
 */
export async function runFlapSeries(options: FlapSeriesOptions): Promise<FlapSeriesResult> {
  const { dir, random } = options;
  await Promise.all([
    makeMovingClip(dir.file('flap.mp4'), 1, { width: 320, keyframeInterval: 10 }),
    makeMovingClip(dir.file('flap.avi'), 1, { width: 320 }),
  ]);
  await using fleets = new AsyncDisposableStack();
  const flapping = await startFleets(dir, fleets, 'flapping', options.flapping);
  const healthy = await startFleets(dir, fleets, 'healthy', options.healthy);
  const arrivals = new Map<string, number[]>();
  const log = countLines();
  const rig = await openCameraRig(dir.file('data'), {
    limits,
    log: log.logger,
    keepsMessages: false,
    onFrame: (camera) => arrivals.get(camera)?.push(performance.now()),
  });
  const workers = rig.rig.pipeline.runWorkers(rig.rig.stop);
  try {
    const told = listen(rig);
    // One healthy camera after every few others, so that they share their decoder processes.
    const ids = new Map<string, string>();
    for (const { name, url } of mixed(flapping, healthy)) {
      ids.set(name, (await rig.cameras.create(cameraInput(name, url))).camera.id);
    }
    for (const { name } of healthy) arrivals.set(name, []);
    const statusOf = (name: string) => rig.cameras.get(ids.get(name) ?? '')?.state.status;
    const everyone = [...ids.keys()];
    const allStream = () =>
      waitUntil('all cameras to stream', () => everyone.every((name) => statusOf(name) === 'streaming'), {
        timeoutMs: 60_000,
        everyMs: 100,
      });
    await allStream();
    await delay(options.calmMs);
    const gapsBefore = takeGaps(arrivals);

    const startedAt = performance.now();
    const counts: Record<string, number> = {};
    let total = 0;
    const count = (kind: string, by = 1): void => {
      total += by;
      counts[kind] = (counts[kind] ?? 0) + by;
    };
    const sample = async (): Promise<Sample> => ({
      seconds: Math.round((performance.now() - startedAt) / 1000),
      flaps: total,
      service: await handlesOf([process.pid]),
      decoders: await handlesOf(rig.streams.pids()),
    });
    collectGarbage();
    const before = await sample();
    const samples: Sample[] = [];
    const isOver = (): boolean =>
      total >= options.flaps || performance.now() - startedAt > (options.longestMs ?? Infinity);
    const reconnect = (name: string): void => {
      const id = ids.get(name);
      if (id !== undefined) rig.cameras.reconnect(id);
    };
    const flap = async (camera: RunningCamera): Promise<void> => {
      while (!isOver()) {
        await delay(500 + random() * 2500);
        const { fleet, index, name, isFirst } = camera;
        // One flap in twenty kills the process that the camera shares with others.
        if (isFirst && random() < 0.2) {
          count('killed', fleet.urls.length);
          await fleet.kill();
          await delay(random() * 3000);
          await fleet.restart();
        } else {
          const fault = faults[Math.floor(random() * faults.length)] ?? faults[0];
          if (fault === undefined) return;
          count(fault.kind);
          await fleet.setFault(index, fault);
          await until(() => statusOf(name) !== 'streaming', 5000);
          await delay(random() * 3000);
          await fleet.setFault(index, null);
        }
        // By itself, or, when the next attempt is far away by now, as somebody does who cannot wait.
        if (!(await until(() => statusOf(name) === 'streaming', 3000))) reconnect(name);
        await until(() => statusOf(name) === 'streaming', 5000);
      }
    };
    const sampling = new AbortController();
    const taking = takeSamples(sample, samples, options.onProgress, sampling.signal);
    await Promise.all(flapping.map(flap));
    sampling.abort();
    await taking;
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const gapsDuring = takeGaps(arrivals);
    for (const { name } of flapping) if (statusOf(name) !== 'streaming') reconnect(name);
    await allStream().catch(() => undefined);
    const away = everyone.filter((name) => statusOf(name) !== 'streaming');
    await delay(options.calmMs);
    collectGarbage();
    const after = await sample();
    await rig.cameras.stop();
    const { changes, healthyChanges, captured } = told();
    return {
      seconds,
      flaps: counts,
      losses: await lossesOf(rig),
      before,
      after,
      samples,
      gapsBefore,
      gapsDuring,
      healthyChanges,
      decodersLost: rig.streams.stats().hostRestarts,
      changes,
      lines: log.cameraLines(),
      events: captured.length,
      lost: await lostOf(rig, captured),
      away,
    };
  } finally {
    rig.rig.stop.requestDrain();
    await workers;
    await rig[Symbol.asyncDispose]();
  }
}

interface RunningCamera {
  readonly name: string;
  readonly url: string;
  readonly fleet: CameraFleet;
  readonly index: number;
  /** Of its fleet. */
  readonly isFirst: boolean;
}

async function startFleets(
  dir: TempDir,
  stack: AsyncDisposableStack,
  kind: 'flapping' | 'healthy',
  count: number,
): Promise<RunningCamera[]> {
  const running: RunningCamera[] = [];
  for (let first = 0; first < count; first += camerasPerFleet) {
    const cameras = Array.from(
      { length: Math.min(camerasPerFleet, count - first) },
      (_, index): FleetCamera => {
        // One in four sends pictures over HTTP.
        const type = index % 4 === 3 ? 'http_mjpeg' : 'rtsp';
        return {
          type,
          path: `/${index}`,
          clipPath: dir.file(type === 'rtsp' ? 'flap.mp4' : 'flap.avi'),
          port: 0,
        };
      },
    );
    const fleet = stack.use(await startCameraFleet(cameras));
    for (const [index, url] of fleet.urls.entries()) {
      running.push({ name: `${kind} ${first + index}`, url, fleet, index, isFirst: index === 0 });
    }
  }
  return running;
}

function mixed(flapping: readonly RunningCamera[], healthy: readonly RunningCamera[]): RunningCamera[] {
  const perHealthy = flapping.length / Math.max(1, healthy.length);
  const rank = [
    ...healthy.map((camera, index) => ({ camera, at: index * perHealthy })),
    ...flapping.map((camera, index) => ({ camera, at: index + 0.5 })),
  ];
  return rank.toSorted((a, b) => a.at - b.at).map(({ camera }) => camera);
}

/** Keeps only what is asked for in the end. */
function listen(
  rig: CameraRig,
): () => { changes: number; healthyChanges: number; captured: readonly string[] } {
  let changes = 0;
  let healthyChanges = 0;
  const captured: string[] = [];
  const states = new Map<string, string>();
  const note = (message: LiveMessage): void => {
    if (message.type === 'EVENT_CREATED') captured.push(message.event.id);
    if (message.type !== 'CAMERA_STATUS_CHANGED') return;
    const { status, cause } = message.state;
    const state = `${status} ${cause}`;
    if (states.get(message.cameraId) === state) return;
    states.set(message.cameraId, state);
    changes += 1;
    if (message.cameraName.startsWith('healthy')) healthyChanges += 1;
  };
  rig.rig.live.subscribe(({ message }) => {
    note(message);
  });
  return () => ({ changes, healthyChanges, captured });
}

function countLines(): { readonly logger: pino.Logger; readonly cameraLines: () => number } {
  let cameraLines = 0;
  const logger = pino(
    { level: 'info', base: null },
    {
      write: (line: string) => {
        if (/"msg":"(?:camera |media host|large stream|watching)/.test(line)) cameraLines += 1;
      },
    },
  );
  return { logger, cameraLines: () => cameraLines };
}

/** Takes out what was collected, so that the next gaps begin anew. */
function takeGaps(arrivals: ReadonlyMap<string, number[]>): Gaps {
  const gaps: number[] = [];
  for (const times of arrivals.values()) {
    for (const [index, time] of times.entries()) {
      const before = times[index - 1];
      if (before !== undefined) gaps.push(time - before);
    }
    times.length = 0;
  }
  gaps.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(gaps[Math.max(0, Math.ceil(share * gaps.length) - 1)] ?? Number.NaN);
  return { frames: gaps.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), longest: at(1) };
}

async function takeSamples(
  sample: () => Promise<Sample>,
  samples: Sample[],
  onProgress: ((progress: Sample) => void) | undefined,
  signal: AbortSignal,
): Promise<void> {
  while (await delay(30_000, true, { signal }).catch(() => false)) {
    const taken = await sample();
    samples.push(taken);
    onProgress?.(taken);
  }
}

async function lossesOf({ rig }: CameraRig): Promise<Record<string, number>> {
  const losses: Record<string, number> = {};
  const { text } = await rig.metrics.exposition();
  for (const [, cause = '', count] of text.matchAll(
    /^vedette_camera_reconnects_total\{.*cause="(\w+)".*\} (\d+)/gm,
  )) {
    losses[cause] = (losses[cause] ?? 0) + Number(count);
  }
  return losses;
}

async function lostOf({ rig }: CameraRig, captured: readonly string[]): Promise<string[]> {
  const lost: string[] = [];
  for (const id of captured) {
    const event = await rig.store.events.get(id);
    const paths = event?.frames.map(({ path }) => path) ?? [];
    const sizes = await Promise.all(
      paths.map(async (path) => (await rig.media.read(path).catch(() => Buffer.alloc(0))).length),
    );
    if (sizes.length === 0 || sizes.includes(0)) lost.push(id);
  }
  return lost;
}

/** @returns whether it came true in time */
async function until(probe: () => boolean, timeoutMs: number): Promise<boolean> {
  return waitUntil('a change', probe, { timeoutMs, everyMs: 50 }).then(
    () => true,
    () => false,
  );
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
