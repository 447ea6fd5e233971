import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Stop } from '../core/stop.ts';

const megabyte = 1024 * 1024;
/** Below it nothing new is stored: the database, its log and what is under way need some room to end well. */
export const leastFreeBytes = 32 * megabyte;
/** From here on it goes on: not at once to and fro around one value. */
export const enoughFreeBytes = 48 * megabyte;
/** Given back while the disk is full: deleting needs room too, for the database's log. */
const reserveBytes = 8 * megabyte;
const lookEveryMs = 5_000;
/** Making room may have found nothing that may go; it is not tried without a pause. */
const makeRoomEveryMs = 60_000;

export interface DiskRoomOptions {
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Watches how much room the disk of the data folder has, and stops what would fill it wholly. */
export interface DiskRoom {
  readonly isFull: boolean;
  /** @throws AppError `DISK_FULL` */
  assertRoom(): void;
  /** Somebody was refused by the disk: what says `DISK_FULL` counts at once, until a look shows room. */
  noteFailure(error: unknown): void;
  /** What is wrong and what to do; `null` when there is room. */
  readonly cause: string | null;
  look(): Promise<void>;
  /** Looks again and again; `makeRoom` is called while the disk is full, with the bytes that are wanted. */
  watch(makeRoom: (wantedBytes: number) => Promise<void>, stop: Stop): Promise<void>;
}

export function createDiskRoom({ dataDir, clock, log }: DiskRoomOptions): DiskRoom {
  const reserve = join(dataDir, 'reserve.bin');
  let isFull = false;
  let freeBytes = Number.POSITIVE_INFINITY;

  function become(full: boolean): void {
    if (full === isFull) return;
    isFull = full;
    if (full) {
      log.error({ dataDir, freeBytes }, 'the disk is full: new events are not stored until there is room');
      rmSync(reserve, { force: true });
    } else {
      log.info({ dataDir, freeBytes }, 'the disk has room again: events are stored');
    }
  }

  async function look(): Promise<void> {
    const { bavail, bsize } = await statfs(dataDir);
    freeBytes = bavail * bsize;
    become(freeBytes < (isFull ? enoughFreeBytes : leastFreeBytes));
    if (!isFull && !existsSync(reserve) && freeBytes > enoughFreeBytes + reserveBytes) layReserve();
  }

  function layReserve(): void {
    try {
      const descriptor = openSync(reserve, 'w', 0o600);
      try {
        // Not zeros: a file system that compresses would keep no room for them.
        for (let written = 0; written < reserveBytes; written += megabyte) {
          writeSync(descriptor, randomBytes(megabyte));
        }
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      rmSync(reserve, { force: true });
      log.warn({ error: messageOf(error) }, 'no room could be kept in reserve on the disk');
    }
  }

  const cause = (): string | null =>
    isFull
      ? `the disk of ${dataDir} is full (${Math.floor(freeBytes / megabyte)} MB free): new events are not stored. ` +
        `Make room for ${Math.ceil(enoughFreeBytes / megabyte)} MB at least, or lower retention.max_gb.`
      : null;

  return {
    get isFull() {
      return isFull;
    },
    get cause() {
      return cause();
    },
    assertRoom() {
      const words = cause();
      if (words !== null) throw new AppError('DISK_FULL', `Not stored: ${words}`);
    },
    noteFailure(error) {
      if (error instanceof AppError && error.code === 'DISK_FULL') become(true);
    },
    look,
    async watch(makeRoom, stop) {
      let triedAt = Number.NEGATIVE_INFINITY;
      while (!stop.drain.aborted) {
        try {
          await look();
          if (isFull && clock.monotonic() - triedAt >= makeRoomEveryMs) {
            triedAt = clock.monotonic();
            await makeRoom(enoughFreeBytes + reserveBytes - freeBytes);
            await look();
          }
        } catch (error) {
          if (!stop.drain.aborted) log.warn({ error: messageOf(error) }, 'no room could be made on the disk');
        }
        await clock.sleep(lookEveryMs, stop.drain).catch(() => {
          // The drain ends the wait.
        });
      }
    },
  };
}
