import { sql, type RawBuilder } from 'kysely';
import type { DescriptionStatus, EventSource, UserFeedback } from '../core/event.ts';
import { ZoneOffset } from '../core/zone-offset.ts';
import { dayMs, daysOf, edgesOf } from './event-counts.ts';
import { positionOf } from './event-position.ts';
import { spanOf, within, type TimeSpan } from './event-span.ts';
import type { OpenDatabase } from './open-database.ts';

const hourMs = 3_600_000;
const quarterMs = 900_000;
/** Labels that are rarer are left out. */
const maxLabels = 100;

export interface StatsQuery extends TimeSpan {
  /** IANA name, for hours and days. One of those since 1972, which are ahead of UTC by quarters of an hour. */
  readonly timeZone: string;
}

export interface EventStats {
  readonly totalCount: number;
  readonly alertTriggered: number;
  readonly starred: number;
  /** Most events first; a camera that was deleted keeps its name. */
  readonly byCamera: readonly {
    readonly cameraId: string;
    readonly cameraName: string;
    readonly count: number;
  }[];
  /** Most events first; an event counts once for each of its labels. The 100 most frequent. */
  readonly byObject: readonly { readonly label: string; readonly count: number }[];
  readonly byStatus: Readonly<Record<DescriptionStatus, number>>;
  readonly byFeedback: Readonly<Record<UserFeedback, number>>;
  readonly bySource: Readonly<Record<EventSource, number>>;
  /** Of the day, 24 of them. */
  readonly byHour: readonly number[];
  /** Days that have events, `YYYY-MM-DD`, oldest first. */
  readonly byDay: readonly { readonly day: string; readonly count: number }[];
}

type Open = Pick<OpenDatabase, 'database'>;

/** From the counts that are kept with every change; only the days and quarters of an hour at the ends are counted anew. */
export async function eventStats(open: Open, query: StatsQuery): Promise<EventStats> {
  const counts = await countValues(open, query);
  const of = (dimension: string, value: string): number => counts.get(dimension)?.get(value) ?? 0;
  const cameras = await open.database.selectFrom('cameras').select(['id', 'name']).execute();
  const names = new Map(cameras.map(({ id, name }) => [id, name]));
  return {
    totalCount: of('event', ''),
    alertTriggered: of('alert', '1'),
    starred: of('starred', '1'),
    byCamera: ranked(counts.get('camera')).map(([cameraId, count]) => ({
      cameraId,
      cameraName: names.get(cameraId) ?? cameraId,
      count,
    })),
    byObject: ranked(counts.get('object'))
      .slice(0, maxLabels)
      .map(([label, count]) => ({ label, count })),
    byStatus: {
      pending: of('status', 'pending'),
      done: of('status', 'done'),
      failed: of('status', 'failed'),
      skipped: of('status', 'skipped'),
    },
    byFeedback: {
      correct: of('feedback', 'correct'),
      wrong: of('feedback', 'wrong'),
      false_motion: of('feedback', 'false_motion'),
    },
    bySource: { motion: of('source', 'motion'), api: of('source', 'api'), manual: of('source', 'manual') },
    ...(await countTimes(open, query)),
  };
}

function ranked(
  values: ReadonlyMap<string, number> = new Map(),
): (readonly [value: string, count: number])[] {
  return [...values].toSorted(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

interface ValueCount {
  readonly dimension: string;
  readonly value: string;
  readonly total: number;
}

/** By dimension and value; confidence, which the stats have not, left out. */
async function countValues({ database }: Open, query: StatsQuery): Promise<Map<string, Map<string, number>>> {
  const { from, to } = daysOf(query).whole;
  const whole = sql`select dimension, value, sum(total) as total from event_counts
    where dimension in ('event', 'camera', 'object', 'status', 'source', 'alert', 'starred', 'feedback')
      and day >= ${from} and day < ${to}
    group by dimension, value`;
  const { rows } =
    await sql<ValueCount>`${sql.join([whole, ...edgesOf(query).flatMap(countEdge)], sql` union all `)}`.execute(
      database,
    );
  const counts = new Map<string, Map<string, number>>();
  for (const { dimension, value, total } of rows) {
    const values = counts.get(dimension) ?? new Map<string, number>();
    counts.set(dimension, values.set(value, (values.get(value) ?? 0) + total));
  }
  return counts;
}

/** Less than a day at the beginning or at the end. */
function countEdge(edge: TimeSpan): RawBuilder<unknown>[] {
  const events = sql`events indexed by events_filters where ${within(spanOf(edge), sql.ref('events.position'))}`;
  const byColumn = (
    dimension: string,
    column: string,
  ): RawBuilder<unknown> => sql`select ${sql.lit(dimension)},
      cast(${sql.ref(`events.${column}`)} as text) as value, count(*) from ${events} and value is not null group by value`;
  return [
    sql`select 'event', '', count(*) from ${events}`,
    byColumn('camera', 'camera_id'),
    byColumn('status', 'description_status'),
    byColumn('source', 'source'),
    byColumn('alert', 'alert_triggered'),
    byColumn('starred', 'is_starred'),
    byColumn('feedback', 'user_feedback'),
    sql`select 'object', label, count(*) from event_objects indexed by event_objects_position
      where ${within(spanOf(edge), sql.ref('event_objects.position'))} group by label`,
  ];
}

interface HourRow {
  readonly hour: number;
  readonly quarter_0: number;
  readonly quarter_1: number;
  readonly quarter_2: number;
  readonly quarter_3: number;
}

async function countTimes(
  { database }: Open,
  query: StatsQuery,
): Promise<Pick<EventStats, 'byHour' | 'byDay'>> {
  const { startTime = 0, endTime = Number.POSITIVE_INFINITY, timeZone } = query;
  const offset = new ZoneOffset(timeZone);
  const byHour = Array.from({ length: 24 }, () => 0);
  const byDay = new Map<number, number>();
  const add = (quarterStart: number, count: number): void => {
    const local = quarterStart + offset.at(quarterStart);
    const day = Math.floor(local / dayMs);
    const hour = Math.floor((local - day * dayMs) / hourMs);
    byHour[hour] = (byHour[hour] ?? 0) + count;
    byDay.set(day, (byDay.get(day) ?? 0) + count);
  };
  const { rows } = await sql<HourRow>`select * from event_hours
    where hour >= ${Math.floor(startTime / hourMs)} and hour * ${hourMs} < ${Math.min(endTime, 2 ** 44)}
    order by hour`.execute(database);
  for (const row of rows) {
    const quarters = [row.quarter_0, row.quarter_1, row.quarter_2, row.quarter_3];
    for (const [quarter, count] of quarters.entries()) {
      const start = row.hour * hourMs + quarter * quarterMs;
      const end = start + quarterMs;
      if (count === 0 || start >= endTime || end <= startTime) continue;
      const isWhole = start >= startTime && end <= endTime;
      const inside = isWhole
        ? count
        : await countBetween(database, Math.max(start, startTime), Math.min(end, endTime));
      if (inside > 0) add(start, inside);
    }
  }
  return {
    byHour,
    byDay: [...byDay]
      .toSorted(([a], [b]) => a - b)
      .map(([day, count]) => ({ day: new Date(day * dayMs).toISOString().slice(0, 10), count })),
  };
}

async function countBetween(database: Open['database'], start: number, end: number): Promise<number> {
  const { rows } = await sql<{ total: number }>`select count(*) as total from events indexed by events_filters
    where position >= ${positionOf(start)} and position < ${positionOf(end)}`.execute(database);
  return rows[0]?.total ?? 0;
}
