import { sql, type RawBuilder } from 'kysely';
import { endOfMillisecond, positionOf } from './event-position.ts';
import type { EventFilter, EventWalk } from './event-store.ts';
import type { OpenDatabase } from './open-database.ts';

/** A stretch of positions (event-position.ts), which are the order of time. */
export interface PositionSpan {
  readonly low: bigint;
  /** Not in it. */
  readonly high: bigint;
}

export function spanOf({ startTime = 0, endTime = Number.POSITIVE_INFINITY }: TimeSpan): PositionSpan {
  return { low: positionOf(startTime), high: positionOf(endTime) };
}

export type TimeSpan = Pick<EventFilter, 'startTime' | 'endTime'>;

export function within({ low, high }: PositionSpan, place: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`${place} >= ${low} and ${place} < ${high}`;
}

/**
 * What of the span lies behind the place that the walk begins after. By timestamp and id, not by position: events of
 * one millisecond move when they have to make room, and the event of the place may be gone.
 */
export async function spanAfter(
  { database }: Pick<OpenDatabase, 'database'>,
  walk: EventWalk,
): Promise<PositionSpan> {
  const span = spanOf(walk);
  const { after } = walk;
  if (after === undefined) return span;
  const first = positionOf(after.timestamp);
  const end = endOfMillisecond(first);
  const isForward = walk.sortOrder === 'asc';
  // As text: a JavaScript number can't hold a position.
  const { rows } = await sql<{ position: string | null }>`
    select cast(${isForward ? sql`max(position)` : sql`min(position)`} as text) as position from events
    where position >= ${first} and position < ${end} and ${isForward ? sql`id <= ${after.id}` : sql`id >= ${after.id}`}
  `.execute(database);
  const found = rows[0]?.position ?? null;
  if (isForward) {
    const low = found === null ? first : BigInt(found) + 1n;
    return { low: low > span.low ? low : span.low, high: span.high };
  }
  const high = found === null ? end : BigInt(found);
  return { low: span.low, high: high < span.high ? high : span.high };
}
