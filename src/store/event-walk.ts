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
  return sql`select cast(place as text) as position from (
      select event_search.rowid as place, bm25(event_search, ${columnWeights}) as score from ${source(walk)}
      where ${conditions(walk)} order by event_search.rowid desc limit ${maxRanked}
    ) order by score, place desc limit ${limit} offset ${offset}`;
}

/**
 * How many events fit: at most `maxCounted`, and among the first `maxLooked` of the driver only.
 */
export function countStatement(
  walk: Walk,
  { maxLooked, maxCounted }: { readonly maxLooked: number; readonly maxCounted: number },
): RawBuilder<{ total: number }> {
  if (walk.parts.length === 0) {
    return sql`select count(*) as total from (
      select 1 from ${walk.driver.from} where ${ownConditions(walk)} limit ${Math.min(maxLooked, maxCounted)})`;
  }
  return sql`select count(*) as total from (
    select 1 from ${first(walk, maxLooked)} where ${fits(walk)} limit ${maxCounted})`;
}

export interface Looked {
  /** How many were looked at. */
  readonly looked: number;
  /** How many of them fit. */
  readonly total: number;
}

/** Looks at the first `maxLooked` of the driver. */
export function countLookedStatement(walk: Walk, maxLooked: number): RawBuilder<Looked> {
  return sql`select count(*) as looked, count(*) filter (where ${fits(walk)}) as total
    from ${first(walk, maxLooked)}`;
}

/** The first of the driver, under the name of `f`. */
function first(walk: Walk, maxLooked: number): Sql {
  const { place } = walk.driver;
  const columns = needsFilters(walk)
    ? sql.join(filterColumns.map((name) => sql.ref(`f.${name}`)))
    : sql`${place} as position`;
  return sql`(select ${columns} from ${source(walk)} where ${ownConditions(walk)} limit ${maxLooked}) as f`;
}

function fits({ parts }: Walk): Sql {
  return sql.join(
    parts.map((part) => part.condition(sql`f.position`)),
    sql` and `,
  );
}

function ownConditions({ driver, span }: Walk): Sql {
  return sql.join(
    [within(span, driver.place), ...(driver.where === undefined ? [] : [driver.where])],
    sql` and `,
  );
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

function conditions(walk: Walk): Sql {
  return sql.join(
    [ownConditions(walk), ...walk.parts.map((part) => part.condition(walk.driver.place))],
    sql` and `,
  );
}
