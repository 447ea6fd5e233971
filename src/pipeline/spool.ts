import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../core/log.ts';
import { messageOf } from '../core/errors.ts';
import type { CapturedEvent } from '../store/event-store.ts';
import { toFileError } from '../store/store-errors.ts';

/**
 * Where a capture waits on the disk while the database can't take it: one JSON file each, beside the pictures that it
 * names. What is here survives a crash and is stored as soon as the database is back.
 */
export interface Spool {
  put(event: CapturedEvent): Promise<void>;
  /** Hands every waiting capture to `store`, oldest first, and forgets those it takes. Stops at the first that it refuses. */
  drain(store: (event: CapturedEvent) => Promise<void>): Promise<number>;
  /** Whether the capture of this event waits here. */
  has(eventId: string): boolean;
  /** How many wait. */
  size(): number;
}

export async function openSpool({
  dataDir,
  log,
}: {
  readonly dataDir: string;
  readonly log: Logger;
}): Promise<Spool> {
  const folder = join(dataDir, 'spool');
  await mkdir(folder, { recursive: true });
  const waiting = new Set((await readdir(folder)).filter((name) => name.endsWith('.json')));
  return {
    async put(event) {
      const name = `${event.id}.json`;
      const path = join(folder, name);
      try {
        await writeWhole(path, JSON.stringify(event));
      } catch (error) {
        await rm(`${path}.tmp`, { force: true });
        throw toFileError(error, 'The captures that wait');
      }
      await syncFolder(folder);
      waiting.add(name);
    },
    async drain(store) {
      let stored = 0;
      // The ids are UUIDv7: the order of the names is the order of the captures.
      for (const name of [...waiting].toSorted()) {
        const path = join(folder, name);
        const event = await readEvent(path, log);
        if (event !== undefined) await store(event);
        await rm(path, { force: true });
        waiting.delete(name);
        stored += 1;
      }
      return stored;
    },
    has: (eventId) => waiting.has(`${eventId}.json`),
    size: () => waiting.size,
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
}

async function readEvent(path: string, log: Logger): Promise<CapturedEvent | undefined> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `put`, whole or not at all
    return JSON.parse(await readFile(path, 'utf8')) as CapturedEvent;
  } catch (error) {
    log.error({ path, error: messageOf(error) }, 'a spooled capture can not be read; it is set aside');
    await rename(path, `${path}.unreadable`);
    return undefined;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
