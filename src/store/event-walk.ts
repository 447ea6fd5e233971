import { sql, type RawBuilder } from 'kysely';
import type { Driver, FilterPart } from './event-filter.ts';
import { within, type PositionSpan } from './event-span.ts';
import type { EventWalk } from './event-store.ts';

type Sql = RawBuilder<unknown>;

/** Which events: along a driver, leaving out what does not fit. */
export interface Walk {
  readonly driver: Driver;
  /** What the driver does not see to itself. */
  readonly parts: readonly FilterPart[];
  readonly span: PositionSpan;
}

const filterColumns = [
  'position',
  'camera_id',
  'description_status',
  'source',
  'alert_triggered',
  'is_starred',
  'user_feedback',
  'confidence',
];

/** Along the full-text index, which yields its matches by row id, and so by time. */
export function searchDriver(match: string): Driver {
  return {
    from: sql`event_search`,
    where: sql`event_search match ${match}`,
    place: sql`event_search.rowid`,
    hasFilters: false,
    isOrdered: true,
  };
}

/** The positions of a page, as texts: a JavaScript number can't hold one. */
export function positionsStatement(
  walk: Walk,
  { limit, offset, sortOrder }: Pick<EventWalk, 'limit' | 'sortOrder'> & { readonly offset: number },
): RawBuilder<{ position: string }> {
  const { driver } = walk;
  // With a plus in front the planner sorts, and has no reason to go another way after all.
  const place = driver.isOrdered ? driver.place : sql`+${driver.place}`;
  return sql`select cast(${driver.place} as text) as position from ${source(walk)}
    where ${conditions(walk)} order by ${place} ${sql.raw(sortOrder)} limit ${limit} offset ${offset}`;
}

/** Points for a match in each column of the full-text index; the word of the camera is none. */
const columnWeights = sql.raw('1.0, 1.5, 0.5, 2.0, 2.0, 0.0');

/**
 * The positions of a page of the best matches, of those that were looked at: the newest `maxRanked`. Every match that
 * is ranked costs about 2 µs.
 */
export function rankedStatement(
  walk: Walk,
  {
    limit,
    offset,
    maxRanked,
  }: { readonly limit: number; readonly offset: number; readonly maxRanked: number },
): RawBuilder<{ position: string }> {
  return sql`select cast(position as text) as position from (
      select event_search.rowid as position, bm25(event_search, ${columnWeights}) as score from ${source(walk)}
      where ${conditions(walk)} order by event_search.rowid desc limit ${maxRanked}
    ) order by score, position desc limit ${limit} offset ${offset}`;
}

/**
 * How many events fit: at most `maxCounted`, and among the first `maxLooked` of the driver only.
 */
export function countStatement(
  walk: Walk,
  { maxLooked, maxCounted }: { readonly maxLooked: number; readonly maxCounted: number },
): RawBuilder<{ total: number }> {
  const { driver, parts, span } = walk;
  const own = sql.join(
    [within(span, driver.place), ...(driver.where === undefined ? [] : [driver.where])],
    sql` and `,
  );
  if (parts.length === 0) {
    return sql`select count(*) as total from (
      select 1 from ${driver.from} where ${own} limit ${Math.min(maxLooked, maxCounted)})`;
  }
  const columns = needsFilters(walk)
    ? sql.join(filterColumns.map((name) => sql.ref(`f.${name}`)))
    : sql`${driver.place} as position`;
  return sql`select count(*) as total from (
    select 1 from (
      select ${columns} from ${source(walk)} where ${own} limit ${maxLooked}
    ) as f where ${sql.join(
      parts.map((part) => part.condition(sql`f.position`)),
      sql` and `,
    )} limit ${maxCounted})`;
}

/** What is left may ask for labels only, which need no look at the event. */
function needsFilters({ parts }: Walk): boolean {
  return parts.some(({ name }) => name !== 'object');
}

/** CROSS JOIN binds SQLite to this order. */
function source(walk: Walk): Sql {
  const { from, place, hasFilters } = walk.driver;
  return hasFilters || !needsFilters(walk)
    ? from
    : sql`${from} cross join events as f indexed by events_filters on f.position = ${place}`;
}

function conditions({ driver, parts, span }: Walk): Sql {
  return sql.join(
    [
      within(span, driver.place),
      ...(driver.where === undefined ? [] : [driver.where]),
      ...parts.map((part) => part.condition(driver.place)),
    ],
    sql` and `,
  );
}
