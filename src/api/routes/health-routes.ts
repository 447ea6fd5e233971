import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { toWireTime, wireTime } from '../../core/wire-values.ts';
import { describeReport } from '../../store/database-check.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { unlimited } from '../request-limits.ts';

const status = z.enum(['healthy', 'degraded', 'down']);

const healthSchema = z
  .object({
    status,
    version: z.string(),
    time: wireTime,
    components: z.record(
      z.string(),
      z.object({
        status,
        cause: z.string().nullable().meta({ description: 'What is wrong and what to do' }),
      }),
    ),
  })
  .meta({ id: 'Health' });

const checkSchema = z
  .object({
    status: z.enum(['sound', 'damaged', 'search_incomplete']),
    problems: z.array(z.string()).meta({ description: 'What SQLite found, at most 20' }),
    unsearchable: z.int().meta({ description: 'Events that no search finds' }),
    search_ghosts: z.int().meta({ description: 'Events that searches find and that are gone' }),
    cause: z.string().nullable().meta({ description: 'What is wrong and what to do' }),
    took_ms: z.int(),
  })
  .meta({ id: 'DatabaseCheck' });

export function registerHealthRoutes(app: ApiApp, services: ApiServices): void {
  app.route({
    method: 'GET',
    url: '/health/live',
    config: unlimited,
    schema: {
      tags: ['system'],
      summary: 'Whether the process answers',
      response: { 200: z.object({ status: z.literal('alive') }) },
    },
    async handler(_request, reply) {
      return reply.header('cache-control', 'no-store').send({ status: 'alive' });
    },
  });

  app.route({
    method: 'GET',
    url: '/health/ready',
    config: unlimited,
    schema: {
      tags: ['system'],
      summary: 'Whether it is started and not about to stop',
      response: { 200: z.object({ status: z.literal('ready') }), ...errorResponses(503) },
    },
    async handler(_request, reply) {
      if (!services.isReady()) throw new AppError('NOT_READY', 'The service is starting or stopping.');
      return reply.header('cache-control', 'no-store').send({ status: 'ready' });
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/health`,
    config: unlimited,
    schema: {
      tags: ['system'],
      summary: 'How each component is doing now',
      description: 'Answers 503 with the same body when the whole is down.',
      response: { 200: healthSchema, 503: healthSchema },
    },
    async handler(_request, reply) {
      const report = await services.health();
      return reply
        .code(report.status === 'down' ? 503 : 200)
        .header('cache-control', 'no-store')
        .send({
          status: report.status,
          version: services.version,
          time: toWireTime(services.clock.now()),
          components: Object.fromEntries(
            Object.entries(report.components).map(([name, { status, cause }]) => [name, { status, cause }]),
          ),
        });
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/system/check`,
    schema: {
      tags: ['system'],
      summary: 'Check the database from end to end',
      description:
        'Beside the running service, which it does not hold up. A quick check leaves out whether the indexes hold what their tables hold. Takes about a second for 100 MB.',
      body: z.strictObject({ depth: z.enum(['quick', 'full']).default('quick') }).nullish(),
      response: { 200: checkSchema, ...errorResponses(422, 503) },
    },
    async handler(request, reply) {
      const startedAt = services.clock.monotonic();
      const report = await services.checkDatabase(request.body?.depth ?? 'quick');
      const { problems, unsearchable, searchGhosts } = report;
      return reply.send({
        status:
          problems.length > 0 ? 'damaged' : unsearchable + searchGhosts > 0 ? 'search_incomplete' : 'sound',
        problems: [...problems],
        unsearchable,
        search_ghosts: searchGhosts,
        cause: describeReport(report),
        took_ms: Math.round(services.clock.monotonic() - startedAt),
      });
    },
  });
}
