import type { Kysely, Transaction } from 'kysely';
import type { EventClip, EventFrame, VedetteEvent } from '../core/event.ts';
import { createId } from '../core/ids.ts';
import { buryEvents } from './cleanup-operations.ts';
import type { DatabaseSchema, DeliveryTable } from './database-schema.ts';
import type {
  DeletedEvent,
  EpisodeChange,
  EventAnnotation,
  FinishRequest,
  StoredJob,
} from './event-store.ts';
import { putEvidence } from './evidence-operations.ts';
import type { OpenDatabase } from './open-database.ts';
import {
  eventColumns,
  motionColumn,
  toEvent,
  toEventClip,
  toEventFrame,
  toJob,
  toMilliseconds,
} from './row-translation.ts';

/** Bound parameters of one statement stay far below SQLite's 32,766. */
export const idsPerStatement = 1_000;

/** What the event is found by; before, it had none. */
export async function insertLabels(
  transaction: Transaction<DatabaseSchema>,
  eventId: string,
  labels: readonly string[],
): Promise<void> {
  for (const label of labels) {
    await transaction
      .insertInto('event_objects')
      .columns(['label', 'position'])
      .expression((build) =>
        build
          .selectFrom('events')
          .select((column) => [column.val(label).as('label'), 'position'])
          .where('id', '=', eventId),
      )
      .execute();
  }
}

/** One delivery for each target. */
export async function putIntoOutbox(
  transaction: Transaction<DatabaseSchema>,
  now: number,
  eventId: string,
  status: FinishRequest['outcome']['status'],
  targets: readonly string[],
): Promise<void> {
  const type = status === 'done' ? 'event.described' : `event.${status}`;
  await addDeliveries(transaction, now, { event_id: eventId, notification_id: null, type }, targets);
}

/** One delivery of an event or a notification for each target. */
export async function addDeliveries(
  transaction: Transaction<DatabaseSchema>,
  now: number,
  of: Pick<DeliveryTable, 'event_id' | 'notification_id' | 'type'>,
  targets: readonly string[],
): Promise<void> {
  for (const target of new Set(targets)) {
    await transaction
      .insertInto('deliveries')
      .values({
        ...of,
        id: createId(),
        target,
        status: 'pending',
        attempts: 0,
        next_attempt_at: now,
        last_error: null,
        created_at: now,
        updated_at: now,
      })
      .execute();
  }
}

export async function extendEvent(
  { database, statements }: OpenDatabase,
  now: number,
  eventId: string,
  change: EpisodeChange,
): Promise<VedetteEvent | undefined> {
  return database.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('events')
      .set({
        ...(change.endedAt !== undefined && { ended_at: toMilliseconds(change.endedAt) }),
        ...(change.motion !== undefined && { motion_json: motionColumn(change.motion) }),
        updated_at: now,
      })
      .where('id', '=', eventId)
      .execute();
    const event = await loadEvent(transaction, eventId);
    if (event !== undefined && change.evidence !== undefined) {
      putEvidence(statements, eventId, change.evidence);
    }
    return event;
  });
}

export async function annotateEvent(
  { durably }: OpenDatabase,
  now: number,
  eventId: string,
  { userFeedback, note, isStarred }: EventAnnotation,
): Promise<VedetteEvent | undefined> {
  return durably(async (transaction) => {
    await transaction
      .updateTable('events')
      .set({
        ...(userFeedback !== undefined && { user_feedback: userFeedback }),
        ...(note !== undefined && { note }),
        ...(isStarred !== undefined && { is_starred: isStarred ? 1 : 0 }),
        updated_at: now,
      })
      .where('id', '=', eventId)
      .execute();
    return loadEvent(transaction, eventId);
  });
}

export async function beginAttempt({ database }: OpenDatabase, eventId: string): Promise<number | undefined> {
  const row = await database
    .updateTable('jobs')
    .set((column) => ({ attempts: column('attempts', '+', 1) }))
    .where('event_id', '=', eventId)
    .returning('attempts')
    .executeTakeFirst();
  return row?.attempts;
}

export async function releaseAttempt({ database }: OpenDatabase, eventId: string): Promise<void> {
  await database
    .updateTable('jobs')
    .set((column) => ({ attempts: column('attempts', '-', 1) }))
    .where('event_id', '=', eventId)
    .where('attempts', '>', 0)
    .execute();
}

export async function pendingJobs({ database }: OpenDatabase): Promise<StoredJob[]> {
  const rows = await database
    .selectFrom('jobs')
    .selectAll()
    .orderBy('started_at')
    .orderBy('event_id')
    .execute();
  return rows.map(toJob);
}

export async function getEvent({ database }: OpenDatabase, id: string): Promise<VedetteEvent | undefined> {
  return loadEvent(database, id);
}

/** Durable, since its files are deleted next: a row must not come back without them. */
export async function deleteEvent(
  { durably }: OpenDatabase,
  now: number,
  id: string,
): Promise<DeletedEvent | undefined> {
  return durably(async (transaction) => {
    const event = await loadEvent(transaction, id);
    if (event === undefined) return undefined;
    const { paths } = await buryEvents(transaction, now, [id]);
    return { ...event, paths };
  });
}

export async function closeOpenEpisodes({ database }: OpenDatabase, now: number): Promise<number> {
  const result = await database
    .updateTable('events')
    .set((column) => ({ ended_at: column.ref('timestamp'), updated_at: now }))
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

export async function existingEvents({ database }: OpenDatabase, ids: readonly string[]): Promise<string[]> {
  const existing: string[] = [];
  for (let start = 0; start < ids.length; start += idsPerStatement) {
    const rows = await database
      .selectFrom('events')
      .select('id')
      .where('id', 'in', ids.slice(start, start + idsPerStatement))
      .execute();
    existing.push(...rows.map((row) => row.id));
  }
  return existing;
}

export async function loadEvent(db: Kysely<DatabaseSchema>, id: string): Promise<VedetteEvent | undefined> {
  const row = await db.selectFrom('events').select(eventColumns).where('id', '=', id).executeTakeFirst();
  if (row === undefined) return undefined;
  const frames = await loadFrames(db, [id]);
  const clips = await loadClips(db, [id]);
  return toEvent(row, frames.get(id) ?? [], clips.get(id) ?? null);
}

/** The frames of these events, by event, number 1 first. */
export async function loadFrames(
  db: Kysely<DatabaseSchema>,
  eventIds: readonly string[],
): Promise<Map<string, EventFrame[]>> {
  const rows = await db
    .selectFrom('event_frames')
    .selectAll()
    .where('event_id', 'in', eventIds)
    .orderBy('event_id')
    .orderBy('number')
    .execute();
  const byEvent = new Map<string, EventFrame[]>();
  for (const [eventId, frames] of Map.groupBy(rows, (row) => row.event_id)) {
    byEvent.set(eventId, frames.map(toEventFrame));
  }
  return byEvent;
}

/** The clips of these events, by event. */
export async function loadClips(
  db: Kysely<DatabaseSchema>,
  eventIds: readonly string[],
): Promise<Map<string, EventClip>> {
  const rows = await db.selectFrom('event_clips').selectAll().where('event_id', 'in', eventIds).execute();
  return new Map(rows.map((row) => [row.event_id, toEventClip(row)]));
}
