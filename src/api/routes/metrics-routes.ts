import { z } from 'zod';
import type { PictureCondition } from '../../core/camera.ts';
import type { MetricsSnapshot } from '../../core/metrics.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { unlimited } from '../request-limits.ts';

const percentiles = z.object({
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});

const metricsSchema = z
  .object({
    queue_depth: z.int(),
    queue_capacity: z.int(),
    events_captured: z.int(),
    events_processed: z.object({ success: z.int(), failure: z.int(), total: z.int() }),
    events_dropped: z.object({
      total: z.int(),
      by_camera: z.array(z.object({ camera: z.string(), reason: z.string(), count: z.int() })),
    }),
    episodes_suppressed: z.object({ cooldown: z.int(), schedule: z.int(), total: z.int() }).meta({
      description: 'Stretches of motion that made no event: within a cooldown or outside a schedule',
    }),
    processing_time_ms: percentiles.meta({
      description: 'From the frame that opened the episode to the stored description; the last 1000 events',
    }),
    latency_ms: z
      .object({
        captured: percentiles,
        queued: percentiles,
        described: percentiles,
        stored: percentiles,
        total: percentiles,
      })
      .meta({ description: 'From the same frame to the end of each stage' }),
    pipeline_errors: z.record(z.string(), z.int()).meta({ description: 'By "stage:code"' }),
    workers: z.object({ configured: z.int(), busy: z.int(), restarts: z.int() }),
    cameras: z
      .object({ connecting: z.int(), streaming: z.int(), disconnected: z.int(), disabled: z.int() })
      .meta({ description: 'How many are in each status' }),
    camera_reconnects: z.int(),
    camera_conditions: z
      .object({ clear: z.int(), dark: z.int(), covered: z.int(), defocused: z.int() })
      .meta({ description: 'How many pictures are in each condition' }),
    cameras_found_frozen: z.int(),
    frames: z.object({ analysed: z.int(), dropped: z.int() }),
    media_hosts: z.object({ running: z.int(), restarts: z.int() }),
    live_clients: z.int(),
    process: z.object({
      rss_bytes: z.int(),
      cpu_seconds: z.number(),
      event_loop_delay_p99_ms: z.number(),
    }),
  })
  .meta({ id: 'Metrics' });

export function registerMetricsRoutes(app: ApiApp, { metrics }: ApiServices): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/metrics`,
    config: unlimited,
    schema: { tags: ['system'], summary: 'Counters and gauges', response: { 200: metricsSchema } },
    async handler(_request, reply) {
      return reply.header('cache-control', 'no-store').send(toMetricsWire(await metrics.snapshot()));
    },
  });

  app.route({
    method: 'GET',
    url: '/metrics',
    config: unlimited,
    schema: {
      tags: ['system'],
      summary: 'The same for Prometheus',
      response: {
        200: { description: 'Text exposition format', content: { 'text/plain': { schema: z.string() } } },
      },
    },
    async handler(_request, reply) {
      const { contentType, text } = await metrics.exposition();
      return reply.header('cache-control', 'no-store').type(contentType).send(text);
    },
  });
}

function toMetricsWire(snapshot: MetricsSnapshot): z.output<typeof metricsSchema> {
  return {
    queue_depth: snapshot.queueDepth,
    queue_capacity: snapshot.queueCapacity,
    events_captured: snapshot.eventsCaptured,
    events_processed: { ...snapshot.eventsProcessed },
    events_dropped: {
      total: snapshot.eventsDropped.reduce((sum, { count }) => sum + count, 0),
      by_camera: snapshot.eventsDropped.map(({ camera, reason, count }) => ({ camera, reason, count })),
    },
    episodes_suppressed: snapshot.episodesSuppressed,
    processing_time_ms: { ...snapshot.latencyMs.total },
    latency_ms: {
      captured: { ...snapshot.latencyMs.captured },
      queued: { ...snapshot.latencyMs.queued },
      described: { ...snapshot.latencyMs.described },
      stored: { ...snapshot.latencyMs.stored },
      total: { ...snapshot.latencyMs.total },
    },
    pipeline_errors: { ...snapshot.pipelineErrors },
    workers: {
      configured: snapshot.workersConfigured,
      busy: snapshot.workersBusy,
      restarts: snapshot.workerRestarts,
    },
    cameras: { ...snapshot.cameras },
    camera_reconnects: snapshot.cameraReconnects,
    camera_conditions: {
      clear: countOf(snapshot, 'clear'),
      dark: countOf(snapshot, 'dark'),
      covered: countOf(snapshot, 'covered'),
      defocused: countOf(snapshot, 'defocused'),
    },
    cameras_found_frozen: snapshot.camerasFoundFrozen,
    frames: { analysed: snapshot.framesAnalysed, dropped: snapshot.framesDropped },
    media_hosts: { running: snapshot.mediaHosts, restarts: snapshot.mediaHostRestarts },
    live_clients: snapshot.liveClients,
    process: {
      rss_bytes: snapshot.rssBytes,
      cpu_seconds: snapshot.cpuSeconds,
      // NaN before the first measurement, which JSON can't hold.
      event_loop_delay_p99_ms: Number.isFinite(snapshot.eventLoopDelayP99Ms)
        ? snapshot.eventLoopDelayP99Ms
        : 0,
    },
  };
}

function countOf({ cameraStates }: MetricsSnapshot, condition: PictureCondition): number {
  return cameraStates.filter((each) => each.condition === condition).length;
}
