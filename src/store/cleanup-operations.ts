import type { Transaction } from 'kysely';
import { scopeCondition } from './cleanup-scope.ts';
import type { CleanupBatch, CleanupBatchRequest } from './cleanup-store.ts';
import type { DatabaseSchema } from './database-schema.ts';
import type { OpenDatabase } from './open-database.ts';

/** Bound parameters of one statement: three for each file of an event, which are few dozens at most. */
const pathsPerStatement = 1_000;

export interface BuriedFiles {
  readonly paths: readonly string[];
  readonly sizeBytes: number;
}

/** Deletes rows and notes their files as tombstones; to be called in a durable transaction. */
export async function buryEvents(
  transaction: Transaction<DatabaseSchema>,
  now: number,
  eventIds: readonly string[],
): Promise<BuriedFiles> {
  if (eventIds.length === 0) return { paths: [], sizeBytes: 0 };
  const files = await transaction
    .selectFrom('event_files')
    .select(['path', 'size_bytes'])
    .where('event_id', 'in', eventIds)
    .execute();
  await buryFiles(transaction, now, files);
  await transaction.deleteFrom('events').where('id', 'in', eventIds).execute();
  return {
    paths: files.map(({ path }) => path),
    sizeBytes: files.reduce((sum, { size_bytes: size }) => sum + size, 0),
  };
}

export async function buryFiles(
  transaction: Transaction<DatabaseSchema>,
  now: number,
  files: readonly { readonly path: string; readonly size_bytes: number }[],
): Promise<void> {
  for (let start = 0; start < files.length; start += pathsPerStatement) {
    const rows = files
      .slice(start, start + pathsPerStatement)
      .map(({ path, size_bytes }) => ({ path, size_bytes, created_at: now }));
    await transaction
      .insertInto('tombstones')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

export async function deleteBatch(
  { statements, durably }: OpenDatabase,
  now: number,
  { scope, storedUntil, cursor, limit }: CleanupBatchRequest,
): Promise<CleanupBatch> {
  const { text, parameters } = scopeCondition(scope, storedUntil);
  // One more than asked for tells whether there are more. A position is text here, since no number holds it; by that text
  // the events would not come in their order, and all of them would be read for it.
  const select = statements.prepare<unknown[], { readonly id: string; readonly position: string }>(
    `select id, cast(position as text) as position from events
     where ${text} and position > ? order by events.position limit ?`,
  );
  return durably(async (transaction) => {
    const found = select.all(...parameters, BigInt(cursor ?? -1), limit + 1);
    const going = found.slice(0, limit);
    const eventIds = going.map(({ id }) => id);
    return {
      eventIds,
      ...(await buryEvents(transaction, now, eventIds)),
      cursor: going.at(-1)?.position ?? cursor,
      hasMore: found.length > limit,
    };
  });
}

export async function listTombstones({ database }: OpenDatabase, limit: number): Promise<string[]> {
  const rows = await database
    .selectFrom('tombstones')
    .select('path')
    .orderBy('created_at')
    .orderBy('path')
    .limit(limit)
    .execute();
  return rows.map(({ path }) => path);
}

export async function clearTombstones({ database }: OpenDatabase, paths: readonly string[]): Promise<void> {
  for (let start = 0; start < paths.length; start += pathsPerStatement) {
    await database
      .deleteFrom('tombstones')
      .where('path', 'in', paths.slice(start, start + pathsPerStatement))
      .execute();
  }
}
