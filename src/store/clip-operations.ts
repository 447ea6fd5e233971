import type { ClipFailure } from '../core/camera-video.ts';
import type { VedetteEvent } from '../core/event.ts';
import { buryFiles } from './cleanup-operations.ts';
import { loadEvent } from './event-operations.ts';
import type { FinishedClip } from './event-store.ts';
import type { OpenDatabase } from './open-database.ts';

export async function beginClip({ database }: OpenDatabase, eventId: string, path: string): Promise<boolean> {
  return database.transaction().execute(async (transaction) => {
    const event = await transaction
      .selectFrom('events')
      .select('id')
      .where('id', '=', eventId)
      .executeTakeFirst();
    if (event === undefined) return false;
    await transaction
      .insertInto('event_clips')
      .values({ event_id: eventId, status: 'recording', path, size_bytes: 0 })
      .execute();
    return true;
  });
}

/** Durable: its file is on the disk already, and one that no row names would never be deleted. */
export async function finishClip(
  { durably }: OpenDatabase,
  now: number,
  eventId: string,
  outcome: FinishedClip,
): Promise<VedetteEvent | undefined> {
  return durably(async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('event_clips')
      .set(
        outcome.kind === 'failed'
          ? { status: 'failed', reason: outcome.reason }
          : {
              status: 'ready',
              started_at: outcome.startedAt,
              ended_at: outcome.endedAt,
              size_bytes: outcome.sizeBytes,
              codec: outcome.codec,
              width: outcome.width,
              height: outcome.height,
            },
      )
      .where('event_id', '=', eventId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return undefined;
    await transaction.updateTable('events').set({ updated_at: now }).where('id', '=', eventId).execute();
    return loadEvent(transaction, eventId);
  });
}

export async function failOpenClips(
  { durably }: OpenDatabase,
  now: number,
  reason: ClipFailure,
): Promise<string[]> {
  return durably(async (transaction) => {
    const rows = await transaction
      .updateTable('event_clips')
      .set({ status: 'failed', reason })
      .where('status', '=', 'recording')
      .returning(['path', 'size_bytes'])
      .execute();
    await buryFiles(transaction, now, rows);
    return rows.map(({ path }) => path);
  });
}
