import { sql } from 'kysely';
import { walkEvents } from './event-list.ts';
import { idsPerStatement } from './event-operations.ts';
import type { DescribeRequest, RequeueRequest, StoredJob, UndescribedQuery } from './event-store.ts';
import type { OpenDatabase } from './open-database.ts';
import { toDescribeRequest } from './row-translation.ts';

/** Of one event, the oldest give way. */
const maxRequestsKept = 50;

/** Durable: who asked for it was told that it will be done. */
export async function requeueEvents(
  open: OpenDatabase,
  now: number,
  request: RequeueRequest,
): Promise<StoredJob[]> {
  const { statuses = ['failed', 'skipped'], limit, requestedBy } = request;
  const ids = await chosenIds(open, request, statuses);
  return open.durably(async (transaction) => {
    const jobs: StoredJob[] = [];
    for (let start = 0; start < ids.length && jobs.length < limit; start += idsPerStatement) {
      const rows = await transaction
        .selectFrom('events')
        .select(['id', 'camera_id', 'started_at', 'description_status', 'description_reason'])
        .where('id', 'in', ids.slice(start, start + idsPerStatement))
        .where('description_status', 'in', statuses)
        .where('thumbnail_path', 'is not', null)
        .orderBy('position', 'desc')
        .limit(limit - jobs.length)
        .execute();
      for (const row of rows) {
        await transaction
          .updateTable('events')
          .set({ description_status: 'pending', description_reason: null, updated_at: now })
          .$if(requestedBy === 'backfill', (update) =>
            update.set((column) => ({ backfills: column('backfills', '+', 1), backfilled_at: now })),
          )
          .where('id', '=', row.id)
          .execute();
        const job = { event_id: row.id, camera_id: row.camera_id, started_at: row.started_at, attempts: 0 };
        await transaction.insertInto('jobs').values(job).execute();
        await transaction
          .insertInto('describe_requests')
          .values({
            event_id: row.id,
            requested_at: now,
            requested_by: requestedBy,
            previous_status: row.description_status,
            previous_reason: row.description_reason,
          })
          .execute();
        await transaction
          .deleteFrom('describe_requests')
          .where('event_id', '=', row.id)
          .where('id', 'not in', (build) =>
            build
              .selectFrom('describe_requests')
              .select('id')
              .where('event_id', '=', row.id)
              .orderBy('id', 'desc')
              .limit(maxRequestsKept),
          )
          .execute();
        jobs.push({ eventId: row.id, cameraId: row.camera_id, startedAt: row.started_at, attempts: 0 });
      }
    }
    return jobs;
  });
}

/** May hold more than can be queued again; what does not fit is left out later. */
async function chosenIds(
  open: OpenDatabase,
  { events, limit }: RequeueRequest,
  statuses: readonly NonNullable<RequeueRequest['statuses']>[number][],
): Promise<readonly string[]> {
  if (isIdList(events)) return events;
  const ids: string[] = [];
  for (const descriptionStatus of new Set(statuses)) {
    const found = await walkEvents(open, { ...events, descriptionStatus, limit, sortOrder: 'desc' });
    ids.push(...found.map((event) => event.id));
  }
  return ids;
}

function isIdList(events: RequeueRequest['events']): events is readonly string[] {
  return Array.isArray(events);
}

/** Tries are looked at in turn, the fewest first: each is a walk along the index, in the order of time. */
export async function undescribedEvents(
  { database }: OpenDatabase,
  query: UndescribedQuery,
): Promise<string[]> {
  const { limit, newestFirst, maxBackfills = 3, notSince } = query;
  const ids: string[] = [];
  for (let backfills = 0; backfills < maxBackfills && ids.length < limit; backfills += 1) {
    const { rows } = await undescribedStatement({
      backfills,
      limit: limit - ids.length,
      newestFirst,
      notSince,
    }).execute(database);
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}

/** The words of the index's own condition: another order of them, or parameters, and SQLite does not see that it fits. */
export function undescribedStatement(step: {
  readonly backfills: number;
  readonly limit: number;
  readonly newestFirst: boolean;
  readonly notSince: number | undefined;
}) {
  const { backfills, limit, newestFirst, notSince } = step;
  return sql<{ id: string }>`select id from events
    where description_status in ('failed', 'skipped') and thumbnail_path is not null
      and backfills = ${backfills}
      and (backfilled_at is null or backfilled_at < ${notSince ?? Number.MAX_SAFE_INTEGER})
    order by position ${sql.raw(newestFirst ? 'desc' : 'asc')} limit ${limit}`;
}

export async function describeRequestsOf(
  { database }: OpenDatabase,
  eventId: string,
): Promise<DescribeRequest[]> {
  const rows = await database
    .selectFrom('describe_requests')
    .selectAll()
    .where('event_id', '=', eventId)
    .orderBy('id')
    .execute();
  return rows.map(toDescribeRequest);
}
