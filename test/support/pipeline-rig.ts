import { setTimeout as delay } from 'node:timers/promises';
import sharp from 'sharp';
import type { Camera } from '../../src/core/camera.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import type { VedetteEvent } from '../../src/core/event.ts';
import { LiveFeed, type SequencedMessage } from '../../src/core/live-feed.ts';
import { silentLog, type Logger } from '../../src/core/log.ts';
import { Metrics } from '../../src/core/metrics.ts';
import { createStop, type StopController } from '../../src/core/stop.ts';
import type { Notifier } from '../../src/notify/notifier.ts';
import type { CaptureRequest } from '../../src/pipeline/capture.ts';
import { createPipeline, type Pipeline } from '../../src/pipeline/pipeline.ts';
import { openSpool, type Spool } from '../../src/pipeline/spool.ts';
import { createEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import type { Store } from '../../src/store/event-store.ts';
import { createMediaFiles, type MediaFiles } from '../../src/store/media-files.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { DescribeChain } from '../../src/vision/describe-chain.ts';

export interface PipelineRigOptions {
  readonly dataDir: string;
  readonly chain: DescribeChain;
  readonly capacity?: number;
  readonly workerCount?: number;
  readonly notifiers?: readonly Notifier[];
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly busyTimeoutMs?: number;
  /** False for long series: `messages` stays empty. */
  readonly keepsMessages?: boolean;
}

/** The stages behind the cameras over a real store and real files; only the chain of providers is the test's own. */
export interface PipelineRig extends AsyncDisposable {
  readonly store: Store;
  readonly media: MediaFiles;
  readonly spool: Spool;
  readonly pipeline: Pipeline;
  readonly metrics: Metrics;
  readonly live: LiveFeed;
  readonly messages: readonly SequencedMessage[];
  readonly stop: StopController;
  readonly camera: Camera;
  /** Another camera of the same store. */
  addCamera(name: string): Promise<Camera>;
  /** What a camera would hand to capture now. */
  request(change?: Partial<CaptureRequest>): CaptureRequest;
  /** Captures it; fails the test when it is not stored. */
  capture(change?: Partial<CaptureRequest>): Promise<VedetteEvent>;
}

export async function openPipelineRig(options: PipelineRigOptions): Promise<PipelineRig> {
  const { dataDir, chain, clock = systemClock, log = silentLog() } = options;
  const store = await openStore({
    dataDir,
    log,
    clock: systemClock,
    ...(options.busyTimeoutMs === undefined ? {} : { busyTimeoutMs: options.busyTimeoutMs }),
  });
  const media = createMediaFiles({ dataDir });
  const spool = await openSpool({ dataDir, log });
  const metrics = new Metrics();
  const live = new LiveFeed({ now: () => clock.now() });
  const messages: SequencedMessage[] = [];
  if (options.keepsMessages !== false) live.subscribe((message) => messages.push(message));
  const stop = createStop();
  const pipeline = createPipeline({
    store,
    media,
    spool,
    queue: createEmbeddedQueue({ capacity: options.capacity ?? 50 }),
    chain,
    notifiers: options.notifiers ?? [],
    live,
    metrics,
    clock,
    log,
    workerCount: options.workerCount ?? 2,
  });
  const addCamera = async (name: string): Promise<Camera> => {
    const known = (await store.cameras.list()).find((camera) => camera.name === name);
    if (known !== undefined) return known;
    return store.cameras.create({
      name,
      type: 'file',
      url: '/nowhere.mp4',
      username: null,
      password: null,
      frameRate: 5,
      isEnabled: true,
      motionSensitivity: 'medium',
      motionCooldown: 60,
      origin: 'api',
    });
  };
  const camera = await addCamera('Yard');
  const jpeg = await sharp({ create: { width: 320, height: 180, channels: 3, background: '#456' } })
    .jpeg()
    .toBuffer();
  const request = (change: Partial<CaptureRequest> = {}): CaptureRequest => ({
    cameraId: camera.id,
    cameraName: camera.name,
    source: 'motion',
    startedAt: clock.now(),
    endedAt: null,
    timestamp: clock.now(),
    pictures: [{ capturedAt: clock.now(), width: 320, height: 180, jpeg, regions: [] }],
    motion: { score: 0.5, regions: [], zones: [], reason: 'motion' },
    ...change,
  });
  return {
    store,
    media,
    spool,
    pipeline,
    metrics,
    live,
    messages,
    stop,
    camera,
    addCamera,
    request,
    async capture(change) {
      const result = await pipeline.capture.capture(request(change), stop.abort);
      if (result?.kind !== 'stored') throw new Error(`not stored: ${result?.kind ?? 'spooled'}`);
      return result.event;
    },
    async [Symbol.asyncDispose]() {
      stop.requestAbort();
      await delay(0);
      await store[Symbol.asyncDispose]();
    },
  };
}
