import { sql, type RawBuilder } from 'kysely';
import type { FilterPart } from './event-filter.ts';
import type { TimeSpan } from './event-span.ts';
import type { OpenDatabase } from './open-database.ts';

export const dayMs = 86_400_000;

/** Above every day that an event can have. */
const lastDay = Math.ceil(2 ** 43 / dayMs);

export interface DayTotals {
  /** Of all days that the span touches. */
  readonly touched: number;
  /** Of the days that lie in it as a whole. */
  readonly whole: number;
}

/** The days (of UTC, since 1970) that lie in a span as a whole, and those that it touches; ends are not included. */
export function daysOf({ startTime = 0, endTime = Number.POSITIVE_INFINITY }: TimeSpan) {
  const start = Math.max(0, startTime) / dayMs;
  const end = Math.min(lastDay, Math.max(0, endTime) / dayMs);
  return {
    whole: { from: Math.ceil(start), to: Math.max(Math.ceil(start), Math.floor(end)) },
    touched: { from: Math.floor(start), to: Math.ceil(end) },
  };
}

/** What `event_counts` says of each part, and of all events, in the span. */
export async function countByDays(
  { database }: Pick<OpenDatabase, 'database'>,
  span: TimeSpan,
  parts: readonly FilterPart[],
): Promise<{ readonly all: DayTotals; readonly ofParts: readonly DayTotals[] }> {
  const all = sql`dimension = 'event' and value = ''`;
  const statements = [all, ...parts.map(({ counted }) => counted)].map((counted) =>
    sumStatement(span, counted),
  );
  const { rows } = await sql<DayTotals>`${sql.join(statements, sql` union all `)}`.execute(database);
  const [first, ...ofParts] = rows;
  return { all: first ?? { touched: 0, whole: 0 }, ofParts };
}

function sumStatement(span: TimeSpan, counted: RawBuilder<unknown>): RawBuilder<unknown> {
  const { whole, touched } = daysOf(span);
  return sql`select coalesce(sum(total), 0) as touched,
      coalesce(sum(total) filter (where day >= ${whole.from} and day < ${whole.to}), 0) as whole
    from event_counts where ${counted} and day >= ${touched.from} and day < ${touched.to}`;
}

/** What of a span lies in days that are in it only in part: two stretches at most. */
export function edgesOf(span: TimeSpan): TimeSpan[] {
  const { startTime, endTime } = span;
  const { whole } = daysOf(span);
  if (whole.from >= whole.to) return [span];
  const edges: TimeSpan[] = [];
  if (startTime !== undefined && startTime < whole.from * dayMs)
    edges.push({ startTime, endTime: whole.from * dayMs });
  if (endTime !== undefined && endTime > whole.to * dayMs)
    edges.push({ startTime: whole.to * dayMs, endTime });
  return edges;
}
