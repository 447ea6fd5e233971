import { sql, type Transaction } from 'kysely';
import type { VedetteEvent } from '../core/event.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { DatabaseSchema } from './database-schema.ts';
import { insertLabels, loadEvent, putIntoOutbox } from './event-operations.ts';
import type { FinishRequest, ImproveRequest } from './event-store.ts';
import type { OpenDatabase } from './open-database.ts';
import {
  attemptRow,
  descriptionColumns,
  timingColumns,
  toAttempt,
  type DescriptionOrigin,
} from './row-translation.ts';

type Db = Transaction<DatabaseSchema>;
type Done = Extract<FinishRequest['outcome'], { status: 'done' }>;

/** Of one event, the oldest give way. */
const maxAttemptsKept = 50;

/**
 * Only a first answer or a better one counts: a description takes the place of a failure or an omission. Whatever
 * comes after a description, and a failure after a failure, leaves the event as it is and tells nobody, so that
 * finishing twice is finishing once. In every case the job is gone.
 */
export async function finishEvent(
  { database }: OpenDatabase,
  now: number,
  request: FinishRequest,
): Promise<VedetteEvent | undefined> {
  const { eventId, outcome, deliverTo, attempts = [] } = request;
  return database.transaction().execute(async (transaction) => {
    const job = await transaction.deleteFrom('jobs').where('event_id', '=', eventId).executeTakeFirst();
    const before = await loadEvent(transaction, eventId);
    if (before === undefined) return undefined;
    const counts =
      before.descriptionStatus === 'pending' ||
      (outcome.status === 'done' && before.descriptionStatus !== 'done');
    if (!counts && job.numDeletedRows === 0n) return before;
    if (counts) {
      if (outcome.status === 'done') {
        await writeDescription(transaction, eventId, outcome.description, outcome);
        await setStatus(transaction, now, request, 'done', outcome.isUnwanted === true ? 'labels' : null);
        await putIntoOutbox(transaction, now, eventId, 'done', deliverTo);
      } else if (before.description === null) {
        await setStatus(transaction, now, request, outcome.status, outcome.reason);
        await putIntoOutbox(transaction, now, eventId, outcome.status, deliverTo);
      } else {
        // A second look that came to nothing takes nothing away.
        await setStatus(transaction, now, { eventId, timings: {} }, 'done', null);
      }
    }
    await keepAttempts(transaction, eventId, attempts);
    return loadEvent(transaction, eventId);
  });
}

/** No stages, and deliveries only where the first description had none: those were of the first description. */
export async function improveDescription(
  { database }: OpenDatabase,
  now: number,
  request: ImproveRequest,
): Promise<VedetteEvent | undefined> {
  const { eventId, replaces, description, deliverTo, attempts } = request;
  return database.transaction().execute(async (transaction) => {
    const before = await loadEvent(transaction, eventId);
    if (before === undefined) return undefined;
    const isFirst = before.descriptionStatus === 'done' && before.description === replaces;
    const isReplaced = isFirst && description !== undefined;
    if (isReplaced) {
      await writeDescription(transaction, eventId, description, request);
      const told = deliverTo === undefined ? {} : { description_reason: null };
      await transaction
        .updateTable('events')
        .set({ updated_at: now, ...told })
        .where('id', '=', eventId)
        .execute();
      await putIntoOutbox(transaction, now, eventId, 'done', deliverTo ?? []);
    }
    await keepAttempts(transaction, eventId, await unknownOf(transaction, eventId, attempts));
    return isReplaced ? loadEvent(transaction, eventId) : undefined;
  });
}

async function setStatus(
  transaction: Db,
  now: number,
  { eventId, timings }: Pick<FinishRequest, 'eventId' | 'timings'>,
  status: FinishRequest['outcome']['status'],
  reason: string | null,
): Promise<void> {
  await transaction
    .updateTable('events')
    .set({
      ...timingColumns(timings),
      description_status: status,
      description_reason: reason,
      updated_at: now,
    })
    .where('id', '=', eventId)
    .execute();
}

async function writeDescription(
  transaction: Db,
  eventId: string,
  description: Done['description'],
  origin: DescriptionOrigin,
): Promise<void> {
  const { columns, labels } = descriptionColumns(description, origin);
  await transaction.updateTable('events').set(columns).where('id', '=', eventId).execute();
  await transaction
    .deleteFrom('event_objects')
    .where('position', '=', (build) =>
      build.selectFrom('events').select('position').where('id', '=', eventId),
    )
    .execute();
  await insertLabels(transaction, eventId, labels);
}

function identity({ provider, startedAt, outcome, latencyMs }: ProviderAttempt): string {
  return JSON.stringify([provider, Math.round(startedAt), outcome, latencyMs]);
}

/** The same improvement again, because its answer got lost, brings attempts that are there already. */
async function unknownOf(
  transaction: Db,
  eventId: string,
  attempts: readonly ProviderAttempt[],
): Promise<ProviderAttempt[]> {
  const known = new Set((await loadAttempts(transaction, eventId)).map(identity));
  return attempts.filter((attempt) => !known.has(identity(attempt)));
}

async function keepAttempts(
  transaction: Db,
  eventId: string,
  attempts: readonly ProviderAttempt[],
): Promise<void> {
  if (attempts.length === 0) return;
  for (const attempt of attempts) {
    await transaction.insertInto('provider_attempts').values(attemptRow(eventId, attempt)).execute();
  }
  await transaction
    .deleteFrom('provider_attempts')
    .where('event_id', '=', eventId)
    .where('id', 'not in', (build) =>
      build
        .selectFrom('provider_attempts')
        .select('id')
        .where('event_id', '=', eventId)
        .orderBy('id', 'desc')
        .limit(maxAttemptsKept),
    )
    .execute();
  // What the event has cost is what all of it has cost, not only the answer that was taken; unknown if a part is.
  await sql`
    update events set cost_usd = (
      select case when count(*) = count(cost_usd) then sum(cost_usd) end
        from provider_attempts where event_id = ${eventId}
    ) where id = ${eventId}`.execute(transaction);
}

export async function eventAttempts({ database }: OpenDatabase, eventId: string): Promise<ProviderAttempt[]> {
  return loadAttempts(database, eventId);
}

async function loadAttempts(db: OpenDatabase['database'], eventId: string): Promise<ProviderAttempt[]> {
  const rows = await db
    .selectFrom('provider_attempts')
    .selectAll()
    .where('event_id', '=', eventId)
    .orderBy('id')
    .execute();
  return rows.map(toAttempt);
}
