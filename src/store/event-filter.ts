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
        rare: status === 'done' ? undefined : sql`f.description_status <> 'done'`,
        index: 'events_description_status_filters',
        words: `status${status}`,
      }),
    alertTriggered !== undefined &&
      valuePart('alert', alertTriggered ? '1' : '0', {
        condition: alertTriggered ? sql`f.alert_triggered = 1` : sql`f.alert_triggered = 0`,
        rare: alertTriggered ? sql`f.alert_triggered = 1` : undefined,
        index: 'events_alert_triggered_filters',
        words: 'alert',
      }),
    isStarred !== undefined && starredPart(isStarred),
    feedback !== undefined &&
      valuePart('feedback', feedback, {
        condition: sql`f.user_feedback = ${feedback}`,
        rare: sql`f.user_feedback is not null`,
        index: 'events_user_feedback_filters',
        words: `feedback${feedback.replaceAll('_', '')}`,
      }),
    source !== undefined &&
      valuePart('source', source, {
        condition: sql`f.source = ${source}`,
        rare: source === 'motion' ? undefined : sql`f.source <> 'motion'`,
        index: 'events_source_filters',
        words: `source${source}`,
      }),
    filter.minConfidence !== undefined && confidencePart(filter.minConfidence),
  ];
  return parts.filter((part) => part !== false && part !== undefined);
}

/** A column with few values, the rarer of which have an index and words. */
function valuePart(
  name: FilterPart['name'],
  value: string,
  how: {
    readonly condition: Sql;
    /** The condition of the index, in its own words, by which SQLite sees that it fits; `undefined` for a common value. */
    readonly rare: Sql | undefined;
    readonly index: string;
    readonly words: string;
  },
): FilterPart {
  const { condition, rare, index, words } = how;
  return {
    name,
    counted: sql`dimension = ${name} and value = ${value}`,
    isCountedExactly: true,
    condition: () => condition,
    indexed: rare === undefined ? undefined : hiddenWords([words]),
    driver:
      rare === undefined
        ? undefined
        : () => ({
            from: sql`events as f indexed by ${sql.raw(index)}`,
            where: sql`${condition} and ${rare}`,
            place: sql`f.position`,
            hasFilters: true,
            isOrdered: true,
          }),
  };
}

function starredPart(isStarred: boolean): FilterPart {
  const is = sql`f.is_starred = 1`;
  if (isStarred) {
    return valuePart('starred', '1', {
      condition: is,
      rare: is,
      index: 'events_is_starred_filters',
      words: 'starred',
    });
  }
  return {
    ...valuePart('starred', '0', {
      condition: sql`f.is_starred = 0`,
      rare: undefined,
      index: '',
      words: '',
    }),
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
