import { mkdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import sharp from 'sharp';
import { createServer } from '../api/server.ts';
import type { Config } from '../config/config-schema.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import { Metrics } from '../core/metrics.ts';
import { createStop } from '../core/stop.ts';
import { createEmbeddedDetector } from '../detection/efficientdet-detector.ts';
import { createMediaService } from '../media/media-service.ts';
import { createWebhook } from '../notify/webhook.ts';
import { runBackfill } from '../pipeline/backfill.ts';
import { CameraSupervisor } from '../pipeline/camera-supervisor.ts';
import { createCleaner } from '../pipeline/cleaner.ts';
import { clearInterruptedClips } from '../pipeline/clip-recorder.ts';
import { createEventDesk } from '../pipeline/event-desk.ts';
import { createFileRemoval } from '../pipeline/file-removal.ts';
import { PeopleNotifier } from '../pipeline/notify-people.ts';
import { createTuningDesk } from '../pipeline/tuning-desk.ts';
import { createPipeline } from '../pipeline/pipeline.ts';
import { reportOrphans } from '../pipeline/orphans.ts';
import { drainSpool, resumeJobs } from '../pipeline/resume.ts';
import { openSpool } from '../pipeline/spool.ts';
import { createEmbeddedQueue } from '../queue/embedded-queue.ts';
import { createDiskRoom } from '../store/disk-room.ts';
import { createClipFiles } from '../store/clip-files.ts';
import { createMediaFiles } from '../store/media-files.ts';
import { openStore } from '../store/open-store.ts';
import { createSentArchive } from '../store/sent-archive.ts';
import { createBackups } from './backups.ts';
import { createBudgetSettings } from './budget-settings.ts';
import { cameraAdapters, providerAdapters } from './builtins.ts';
import { demoDismissedSetting, missingDemoCamera, syncCameras } from './camera-sync.ts';
import { createDatabaseCare } from './database-care.ts';
import { loadEmbeddedEye } from './embedded-eye.ts';
import { createHealth } from './health.ts';
import { createProviderService } from './provider-service.ts';
import { createMembers, createProviderSettings } from './provider-settings.ts';
import { createRetention } from './retention.ts';
import { resolveRetentionPolicy } from './retention-policy.ts';
import { createReloadableChain } from './reloadable-chain.ts';
import { buildVisionChain } from './vision-chain.ts';

/** Share of the drain time after which what the workers still hold is aborted (guarantee 5). */
const drainShare = 0.75;
/** Pictures of one event: enough to see where its subject goes, few enough to be decoded in time. */
const picturesPerEvent = 3;

/** What was done with the work at hand when the application ended. */
export interface ExitTally {
  /** Described since the stop was asked for. */
  readonly finished: number;
  /** Waiting; stored for the next start. */
  readonly left: number;
  /** In work when the time was up; stored for the next start. */
  readonly aborted: number;
}

/** Each look wakes the process: a hundred a second took more CPU than all else of an idle service. */
const loopLookMs = 100;

export interface App {
  readonly url: string;
  /** Ends everything in the reverse order. A second call aborts what the first is waiting for. */
  stop(): Promise<ExitTally>;
}

/** Builds the application bottom up and starts it; what was built is torn down again when a later part fails. */
export async function startApp(
  config: Config,
  { version, log }: { readonly version: string; readonly log: Logger },
): Promise<App> {
  await using starting = new AsyncDisposableStack();
  const clock = systemClock;
  const stop = createStop();
  // It would keep 50 MB of pictures that are never asked for again.
  sharp.cache(false);
  const loopDelay = monitorEventLoopDelay({ resolution: loopLookMs });
  loopDelay.enable();
  starting.defer(() => {
    loopDelay.disable();
  });

  const { dataDir } = config;
  await mkdir(dataDir, { recursive: true });
  // Before the database is opened: on a full disk that needs what is kept in reserve.
  const room = createDiskRoom({ dataDir, clock, log });
  await room.look();
  const store = starting.use(
    await openStore({
      dataDir,
      log,
      clock,
      onSpendAlert: (alert) => {
        log.warn({ ...alert }, 'a share of the budget is spent');
      },
    }),
  );
  const media = createMediaFiles({ dataDir });
  const clipFiles = await createClipFiles({ dataDir });
  const spool = await openSpool({ dataDir, log });
  const streams = starting.use(
    createMediaService({ clock, log, camerasPerHost: config.media.streamsPerHost }),
  );
  const eye = starting.use(loadEmbeddedEye(() => createEmbeddedDetector({ log, clock }), { clock, log }));
  const sent = starting.use(createSentArchive({ events: store.events, media, log }));
  const { vision } = config;
  const providerContext = { clock, detector: eye };
  const providers = await createProviderSettings({
    configured: vision.providers,
    isListedInFile: vision.isListedInFile,
    pictures: vision.pictures,
    adapters: providerAdapters,
    env: process.env,
    store,
    log,
  });
  const budget = await createBudgetSettings({
    configured: vision.budget,
    isSetInFile: vision.isBudgetInFile,
    store,
    log,
  });
  const chain = starting.use(
    createReloadableChain(
      () =>
        buildVisionChain(createMembers(providers.current(), providerAdapters, providerContext), {
          vision,
          detector: eye,
          spending: store.spending,
          sent,
          clock,
          log,
        }),
      log,
    ),
  );
  const queue = createEmbeddedQueue({ capacity: config.pipeline.queueCapacity });
  const notifiers = config.webhooks.map((webhook) => createWebhook(webhook));
  const live = new LiveFeed({ now: () => clock.now() });

  let liveClients = 0;
  let isReady = false;
  const metrics = new Metrics(() => {
    const { hosts, hostRestarts } = streams.stats();
    // What it measures is the time from one look to the next. NaN before the first one.
    const eventLoopDelayP99Ms = Math.max(0, loopDelay.percentile(99) / 1e6 - loopLookMs);
    return {
      queueDepth: queue.depth(),
      queueCapacity: queue.capacity,
      workersConfigured: config.pipeline.workers,
      workersBusy: queue.leased(),
      cameras: cameras.countByStatus(),
      cameraStates: cameras.gauges(),
      mediaHosts: hosts,
      mediaHostRestarts: hostRestarts,
      liveClients,
      eventLoopDelayP99Ms,
    };
  });
  const pipeline = createPipeline({
    store,
    media,
    spool,
    room,
    queue,
    chain,
    notifiers,
    live,
    metrics,
    clock,
    log,
    workerCount: config.pipeline.workers,
    speech: { language: config.vision.language, timeZone: config.vision.budget.timeZone },
  });
  const people = new PeopleNotifier({
    store: store.notifications,
    live,
    metrics,
    clock,
    log,
    deliveryTargets: notifiers.map(({ name }) => name),
    onDeliveriesDue: () => {
      pipeline.deliverer.wake();
    },
  });
  const cameras = new CameraSupervisor({
    store: store.cameras,
    notifications: store.notifications,
    people,
    news: config.notifications,
    adapters: cameraAdapters,
    streams,
    capture: pipeline.capture,
    events: store.events,
    clipFiles,
    live,
    metrics,
    clock,
    log,
    onDemoDismissed: () => store.settings.set(demoDismissedSetting, true),
    captureWindowMs: config.pipeline.captureWindowMs,
    picturesPerEvent,
    abort: stop.abort,
  });

  const files = createFileRemoval({ store: store.cleanup, media, log });
  const orphans = { media, store: store.events, spool, clock, log };
  const retention = await createRetention({
    policy: await resolveRetentionPolicy(config.retention, { settings: store.settings, dataDir }),
    time: config.retention.time,
    databaseFile: store.file,
    dataDir,
    cleaner: createCleaner({ store: store.cleanup, files, queue, live, clock }),
    files,
    orphans,
    settings: store.settings,
    clock,
    log,
    stop,
  });

  const backups =
    config.backup === null
      ? undefined
      : await createBackups({
          config: config.backup,
          dataDir,
          databaseFile: store.file,
          version,
          settings: store.settings,
          clock,
          log,
          stop,
        });

  const care = await createDatabaseCare({
    databaseFile: store.file,
    settings: store.settings,
    now: clock.now(),
    log,
    stop,
  });

  const closedAt = await store.events.closeOpenEpisodes();
  if (closedAt > 0) log.info({ events: closedAt }, 'episodes that the last run left open are closed');
  await clearInterruptedClips({ clipFiles, files, events: store.events, log });
  const jobs = await store.events.pendingJobs();
  const server = starting.use(
    await createServer(
      {
        version,
        clock,
        log,
        store,
        cameras,
        events: createEventDesk({
          store,
          media,
          files,
          clipFiles,
          queue,
          capture: pipeline.capture,
          live,
          clock,
          signal: stop.abort,
        }),
        ai: {
          providers: createProviderService({
            settings: providers,
            chain,
            adapters: providerAdapters,
            context: providerContext,
            ledger: store.spending,
            stop: stop.abort,
          }),
          budget,
        },
        tuning: createTuningDesk({ events: store.events, clock }),
        retention,
        checkDatabase: (depth) => care.check(depth),
        live,
        metrics,
        health: createHealth({ store, eye, cameras, queue, spool, room, care, backups, clock }),
        isReady: () => isReady,
        setLiveClients: (count) => {
          liveClients = count;
        },
      },
      config.server,
    ),
  );
  await syncCameras(
    config.cameras.map((camera) => ({ ...camera, origin: 'config' as const })),
    store,
  );
  await cameras.start();
  const resumeContext = { store: store.events, queue, capture: pipeline.capture, clock, log };
  const showDemo = async (): Promise<void> => {
    try {
      const demo = await missingDemoCamera({ store, dataDir, log, signal: stop.drain });
      if (demo !== undefined) await cameras.create(demo);
    } catch (error) {
      if (!stop.drain.aborted) log.warn({ error: messageOf(error) }, 'the demo camera could not be made');
    }
  };
  const work = [
    // Workers without a model would fail every event: what is captured meanwhile waits in the queue.
    eye.ready(stop.drain).then(
      () => pipeline.runWorkers(stop),
      () => pipeline.runWorkers(stop),
    ),
    resumeJobs(jobs, resumeContext, stop),
    drainSpool(resumeContext, stop),
    ...(config.vision.isBackfilling ? [runBackfill(resumeContext, stop)] : []),
    showDemo(),
    care.work(),
    retention.work(),
    room.watch((wantedBytes) => retention.makeRoom(wantedBytes), stop),
    ...(backups === undefined ? [] : [backups.work()]),
    reportOrphans(orphans).catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, 'the pictures could not be looked through');
    }),
    pipeline.deliverer.run(stop),
  ];
  isReady = true;
  log.info({ url: server.url, dataDir, version }, 'vedette is running');

  const parts = starting.move();
  let stopping: Promise<ExitTally> | undefined;

  async function stopOnce(): Promise<ExitTally> {
    isReady = false;
    const finishedBefore = pipeline.tally.finished;
    const abortTimer = setTimeout(() => {
      stop.requestAbort();
    }, config.pipeline.drainMs * drainShare);
    try {
      await cameras.stop();
      stop.requestDrain();
      await Promise.all(work);
    } finally {
      clearTimeout(abortTimer);
    }
    const left = queue.depth();
    stop.requestAbort();
    await pipeline.settle();
    await care.markCleanStop();
    await parts.disposeAsync();
    return { finished: pipeline.tally.finished - finishedBefore, left, aborted: pipeline.tally.aborted };
  }

  return {
    url: server.url,
    stop: () => {
      if (stopping === undefined) stopping = stopOnce();
      else stop.requestAbort();
      return stopping;
    },
  };
}
