import type { StatementCache } from './statement-cache.ts';

/**
 * An event's `position` is its row id: its timestamp (epoch ms) in the high bits, its place among the events of the
 * same millisecond, by id, in the low 20. Ordering by position is ordering by timestamp, then id. So the table and
 * each of its indexes lie in the order in which events are listed, a span of time is a range of row ids, and the
 * full-text index, which can only walk its matches by row id, walks them newest first without sorting.
 */
const slotBits = 20n;
const slotCount = 1n << slotBits;
/** Room left between neighbours, so that few ever have to move. */
const slotStep = 256n;

/** Some day in 2248; the end of a span that ends with it still fits in SQLite's 64 bits. */
export const maxTimestamp = 2 ** 43 - 2;

/** The first position of a millisecond; times out of range become the nearest possible one. */
export function positionOf(timestamp: number): bigint {
  return BigInt(Math.ceil(Math.min(maxTimestamp + 1, Math.max(0, timestamp)))) << slotBits;
}

/** Where the positions of a millisecond end, given its first one. */
export function endOfMillisecond(first: bigint): bigint {
  return first + slotCount;
}

/** A free position for a new event. Runs inside the transaction that inserts it; may move the events of the same millisecond. */
export function allocatePosition(statements: StatementCache, timestamp: number, id: string): bigint {
  const first = positionOf(timestamp);
  const end = first + slotCount;
  const free = freeBetween(first, end, neighboursOf(statements, first, end, id));
  if (free !== undefined) return free;
  spreadOut(statements, first, end);
  const freed = freeBetween(first, end, neighboursOf(statements, first, end, id));
  if (freed === undefined)
    throw new Error(`more than ${slotCount / 2n} events have the timestamp ${timestamp}`);
  return freed;
}

interface Neighbours {
  readonly before: bigint | undefined;
  readonly after: bigint | undefined;
}

function neighboursOf(statements: StatementCache, first: bigint, end: bigint, id: string): Neighbours {
  // As text: a JavaScript number can't hold a position.
  const row = statements
    .prepare<
      [bigint, bigint, string, bigint, bigint, string],
      { before: string | null; after: string | null }
    >(
      `select
        (select cast(position as text) from events
          where position >= ? and position < ? and id < ? order by position desc limit 1) as before,
        (select cast(position as text) from events
          where position >= ? and position < ? and id > ? order by position asc limit 1) as after`,
    )
    .get(first, end, id, first, end, id);
  return { before: toPosition(row?.before), after: toPosition(row?.after) };
}

function toPosition(text: string | null | undefined): bigint | undefined {
  return text === null || text === undefined ? undefined : BigInt(text);
}

function freeBetween(first: bigint, end: bigint, { before, after }: Neighbours): bigint | undefined {
  if (before === undefined && after === undefined) return first + slotCount / 2n;
  if (after === undefined && before !== undefined && before + slotStep < end) return before + slotStep;
  if (before === undefined && after !== undefined && after - slotStep >= first) return after - slotStep;
  const low = before ?? first - 1n;
  const high = after ?? end;
  const middle = low + (high - low) / 2n;
  return middle > low ? middle : undefined;
}

/** Gives the events of one millisecond equal distances, in their order. */
function spreadOut(statements: StatementCache, first: bigint, end: bigint): void {
  // First out of the way, below zero, where no event lies: a row can't take a position that another still has.
  statements
    .prepare<[bigint, bigint], never>(
      'update events set position = -position where position >= ? and position < ?',
    )
    .run(first, end);
  statements
    .prepare<[bigint, bigint, bigint, bigint], never>(
      `update events set position = ? + ordered.place * (? / (ordered.total + 1))
      from (
        select position as old_position, row_number() over (order by id) as place, count(*) over () as total
        from events where position > ? and position <= ?
      ) as ordered
      where events.position = ordered.old_position`,
    )
    .run(first, slotCount, -end, -first);
}
