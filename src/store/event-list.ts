import { sql, type RawBuilder } from 'kysely';
import { createId } from '../core/ids.ts';
import { loadFrames } from './event-operations.ts';
import { positionOf } from './event-position.ts';
import type { EventPage, EventQuery } from './event-store.ts';
import { createHighlightMarks, toHighlightHtml, type HighlightMarks } from './highlight.ts';
import type { OpenDatabase } from './open-database.ts';
import { eventColumns, toEvent, type EventRow } from './row-translation.ts';
import { toMatchExpression } from './search-query.ts';

/**
 * A page and its exact total. Empty lists filter nothing; a search for blanks is no search, one that holds no word
 * at all (`???`) finds nothing.
 */
export async function listEvents({ database }: OpenDatabase, query: EventQuery): Promise<EventPage> {
  const text = query.searchQuery?.trim() ?? '';
  const match = text === '' ? undefined : toMatchExpression(text);
  if (text !== '' && match === undefined) return { events: [], totalCount: 0, highlights: [] };
  const counted = await countStatement(query, match).execute(database);
  const totalCount = counted.rows[0]?.total ?? 0;
  if (totalCount <= query.offset) return { events: [], totalCount, highlights: [] };

  const marks = createHighlightMarks(createId());
  let order: PageOrder = 'index';
  if (match === undefined && !isAnsweredInOrder(query)) {
    const all = await sql<{ total: number }>`select count(*) as total from events`.execute(database);
    order = cheaperOrder(query, totalCount, all.rows[0]?.total ?? 0);
  }
  const { rows } = await pageStatement(query, match, marks, order).execute(database);
  const frames = await loadFrames(
    database,
    rows.map((row) => row.id),
  );
  return {
    events: rows.map((row) => toEvent(row, frames.get(row.id) ?? [])),
    totalCount,
    highlights: rows.map((row) =>
      row.highlight === null || row.description === null ? null : toHighlightHtml(row.highlight, marks),
    ),
  };
}

/**
 * How a page is found. `index`: the matches by the index of a filter, sorted where it must be. `time`: along the
 * table, newest or oldest first, leaving out what does not match until the page is full.
 */
export type PageOrder = 'index' | 'time';

/** True when one index at most is concerned: it yields its matches in order, and no row is read in vain. */
function isAnsweredInOrder(query: EventQuery): boolean {
  const filters = [
    query.cameraIds?.length === 1,
    query.objectTypes?.length === 1,
    query.alertTriggered !== undefined,
    query.descriptionStatus !== undefined,
  ].filter(Boolean).length;
  const mixed =
    (query.cameraIds?.length ?? 0) > 1 ||
    (query.objectTypes?.length ?? 0) > 1 ||
    query.minConfidence !== undefined;
  return filters <= 1 && !mixed;
}

/** The exact total is known by now, so the planner need not guess how rare the matches are. */
function cheaperOrder(query: EventQuery, totalCount: number, eventCount: number): PageOrder {
  const rowsAlongTime = ((query.offset + query.limit) * eventCount) / totalCount;
  return rowsAlongTime < totalCount ? 'time' : 'index';
}

export function countStatement(query: EventQuery, match: string | undefined): RawBuilder<{ total: number }> {
  const filters = filterConditions(query, 'index');
  if (match !== undefined) {
    return filters.length === 0
      ? sql`select count(*) as total from event_search
          where event_search match ${match} and ${within(query, 'event_search.rowid')}`
      : sql`select count(*) as total
          from event_search cross join events on events.position = event_search.rowid
          where event_search match ${match} and ${within(query, 'event_search.rowid')}
          and ${sql.join(filters, sql` and `)}`;
  }
  const labels = query.objectTypes ?? [];
  if (labels.length > 0 && filters.length === 1) {
    return sql`select count(distinct position) as total from event_objects
      where label in (${sql.join(labels)}) and ${within(query, 'event_objects.position')}`;
  }
  if (filters.length === 0 && query.startTime === undefined && query.endTime === undefined) {
    return sql`select count(*) as total from events`;
  }
  return sql`select count(*) as total from events
    where ${conditionsOf(query, filters)}`;
}

interface PageRow extends EventRow {
  readonly highlight: string | null;
}

export function pageStatement(
  query: EventQuery,
  match: string | undefined,
  marks: HighlightMarks,
  order: PageOrder,
): RawBuilder<PageRow> {
  const columns = sql.join(eventColumns.map((name) => sql.ref(`events.${name}`)));
  const direction = sql.raw(query.sortOrder);
  const page = sql`limit ${query.limit} offset ${query.offset}`;
  if (match !== undefined) {
    const conditions = [within(query, 'event_search.rowid'), ...filterConditions(query, 'index')];
    // CROSS JOIN binds SQLite to this order: the full-text index yields its matches by row id, which is by time.
    return sql`select ${columns}, highlight(event_search, 0, ${marks.open}, ${marks.close}) as highlight
      from event_search cross join events on events.position = event_search.rowid
      where event_search match ${match} and ${sql.join(conditions, sql` and `)}
      order by event_search.rowid ${direction} ${page}`;
  }
  const [label, ...otherLabels] = query.objectTypes ?? [];
  if (label !== undefined && otherLabels.length === 0 && order === 'index') {
    const conditions = [
      within(query, 'event_objects.position'),
      ...filterConditions({ ...query, objectTypes: [] }, 'time'),
    ];
    return sql`select ${columns}, null as highlight
      from event_objects cross join events on events.position = event_objects.position
      where event_objects.label = ${label} and ${sql.join(conditions, sql` and `)}
      order by event_objects.position ${direction} ${page}`;
  }
  const filters = filterConditions(query, order);
  const conditions =
    order === 'time'
      ? sql.join([within(query, 'events.position'), ...filters], sql` and `)
      : conditionsOf(query, filters);
  // With the plus the planner sorts, and so has no reason to go along the table after all.
  const place = order === 'index' && !isAnsweredInOrder(query) ? sql`+events.position` : sql`events.position`;
  return sql`select ${columns}, null as highlight from events
    where ${conditions} order by ${place} ${direction} ${page}`;
}

/**
 * The conditions of a statement. Only a true span of time becomes a range of positions: SQLite takes any range for a
 * quarter of the table, and would prefer it to the index of a filter that is far rarer.
 */
function conditionsOf(query: EventQuery, filters: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  const hasSpan = query.startTime !== undefined || query.endTime !== undefined;
  const all = hasSpan || filters.length === 0 ? [within(query, 'events.position'), ...filters] : filters;
  return sql.join(all, sql` and `);
}

/** A span of time is a range of positions; without one it is all of them. */
function within(query: EventQuery, column: string): RawBuilder<unknown> {
  const start = positionOf(query.startTime ?? 0);
  const end = positionOf(query.endTime ?? Number.POSITIVE_INFINITY);
  return sql`${sql.ref(column)} >= ${start} and ${sql.ref(column)} < ${end}`;
}

function filterConditions(query: EventQuery, order: PageOrder): RawBuilder<unknown>[] {
  // A unary plus keeps SQLite from choosing the column's index (https://sqlite.org/optoverview.html#uplus).
  const column = (name: string): RawBuilder<unknown> =>
    order === 'time' ? sql`+${sql.ref(`events.${name}`)}` : sql.ref(`events.${name}`);
  const conditions: RawBuilder<unknown>[] = [];
  const { cameraIds = [], objectTypes = [] } = query;
  if (cameraIds.length > 0) conditions.push(sql`${column('camera_id')} in (${sql.join(cameraIds)})`);
  if (query.minConfidence !== undefined) {
    conditions.push(sql`${column('confidence')} >= ${query.minConfidence}`);
  }
  if (query.alertTriggered !== undefined) {
    conditions.push(sql`${column('alert_triggered')} = ${query.alertTriggered ? 1 : 0}`);
  }
  if (query.descriptionStatus !== undefined) {
    conditions.push(sql`${column('description_status')} = ${query.descriptionStatus}`);
  }
  if (objectTypes.length > 0) {
    const labels = sql.join(objectTypes);
    conditions.push(
      order === 'time'
        ? sql`exists (select 1 from event_objects
            where event_objects.position = events.position and event_objects.label in (${labels}))`
        : sql`events.position in (select position from event_objects
            where label in (${labels}) and ${within(query, 'event_objects.position')})`,
    );
  }
  return conditions;
}
