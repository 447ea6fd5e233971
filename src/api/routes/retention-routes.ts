import { z } from 'zod';
import { nullableTime, toNullableTime, toWireTime, wireTime } from '../../core/wire-values.ts';
import type { CleanupPlan, CleanupScope } from '../../store/cleanup-store.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { cameraIds, emptyBody, queryBoolean, timeInput } from '../query-values.ts';
import type { CleanupReport, RetentionRun } from '../retention-service.ts';

const cleanupSchema = z
  .object({
    status: z.enum(['planned', 'running', 'done', 'stopped', 'failed']).meta({
      description:
        'planned: nothing was deleted, it was not confirmed. running: it goes on; GET /retention tells how far',
    }),
    events: z.int().meta({ description: 'Announced: no more than these are deleted' }),
    bytes: z.int().meta({ description: 'Of their pictures and clips' }),
    oldest: nullableTime,
    newest: nullableTime,
    starred_kept: z.int().meta({ description: 'Events that stay since they have a star' }),
    deleted_events: z.int(),
    deleted_bytes: z.int(),
    cause: z.string().nullable().meta({ description: 'Why it stopped or failed, and what to do' }),
  })
  .meta({ id: 'Cleanup' });

type CleanupWire = z.output<typeof cleanupSchema>;

const retentionSchema = z
  .object({
    days: z.int().meta({ description: 'Events are kept so long; 0: for ever' }),
    starred_days: z.int().meta({ description: 'Events with a star; 0: for ever' }),
    max_bytes: z.int().nullable().meta({ description: 'Above it the oldest events go; null: no cap' }),
    time: z.string().meta({ description: 'Every night at this local time' }),
    summary: z.string().meta({ description: 'The same in a sentence' }),
    next_run_at: wireTime,
    running: cleanupSchema.nullable(),
    last_run: z
      .object({
        ended_at: wireTime,
        status: z.enum(['done', 'stopped', 'failed']),
        deleted_events: z.int(),
        deleted_bytes: z.int(),
        used_bytes: z.int().nullable().meta({ description: 'Pictures, clips and the database, after it' }),
        orphans_removed: z.int().meta({ description: 'Files without an event, older than a day' }),
        missing_files: z.int().meta({ description: 'Files that events name and the disk does not have' }),
        cause: z.string().nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Retention' });

const cleanupQuery = z.strictObject({
  before: timeInput,
  camera_id: cameraIds.optional(),
  include_starred: queryBoolean.optional().meta({ description: 'Events with a star stay unless it is true' }),
  confirm: queryBoolean.optional().meta({ description: 'Nothing is deleted unless it is true' }),
});

export function registerRetentionRoutes(app: ApiApp, { retention }: ApiServices): void {
  app.route({
    method: 'DELETE',
    url: `${apiPrefix}/events/cleanup`,
    schema: {
      tags: ['events'],
      summary: 'Delete all events of before a moment, with their pictures',
      description:
        'Without `confirm=true` it only says what it would delete. A clean-up that takes longer than 20 seconds goes on, and is answered with `running`.',
      querystring: cleanupQuery,
      response: { 200: cleanupSchema, ...errorResponses(409, 422, 503) },
    },
    async handler(request, reply) {
      const { confirm } = request.query;
      const scopes = toScopes(request.query);
      return reply.send(
        confirm === true
          ? toReportWire(await retention.cleanUp(scopes))
          : toPlanWire(await retention.plan(scopes)),
      );
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/retention`,
    schema: {
      tags: ['system'],
      summary: 'How long events are kept, and how the last clean-up went',
      response: { 200: retentionSchema, ...errorResponses(503) },
    },
    async handler(_request, reply) {
      const { policy, time, summary, nextRunAt, running, lastRun } = retention.state();
      return reply.send({
        days: policy.days,
        starred_days: policy.starredDays,
        max_bytes: policy.maxBytes,
        time: `${twoDigits(time.hour)}:${twoDigits(time.minute)}`,
        summary,
        next_run_at: toWireTime(nextRunAt),
        running: running === undefined ? null : toReportWire(running),
        last_run: lastRun === undefined ? null : toRunWire(lastRun),
      });
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/retention/run`,
    schema: {
      tags: ['system'],
      summary: 'Delete now what is to be deleted at night',
      body: emptyBody,
      response: { 200: cleanupSchema, ...errorResponses(409, 503) },
    },
    async handler(_request, reply) {
      return reply.send(toReportWire(await retention.run()));
    },
  });
}

function toScopes({
  before,
  camera_id: ids,
  include_starred: isStarredIncluded,
}: z.output<typeof cleanupQuery>): CleanupScope[] {
  const starred = isStarredIncluded === true ? 'included' : 'kept';
  const cameras = ids === undefined ? [null] : [...new Set(ids)];
  return cameras.map((cameraId) => ({ cameraId, exceptCameraIds: [], before, starred }));
}

function toPlanWire(plan: CleanupPlan): CleanupWire {
  return {
    status: 'planned',
    events: plan.events,
    bytes: plan.sizeBytes,
    oldest: toNullableTime(plan.oldest),
    newest: toNullableTime(plan.newest),
    starred_kept: plan.starredKept,
    deleted_events: 0,
    deleted_bytes: 0,
    cause: null,
  };
}

function toReportWire({ status, plan, deletedEvents, deletedBytes, cause }: CleanupReport): CleanupWire {
  return {
    ...toPlanWire(plan),
    status,
    deleted_events: deletedEvents,
    deleted_bytes: deletedBytes,
    cause,
  };
}

function toRunWire(run: RetentionRun) {
  return {
    ended_at: toWireTime(run.endedAt),
    status: run.status,
    deleted_events: run.deletedEvents,
    deleted_bytes: run.deletedBytes,
    used_bytes: run.usedBytes,
    orphans_removed: run.orphansRemoved,
    missing_files: run.missingFiles,
    cause: run.cause,
  };
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
