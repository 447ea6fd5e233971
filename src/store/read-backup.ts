import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { AppError, messageOf } from '../core/errors.ts';
import { gather, readTarEntries, TarDamagedError, type TarEntry } from '../core/tar-reader.ts';
import {
  backupSummarySchema,
  databaseEntry,
  isBackedUpPath,
  sumLine,
  summaryEntry,
  sumsEntry,
  type BackupSummary,
} from './backup-format.ts';
import { flushToDisk } from './file-flush.ts';
import { isSystemError } from './store-errors.ts';

const pieceBytes = 1024 * 1024;
const maxSummaryBytes = 1024 * 1024;

export interface UnpackHooks {
  readonly signal?: AbortSignal;
  /** @param bytes of the archive so far */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Unpacks a backup and compares every file with its sum.
 *
 * @param into an empty folder
 * @throws AppError `BACKUP_DAMAGED` when it is no backup, not whole, or not what was written; an `AbortError`
 */
export async function unpackBackup(
  archive: string,
  into: string,
  { signal, onProgress }: UnpackHooks = {},
): Promise<BackupSummary> {
  const computed = join(into, 'computed-sums');
  const claimed = join(into, sumsEntry);
  const folders = new Set<string>();
  let summary: BackupSummary | undefined;
  let hasDatabase = false;
  let hasSums = false;
  let bytes = 0;
  const sums = await open(computed, 'w', 0o600);
  try {
    for await (const entry of readTarEntries(createReadStream(archive, { highWaterMark: pieceBytes }))) {
      signal?.throwIfAborted();
      const { path, size, type } = entry;
      if (type !== '0' || summary !== undefined)
        throw new TarDamagedError(`it has an entry that no backup has: "${path}"`);
      if (path === summaryEntry) summary = await readSummary(entry);
      else if (path === sumsEntry) {
        await writeEntry(entry, claimed);
        hasSums = true;
      } else if (isBackedUpPath(path) && !hasSums) {
        const folder = dirname(join(into, path));
        if (!folders.has(folder)) await mkdir(folder, { recursive: true, mode: 0o700 });
        folders.add(folder);
        await sums.writeFile(sumLine(await writeEntry(entry, join(into, path)), path));
        hasDatabase ||= path === databaseEntry;
      } else throw new TarDamagedError(`it has an entry that no backup has: "${path}"`);
      bytes += size;
      onProgress?.(bytes);
    }
  } catch (error) {
    if (error instanceof TarDamagedError) throw damaged(archive, error.message, error);
    if (isSystemError(error) && error.path === archive) {
      throw new AppError('BAD_REQUEST', `The backup ${archive} can't be read: ${messageOf(error)}.`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    await sums.close();
  }
  for (const folder of folders) flushToDisk(folder);
  if (summary === undefined) throw damaged(archive, 'its end is missing');
  if (!hasDatabase || !hasSums) throw damaged(archive, 'it has no database, or no sums');
  const wrong = await firstDifference(claimed, computed);
  if (wrong !== undefined) throw damaged(archive, `"${wrong}" is not what was written`);
  return summary;
}

/** @returns the SHA-256 of what was written, in hex */
async function writeEntry(entry: TarEntry, target: string): Promise<string> {
  const hash = createHash('sha256');
  const file: FileHandle = await open(target, 'w', 0o600);
  try {
    for await (const piece of entry.content()) {
      hash.update(piece);
      await file.writeFile(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function readSummary(entry: TarEntry): Promise<BackupSummary> {
  if (entry.size > maxSummaryBytes) throw new TarDamagedError(`${summaryEntry} has ${entry.size} bytes`);
  const text = new TextDecoder().decode(await gather(entry.content(), entry.size));
  const parsed = backupSummarySchema.safeParse(readJson(text));
  if (parsed.success) return parsed.data;
  throw new TarDamagedError(`${summaryEntry} can't be read: a newer version may have written it`);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Fits no schema.
    return undefined;
  }
}

/** The path of the first line that differs. */
async function firstDifference(claimed: string, computed: string): Promise<string | undefined> {
  const lines = createInterface({ input: createReadStream(claimed) })[Symbol.asyncIterator]();
  for await (const line of createInterface({ input: createReadStream(computed) })) {
    const next = await lines.next();
    if (next.done === true || next.value !== line) return line.slice(66);
  }
  const more = await lines.next();
  return more.done === true ? undefined : more.value.slice(66);
}

function damaged(archive: string, detail: string, cause?: unknown): AppError {
  return new AppError(
    'BACKUP_DAMAGED',
    `${archive} is no whole backup of Vedette: ${detail}. Nothing was changed.`,
    { cause },
  );
}
