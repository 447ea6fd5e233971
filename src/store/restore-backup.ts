import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { AppError } from '../core/errors.ts';
import { databaseEntry, secretKeyEntry, type BackupSummary } from './backup-format.ts';
import { assertSound } from './database-snapshot.ts';
import { lockFolder } from './folder-lock.ts';
import { migrations } from './migrations.ts';
import { unpackBackup, type UnpackHooks } from './read-backup.ts';
import { finishRestore, isRestoreReady, markReady, stagingFolder } from './restore-swap.ts';

export interface RestoreOptions {
  readonly archive: string;
  /** Made when it is not there. */
  readonly dataDir: string;
  /** Puts what is there aside, instead of refusing. */
  readonly isForced: boolean;
  /** Epoch ms. */
  readonly now: number;
}

export interface RestoreResult {
  readonly summary: BackupSummary;
  /** The folder that holds what was there before; `null` when there was nothing. */
  readonly replaced: string | null;
  readonly hasSecretKey: boolean;
}

/**
 * Makes the data folder what it was. Everything is unpacked and checked beside what is there; only then it takes its
 * place, by renaming, and what was there is put aside, not deleted. A restore that is cut off before has changed
 * nothing; one that is cut off after is carried to its end by the next start.
 *
 * @throws AppError `STORE_IN_USE`, `STORE_NOT_EMPTY`, `STORE_TOO_NEW`, `STORE_CORRUPT`, `BACKUP_DAMAGED`
 */
export async function restoreBackup(
  options: RestoreOptions,
  hooks: UnpackHooks = {},
): Promise<RestoreResult> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const lock = lockFolder(dataDir);
  try {
    return await restoreInto(dataDir, options, hooks);
  } finally {
    lock[Symbol.dispose]();
  }
}

/** In a folder that is locked. */
async function restoreInto(
  dataDir: string,
  { archive, isForced, now }: RestoreOptions,
  hooks: UnpackHooks,
): Promise<RestoreResult> {
  const staging = stagingFolder(dataDir);
  if (isRestoreReady(dataDir)) finishRestore(dataDir);
  if (existsSync(join(dataDir, databaseEntry)) && !isForced) {
    throw new AppError(
      'STORE_NOT_EMPTY',
      `${dataDir} has a database already. Restore into another folder, or say --force: what is there is put aside then.`,
    );
  }
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  let summary: BackupSummary;
  try {
    summary = await checkBackup(archive, staging, hooks);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  markReady(dataDir, now);
  const replaced = finishRestore(dataDir);
  return { summary, replaced, hasSecretKey: existsSync(join(dataDir, secretKeyEntry)) };
}

/** Unpacks it and looks whether it could be restored. @param scratch an empty folder */
export async function checkBackup(
  archive: string,
  scratch: string,
  hooks: UnpackHooks = {},
): Promise<BackupSummary> {
  const summary = await unpackBackup(archive, scratch, hooks);
  checkDatabase(join(scratch, databaseEntry), archive, summary);
  return summary;
}

function checkDatabase(file: string, archive: string, summary: BackupSummary): void {
  const unknown = summary.migrations.filter((name) => !Object.hasOwn(migrations, name));
  if (unknown.length > 0) {
    throw new AppError(
      'STORE_TOO_NEW',
      `${archive} was written by a newer version of Vedette (${summary.version}; it has the migration ${unknown.join(', ')}). ` +
        'Restore it with that version.',
    );
  }
  const connection = new SqliteDatabase(file, { readonly: true });
  try {
    assertSound(connection, `in ${archive}`);
  } finally {
    connection.close();
  }
}
