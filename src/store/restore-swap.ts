import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { databaseEntry, secretKeyEntry } from './backup-format.ts';
import { flushToDisk } from './file-flush.ts';

const readyMark = 'ready.json';

/** What a backup holds, by the names that it has in the data folder. */
const restoredNames = ['media', 'spool', secretKeyEntry, databaseEntry] as const;
/** What belongs to the database that was there before, and would spoil the new one. */
const logNames = [`${databaseEntry}-wal`, `${databaseEntry}-shm`] as const;

const markSchema = z.object({ names: z.array(z.enum(restoredNames)), aside: z.string().regex(/^[\w-]+$/) });

/** Where a restore unpacks what then takes its place. */
export function stagingFolder(dataDir: string): string {
  return join(dataDir, 'restore.unfinished');
}

/** Everything in the staging folder is whole and on the disk: from now on the restore is only carried to its end. */
export function markReady(dataDir: string, now: number): void {
  const staging = stagingFolder(dataDir);
  const mark: z.input<typeof markSchema> = {
    names: restoredNames.filter((name) => existsSync(join(staging, name))),
    aside: `replaced-${new Date(now).toISOString().replaceAll(/[:.]/g, '')}`,
  };
  flushToDisk(staging);
  const unfinished = join(staging, `${readyMark}.unfinished`);
  writeFileSync(unfinished, JSON.stringify(mark), { mode: 0o600, flush: true });
  renameSync(unfinished, join(staging, readyMark));
  flushToDisk(staging);
}

/** Whether a restore was cut off while its files took their places. */
export function isRestoreReady(dataDir: string): boolean {
  return existsSync(join(stagingFolder(dataDir), readyMark));
}

/**
 * Puts what is there aside and what was unpacked in its place. Any step may have been done already, by a restore that
 * was cut off. The folder must be locked.
 *
 * @returns the folder that holds what was there before; `null` when there was nothing
 */
export function finishRestore(dataDir: string): string | null {
  const staging = stagingFolder(dataDir);
  const mark = markSchema.parse(JSON.parse(readFileSync(join(staging, readyMark), 'utf8')));
  const aside = join(dataDir, mark.aside);
  const putAside = (name: string): void => {
    if (!existsSync(join(dataDir, name))) return;
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    renameSync(join(dataDir, name), join(aside, name));
  };
  for (const name of restoredNames) {
    const isRestored = mark.names.includes(name);
    // A key that is there opens the passwords of its own backups.
    if (!isRestored && name === secretKeyEntry) continue;
    // It has its place already.
    if (isRestored && !existsSync(join(staging, name))) continue;
    if (name === databaseEntry) for (const log of logNames) putAside(log);
    putAside(name);
    if (isRestored) renameSync(join(staging, name), join(dataDir, name));
  }
  flushToDisk(dataDir);
  rmSync(staging, { recursive: true, force: true });
  return existsSync(aside) ? aside : null;
}
