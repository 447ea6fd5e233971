import { sql, type RawBuilder } from 'kysely';
import { within, type PositionSpan } from './event-span.ts';
import type { EventFilter } from './event-store.ts';
import { cameraWords, hiddenWords, labelWords, type IndexedCondition } from './search-query.ts';

type Sql = RawBuilder<unknown>;

/**
 * A way along events: which table by which index, what narrows it, and the column of the position. A row of it costs
 * about 0.1 µs when the index holds every filter (`hasFilters`, then under the name `f`), and about 1 µs when the others
 * have to be looked up.
 */
export interface Driver {
  readonly from: Sql;
  readonly where: Sql | undefined;
  readonly place: Sql;
  readonly hasFilters: boolean;
  /** True when it yields its rows in the order of time, so that a page can end early. */
  readonly isOrdered: boolean;
}

/** One condition of a filter. */
export interface FilterPart {
  readonly name: 'camera' | 'object' | 'status' | 'alert' | 'starred' | 'feedback' | 'source' | 'confidence';
  /** What of `event_counts` it lets through. */
  readonly counted: Sql;
  /** True when those counts are exactly its events: each event counts once, and no value only in part. */
  readonly isCountedExactly: boolean;
  /** Against the columns of `f`, an event at `place`. */
  readonly condition: (place: Sql) => Sql;
  /** What the full-text index knows of it. */
  readonly indexed: IndexedCondition | undefined;
  /** By its own index; `undefined` where that would be no better than all events. */
  readonly driver: ((span: PositionSpan) => Driver) | undefined;
}

/** All events, in the order of time. */
export const everything: Driver = {
  from: sql`events as f indexed by events_filters`,
  where: undefined,
  place: sql`f.position`,
  hasFilters: true,
  isOrdered: true,
};

/** Everything but the span of time and the search. What most events have is no word of the index: it would narrow nothing. */
export function partsOf(filter: EventFilter): FilterPart[] {
  const { descriptionStatus: status, userFeedback: feedback, source, alertTriggered, isStarred } = filter;
  const parts = [
    cameraPart(filter.cameraIds ?? []),
    objectPart(filter.objectTypes ?? []),
    status !== undefined &&
      valuePart('status', status, {
        condition: sql`f.description_status = ${status}`,
        index: { name: 'events_status', where: sql`d.description_status = ${status}` },
        words: status === 'done' ? undefined : `status${status}`,
      }),
    alertTriggered !== undefined &&
      valuePart('alert', alertTriggered ? '1' : '0', {
        condition: sql`f.alert_triggered = ${Number(alertTriggered)}`,
        index: { name: 'events_alert', where: sql`d.alert_triggered = ${Number(alertTriggered)}` },
        words: alertTriggered ? 'alert' : undefined,
      }),
    isStarred !== undefined && starredPart(isStarred),
    feedback !== undefined &&
      valuePart('feedback', feedback, {
        condition: sql`f.user_feedback = ${feedback}`,
        index: { name: 'events_feedback', where: sql`d.user_feedback = ${feedback}` },
        words: `feedback${feedback.replaceAll('_', '')}`,
      }),
    source !== undefined &&
      valuePart('source', source, {
        condition: sql`f.source = ${source}`,
        // The words of the index's own condition, by which SQLite sees that it fits.
        index:
          source === 'motion'
            ? undefined
            : { name: 'events_source', where: sql`d.source = ${source} and d.source <> 'motion'` },
        words: source === 'motion' ? undefined : `source${source}`,
      }),
    filter.minConfidence !== undefined && confidencePart(filter.minConfidence),
  ];
  return parts.filter((part) => part !== false && part !== undefined);
}

/** A column with few values. */
function valuePart(
  name: FilterPart['name'],
  value: string,
  how: {
    readonly condition: Sql;
    readonly index: { readonly name: string; readonly where: Sql } | undefined;
    readonly words: string | undefined;
  },
): FilterPart {
  const { condition, index, words } = how;
  return {
    name,
    counted: sql`dimension = ${name} and value = ${value}`,
    isCountedExactly: true,
    condition: () => condition,
    indexed: words === undefined ? undefined : hiddenWords([words]),
    driver:
      index === undefined
        ? undefined
        : () => ({
            from: sql`events as d indexed by ${sql.raw(index.name)}`,
            where: index.where,
            place: sql`d.position`,
            hasFilters: false,
            isOrdered: true,
          }),
  };
}

function starredPart(isStarred: boolean): FilterPart {
  const condition = sql`f.is_starred = ${Number(isStarred)}`;
  if (isStarred) {
    // The index holds the starred ones only, by just these words.
    const index = { name: 'events_starred', where: sql`d.is_starred = 1` };
    return valuePart('starred', '1', { condition, index, words: 'starred' });
  }
  return {
    ...valuePart('starred', '0', { condition, index: undefined, words: undefined }),
    counted: sql`dimension = 'event'`,
    isCountedExactly: false,
  };
}

function cameraPart(ids: readonly string[]): FilterPart | undefined {
  if (ids.length === 0) return undefined;
  const list = sql.join([...new Set(ids)]);
  return {
    name: 'camera',
    counted: sql`dimension = 'camera' and value in (${list})`,
    isCountedExactly: true,
    condition: () => sql`f.camera_id in (${list})`,
    indexed: cameraWords(ids),
    driver: () => ({
      from: sql`events as f indexed by events_camera_filters`,
      where: sql`f.camera_id in (${list})`,
      place: sql`f.position`,
      hasFilters: true,
      isOrdered: ids.length === 1,
    }),
  };
}

function objectPart(labels: readonly string[]): FilterPart | undefined {
  const [first] = labels;
  if (first === undefined) return undefined;
  const unique = [...new Set(labels)];
  const list = sql.join(unique);
  const isOne = unique.length === 1;
  return {
    name: 'object',
    counted: sql`dimension = 'object' and value in (${list})`,
    isCountedExactly: isOne,
    condition: (place) =>
      sql`exists (select 1 from event_objects as o where o.label in (${list}) and o.position = ${place})`,
    indexed: labelWords(unique),
    driver: (span) => ({
      from: isOne
        ? sql`event_objects as d`
        : sql`(select distinct position from event_objects
              where label in (${list}) and ${within(span, sql`position`)}) as d`,
      where: isOne ? sql`d.label = ${first}` : undefined,
      place: sql`d.position`,
      hasFilters: false,
      isOrdered: isOne,
    }),
  };
}

function confidencePart(min: number): FilterPart {
  // Counted in steps of five: of the step that it falls into, all are taken.
  const from = String(Math.floor(min / 5) * 5).padStart(3, '0');
  return {
    name: 'confidence',
    counted: sql`dimension = 'confidence' and value >= ${from}`,
    isCountedExactly: min % 5 === 0,
    condition: () => sql`f.confidence >= ${min}`,
    indexed: undefined,
    driver: () => ({
      from: sql`events as d indexed by events_confidence`,
      where: sql`d.confidence >= ${min}`,
      place: sql`d.position`,
      hasFilters: false,
      isOrdered: false,
    }),
  };
}
