/**
 * Does one piece of work on a data folder, again and again or once, until somebody kills it. Started by
 * `keep-kills.ts`, which says what in an argument.
 */
import { systemClock } from '../../src/core/clock.ts';
import { LiveFeed } from '../../src/core/live-feed.ts';
import { silentLog } from '../../src/core/log.ts';
import { createCleaner } from '../../src/pipeline/cleaner.ts';
import { createFileRemoval } from '../../src/pipeline/file-removal.ts';
import { createEmbeddedQueue } from '../../src/queue/embedded-queue.ts';
import { runMaintenance } from '../../src/store/maintenance.ts';
import { createMediaFiles } from '../../src/store/media-files.ts';
import { openStore } from '../../src/store/open-store.ts';
import { restoreBackup } from '../../src/store/restore-backup.ts';
import { writeBackup } from '../../src/store/write-backup.ts';

export type KeepTask =
  /** Opens the store, which upgrades it. */
  | { readonly kind: 'migration'; readonly dataDir: string }
  /** Deletes everything of before a moment. */
  | { readonly kind: 'retention'; readonly dataDir: string; readonly before: number }
  | { readonly kind: 'backup'; readonly dataDir: string; readonly target: string }
  | { readonly kind: 'restore'; readonly dataDir: string; readonly archive: string };

const log = silentLog();
const never = new AbortController().signal;

async function perform(task: KeepTask): Promise<void> {
  const { dataDir } = task;
  switch (task.kind) {
    case 'migration': {
      const store = await openStore({ dataDir, log, clock: systemClock });
      await store[Symbol.asyncDispose]();
      return;
    }
    case 'retention': {
      await using store = await openStore({ dataDir, log, clock: systemClock });
      const files = createFileRemoval({ store: store.cleanup, media: createMediaFiles({ dataDir }), log });
      const live = new LiveFeed({ now: () => Date.now() });
      const queue = createEmbeddedQueue({ capacity: 10 });
      const cleaner = createCleaner({ store: store.cleanup, files, queue, live, clock: systemClock });
      const scope = { cameraId: null, exceptCameraIds: [], before: task.before, starred: 'kept' } as const;
      const rules = { kind: 'chosen', scopes: [scope], now: Date.now() } as const;
      await cleaner.run(await runMaintenance('plan', store.file, rules), never);
      return;
    }
    case 'backup':
      await writeBackup({
        dataDir,
        target: task.target,
        withSecretKey: false,
        version: 'test',
        now: Date.now(),
      });
      return;
    case 'restore':
      await restoreBackup({ archive: task.archive, dataDir, isForced: true, now: Date.now() });
      return;
  }
}

process.once('message', (task: KeepTask) => {
  perform(task).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.send?.('ready');
