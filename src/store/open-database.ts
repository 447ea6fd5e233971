import { closeSync, openSync, renameSync, rmSync, statfsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { Kysely, type Transaction } from 'kysely';
import { Migrator } from 'kysely/migration';
import { AppError } from '../core/errors.ts';
import { createSecretBox, type SecretBox } from '../core/secret-box.ts';
import type { SecretKeyring } from '../core/secret-keys.ts';
import type { DatabaseSchema } from './database-schema.ts';
import type { DatabaseMigration } from './migrations.ts';
import { flushToDisk } from './file-flush.ts';
import { sealEverything } from './sealed-secrets.ts';
import { ImmediateSqliteDialect } from './sqlite-dialect.ts';
import { StatementCache } from './statement-cache.ts';

/** A write-ahead log that grew beyond this in a burst is cut back afterwards. */
const walSizeLimitBytes = 64 * 1024 * 1024;

export interface OpenDatabase {
  /** Transactions survive a crash of the process, but the last ones may be lost when the power fails (`synchronous=NORMAL`). */
  readonly database: Kysely<DatabaseSchema>;
  /** A transaction that is on the disk when this resolves (`synchronous=FULL`). One at a time. */
  readonly durably: <T>(work: (transaction: Transaction<DatabaseSchema>) => Promise<T>) => Promise<T>;
  readonly file: string;
  /** How many migrations have been run. */
  readonly schemaVersion: number;
  /** For what Kysely has no words for. */
  readonly connection: SqliteDatabase.Database;
  /** Of the connection, for what runs too often to be put together each time. */
  readonly statements: StatementCache;
  readonly keyring: SecretKeyring;
  readonly box: SecretBox;
  /** Secrets that were there at the opening and could not be read; named, not shown. */
  readonly unreadableSecrets: readonly string[];
  readonly close: () => Promise<void>;
}

export interface OpenDatabaseOptions {
  readonly file: string;
  readonly busyTimeoutMs: number;
  readonly migrations: Readonly<Record<string, DatabaseMigration>>;
  readonly keyring: SecretKeyring;
}

/**
 * Opens the file or makes it, and brings it to the latest schema; a database that held an older one is copied
 * beside it first. Secrets that are not sealed with the current key are sealed with it.
 *
 * @throws AppError `STORE_TOO_NEW`; SQLite's own errors otherwise
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<OpenDatabase> {
  const { file, busyTimeoutMs, migrations, keyring } = options;
  const connection = new SqliteDatabase(file, { timeout: busyTimeoutMs });
  try {
    connection.pragma('journal_mode = wal');
    connection.pragma(`journal_size_limit = ${walSizeLimitBytes}`);
    connection.pragma('foreign_keys = on');
    connection.pragma('synchronous = normal');
    connection.pragma('temp_store = memory');
    const statements = new StatementCache(connection);
    const database = new Kysely<DatabaseSchema>({
      dialect: new ImmediateSqliteDialect(connection, statements),
    });
    await migrate(connection, database, file, migrations);
    const open: OpenDatabase = {
      database,
      durably: async (work) => {
        // The level can only be changed between transactions; the worker runs one request after the other.
        connection.pragma('synchronous = full');
        try {
          return await database.transaction().execute(work);
        } finally {
          connection.pragma('synchronous = normal');
        }
      },
      file,
      schemaVersion: Object.keys(migrations).length,
      connection,
      statements,
      keyring,
      box: createSecretBox(keyring),
      unreadableSecrets: [],
      close: async () => {
        if (!connection.open) return;
        try {
          // Statistics for the planner, where the tables have changed enough to want new ones.
          connection.pragma('optimize');
        } finally {
          await database.destroy();
          connection.close();
        }
      },
    };
    // What is written over here is zeroed at once, also when the wiping below is never reached.
    connection.pragma('secure_delete = on');
    const { sealed, unreadable } = await sealEverything(open);
    connection.pragma('secure_delete = off');
    if (sealed > 0) wipeFreeSpace(connection);
    return { ...open, unreadableSecrets: unreadable };
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function migrate(
  connection: SqliteDatabase.Database,
  database: Kysely<DatabaseSchema>,
  file: string,
  migrations: OpenDatabaseOptions['migrations'],
): Promise<void> {
  const names = Object.keys(migrations).toSorted();
  const done = migrationsDone(connection);
  const unknown = done.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new AppError(
      'STORE_TOO_NEW',
      `The database ${file} was written by a newer version of Vedette (it has the migration ${unknown.join(', ')}; ` +
        `this version knows them up to ${names.at(-1) ?? 'none'}). Start that version again, or put back the copy ` +
        `that it made beside the database before it changed it (${basename(file)}.before-…).`,
    );
  }
  const next = names.find((name) => !done.includes(name));
  if (next === undefined) return;
  if (done.length > 0) {
    assertRoomForCopy(connection, file);
    copyDatabase(connection, `${file}.before-${next}`);
  }
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}

function migrationsDone(connection: SqliteDatabase.Database): string[] {
  const hasBook = connection
    .prepare(`select 1 from sqlite_schema where type = 'table' and name = 'kysely_migration'`)
    .get();
  if (hasBook === undefined) return [];
  return connection.prepare<[], string>('select name from kysely_migration order by name').pluck().all();
}

/** What was deleted or written over stays in the file until its place is used again: passwords must not. */
function wipeFreeSpace(connection: SqliteDatabase.Database): void {
  connection.exec('vacuum');
  connection.pragma('wal_checkpoint(truncate)');
}

/** Before anything is begun: an upgrade must not end halfway for want of room. */
function assertRoomForCopy(connection: SqliteDatabase.Database, file: string): void {
  const pages = Number(connection.pragma('page_count', { simple: true }));
  // The copy, and as much again for what the migration itself writes.
  const neededBytes = 2 * pages * Number(connection.pragma('page_size', { simple: true }));
  const { bavail, bsize } = statfsSync(dirname(file));
  if (bavail * bsize >= neededBytes) return;
  throw new AppError(
    'DISK_FULL',
    `This version changes the database, and copies it first; that needs ${megabytes(neededBytes)}, and ` +
      `${megabytes(bavail * bsize)} are free on the disk of ${file}. Make room and start again; nothing was changed.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}

/** A whole copy, or none: it gets its name only once it is complete and on the disk. */
function copyDatabase(connection: SqliteDatabase.Database, target: string): void {
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { force: true });
  // For its owner only: it may hold passwords in clear, as an older version kept them.
  closeSync(openSync(unfinished, 'wx', 0o600));
  connection.prepare('vacuum into ?').run(unfinished);
  flushToDisk(unfinished);
  renameSync(unfinished, target);
  flushToDisk(dirname(target));
}
