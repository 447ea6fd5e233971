import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { AppError } from '../core/errors.ts';
import { isSystemError } from './store-errors.ts';

/**
 * Holds a folder for this process. The lock is SQLite's own on a database of its own that holds nothing: the
 * operating system gives it back when the process ends, however it ends, so a lock is never left over. It also holds
 * between two openers in one process, which a plain file lock would not.
 *
 * @throws AppError `STORE_IN_USE`
 */
export function lockFolder(folder: string): Disposable {
  const pidFile = join(folder, 'vedette.pid');
  const lock = new SqliteDatabase(join(folder, 'vedette.lock'), { timeout: 0 });
  try {
    lock.pragma('journal_mode = delete');
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (!(error instanceof SqliteDatabase.SqliteError) || !error.code.startsWith('SQLITE_BUSY')) throw error;
    throw new AppError(
      'STORE_IN_USE',
      `The data folder ${folder} is in use by another Vedette${processNamed(pidFile)}. Stop that one, or choose another folder.`,
      { cause: error },
    );
  }
  // Only for the message above; the lock itself is what counts, and holds on a full disk too.
  try {
    writeFileSync(pidFile, String(process.pid));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
  return {
    [Symbol.dispose]: () => {
      lock.close();
    },
  };
}

function processNamed(pidFile: string): string {
  try {
    return ` (process ${readFileSync(pidFile, 'utf8').trim()})`;
  } catch {
    // Not written yet, or not readable: the message does without.
    return '';
  }
}
