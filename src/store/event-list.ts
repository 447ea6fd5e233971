import { sql } from 'kysely';
import type { VedetteEvent } from '../core/event.ts';
import { countByDays, edgesOf } from './event-counts.ts';
import { partsOf, type FilterPart } from './event-filter.ts';
import { loadClips, loadFrames } from './event-operations.ts';
import { chooseWalk, maxCounted } from './event-plan.ts';
import { spanAfter, spanOf } from './event-span.ts';
import type { EventFilter, EventPage, EventQuery, EventWalk } from './event-store.ts';
import {
  countLookedStatement,
  countStatement,
  positionsStatement,
  rankedStatement,
  searchDriver,
  type Looked,
  type Walk,
} from './event-walk.ts';
import { highlightTexts } from './highlight.ts';
import type { OpenDatabase } from './open-database.ts';
import { eventColumns, toEvent, type EventRow } from './row-translation.ts';
import { narrowMatch, parseSearch, type TypedSearch } from './search-query.ts';

type Open = Pick<OpenDatabase, 'database' | 'statements'>;

/** Of more matches than these, the newest are ranked. */
const maxRanked = 5_000;
/** The full-text index reads every event of a word; of a condition that lets more through, it is cheaper to look at those found. */
const narrowingShare = 0.3;
/**
 * Events that are looked at for a total: along an index that holds every filter, there with a look for their labels, and
 * with a look-up of each by its position, which may lie anywhere.
 */
const maxLooked = { alongFilters: 100_000, withLabels: 50_000, withLookUp: 10_000 };

const emptyPage: EventPage = {
  events: [],
  totalCount: 0,
  isTotalExact: true,
  hasMore: false,
  highlights: [],
};

/**
 * A page and its total. Empty lists filter nothing; a search for blanks is no search, one that holds no word at all
 * (`???`) finds nothing.
 */
export async function listEvents(open: Open, query: EventQuery): Promise<EventPage> {
  const question = await ask(open, query);
  if (question === undefined) return emptyPage;
  const total = await countTotal(open, question);
  if (total.isExact && total.count === 0) return emptyPage;
  const page = { limit: query.limit + 1, offset: query.offset, sortOrder: query.sortOrder };
  const positions = await findPositions(open, question, page, query);
  const hasMore = positions.length > query.limit;
  const events = await loadEvents(open, positions.slice(0, query.limit));
  const descriptions = events.map(({ description }) => description);
  const highlights =
    question.search === undefined
      ? descriptions.map(() => null)
      : highlightTexts(open.statements, question.search.any, descriptions);
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
  return loadEvents(open, positions);
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
}

/** For the full-text index: what was typed, and what it knows of the parts. */
interface Search {
  readonly match: string;
  /** Matches what holds any of the words. */
  readonly any: string;
  /** The parts that have still to be looked at. */
  readonly left: readonly FilterPart[];
}

/** @param isNarrowing whether a part lets so little through that the index's own words for it are worth their look */
export function searchOf(
  { all, any }: TypedSearch,
  parts: readonly FilterPart[],
  isNarrowing: (part: FilterPart) => boolean,
): Search {
  const narrowing = parts.filter((part) => part.indexed !== undefined && isNarrowing(part));
  return {
    match: narrowMatch(
      all,
      narrowing.flatMap(({ indexed }) => indexed ?? []),
    ),
    any,
    left: parts.filter((part) => !narrowing.includes(part) || part.indexed?.isExact !== true),
  };
}

async function ask(open: Open, filter: EventFilter): Promise<Question | undefined> {
  const text = filter.searchQuery?.trim() ?? '';
  const words = text === '' ? undefined : parseSearch(text);
  if (text !== '' && words === undefined) return undefined;
  const parts = partsOf(filter);
  const { all, ofParts } = await countByDays(open, filter, parts);
  const isNarrowing = (part: FilterPart): boolean =>
    (ofParts[parts.indexOf(part)]?.touched ?? 0) <= all.touched * narrowingShare;
  const search = words === undefined ? undefined : searchOf(words, parts, isNarrowing);
  return {
    filter,
    parts,
    counts: ofParts.map(({ touched }) => touched),
    all: all.touched,
    inWholeDays: (ofParts[0] ?? all).whole,
    search,
  };
}

interface Total {
  readonly count: number;
  readonly isExact: boolean;
}

async function countTotal(open: Open, question: Question): Promise<Total> {
  const { filter, parts, counts, all, search } = question;
  const span = spanOf(filter);
  if (search !== undefined) {
    const { match, left } = search;
    const walk = { driver: searchDriver(match), parts: left, span };
    if (left.length === 0) return upTo(await count(open, walk, maxCounted + 1), true);
    const { looked, total } = await countLooked(open, walk, maxLooked.withLookUp + 1);
    return upTo(total, looked <= maxLooked.withLookUp);
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
  const most = mostLooked(walk);
  return upTo(await count(open, walk, most), driverCount <= most);
}

function mostLooked({ driver, parts }: Walk): number {
  if (!driver.hasFilters) return maxLooked.withLookUp;
  return parts.some(({ name }) => name === 'object') ? maxLooked.withLabels : maxLooked.alongFilters;
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

async function countLooked(open: Open, walk: Walk, most: number): Promise<Looked> {
  const { rows } = await countLookedStatement(walk, most).execute(open.database);
  return rows[0] ?? { looked: 0, total: 0 };
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
async function loadEvents({ database }: Open, positions: readonly bigint[]): Promise<VedetteEvent[]> {
  if (positions.length === 0) return [];
  const columns = sql.join(eventColumns.map((name) => sql.ref(`events.${name}`)));
  const { rows } = await sql<EventRow & { readonly position: string }>`
    select ${columns}, cast(events.position as text) as position
    from events where events.position in (${sql.join(positions)})`.execute(database);
  const byPosition = new Map(rows.map((row) => [BigInt(row.position), row]));
  const ordered = positions.flatMap((position) => byPosition.get(position) ?? []);
  const ids = ordered.map((row) => row.id);
  const frames = await loadFrames(database, ids);
  const clips = await loadClips(database, ids);
  return ordered.map((row) => toEvent(row, frames.get(row.id) ?? [], clips.get(row.id) ?? null));
}
