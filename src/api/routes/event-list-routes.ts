import { Readable } from 'node:stream';
import { z } from 'zod';
import { isTimeZone } from '../../core/calendar-day.ts';
import { eventWireSchema, toEventWire } from '../../core/event-wire.ts';
import type { EventPage } from '../../store/event-store.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { parseCursor, toCursor, type ListIdentity, type PageStart } from '../event-cursor.ts';
import { exportEvents, exportSchemaVersion } from '../event-export.ts';
import { assertForwards, eventFilterQuery, timeSpanQuery, toEventFilter } from '../event-query.ts';
import { eventStatsSchema, toEventStatsWire } from '../event-stats-wire.ts';
import { queryInteger } from '../query-values.ts';
import { validationError } from '../validation.ts';

const sortOrder = z.enum(['asc', 'desc']).default('desc').meta({ description: 'By timestamp' });

const listQuery = z.strictObject({
  ...eventFilterQuery,
  limit: queryInteger(1, 500, 50),
  offset: queryInteger(0, 1_000_000_000, 0),
  cursor: z.string('one cursor').min(1).max(500).optional().meta({
    description: 'The next_cursor of an answer to the same query, in the place of an offset',
  }),
  sort: z.enum(['time', 'relevance']).default('time').meta({
    description: 'relevance: the best matches of search_query first, among the newest 5,000 of them',
  }),
  sort_order: sortOrder,
});

const listSchema = z
  .object({
    events: z.array(
      z.object({
        ...eventWireSchema.shape,
        highlight: z.string().nullable().meta({
          description: 'The description, HTML-escaped, matches within <mark>; null without a search',
        }),
      }),
    ),
    total_count: z.int(),
    total_is_exact: z.boolean().meta({ description: 'false: there are at least total_count events' }),
    has_more: z.boolean(),
    next_offset: z.int().nullable().meta({ description: 'null at the end, and with a cursor' }),
    next_cursor: z.string().nullable().meta({
      description: 'Leads to the next page, also when events come or go meanwhile; null at the end',
    }),
    limit: z.int(),
    offset: z.int().nullable().meta({ description: 'null with a cursor' }),
  })
  .meta({ id: 'EventList' });

const statsQuery = z.strictObject({
  ...timeSpanQuery,
  time_zone: z
    .string('the name of a zone of time, such as Europe/Berlin')
    .max(100)
    .refine(isTimeZone, 'the name of a zone of time, such as Europe/Berlin')
    .default('UTC')
    .meta({ description: 'Of the hours and days; default UTC' }),
});

const exportQuery = z.strictObject({
  ...eventFilterQuery,
  format: z.enum(['ndjson', 'csv']),
  sort_order: sortOrder,
});

const exportTypes = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const;
const text = { schema: z.custom<Readable | string>().meta({ type: 'string' }) };

/** Finding events: the list with its searches, their numbers, and all of them as a file. */
export function registerEventListRoutes(app: ApiApp, { store, clock }: ApiServices): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/events`,
    schema: {
      tags: ['events'],
      summary: 'List and search events',
      querystring: listQuery,
      response: { 200: listSchema, ...errorResponses(422, 503) },
    },
    async handler(request, reply) {
      const { query } = request;
      const list: ListIdentity = { ...toEventFilter(query), sortOrder: query.sort_order, sortBy: query.sort };
      const start = startOf(query, list);
      const page = await store.events.list({
        ...list,
        limit: query.limit,
        ...(start.kind === 'after' ? { after: start.place, offset: 0 } : { offset: start.offset }),
      });
      const next = nextOf(page, start, query.sort);
      const hasCursor = query.cursor !== undefined;
      return reply.send({
        events: page.events.map((event, index) => ({
          ...toEventWire(event),
          highlight: page.highlights[index] ?? null,
        })),
        total_count: page.totalCount,
        total_is_exact: page.isTotalExact,
        has_more: page.hasMore,
        next_offset: page.hasMore && !hasCursor ? query.offset + page.events.length : null,
        next_cursor: next === undefined ? null : toCursor(next, list),
        limit: query.limit,
        offset: hasCursor ? null : query.offset,
      });
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/stats`,
    schema: {
      tags: ['events'],
      summary: 'How many events, by what, where and when',
      querystring: statsQuery,
      response: { 200: eventStatsSchema, ...errorResponses(422, 503) },
    },
    async handler(request, reply) {
      const { start_time: startTime, end_time: endTime, time_zone: timeZone } = request.query;
      assertForwards(request.query);
      const stats = await store.events.stats({
        ...(startTime !== undefined && { startTime }),
        ...(endTime !== undefined && { endTime }),
        timeZone,
      });
      return reply.send(toEventStatsWire(stats, timeZone));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/export`,
    schema: {
      tags: ['events'],
      summary: 'All events of a filter, as one file',
      description:
        'Streamed. `ndjson` has one event a line, as the list has it; `csv` begins with the names of its columns, and puts an ' +
        'apostrophe before what a spreadsheet would run as a formula.',
      querystring: exportQuery,
      response: {
        200: {
          description: 'The events; the header `Export-Schema-Version` is the version of their fields',
          content: { 'application/x-ndjson': text, 'text/csv': text },
        },
        ...errorResponses(422, 503),
      },
    },
    async handler(request, reply) {
      const { format } = request.query;
      const walk = { ...toEventFilter(request.query), sortOrder: request.query.sort_order };
      const day = new Date(clock.now()).toISOString().slice(0, 10);
      void reply
        .type(exportTypes[format])
        .header('export-schema-version', String(exportSchemaVersion))
        .header('cache-control', 'no-store')
        .header(
          'content-disposition',
          `attachment; filename="vedette-events-v${exportSchemaVersion}-${day}.${format}"`,
        );
      // A HEAD has no use for the events.
      if (request.method === 'HEAD') return reply.send('');
      // Ended by Fastify when the client goes away, and with it the reading.
      return reply.send(Readable.from(exportEvents(store.events, walk, format), { objectMode: false }));
    },
  });
}

function startOf({ cursor, offset }: z.output<typeof listQuery>, list: ListIdentity): PageStart {
  if (list.sortBy === 'relevance' && list.searchQuery === undefined) {
    throw validationError([
      { in: 'query', path: 'sort', received: '"relevance"', expected: 'time, as there is no search_query' },
    ]);
  }
  if (cursor === undefined) return { kind: 'offset', offset };
  if (offset > 0) {
    throw validationError([
      { in: 'query', path: 'offset', received: String(offset), expected: 'none, as there is a cursor' },
    ]);
  }
  return parseCursor(cursor, list);
}

function nextOf(page: EventPage, start: PageStart, sort: 'time' | 'relevance'): PageStart | undefined {
  const last = page.events.at(-1);
  if (!page.hasMore || last === undefined) return undefined;
  if (sort === 'relevance') {
    return { kind: 'offset', offset: (start.kind === 'offset' ? start.offset : 0) + page.events.length };
  }
  return { kind: 'after', place: { timestamp: last.timestamp, id: last.id } };
}
