import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Database as SqliteConnection } from 'better-sqlite3';
import { isSystemError } from './store-errors.ts';

/** Folders whose names are held at a time: the files of an event stand in one, and events come in the order of time. */
const foldersHeld = 4;
const pathsNamed = 20;

/** Files that rows name and the disk does not have. */
export interface MissingFiles {
  readonly count: number;
  readonly events: number;
  /** Of the first few, relative to the data folder. */
  readonly paths: readonly string[];
}

/** Looks at every file that the database names; for `maintenance.ts`. */
export function findMissingFiles(connection: SqliteConnection, dataDir: string): MissingFiles {
  const folders = new Map<string, ReadonlySet<string>>();
  const namesIn = (folder: string): ReadonlySet<string> => {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const names = new Set(readNames(join(dataDir, folder)));
    folders.set(folder, names);
    const [oldest] = folders.keys();
    if (folders.size > foldersHeld && oldest !== undefined) folders.delete(oldest);
    return names;
  };
  const paths: string[] = [];
  const events = new Set<string>();
  let count = 0;
  const files = connection.prepare<[], { readonly event_id: string; readonly path: string }>(
    'select event_id, path from event_files',
  );
  for (const { event_id: eventId, path } of files.iterate()) {
    const folder = dirname(path);
    if (namesIn(folder).has(path.slice(folder.length + 1))) continue;
    count += 1;
    events.add(eventId);
    if (paths.length < pathsNamed) paths.push(path);
  }
  return { count, events: events.size, paths };
}

function readNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}
