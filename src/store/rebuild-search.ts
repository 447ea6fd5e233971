import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { lockFolder } from './folder-lock.ts';
import { toStoreError } from './store-errors.ts';

/**
 * Reads the texts of all events into the index of the search again. Takes some ten seconds for a million.
 *
 * @throws AppError `STORE_IN_USE` while a service runs; of the store
 */
export function rebuildSearch(dataDir: string): void {
  const file = join(dataDir, 'vedette.db');
  const lock = lockFolder(dataDir);
  try {
    const connection = new SqliteDatabase(file, { fileMustExist: true });
    try {
      connection.exec(`insert into event_search (event_search) values ('rebuild')`);
    } finally {
      connection.close();
    }
  } catch (error) {
    throw toStoreError(error, file);
  } finally {
    lock[Symbol.dispose]();
  }
}
