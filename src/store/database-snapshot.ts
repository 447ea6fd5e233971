import { closeSync, openSync, rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import SqliteDatabase, { type Database as SqliteConnection } from 'better-sqlite3';
import { AppError } from '../core/errors.ts';

/** Of 4 KB; some ten milliseconds. */
const pagesPerStep = 1_000;

/**
 * Copies a database that others write to, as it is at one moment. A read transaction that stays open over all steps
 * holds that moment: without one, every write of another connection would start the copy again.
 *
 * @param target for its owner only; made anew
 * @throws SQLite's own errors; an `AbortError`; `STORE_CORRUPT` when the copy is damaged, and so the database is
 */
export async function snapshotDatabase(
  file: string,
  target: string,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal; readonly onProgress?: (share: number) => void } = {},
): Promise<void> {
  rmSync(target, { force: true });
  closeSync(openSync(target, 'wx', 0o600));
  const source = new SqliteDatabase(file, { readonly: true, fileMustExist: true, timeout: 10_000 });
  try {
    source.exec('begin');
    source.prepare('select 1 from sqlite_schema').get();
    await source.backup(target, {
      progress: ({ totalPages, remainingPages }) => {
        signal?.throwIfAborted();
        onProgress?.(totalPages === 0 ? 0 : 1 - remainingPages / totalPages);
        return pagesPerStep;
      },
    });
  } finally {
    source.close();
  }
  await nextTurn();
  const copy = new SqliteDatabase(target);
  try {
    // One file, without a log beside it.
    copy.pragma('journal_mode = delete');
    assertSound(copy, file);
  } finally {
    copy.close();
  }
}

/** @throws AppError `STORE_CORRUPT` */
export function assertSound(connection: SqliteConnection, file: string): void {
  const [first] = connection.prepare<[], string>('pragma quick_check(1)').pluck().all();
  if (first === 'ok') return;
  throw new AppError(
    'STORE_CORRUPT',
    `The database ${file} is damaged: ${first ?? 'it can not be checked'}.`,
  );
}
