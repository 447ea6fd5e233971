import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { EventStore } from '../store/event-store.ts';
import type { MediaFiles, OrphanFile } from '../store/media-files.ts';
import type { Spool } from './spool.ts';

/** A file that belongs to nothing for so long does not wait for its row any more. */
const graceMs = 24 * 3_600_000;
/** Crashes leave a handful. More means that the database is not the one that these pictures belong to: all stay. */
const mostRemoved = 500;

export interface OrphanContext {
  readonly media: Pick<MediaFiles, 'findOrphans' | 'removeOrphans'>;
  readonly store: Pick<EventStore, 'existing'>;
  readonly spool: Pick<Spool, 'has'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Says what a crash has left: pictures whose event was never stored. */
export async function reportOrphans(context: OrphanContext): Promise<void> {
  const orphans = await findOrphans(context);
  if (orphans.length > 0) {
    context.log.warn(
      summaryOf(orphans),
      'pictures without an event: a crash came between the files and the row; the next clean-up removes those older than a day',
    );
  }
}

/** Removes those that are older than a day. Answers how many; a look-up that fails ends it before anything is removed. */
export async function removeOrphans(context: OrphanContext): Promise<number> {
  const { media, clock, log } = context;
  const orphans = (await findOrphans(context)).filter(({ modifiedAt }) => modifiedAt < clock.now() - graceMs);
  if (orphans.length === 0) return 0;
  if (orphans.length > mostRemoved) {
    log.error(
      summaryOf(orphans),
      'too many pictures have no event: none is removed. Is this the right database? If so, remove them by hand',
    );
    return 0;
  }
  log.warn(summaryOf(orphans), 'pictures without an event are removed');
  await media.removeOrphans(orphans);
  return orphans.length;
}

async function findOrphans({ media, store, spool, clock }: OrphanContext): Promise<OrphanFile[]> {
  const orphans = await media.findOrphans((ids) => store.existing(ids), clock.now());
  return orphans.filter(({ eventId }) => !spool.has(eventId));
}

function summaryOf(orphans: readonly OrphanFile[]) {
  return {
    files: orphans.length,
    sizeBytes: orphans.reduce((sum, orphan) => sum + orphan.sizeBytes, 0),
    first: orphans[0]?.path,
  };
}
