import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import SqliteDatabase, { type Database as SqliteConnection } from 'better-sqlite3';
import { AppError } from '../core/errors.ts';
import { ArchiveFile } from './archive-file.ts';
import {
  databaseEntry,
  isBackedUpPath,
  secretKeyEntry,
  summaryEntry,
  sumsEntry,
  type BackupSummary,
} from './backup-format.ts';
import { snapshotDatabase } from './database-snapshot.ts';
import { flushToDisk } from './file-flush.ts';
import { isSystemError } from './store-errors.ts';

export interface BackupOptions {
  readonly dataDir: string;
  /** The archive; made for its owner only, and gets its name when it is whole. Must not be there yet. */
  readonly target: string;
  /** Puts the key of the stored passwords in: then whoever has the backup has the passwords. */
  readonly withSecretKey: boolean;
  readonly version: string;
  /** Epoch ms. */
  readonly now: number;
}

export interface BackupHooks {
  readonly signal?: AbortSignal;
  /** @param share 0..1 of the whole */
  readonly onProgress?: (share: number) => void;
}

/**
 * Copies everything into one archive while events go on. The database first: every file that it names was there when
 * its row was written, and never changes. What was deleted since has no file any more; its rows leave the copy too,
 * which goes into the archive last. So each picture of the backup has its row and each row its picture, and nothing is
 * in it that came later. (Files first would miss those of events that come while it runs.)
 *
 * @throws AppError of the store, with nothing but what was there before left; an `AbortError`
 */
export async function writeBackup(
  { dataDir, target, withSecretKey, version, now }: BackupOptions,
  { signal, onProgress }: BackupHooks = {},
): Promise<BackupSummary> {
  const archivePath = resolve(target);
  const live = join(dataDir, databaseEntry);
  const unfinished = `${archivePath}.unfinished`;
  const snapshot = `${archivePath}.database.unfinished`;
  const sums = `${archivePath}.sums.unfinished`;
  if (!existsSync(live)) {
    throw new AppError(
      'BAD_REQUEST',
      `There is no database in ${dataDir}: name the data folder with --data.`,
    );
  }
  await mkdir(dirname(archivePath), { recursive: true });
  await refuseExisting(archivePath);
  try {
    // Captures that wait for the database are in none of its copies; one that is stored meanwhile is in both, once.
    const spooled = await spooledFiles(dataDir);
    await snapshotDatabase(live, snapshot, {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (share) => onProgress?.(share * snapshotShare),
    });
    const copy = new SqliteDatabase(snapshot);
    try {
      await using archive = await ArchiveFile.create(unfinished, sums);
      const files = copy.prepare<[], string>('select path from event_files').pluck();
      const total = countOf(copy, 'select count(*) from event_files');
      const gone: string[] = [];
      let done = 0;
      for (const path of concat(spooled, files.iterate())) {
        signal?.throwIfAborted();
        if (!(isBackedUpPath(path) && (await archive.addFile(path, join(dataDir, path))))) gone.push(path);
        done += 1;
        onProgress?.(snapshotShare + (1 - snapshotShare) * Math.min(1, done / Math.max(1, total)));
      }
      const missing = forgetDeleted(copy, live, gone, now);
      const events = countOf(copy, 'select count(*) from events');
      const migrations = copy
        .prepare<[], string>('select name from kysely_migration order by name')
        .pluck()
        .all();
      copy.close();
      await archive.addFile(databaseEntry, snapshot);
      const hasSecretKey =
        withSecretKey && (await archive.addFile(secretKeyEntry, join(dataDir, secretKeyEntry)));
      const summary: BackupSummary = {
        format: 1,
        version,
        created_at: new Date(now).toISOString(),
        migrations,
        events,
        files: archive.files,
        bytes: archive.bytes,
        missing_files: missing,
        has_secret_key: hasSecretKey,
      };
      await archive.addSums(sumsEntry);
      await archive.addText(summaryEntry, `${JSON.stringify(summary, null, 1)}\n`);
      await archive.finish();
      await refuseExisting(archivePath);
      await rename(unfinished, archivePath);
      flushToDisk(dirname(archivePath));
      return summary;
    } finally {
      copy.close();
    }
  } finally {
    await Promise.all(
      [unfinished, snapshot, `${snapshot}-journal`, sums].map((path) => rm(path, { force: true })),
    );
  }
}

/** Of the time that a backup takes; the rest is copying files. */
const snapshotShare = 0.2;

/** Deletes from the copy what was deleted from the database since. Answers how many files are missing of what was not. */
function forgetDeleted(
  copy: SqliteConnection,
  liveFile: string,
  gone: readonly string[],
  now: number,
): number {
  if (gone.length === 0) return 0;
  const live = new SqliteDatabase(liveFile, { readonly: true, fileMustExist: true, timeout: 10_000 });
  try {
    copy.pragma('foreign_keys = on');
    const ownerOf = copy.prepare<[string], string>('select event_id from event_files where path = ?').pluck();
    const isNamed = live.prepare<[string, string], 1>(
      'select 1 from event_files where event_id = ? and path = ?',
    );
    const isStored = live.prepare<[string], 1>('select 1 from events where id = ?');
    // Some of its files are in the archive already: the restored database knows that they are to go.
    const buryEvent = copy.prepare(
      'insert or ignore into tombstones select path, size_bytes, ? from event_files where event_id = ?',
    );
    const deleteEvent = copy.prepare('delete from events where id = ?');
    const requests = 'select request_id from sent_pictures where path = ?';
    const burySent = copy.prepare(
      `insert or ignore into tombstones select path, size_bytes, ? from sent_pictures where request_id in (${requests})`,
    );
    const deleteSent = copy.prepare(`delete from sent_requests where id in (${requests})`);
    let missing = 0;
    const forget = copy.transaction(() => {
      for (const path of gone) {
        const eventId = ownerOf.get(path);
        if (eventId === undefined) continue;
        if (isStored.get(eventId) === undefined) {
          buryEvent.run(now, eventId);
          deleteEvent.run(eventId);
        } else if (isNamed.get(eventId, path) === undefined) {
          burySent.run(now, path);
          deleteSent.run(path);
        } else missing += 1;
      }
    });
    forget();
    return missing;
  } finally {
    live.close();
  }
}

/** Captures that wait for the database, and the pictures that they name. */
async function spooledFiles(dataDir: string): Promise<string[]> {
  const names = (await readdir(join(dataDir, 'spool')).catch(emptyWhenMissing)).filter((name) =>
    name.endsWith('.json'),
  );
  const paths: string[] = [];
  for (const name of names) {
    const text = await readFile(join(dataDir, 'spool', name), 'utf8').catch(() => '');
    const named = [...text.matchAll(/"(media\/[^"\\]+)"/g)].map(([, path = '']) => path);
    paths.push(...named.filter(isBackedUpPath), `spool/${name}`);
  }
  return paths;
}

function emptyWhenMissing(error: unknown): string[] {
  if (isSystemError(error) && error.code === 'ENOENT') return [];
  throw error;
}

async function refuseExisting(path: string): Promise<void> {
  const names = await readdir(dirname(path));
  if (names.some((name) => join(dirname(path), name) === path)) {
    throw new AppError(
      'BAD_REQUEST',
      `${path} is there already: a backup overwrites nothing. Choose another name.`,
    );
  }
}

function* concat(...lists: readonly Iterable<string>[]): Generator<string> {
  for (const list of lists) yield* list;
}

function countOf(connection: SqliteConnection, text: string): number {
  return connection.prepare<[], number>(text).pluck().get() ?? 0;
}
