import { existsSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { createFileRemoval } from '../../src/pipeline/file-removal.ts';
import { createMediaFiles } from '../../src/store/media-files.ts';
import { openStore } from '../../src/store/open-store.ts';

const log = silentLog();

/**
 * Opens a data folder as the next start does, and looks whether everything in it fits together.
 *
 * @param faults gets what does not
 * @returns ids of the events, oldest first
 */
export async function lookAtData(
  dataDir: string,
  { hasPictures }: { readonly hasPictures: boolean },
  faults: string[],
): Promise<string[]> {
  const ids: string[] = [];
  {
    await using store = await openStore({ dataDir, log, clock: systemClock });
    const media = createMediaFiles({ dataDir });
    await createFileRemoval({ store: store.cleanup, media, log }).sweep(new AbortController().signal);
    if ((await store.cleanup.tombstones(1)).length > 0) faults.push('tombstones are left');
    for (;;) {
      const page = await store.events.list({ limit: 500, offset: ids.length, sortOrder: 'asc' });
      if (page.events.length === 0) break;
      ids.push(...page.events.map(({ id }) => id));
    }
    if (hasPictures) {
      const orphans = await media.findOrphans((asked) => store.events.existing(asked), Date.now() + 1e9);
      if (orphans.length > 0) faults.push(`${orphans.length} pictures without an event`);
    }
  }
  const connection = new SqliteDatabase(join(dataDir, 'vedette.db'));
  const [integrity] = connection.prepare<[], string>('pragma integrity_check').pluck().all();
  if (integrity !== 'ok') faults.push(`integrity: ${integrity}`);
  connection.prepare(`insert into event_search (event_search, rank) values ('integrity-check', 1)`).run();
  const named = connection.prepare<[], string>('select path from event_files').pluck().all();
  connection.close();
  if (hasPictures) {
    const missing = named.filter((path) => !existsSync(join(dataDir, path)));
    if (missing.length > 0) faults.push(`${missing.length} pictures are missing`);
  }
  return ids;
}
