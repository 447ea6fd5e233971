import { Counter, Gauge, Registry } from 'prom-client';
import type { CameraCause, CameraStatus, PictureCondition } from './camera.ts';

/** The stages whose end is timed, each from the frame that opened the episode. */
export const timedStages = ['captured', 'queued', 'described', 'stored', 'total'] as const;
export type TimedStage = (typeof timedStages)[number];

/** Milliseconds; `null` before the first measurement. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** How one camera stands, for a gauge of its own. */
export interface CameraGauge {
  readonly camera: string;
  readonly isUp: boolean;
  readonly cause: CameraCause | null;
  /** `null` until its scene is known. */
  readonly condition: PictureCondition | null;
}

/** Why a stretch of motion made no event. */
export type SuppressionReason = 'cooldown' | 'schedule';

/** What is asked of the running parts whenever somebody looks. */
export interface LiveGauges {
  readonly queueDepth: number;
  readonly queueCapacity: number;
  readonly workersConfigured: number;
  readonly workersBusy: number;
  readonly cameras: Readonly<Record<CameraStatus, number>>;
  /** Each one that is switched on. */
  readonly cameraStates: readonly CameraGauge[];
  readonly mediaHosts: number;
  readonly mediaHostRestarts: number;
  readonly liveClients: number;
  /** 99th percentile of the event loop's delay since the last look, milliseconds. */
  readonly eventLoopDelayP99Ms: number;
}

export interface MetricsSnapshot extends LiveGauges {
  readonly eventsProcessed: { readonly success: number; readonly failure: number; readonly total: number };
  readonly eventsCaptured: number;
  readonly eventsDropped: readonly {
    readonly camera: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Stretches of motion that made no event, by reason. */
  readonly episodesSuppressed: Readonly<Record<SuppressionReason | 'total', number>>;
  readonly framesAnalysed: number;
  readonly framesDropped: number;
  readonly cameraReconnects: number;
  readonly camerasFoundFrozen: number;
  readonly latencyMs: Readonly<Record<TimedStage, Percentiles>>;
  readonly pipelineErrors: Readonly<Record<string, number>>;
  readonly workerRestarts: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
}

const idleGauges: LiveGauges = {
  queueDepth: 0,
  queueCapacity: 0,
  workersConfigured: 0,
  workersBusy: 0,
  cameras: { connecting: 0, streaming: 0, disconnected: 0, disabled: 0 },
  cameraStates: [],
  mediaHosts: 0,
  mediaHostRestarts: 0,
  liveClients: 0,
  eventLoopDelayP99Ms: 0,
};

const windowSize = 1000;

class LatencyWindow {
  readonly #values: number[] = [];
  #next = 0;

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % windowSize;
  }

  percentiles(): Percentiles {
    const sorted = this.#values.toSorted((a, b) => a - b);
    const at = (share: number): number | null =>
      sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
    return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
  }
}

/** Counts what the pipeline does: one place for the JSON view and for Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #captured = this.#counter('vedette_events_captured_total', 'Events stored with their pictures', [
    'camera',
  ]);
  readonly #processed = this.#counter(
    'vedette_events_processed_total',
    'Events whose description ended, by outcome',
    ['outcome'],
  );
  readonly #dropped = this.#counter(
    'vedette_events_dropped_total',
    'Events left undescribed or lost, by reason',
    ['camera', 'reason'],
  );
  readonly #suppressed = this.#counter(
    'vedette_episodes_suppressed_total',
    'Episodes within the cooldown or outside the schedule',
    ['camera', 'reason'],
  );
  readonly #frames = this.#counter('vedette_frames_analysed_total', 'Frames that motion analysis saw', [
    'camera',
  ]);
  readonly #framesDropped = this.#counter(
    'vedette_frames_dropped_total',
    'Frames left out since analysis was behind',
    ['camera'],
  );
  readonly #reconnects = this.#counter(
    'vedette_camera_reconnects_total',
    'Connections lost or not made, by cause',
    ['camera', 'cause'],
  );
  readonly #frozen = this.#counter(
    'vedette_camera_frozen_total',
    'How often a camera was found to show the same picture all the time',
    ['camera'],
  );
  readonly #errors = this.#counter('vedette_pipeline_errors_total', 'Errors by stage and code', [
    'stage',
    'code',
  ]);
  readonly #workerRestarts = this.#counter(
    'vedette_worker_restarts_total',
    'Workers that threw and were started again',
    [],
  );
  readonly #latencies = new Map<TimedStage, LatencyWindow>(
    timedStages.map((stage) => [stage, new LatencyWindow()]),
  );
  readonly #gauges: () => LiveGauges;

  /** @param gauges without it, nothing that runs is looked at: for commands that only count */
  constructor(gauges: () => LiveGauges = () => idleGauges) {
    this.#gauges = gauges;
    this.#gauge('vedette_queue_depth', 'Jobs that wait', (live) => live.queueDepth);
    this.#gauge('vedette_queue_capacity', 'Jobs that may wait', (live) => live.queueCapacity);
    this.#gauge('vedette_workers_configured', 'Workers', (live) => live.workersConfigured);
    this.#gauge('vedette_workers_busy', 'Workers with a job', (live) => live.workersBusy);
    this.#gauge('vedette_media_hosts', 'Decoder processes', (live) => live.mediaHosts);
    this.#gauge(
      'vedette_media_host_restarts',
      'Decoder processes that crashed or hung',
      (live) => live.mediaHostRestarts,
    );
    this.#gauge('vedette_live_clients', 'WebSocket clients', (live) => live.liveClients);
    this.#gauge(
      'vedette_event_loop_delay_p99_seconds',
      'Event loop delay',
      (live) => live.eventLoopDelayP99Ms / 1000,
    );
    this.#gauge('process_resident_memory_bytes', 'Memory of the service process', () =>
      process.memoryUsage.rss(),
    );
    this.#gauge('process_cpu_seconds', 'User and system time of the service process', cpuSeconds);
    const cameras = new Gauge({
      name: 'vedette_cameras',
      help: 'Cameras by status',
      labelNames: ['status'],
      registers: [this.#registry],
      collect: () => {
        for (const [status, count] of Object.entries(gauges().cameras)) cameras.set({ status }, count);
      },
    });
    const up = new Gauge({
      name: 'vedette_camera_up',
      help: 'Whether a camera streams; 0 with its cause when not',
      labelNames: ['camera', 'cause'],
      registers: [this.#registry],
      collect: () => {
        // A cause that is over, and a camera that was deleted, leave nothing behind.
        up.reset();
        for (const { camera, isUp, cause } of gauges().cameraStates) {
          up.set({ camera, cause: cause ?? '' }, isUp ? 1 : 0);
        }
      },
    });
    const condition = new Gauge({
      name: 'vedette_camera_condition',
      help: 'What is seen of a picture: 1 for the condition that it is in',
      labelNames: ['camera', 'condition'],
      registers: [this.#registry],
      collect: () => {
        condition.reset();
        for (const each of gauges().cameraStates) {
          if (each.condition === null) continue;
          condition.set({ camera: each.camera, condition: each.condition }, 1);
        }
      },
    });
    for (const stage of timedStages) {
      const latency = new Gauge({
        name: `vedette_latency_${stage}_milliseconds`,
        help: `From the frame that opened the episode to the end of "${stage}", over the last ${windowSize} events`,
        labelNames: ['quantile'],
        registers: [this.#registry],
        collect: () => {
          const { p50, p95, p99 } = this.#window(stage).percentiles();
          for (const [quantile, value] of [
            ['0.5', p50],
            ['0.95', p95],
            ['0.99', p99],
          ] as const) {
            if (value !== null) latency.set({ quantile }, value);
          }
        },
      });
    }
  }

  countCaptured(camera: string): void {
    this.#captured.inc({ camera });
  }

  countProcessed(outcome: 'success' | 'failure'): void {
    this.#processed.inc({ outcome });
  }

  countDropped(camera: string, reason: string): void {
    this.#dropped.inc({ camera, reason });
  }

  countSuppressed(camera: string, reason: SuppressionReason): void {
    this.#suppressed.inc({ camera, reason });
  }

  countFrame(camera: string, leftOut: number): void {
    this.#frames.inc({ camera });
    if (leftOut > 0) this.#framesDropped.inc({ camera }, leftOut);
  }

  countReconnect(camera: string, cause: string): void {
    this.#reconnects.inc({ camera, cause });
  }

  countFrozen(camera: string): void {
    this.#frozen.inc({ camera });
  }

  countError(stage: string, code: string): void {
    this.#errors.inc({ stage, code });
  }

  countWorkerRestart(): void {
    this.#workerRestarts.inc();
  }

  recordLatency(stage: TimedStage, ms: number): void {
    this.#window(stage).add(ms);
  }

  /** Prometheus text format. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  async snapshot(): Promise<MetricsSnapshot> {
    const processed = await valuesOf(this.#processed);
    const outcome = (name: string): number =>
      processed.find(({ labels }) => labels['outcome'] === name)?.value ?? 0;
    const episodes = await valuesOf(this.#suppressed);
    const suppressed = (reason: SuppressionReason): number =>
      episodes.filter(({ labels }) => labels['reason'] === reason).reduce((sum, { value }) => sum + value, 0);
    const dropped = await valuesOf(this.#dropped);
    const errors = await valuesOf(this.#errors);
    return {
      ...this.#gauges(),
      eventsProcessed: {
        success: outcome('success'),
        failure: outcome('failure'),
        total: outcome('success') + outcome('failure'),
      },
      eventsCaptured: await sumOf(this.#captured),
      eventsDropped: dropped.map(({ labels, value }) => ({
        camera: String(labels['camera']),
        reason: String(labels['reason']),
        count: value,
      })),
      episodesSuppressed: {
        cooldown: suppressed('cooldown'),
        schedule: suppressed('schedule'),
        total: suppressed('cooldown') + suppressed('schedule'),
      },
      framesAnalysed: await sumOf(this.#frames),
      framesDropped: await sumOf(this.#framesDropped),
      cameraReconnects: await sumOf(this.#reconnects),
      camerasFoundFrozen: await sumOf(this.#frozen),
      latencyMs: {
        captured: this.#window('captured').percentiles(),
        queued: this.#window('queued').percentiles(),
        described: this.#window('described').percentiles(),
        stored: this.#window('stored').percentiles(),
        total: this.#window('total').percentiles(),
      },
      pipelineErrors: Object.fromEntries(
        errors.map(({ labels, value }) => [`${labels['stage']}:${labels['code']}`, value]),
      ),
      workerRestarts: await sumOf(this.#workerRestarts),
      rssBytes: process.memoryUsage.rss(),
      cpuSeconds: cpuSeconds(),
    };
  }

  #window(stage: TimedStage): LatencyWindow {
    const window = this.#latencies.get(stage);
    if (window === undefined) throw new Error(`No latency window for the stage "${stage}"`);
    return window;
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, read: (live: LiveGauges) => number): void {
    const gauge = new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        gauge.set(read(this.#gauges()));
      },
    });
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function valuesOf(
  counter: Counter,
): Promise<readonly { labels: Partial<Record<string, string | number>>; value: number }[]> {
  return (await counter.get()).values;
}

async function sumOf(counter: Counter): Promise<number> {
  return (await valuesOf(counter)).reduce((sum, { value }) => sum + value, 0);
}
