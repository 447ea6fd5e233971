import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { CleanupStore } from '../store/cleanup-store.ts';
import type { MediaFiles } from '../store/media-files.ts';

const sweepBatch = 500;

export interface FileRemovalContext {
  readonly store: Pick<CleanupStore, 'tombstones' | 'clearTombstones'>;
  readonly media: Pick<MediaFiles, 'removePaths'>;
  readonly log: Logger;
}

/** The second half of every deletion: the files of rows that are gone already. */
export interface FileRemoval {
  /** Deletes them and forgets their tombstones. Throws `STORE_UNAVAILABLE`; the tombstones are left for `sweep` then. */
  remove(paths: readonly string[]): Promise<void>;
  /** Does what an earlier life, or a disk that refused, has left. Answers how many files. */
  sweep(signal: AbortSignal): Promise<number>;
}

export function createFileRemoval({ store, media, log }: FileRemovalContext): FileRemoval {
  async function remove(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    await media.removePaths(paths);
    await store.clearTombstones(paths);
  }
  return {
    remove,
    async sweep(signal) {
      let removed = 0;
      while (!signal.aborted) {
        const paths = await store.tombstones(sweepBatch);
        if (paths.length === 0) break;
        try {
          await remove(paths);
        } catch (error) {
          log.warn(
            { files: paths.length, error: messageOf(error) },
            'files of deleted events can not be removed yet',
          );
          break;
        }
        removed += paths.length;
      }
      return removed;
    },
  };
}
