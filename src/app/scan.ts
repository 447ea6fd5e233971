import { basename, join, resolve } from 'node:path';
import { fileCamera } from '../cameras/file-camera.ts';
import type { Camera } from '../core/camera.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { VedetteEvent } from '../core/event.ts';
import { explainEvent } from '../core/explain-motion.ts';
import type { StreamOpener } from '../core/camera-source.ts';
import { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import { Metrics } from '../core/metrics.ts';
import type { GuardMargin } from '../core/motion-evidence.ts';
import type { Sensitivity } from '../core/motion.ts';
import { createStop, type Stop } from '../core/stop.ts';
import { createEmbeddedDetector } from '../detection/efficientdet-detector.ts';
import { createMediaService, type MediaService } from '../media/media-service.ts';
import { NearMissWatch, type QuietReport } from '../motion/near-miss.ts';
import { EpisodeWatch } from '../pipeline/episode-watch.ts';
import { createPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { openSpool } from '../pipeline/spool.ts';
import { createEmbeddedQueue } from '../queue/embedded-queue.ts';
import type { Store } from '../store/event-store.ts';
import { createMediaFiles } from '../store/media-files.ts';
import { openStore } from '../store/open-store.ts';
import { createChain } from '../vision/chain.ts';
import { settingsOf } from '../vision/provider-adapter.ts';
import { localProvider } from '../vision/providers/local.ts';
import { writeScanPictures } from './scan-pictures.ts';

/** Nobody waits for one event of a recording: there is time to see more of it than of a live one. */
const captureWindowMs = 4000;
const picturesPerEvent = 6;
const deadlineMs = 120_000;
/** The recording waits while this many jobs do: no event of a recording is ever dropped. */
const waitingJobs = 8;
const workerCount = 2;
/** The background is learnt from this much of the beginning before the beginning is judged. */
const primeSeconds = 6;

export interface ScanOptions {
  readonly files: readonly string[];
  /** Where the events and their pictures are kept; `serve --data` shows them. */
  readonly dataDir: string;
  readonly framesPerSecond: number;
  readonly sensitivity: Sensitivity;
  /** Seconds from the start of one event to the next; 0 makes every episode an event. */
  readonly cooldownSeconds: number;
  readonly isDescribing: boolean;
  /** Events say why they are such, and `onQuiet` hears of recordings without any. */
  readonly isExplaining?: boolean;
  /** Where the best picture and the heat map of every event are written to, besides. */
  readonly picturesDir?: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Called now and then; 0..1 of the file, or `null` when its length is not known. */
  readonly onProgress: (file: string, share: number | null) => void;
  /** Told why nothing fired on a recording, where that is asked for. */
  readonly onQuiet?: (file: string, report: QuietReport) => void;
}

/** Something that happened on a recording. Seconds are on the recording's own clock. */
export interface ScanEvent {
  readonly file: string;
  readonly start: number;
  /** The last moment of motion. */
  readonly end: number;
  readonly labels: readonly string[];
  readonly description: string | null;
  /** Absolute path of a JPEG. */
  readonly thumbnail: string | null;
  /** In words, where it is asked for. */
  readonly why?: string;
  /** What could have called it nothing, nearest first. */
  readonly guards?: readonly GuardMargin[];
}

/** What happened on these recordings, in their order: the code that watches cameras, as fast as it goes. */
export async function scan(options: ScanOptions): Promise<ScanEvent[]> {
  const { dataDir, log } = options;
  const clock = systemClock;
  await using parts = new AsyncDisposableStack();
  const store = parts.use(await openStore({ dataDir, log, clock }));
  const streams = parts.use(createMediaService({ clock, log }));
  const detector = parts.use(await createEmbeddedDetector({ log, clock }));
  const queue = createEmbeddedQueue({ capacity: waitingJobs * 2 });
  const metrics = new Metrics();
  const local = localProvider.create(settingsOf({ type: localProvider.type }), { clock, detector });
  const live = new LiveFeed({ now: () => clock.now() });
  const pipeline = createPipeline({
    store,
    media: createMediaFiles({ dataDir }),
    spool: await openSpool({ dataDir, log }),
    queue,
    chain: parts.use(createChain({ providers: [local], clock, deadlineMs })),
    notifiers: [],
    live,
    metrics,
    clock,
    log,
    workerCount,
  });
  const stop = createStop();
  const onAbort = (): void => {
    stop.requestAbort();
  };
  options.signal.addEventListener('abort', onAbort, { once: true });
  const workers = options.isDescribing ? pipeline.runWorkers(stop) : Promise.resolve();
  const found: ScannedFile[] = [];
  try {
    for (const file of options.files) {
      found.push(await scanFile(file, options, { store, streams, pipeline, live, metrics, stop }));
    }
    stop.requestDrain();
    await workers;
  } finally {
    stop.requestAbort();
    await workers;
    options.signal.removeEventListener('abort', onAbort);
  }
  const events: ScanEvent[] = [];
  for (const recording of found) events.push(...(await reportOn(recording, options, store)));
  return events;
}

async function reportOn(
  { file, base, camera, quiet }: ScannedFile,
  { dataDir, isExplaining = false, picturesDir, onQuiet }: ScanOptions,
  store: Store,
): Promise<ScanEvent[]> {
  const events = await eventsOf(store, camera);
  if (events.length === 0) onQuiet?.(file, quiet);
  const evidence = await store.events.evidence(events.map(({ id }) => id));
  const reports: ScanEvent[] = [];
  for (const [index, event] of events.entries()) {
    const own = evidence.get(event.id);
    const why = isExplaining ? { why: explainEvent(event, own), guards: own?.guards ?? [] } : {};
    reports.push({ ...toScanEvent(event, file, base, dataDir), ...why });
    if (picturesDir === undefined) continue;
    const name = `${camera.name}-${index + 1}`;
    await writeScanPictures(event, own, { dataDir, folder: picturesDir, name });
  }
  return reports;
}

interface ScannedFile {
  readonly file: string;
  /** Epoch ms of its beginning, as its frames count it. */
  readonly base: number;
  readonly camera: Camera;
  readonly quiet: QuietReport;
}

interface ScanParts {
  readonly store: Store;
  readonly streams: MediaService;
  readonly pipeline: Pipeline;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly stop: Stop;
}

/** Reads one recording to its end. Its capture times are those of a camera that had been switched on just now. */
async function scanFile(
  file: string,
  options: ScanOptions,
  { store, streams, pipeline, live, metrics, stop }: ScanParts,
): Promise<ScannedFile> {
  const camera = await store.cameras.create({
    name: await freeName(store, basename(file).slice(0, 90)),
    type: fileCamera.type,
    url: resolve(file),
    username: null,
    password: null,
    frameRate: options.framesPerSecond,
    isEnabled: false,
    motionSensitivity: options.sensitivity,
    motionCooldown: options.cooldownSeconds,
    origin: 'api',
  });
  await using source = fileCamera.create({
    camera,
    streams: judgingFromTheStart(streams, options.isExplaining === true),
    clock: systemClock,
    pacing: 'fastest',
  });
  await using watch = new EpisodeWatch({
    camera,
    source,
    capture: pipeline.capture,
    events: store.events,
    live,
    metrics,
    log: options.log.child({ camera: camera.name }),
    captureWindowMs,
    picturesPerEvent,
    abort: stop.abort,
    isLossless: true,
  });
  const nearMisses = new NearMissWatch();
  let base = 0;
  for await (const frame of source.open(options.signal)) {
    if (frame.sequence === 0) base = frame.capturedAt - frame.mediaTimeMs;
    const durationMs = source.info?.durationMs ?? null;
    options.onProgress(file, durationMs === null ? null : Math.min(1, frame.mediaTimeMs / durationMs));
    if (frame.sample === undefined)
      throw new AppError('INTERNAL', `motion analysis failed: ${frame.failure}`);
    nearMisses.push(frame.sample);
    await watch.push(frame, frame.sample);
    source.watchClosely?.(watch.isAttentive);
    while (pipeline.queue.depth() >= waitingJobs && options.isDescribing && !stop.abort.aborted) {
      await systemClock.sleep(20);
    }
  }
  options.onProgress(file, 1);
  return { file, base, camera, quiet: nearMisses.report() };
}

/** A recording is judged from its first frame on, what is learnt from its beginning being known then. */
function judgingFromTheStart(streams: StreamOpener, isExplaining: boolean): StreamOpener {
  return {
    openStream({ motion, ...request }) {
      const learning = { isExplaining, learnFirstMs: primeSeconds * 1000 };
      return streams.openStream({
        ...request,
        ...(motion === undefined ? {} : { motion: { ...motion, ...learning } }),
      });
    },
  };
}

/** Two recordings may have the same name, and a folder may have been scanned into before. */
async function freeName(store: Store, name: string): Promise<string> {
  const taken = new Set((await store.cameras.list()).map((camera) => camera.name));
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name} (${number})`;
    if (!taken.has(candidate)) return candidate;
  }
}

async function eventsOf(store: Store, camera: Camera): Promise<VedetteEvent[]> {
  const events: VedetteEvent[] = [];
  for (;;) {
    const page = await store.events.list({
      cameraIds: [camera.id],
      limit: 500,
      offset: events.length,
      sortOrder: 'asc',
    });
    events.push(...page.events);
    if (page.events.length === 0 || events.length >= page.totalCount) return events;
  }
}

function toScanEvent(event: VedetteEvent, file: string, base: number, dataDir: string): ScanEvent {
  const seconds = (at: number): number => Math.round(at - base) / 1000;
  return {
    file,
    start: seconds(event.startedAt),
    end: seconds(event.endedAt ?? event.timestamp),
    labels: event.objectsDetected,
    description: event.description,
    thumbnail: event.thumbnailPath === null ? null : join(dataDir, event.thumbnailPath),
  };
}
