import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { systemClock, type Clock } from './clock.ts';

export interface RotatingFileOptions {
  readonly path: string;
  /** Of all files together. */
  readonly totalBytes?: number;
  /** Into how many files the total is divided; the oldest of them goes when another is needed. */
  readonly fileCount?: number;
  /** Files whose last line is older are deleted. */
  readonly longestAgeMs?: number;
  readonly clock?: Clock;
}

interface AsideFile {
  readonly path: string;
  /** The time in its name, epoch ms. */
  readonly endsAs: number;
  readonly sizeBytes: number;
  readonly endedAt: number;
}

const dayMs = 24 * 3_600_000;

/**
 * A text file that is set aside under the time of its last line (`vedette-2026-01-31T12-00-00-000Z.log`) when it is
 * full or its day (UTC) is over, and goes on anew under its own name. Old ones are deleted by size and age, at the
 * opening too: a box that is switched off every night must not gather files.
 *
 * Writing is synchronous, so that the last line before a crash is there. It never throws: a line that can't be written
 * is counted, and the next one tries again. Bound: a line that does not fit into the share of one file is cut.
 */
export class RotatingFile implements AsyncDisposable {
  readonly #path: string;
  readonly #totalBytes: number;
  readonly #fileBytes: number;
  readonly #longestAgeMs: number;
  readonly #clock: Clock;
  #descriptor: number | undefined;
  #sizeBytes = 0;
  #day = 0;
  #isClosed = false;
  #lostCount = 0;

  private constructor({
    path,
    totalBytes = 100 * 1024 * 1024,
    fileCount = 10,
    longestAgeMs = 7 * dayMs,
    clock = systemClock,
  }: RotatingFileOptions) {
    this.#path = path;
    this.#totalBytes = totalBytes;
    this.#fileBytes = Math.floor(totalBytes / fileCount);
    this.#longestAgeMs = longestAgeMs;
    this.#clock = clock;
  }

  /** Goes on with the file that is there. Rejects when it can't be opened. */
  static async open(options: RotatingFileOptions): Promise<RotatingFile> {
    await mkdir(dirname(options.path), { recursive: true });
    const file = new RotatingFile(options);
    file.#reopen();
    return file;
  }

  /** Lines that could not be written. */
  get lostCount(): number {
    return this.#lostCount;
  }

  /** @param line with its line end */
  write(line: string): void {
    if (this.#isClosed) return;
    try {
      let bytes = Buffer.from(line, 'utf8');
      if (bytes.length > this.#fileBytes) {
        bytes = Buffer.concat([bytes.subarray(0, this.#fileBytes - 1), Buffer.from('\n')]);
      }
      const isOver = this.#sizeBytes + bytes.length > this.#fileBytes || this.#dayNow() !== this.#day;
      if (this.#descriptor === undefined || (isOver && this.#sizeBytes > 0)) this.#reopen(isOver);
      if (this.#descriptor === undefined) throw new Error('the file is not open');
      this.#append(this.#descriptor, bytes);
    } catch {
      this.#lostCount += 1;
    }
  }

  /** A full disk takes a part of a line, which would spoil the next one: it is taken back. */
  #append(descriptor: number, bytes: Uint8Array): void {
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
      this.#sizeBytes += bytes.length;
    } catch (error) {
      ftruncateSync(descriptor, this.#sizeBytes);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#close();
  }

  #reopen(isOver = false): void {
    this.#close();
    if (isOver) this.#setAside();
    this.#open();
    if (
      !isOver &&
      this.#sizeBytes > 0 &&
      (this.#sizeBytes >= this.#fileBytes || this.#dayNow() !== this.#day)
    ) {
      this.#close();
      this.#setAside();
      this.#open();
    }
    this.#prune();
  }

  #open(): void {
    const descriptor = openSync(this.#path, 'a');
    const { size, mtimeMs } = fstatSync(descriptor);
    this.#descriptor = descriptor;
    this.#sizeBytes = size;
    this.#day = size === 0 ? this.#dayNow() : Math.floor(mtimeMs / dayMs);
  }

  #close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #setAside(): void {
    // Somebody may have taken the file away.
    const mtimeMs = statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs;
    if (mtimeMs === undefined) return;
    // Names sort in the order of writing, also when files end within one tick of the disk's clock.
    const newest = this.#asideFiles().at(-1)?.endsAs ?? 0;
    const target = this.#asidePath(Math.max(Math.floor(mtimeMs), newest + 1));
    renameSync(this.#path, target);
  }

  #asidePath(time: number): string {
    const extension = extname(this.#path);
    const stamp = new Date(time).toISOString().replaceAll(/[:.]/g, '-');
    return join(dirname(this.#path), `${basename(this.#path, extension)}-${stamp}${extension}`);
  }

  /** Oldest first. */
  #asideFiles(): AsideFile[] {
    const extension = extname(this.#path);
    const prefix = `${basename(this.#path, extension)}-`;
    return readdirSync(dirname(this.#path))
      .filter((name) => name.startsWith(prefix) && name.endsWith(extension))
      .flatMap((name) => {
        const endsAs = readStamp(name.slice(prefix.length, name.length - extension.length));
        if (endsAs === undefined) return [];
        const path = join(dirname(this.#path), name);
        const stats = statSync(path, { throwIfNoEntry: false });
        return [{ path, endsAs, sizeBytes: stats?.size ?? 0, endedAt: stats?.mtimeMs ?? 0 }];
      })
      .toSorted((one, other) => one.endsAs - other.endsAs);
  }

  /** Leaves room for the current file to become full. */
  #prune(): void {
    const files = this.#asideFiles();
    let totalBytes = this.#fileBytes + files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const { path, sizeBytes, endedAt } of files) {
      if (totalBytes <= this.#totalBytes && endedAt >= this.#clock.now() - this.#longestAgeMs) continue;
      rmSync(path, { force: true });
      totalBytes -= sizeBytes;
    }
  }

  #dayNow(): number {
    return Math.floor(this.#clock.now() / dayMs);
  }
}

/** Of `2026-01-31T12-00-00-000Z`; `undefined` for any other text. */
function readStamp(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3}Z)$/.exec(text);
  const time = match === null ? Number.NaN : Date.parse(`${match[1]}:${match[2]}:${match[3]}.${match[4]}`);
  return Number.isNaN(time) ? undefined : time;
}
