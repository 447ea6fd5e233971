import type { Database as SqliteConnection } from 'better-sqlite3';
import { scopeCondition } from './cleanup-scope.ts';
import type { CleanupPlan, CleanupRules, CleanupScope } from './cleanup-store.ts';
import { ageScopes, sizeScope, type CameraRetention } from './retention-scopes.ts';

/** When the cap is passed, so much below it is made room: not every night for a handful of events. */
const capTarget = 0.95;

/**
 * Counts what the rules would delete. Reads the whole database: for a connection of its own, away from the service's
 * threads (`maintenance.ts`). A plan of no more than scopes is made quickly; sums over all files take a second for a
 * million.
 */
export function planCleanup(connection: SqliteConnection, rules: CleanupRules): CleanupPlan {
  const { now: storedUntil } = rules;
  connection.pragma('temp_store = memory');
  connection.exec('create temp table if not exists going (position integer primary key); delete from going');
  const read = connection.transaction((): CleanupPlan => {
    const cameras = camerasOf(connection);
    const scopes = rules.kind === 'chosen' ? rules.scopes : ageScopes(rules.policy, cameras, rules.now);
    for (const scope of scopes) mark(connection, scope, storedUntil);
    const starredKept = scopes
      .filter(({ starred }) => starred === 'kept')
      .reduce((sum, scope) => sum + countStarred(connection, scope, storedUntil), 0);
    const usedBytes = filesBytes(connection) + databaseBytes(connection);
    const byAge = bytesGoing(connection);
    const excess = rules.kind === 'chosen' ? 0 : excessOf(rules, usedBytes, byAge);
    const bySize =
      excess === 0 ? undefined : scopeThatFrees(connection, sizeScope(cameras), rules.now, excess);
    if (bySize !== undefined) mark(connection, bySize.scope, storedUntil);
    const span = connection
      .prepare<[], Pick<CleanupPlan, 'oldest' | 'newest'>>(
        'select min(timestamp) as oldest, max(timestamp) as newest from going join events using (position)',
      )
      .get() ?? { oldest: null, newest: null };
    return {
      scopes: bySize === undefined ? scopes : [...scopes, bySize.scope],
      storedUntil,
      events: countGoing(connection),
      ...span,
      sizeBytes: filesBytes(connection, ofThoseGoing),
      starredKept,
      usedBytes,
      excessBytes: Math.max(0, excess - (bySize?.freedBytes ?? 0)),
    };
  });
  return read();
}

const ofThoseGoing = 'where event_id in (select id from events join going using (position))';

function countGoing(connection: SqliteConnection): number {
  return total(connection, 'select count(*) from going');
}

/** Deleted cameras too: what was to be kept for ever is kept when its camera goes. */
function camerasOf(connection: SqliteConnection): CameraRetention[] {
  return connection
    .prepare<[], CameraRetention>(
      'select id, retention_days as days from cameras where retention_days is not null order by id',
    )
    .all();
}

function mark(connection: SqliteConnection, scope: CleanupScope, storedUntil: number): void {
  const { text, parameters } = scopeCondition(scope, storedUntil);
  connection
    .prepare(`insert or ignore into going select position from events where ${text}`)
    .run(...parameters);
}

function countStarred(connection: SqliteConnection, scope: CleanupScope, storedUntil: number): number {
  const { text, parameters } = scopeCondition({ ...scope, starred: 'only' }, storedUntil);
  return total(
    connection,
    `select count(*) from events where ${text} and position not in (select position from going)`,
    ...parameters,
  );
}

function filesBytes(connection: SqliteConnection, where = ''): number {
  return total(connection, `select coalesce(sum(size_bytes), 0) from event_files ${where}`);
}

/** Without the pages that are free to be used again. */
function databaseBytes(connection: SqliteConnection): number {
  const [pages, free, size] = ['page_count', 'freelist_count', 'page_size'].map((name) =>
    Number(connection.pragma(name, { simple: true })),
  );
  return ((pages ?? 0) - (free ?? 0)) * (size ?? 0);
}

/** Files and the share of the database of what is marked so far. */
function bytesGoing(connection: SqliteConnection): number {
  return filesBytes(connection, ofThoseGoing) + countGoing(connection) * rowBytes(connection);
}

function rowBytes(connection: SqliteConnection): number {
  const events = total(connection, 'select count(*) from events');
  return events === 0 ? 0 : databaseBytes(connection) / events;
}

/** What has to go beyond what is too old. */
function excessOf(
  { policy: { maxBytes }, wantedBytes }: Extract<CleanupRules, { kind: 'retention' }>,
  usedBytes: number,
  goingBytes: number,
): number {
  const staying = usedBytes - goingBytes;
  const overCap = maxBytes !== null && staying > maxBytes ? staying - maxBytes * capTarget : 0;
  return Math.max(0, overCap, wantedBytes - goingBytes);
}

/** The oldest events that together free so many bytes, or all that may go. */
function scopeThatFrees(
  connection: SqliteConnection,
  scope: CleanupScope,
  storedUntil: number,
  wantedBytes: number,
): { readonly scope: CleanupScope; readonly freedBytes: number } | undefined {
  const { text, parameters } = scopeCondition(scope, storedUntil);
  const row = rowBytes(connection);
  const oldestFirst = connection
    .prepare<unknown[], { readonly timestamp: number; readonly bytes: number }>(
      `select timestamp,
         (select coalesce(sum(size_bytes), 0) from event_files where event_files.event_id = events.id) as bytes
       from events where ${text} and position not in (select position from going) order by position`,
    )
    .iterate(...parameters);
  let freedBytes = 0;
  let last: number | undefined;
  for (const { timestamp, bytes } of oldestFirst) {
    // Events of the same moment go together: a scope can't part them.
    if (freedBytes >= wantedBytes && timestamp !== last) break;
    freedBytes += bytes + row;
    last = timestamp;
  }
  return last === undefined ? undefined : { scope: { ...scope, before: last + 1 }, freedBytes };
}

function total(connection: SqliteConnection, text: string, ...parameters: readonly unknown[]): number {
  return (
    connection
      .prepare<unknown[], number>(text)
      .pluck()
      .get(...parameters) ?? 0
  );
}
