import { join } from 'node:path';
import { z } from 'zod';
import type {
  ApiServices,
  CameraService,
  CameraTestResult,
  CameraWithState,
  HealthReport,
  PictureViewer,
  VideoViewer,
} from '../../src/api/api-services.ts';
import { createServer } from '../../src/api/server.ts';
import type { AddressHint } from '../../src/cameras/address-hints.ts';
import type { DiscoveredDevice, DiscoverOptions } from '../../src/cameras/onvif/discover-cameras.ts';
import type { CameraState } from '../../src/core/camera.ts';
import { systemClock, type Clock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Description, VedetteEvent } from '../../src/core/event.ts';
import type { Picture } from '../../src/core/frame.ts';
import { createId } from '../../src/core/ids.ts';
import { LiveFeed } from '../../src/core/live-feed.ts';
import { silentLog, type Logger } from '../../src/core/log.ts';
import { Metrics } from '../../src/core/metrics.ts';
import type { CameraInput, CapturedEvent, CaptureResult, Store } from '../../src/store/event-store.ts';
import { runMaintenance } from '../../src/store/maintenance.ts';
import { createClipFiles } from '../../src/store/clip-files.ts';
import { createMediaFiles, type EventPicture, type MediaFiles } from '../../src/store/media-files.ts';
import { openStore } from '../../src/store/open-store.ts';
import { createRetention } from '../../src/app/retention.ts';
import { createStop } from '../../src/core/stop.ts';
import { createCleaner } from '../../src/pipeline/cleaner.ts';
import { createFileRemoval } from '../../src/pipeline/file-removal.ts';
import type { RetentionPolicy } from '../../src/store/cleanup-store.ts';
import { createEventDesk } from '../../src/pipeline/event-desk.ts';
import { createTuningDesk } from '../../src/pipeline/tuning-desk.ts';
import { createEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { createAiRig, type AiRig, type AiRigOptions } from './ai-services.ts';

const noTimings = { captured: 12, queued: null, described: null, stored: null, total: null };

/** What a provider says that says nothing but a text. */
export function makeDescription(text: string, change: Partial<Description> = {}): Description {
  const silence = {
    title: null,
    confidence: null,
    objects: [],
    actions: [],
    isNothingOfInterest: false,
    detections: [],
    model: null,
    costUsd: null,
    usage: null,
  };
  return { text, provider: 'api', ...silence, ...change };
}

/** Cameras without a camera behind them: they are stored for real and say what the test tells them to say. */
export class FakeCameras implements CameraService {
  readonly types = [
    {
      type: 'rtsp',
      title: 'RTSP',
      url: z.string().regex(/^rtsps?:\/\/[^/]+/i, 'an address such as rtsp://192.168.1.20:554/stream1'),
      hasSubStream: true,
      accepts: (url: string) => /^rtsps?:/i.test(url),
    },
    {
      type: 'http_mjpeg',
      title: 'MJPEG over HTTP',
      url: z.string().regex(/^https?:\/\/[^/]+/i, 'an address such as http://192.168.1.21/video.mjpg'),
      hasSubStream: false,
      accepts: (url: string) => /^https?:/i.test(url),
    },
  ];
  /** What `test` answers or throws. */
  onTest: (input: CameraInput) => Promise<CameraTestResult> = () =>
    Promise.reject(new AppError('INTERNAL', 'The test has not said how a camera answers.'));
  onHints: (input: CameraInput) => readonly AddressHint[] = () => [];
  onDiscover: (
    options: DiscoverOptions,
  ) => readonly DiscoveredDevice[] | Promise<readonly DiscoveredDevice[]> = () => [];
  /** What `preview` answers; nothing means that the camera does not stream. */
  picture: Picture | undefined;
  onAnalyze: (id: string) => Promise<VedetteEvent> = () => Promise.reject(notStreaming());
  /** Who watches; the test shows them something. */
  readonly videoViewers = new Set<VideoViewer>();
  readonly pictureViewers = new Set<PictureViewer>();
  /** In place of letting a viewer watch. */
  onWatchVideo: ((id: string, viewer: VideoViewer) => () => void) | undefined;
  readonly reconnected: string[] = [];
  readonly #store: Store;
  readonly #live: LiveFeed;
  readonly #running = new Map<string, CameraWithState>();

  constructor(store: Store, live: LiveFeed) {
    this.#store = store;
    this.#live = live;
  }

  list(): readonly CameraWithState[] {
    return [...this.#running.values()];
  }

  get(id: string): CameraWithState | undefined {
    return this.#running.get(id);
  }

  async create(input: CameraInput): Promise<CameraWithState> {
    const camera = await this.#store.cameras.create(input);
    const running = { camera, state: stateOf(camera.isEnabled) };
    this.#running.set(camera.id, running);
    return running;
  }

  async update(id: string, change: Partial<CameraInput>): Promise<CameraWithState | undefined> {
    const camera = await this.#store.cameras.update(id, change);
    if (camera === undefined) return undefined;
    const running = { camera, state: stateOf(camera.isEnabled) };
    this.#running.set(id, running);
    return running;
  }

  async delete(id: string): Promise<boolean> {
    this.#running.delete(id);
    return this.#store.cameras.delete(id);
  }

  reconnect(id: string): void {
    this.reconnected.push(id);
  }

  async test(input: CameraInput): Promise<CameraTestResult> {
    return this.onTest(input);
  }

  async hints(input: CameraInput): Promise<readonly AddressHint[]> {
    return this.onHints(input);
  }

  async discover(options: DiscoverOptions): Promise<readonly DiscoveredDevice[]> {
    return this.onDiscover(options);
  }

  async preview(): Promise<Picture> {
    if (this.picture === undefined) throw notStreaming();
    return this.picture;
  }

  watchVideo(id: string, viewer: VideoViewer): () => void {
    if (this.onWatchVideo !== undefined) return this.onWatchVideo(id, viewer);
    this.videoViewers.add(viewer);
    return () => this.videoViewers.delete(viewer);
  }

  watchPictures(_id: string, viewer: PictureViewer): () => void {
    this.pictureViewers.add(viewer);
    return () => this.pictureViewers.delete(viewer);
  }

  async analyze(id: string): Promise<VedetteEvent> {
    return this.onAnalyze(id);
  }

  changeState(id: string, change: Partial<CameraState>): void {
    const running = this.#running.get(id);
    if (running === undefined) throw new Error(`no camera ${id}`);
    const state = { ...running.state, ...change };
    this.#running.set(id, { ...running, state });
    this.#live.publish({
      type: 'CAMERA_STATUS_CHANGED',
      cameraId: id,
      cameraName: running.camera.name,
      state,
    });
  }
}

function stateOf(isEnabled: boolean): CameraState {
  return {
    status: isEnabled ? 'connecting' : 'disabled',
    cause: null,
    message: null,
    since: Date.UTC(2026, 2, 1),
    attempts: 0,
    nextAttemptAt: null,
    picture: null,
    framesPerSecond: 0,
    lastFrameAt: null,
    streams: null,
    decode: null,
    schedule: null,
    nativeEvents: null,
  };
}

function notStreaming(): AppError {
  return new AppError('CAMERA_NOT_STREAMING', 'The camera does not stream.');
}

export interface RunningApi extends AsyncDisposable {
  readonly url: string;
  readonly store: Store;
  readonly dataDir: string;
  readonly media: MediaFiles;
  readonly live: LiveFeed;
  readonly cameras: FakeCameras;
  readonly metrics: Metrics;
  readonly ai: AiRig;
  /** Calls the API with JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  addCamera(name?: string, origin?: CameraInput['origin']): Promise<string>;
  /** Captures an event and, with a description, finishes it, as the pipeline does. */
  addEvent(
    event: { cameraId: string } & Partial<CapturedEvent>,
    pictures?: readonly EventPicture[],
  ): Promise<VedetteEvent>;
  health: HealthReport;
  isReady: boolean;
  liveClients: number;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `undefined` when the answer is not JSON. */
  readonly json: unknown;
}

/** A server over a real store in a folder of its own; everything goes when it is disposed of. */
export async function startApi(
  options: {
    readonly clock?: Clock;
    readonly log?: Logger;
    readonly host?: string;
    readonly port?: number;
    readonly ai?: AiRigOptions;
    readonly retention?: RetentionPolicy;
    /** Of another server, which goes on owning it. */
    readonly store?: Store;
  } = {},
): Promise<RunningApi> {
  const { clock = systemClock, log = silentLog(), host = '127.0.0.1', port = 0 } = options;
  await using cleanup = new AsyncDisposableStack();
  const dir = cleanup.use(await makeTempDir());
  const store = options.store ?? cleanup.use(await openStore({ dataDir: dir.path, log, clock: systemClock }));
  const media = createMediaFiles({ dataDir: dir.path });
  const clipFiles = await createClipFiles({ dataDir: dir.path });
  const live = new LiveFeed({ now: () => clock.now() });
  const ai = cleanup.use(await createAiRig({ store, clock, log }, options.ai));
  const queue = createEmbeddedQueue({ capacity: 50 });
  const cameras = new FakeCameras(store, live);
  const metrics = new Metrics(() => ({
    queueDepth: 2,
    queueCapacity: 50,
    workersConfigured: 2,
    workersBusy: 1,
    cameras: { connecting: 1, streaming: 2, disconnected: 0, disabled: 0 },
    cameraStates: [
      { camera: 'Gate', isUp: true, cause: null, condition: 'covered' },
      { camera: 'Yard', isUp: false, cause: 'refused', condition: null },
    ],
    mediaHosts: 1,
    mediaHostRestarts: 0,
    liveClients: api.liveClients,
    eventLoopDelayP99Ms: Number.NaN,
  }));

  async function capture(event: CapturedEvent): Promise<CaptureResult> {
    const result = await store.events.capture(event);
    if (result.kind === 'stored') live.publish({ type: 'EVENT_CREATED', event: result.event });
    return result;
  }

  const files = createFileRemoval({ store: store.cleanup, media, log });
  const desk = createEventDesk({
    store,
    media,
    files,
    clipFiles,
    queue,
    capture: {
      capture: () => Promise.reject(new Error('The test captures by itself.')),
      drainSpool: () => Promise.resolve(0),
      enqueue: (job) => {
        queue.enqueue(job);
        return Promise.resolve();
      },
    },
    live,
    clock,
    signal: new AbortController().signal,
  });

  const stop = createStop();
  const retention = await createRetention({
    policy: options.retention ?? { days: 0, starredDays: 0, maxBytes: null },
    time: { hour: 3, minute: 30 },
    databaseFile: join(dir.path, 'vedette.db'),
    dataDir: dir.path,
    cleaner: createCleaner({ store: store.cleanup, files, queue, live, clock }),
    files,
    orphans: { media, store: store.events, spool: { has: () => false }, clock, log },
    settings: store.settings,
    clock,
    log,
    stop,
  });
  cleanup.defer(() => {
    stop.requestAbort();
  });

  const services: ApiServices = {
    version: '0.0.0-test',
    clock,
    log,
    store,
    cameras,
    live,
    metrics,
    ai,
    tuning: createTuningDesk({ events: store.events, clock }),
    retention,
    checkDatabase: (depth) => runMaintenance('check', join(dir.path, 'vedette.db'), { depth }),
    health: () => Promise.resolve(api.health),
    isReady: () => api.isReady,
    setLiveClients: (count) => {
      api.liveClients = count;
    },
    events: {
      async submit(submitted) {
        const id = createId();
        const picture =
          submitted.picture === null ? undefined : await media.inspectPicture(submitted.picture);
        const written = await media.writeEventPictures(
          id,
          submitted.timestamp,
          picture === undefined ? [] : [{ ...picture, capturedAt: submitted.timestamp, regions: [] }],
        );
        return capture({
          id,
          cameraId: submitted.cameraId,
          source: 'api',
          timestamp: submitted.timestamp,
          startedAt: submitted.timestamp,
          endedAt: submitted.timestamp,
          motion: null,
          ...written,
          timings: noTimings,
          ...(submitted.description === null
            ? {}
            : {
                description: makeDescription(submitted.description, {
                  confidence: submitted.confidence,
                  objects: submitted.objectsDetected,
                }),
              }),
          ...(submitted.idempotency === undefined ? {} : { idempotency: submitted.idempotency }),
        });
      },
      describe: (id) => desk.describe(id),
      annotate: (id, annotation) => desk.annotate(id, annotation),
      delete: (id) => desk.delete(id),
      readPicture: (path) => media.read(path),
      drawHeatMap: (path, evidence) => desk.drawHeatMap(path, evidence),
      openClip: (path) => clipFiles.open(path),
    },
  };

  let cameraCount = 0;
  const server = cleanup.use(await createServer(services, { host, port }));
  const resources = cleanup.move();
  const api: RunningApi = {
    url: server.url,
    store,
    dataDir: dir.path,
    media,
    live,
    cameras,
    metrics,
    ai,
    health: { status: 'healthy', components: { store: { status: 'healthy', cause: null } } },
    isReady: true,
    liveClients: 0,
    async call(method, path, body, headers = {}) {
      const response = await fetch(server.url + path, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: isJson ? (JSON.parse(text) as unknown) : undefined,
      };
    },
    async addCamera(name = `Camera ${(cameraCount += 1)}`, origin = 'api') {
      const { camera } = await cameras.create({
        name,
        type: 'rtsp',
        url: 'rtsp://192.168.1.20:554/stream1',
        username: null,
        password: null,
        frameRate: 5,
        isEnabled: true,
        motionSensitivity: 'medium',
        motionCooldown: 60,
        origin,
      });
      return camera.id;
    },
    async addEvent(event, pictures = []) {
      const id = event.id ?? createId();
      const timestamp = event.timestamp ?? Date.UTC(2026, 2, 1, 8);
      const written = await media.writeEventPictures(id, timestamp, pictures);
      const result = await capture({
        id,
        source: 'motion',
        timestamp,
        startedAt: timestamp,
        endedAt: null,
        motion: null,
        ...written,
        timings: noTimings,
        ...event,
      });
      if (result.kind !== 'stored') throw new Error(`the event was not stored: ${result.kind}`);
      return result.event;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
  return api;
}
