import { z } from 'zod';

/**
 * A backup is one tar archive, in this order: the pictures and waiting captures; `vedette.db`; `secret.key` if it was
 * wished for; `SHA256SUMS` of all of them, which `sha256sum -c` reads; `backup.json` last, without which it is not
 * whole.
 */
export const databaseEntry = 'vedette.db';
export const secretKeyEntry = 'secret.key';
export const sumsEntry = 'SHA256SUMS';
export const summaryEntry = 'backup.json';

const fileEntry = /^(?:media\/\d{4}-\d{2}-\d{2}|spool)\/[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** Whether a backup has such a file: nothing else is ever unpacked, so no path leads out of the data folder. */
export function isBackedUpPath(path: string): boolean {
  return path === databaseEntry || path === secretKeyEntry || (fileEntry.test(path) && !path.includes('..'));
}

export const backupSummarySchema = z.object({
  format: z.literal(1),
  version: z.string(),
  created_at: z.string(),
  /** Names of the migrations that the database has. */
  migrations: z.array(z.string()),
  events: z.int(),
  files: z.int(),
  bytes: z.int(),
  /** Files that rows name and the disk did not have. */
  missing_files: z.int(),
  has_secret_key: z.boolean(),
});

export type BackupSummary = z.output<typeof backupSummarySchema>;

/** One line of `SHA256SUMS`. */
export function sumLine(hash: string, path: string): string {
  return `${hash}  ${path}\n`;
}
