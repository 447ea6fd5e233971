import { sql } from 'kysely';
import { createId } from '../core/ids.ts';
import type { VedetteEvent } from '../core/event.ts';
import { countByDays, edgesOf } from './event-counts.ts';
import { partsOf, type FilterPart } from './event-filter.ts';
import { loadClips, loadFrames } from './event-operations.ts';
import { chooseWalk, maxCounted } from './event-plan.ts';
import { spanAfter, spanOf, type PositionSpan } from './event-span.ts';
import type { EventFilter, EventPage, EventQuery, EventWalk } from './event-store.ts';
import {
  countStatement,
  positionsStatement,
  rankedStatement,
  searchDriver,
  type Walk,
} from './event-walk.ts';
import { createHighlightMarks, toHighlightHtml, type HighlightMarks } from './highlight.ts';
import type { OpenDatabase } from './open-database.ts';
import { eventColumns, toEvent, type EventRow } from './row-translation.ts';
import { narrowMatch, toMatchExpression } from './search-query.ts';

type Open = Pick<OpenDatabase, 'database'>;

/** Of more matches than these, the newest are ranked. */
const maxRanked = 5_000;
/** Events that are looked at for a total: along an index that holds every filter, and with a look-up for each. */
const maxLooked = { alongFilters: 100_000, withLookUp: 10_000 };

/**
 * A page and its total. Empty lists filter nothing; a search for blanks is no search, one that holds no word at all
 * (`???`) finds nothing.
 */
export async function listEvents(open: Open, query: EventQuery): Promise<EventPage> {
  const question = await ask(open, query);
  if (question === undefined) {
    return { events: [], totalCount: 0, isTotalExact: true, hasMore: false, highlights: [] };
  }
  const total = await countTotal(open, question);
  const page = { limit: query.limit + 1, offset: query.offset, sortOrder: query.sortOrder };
  const positions = await findPositions(open, question, page, query);
  const hasMore = positions.length > query.limit;
  const { events, highlights } = await loadEvents(
    open,
    positions.slice(0, query.limit),
    question.search?.match,
  );
  return { events, ...withPage(total, query, events.length, hasMore), hasMore, highlights };
}

/** What the page itself says of a total that was not counted to its end. */
function withPage(
  total: Total,
  { offset, after, sortBy }: EventQuery,
  found: number,
  hasMore: boolean,
): Pick<EventPage, 'totalCount' | 'isTotalExact'> {
  if (total.isExact || after !== undefined) return { totalCount: total.count, isTotalExact: total.isExact };
  // The last page ends where the events do; but of ranked ones only the newest are looked at.
  const isLast = !hasMore && (found > 0 || offset === 0) && sortBy !== 'relevance';
  if (isLast) return { totalCount: offset + found, isTotalExact: true };
  const seen = found === 0 ? 0 : offset + found + (hasMore ? 1 : 0);
  return { totalCount: Math.max(total.count, seen), isTotalExact: false };
}

export async function walkEvents(open: Open, query: EventWalk): Promise<VedetteEvent[]> {
  const question = await ask(open, query);
  if (question === undefined) return [];
  const positions = await findPositions(open, question, { ...query, offset: 0 }, query);
  return (await loadEvents(open, positions, undefined)).events;
}

/** A filter, with what is known of it before anything is looked for. */
interface Question {
  readonly filter: EventFilter;
  readonly parts: readonly FilterPart[];
  /** Of the parts, in the days that the span touches: at least as many as there are. */
  readonly counts: readonly number[];
  readonly all: number;
  /** Of the only part, or of all events, in the days that lie in the span as a whole. */
  readonly inWholeDays: number;
  readonly search: Search | undefined;
  /** Matches in the span, up to one more than are counted. */
  readonly matches: number;
}

/** For the full-text index: what was typed, and what it knows of the parts. */
interface Search {
  readonly match: string;
  /** The parts that have still to be looked at. */
  readonly left: readonly FilterPart[];
}

export function searchOf(words: string, parts: readonly FilterPart[]): Search {
  return {
    match: narrowMatch(
      words,
      parts.flatMap(({ indexed }) => indexed ?? []),
    ),
    left: parts.filter(({ indexed }) => indexed?.isExact !== true),
  };
}

async function ask(open: Open, filter: EventFilter): Promise<Question | undefined> {
  const text = filter.searchQuery?.trim() ?? '';
  const words = text === '' ? undefined : toMatchExpression(text);
  if (text !== '' && words === undefined) return undefined;
  const parts = partsOf(filter);
  const search = words === undefined ? undefined : searchOf(words, parts);
  const { all, ofParts } = await countByDays(open, filter, parts);
  const matches =
    search === undefined
      ? 0
      : await count(
          open,
          { driver: searchDriver(search.match), parts: [], span: spanOf(filter) },
          maxCounted + 1,
        );
  return {
    filter,
    parts,
    counts: ofParts.map(({ touched }) => touched),
    all: all.touched,
    inWholeDays: (ofParts[0] ?? all).whole,
    search,
    matches,
  };
}

interface Total {
  readonly count: number;
  readonly isExact: boolean;
}

async function countTotal(open: Open, question: Question): Promise<Total> {
  const { filter, parts, counts, all, search, matches } = question;
  const span = spanOf(filter);
  if (search !== undefined) {
    const { match, left } = search;
    if (left.length === 0) return upTo(matches, true);
    return upTo(
      await count(open, { driver: searchDriver(match), parts: left, span }, maxLooked.withLookUp),
      matches <= maxCounted,
    );
  }
  const [part] = parts;
  if (parts.length <= 1 && part?.isCountedExactly !== false) {
    let total = question.inWholeDays;
    for (const edge of edgesOf(filter)) {
      const { walk } = chooseWalk(parts, counts, all, spanOf(edge), Number.POSITIVE_INFINITY);
      total += await count(open, walk, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    }
    return { count: total, isExact: true };
  }
  const { walk, driverCount } = chooseWalk(parts, counts, all, span, Number.POSITIVE_INFINITY);
  const most = walk.driver.hasFilters ? maxLooked.alongFilters : maxLooked.withLookUp;
  return upTo(await count(open, walk, most), driverCount <= most);
}

/** @param isWhole everything was looked at, but for what came after the last that is counted */
function upTo(counted: number, isWhole: boolean): Total {
  return { count: Math.min(counted, maxCounted), isExact: isWhole && counted <= maxCounted };
}

async function count(open: Open, walk: Walk, looked: number, counted = maxCounted + 1): Promise<number> {
  const { rows } = await countStatement(walk, { maxLooked: looked, maxCounted: counted }).execute(
    open.database,
  );
  return rows[0]?.total ?? 0;
}

async function findPositions(
  open: Open,
  question: Question,
  page: { readonly limit: number; readonly offset: number; readonly sortOrder: 'asc' | 'desc' },
  query: EventWalk & Pick<EventQuery, 'sortBy'>,
): Promise<bigint[]> {
  const { parts, counts, all, search } = question;
  const span = await spanAfter(open, query);
  const walk =
    search === undefined
      ? chooseWalk(parts, counts, all, span, page.offset + page.limit).walk
      : { driver: searchDriver(search.match), parts: search.left, span };
  const isRanked = search !== undefined && query.sortBy === 'relevance';
  const statement = isRanked ? rankedStatement(walk, { ...page, maxRanked }) : positionsStatement(walk, page);
  const { rows } = await statement.execute(open.database);
  return rows.map(({ position }) => BigInt(position));
}

/** In the order of the positions. */
async function loadEvents(
  { database }: Open,
  positions: readonly bigint[],
  match: string | undefined,
): Promise<{ readonly events: VedetteEvent[]; readonly highlights: (string | null)[] }> {
  if (positions.length === 0) return { events: [], highlights: [] };
  const marks = createHighlightMarks(createId());
  const highlights =
    match === undefined ? undefined : await findHighlights({ database }, positions, match, marks);
  const columns = sql.join(eventColumns.map((name) => sql.ref(`events.${name}`)));
  const { rows } = await sql<EventRow & { readonly position: string }>`
    select ${columns}, cast(events.position as text) as position
    from events where events.position in (${sql.join(positions)})`.execute(database);
  const byPosition = new Map(rows.map((row) => [BigInt(row.position), row]));
  const ordered = positions.flatMap((position) => byPosition.get(position) ?? []);
  const ids = ordered.map((row) => row.id);
  const frames = await loadFrames(database, ids);
  const clips = await loadClips(database, ids);
  return {
    events: ordered.map((row) => toEvent(row, frames.get(row.id) ?? [], clips.get(row.id) ?? null)),
    highlights: ordered.map((row) => {
      const highlight = highlights?.get(row.position) ?? null;
      return highlight === null || row.description === null ? null : toHighlightHtml(highlight, marks);
    }),
  };
}

/**
 * Descriptions with their marks, by position. Words are looked up for each event; a prefix is not: its matches are put
 * together anew by each statement, which takes tens of milliseconds for a common one.
 */
async function findHighlights(
  { database }: Open,
  positions: readonly bigint[],
  match: string,
  marks: HighlightMarks,
): Promise<Map<string, string | null>> {
  const { low, high } = spanAround(positions);
  const hasPrefix = match.includes('"*');
  const which = hasPrefix
    ? sql`event_search.rowid >= ${low} and event_search.rowid <= ${high}
        and +event_search.rowid in (${sql.join(positions)})`
    : sql`event_search.rowid in (${sql.join(positions)})`;
  const { rows } = await sql<{ position: string; highlight: string | null }>`
    select cast(event_search.rowid as text) as position,
      highlight(event_search, 0, ${marks.open}, ${marks.close}) as highlight
    from event_search where event_search match ${match} and ${which}`.execute(database);
  return new Map(rows.map(({ position, highlight }) => [position, highlight]));
}

function spanAround(positions: readonly bigint[]): PositionSpan {
  const sorted = positions.toSorted((a, b) => (a < b ? -1 : 1));
  return { low: sorted[0] ?? 0n, high: sorted.at(-1) ?? 0n };
}
