import type { Transaction } from 'kysely';
import { buryFiles } from './cleanup-operations.ts';
import type { DatabaseSchema } from './database-schema.ts';
import type { RecordSentResult, SentPictureFile, SentRequest } from './event-store.ts';
import type { OpenDatabase } from './open-database.ts';
import { toMilliseconds, toSentPicture } from './row-translation.ts';

/** Of one event, the oldest give way. */
const maxRequestsKept = 8;

export async function recordSent(
  { database }: OpenDatabase,
  now: number,
  eventId: string,
  request: SentRequest,
): Promise<RecordSentResult> {
  const { pictures } = request;
  return database.transaction().execute(async (transaction): Promise<RecordSentResult> => {
    const event = await transaction
      .selectFrom('events')
      .select('id')
      .where('id', '=', eventId)
      .executeTakeFirst();
    if (event === undefined) return { kind: 'gone' };
    const { id } = await transaction
      .insertInto('sent_requests')
      .values({
        event_id: eventId,
        provider: request.provider,
        model: request.model,
        sent_at: toMilliseconds(request.sentAt),
        prompt_version: request.promptVersion,
        system: request.system,
        prompt: request.prompt,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    if (pictures.length > 0) {
      const rows = pictures.map((picture, index) => ({
        request_id: id,
        number: index + 1,
        label: picture.label,
        path: picture.path,
        width: picture.width,
        height: picture.height,
        size_bytes: picture.sizeBytes,
      }));
      await transaction.insertInto('sent_pictures').values(rows).execute();
    }
    return { kind: 'stored', removed: await removeOldest(transaction, now, eventId) };
  });
}

async function removeOldest(
  db: Transaction<DatabaseSchema>,
  now: number,
  eventId: string,
): Promise<SentPictureFile[]> {
  const old = await db
    .selectFrom('sent_requests')
    .select('id')
    .where('event_id', '=', eventId)
    .orderBy('id', 'desc')
    .limit(1_000)
    .offset(maxRequestsKept)
    .execute();
  if (old.length === 0) return [];
  const ids = old.map((row) => row.id);
  const pictures = await db.selectFrom('sent_pictures').selectAll().where('request_id', 'in', ids).execute();
  await buryFiles(db, now, pictures);
  await db.deleteFrom('sent_requests').where('id', 'in', ids).execute();
  return pictures.map(toSentPicture);
}

export async function sentRequestsOf({ database }: OpenDatabase, eventId: string): Promise<SentRequest[]> {
  const rows = await database
    .selectFrom('sent_requests')
    .selectAll()
    .where('event_id', '=', eventId)
    .orderBy('id')
    .execute();
  const requests: SentRequest[] = [];
  for (const row of rows) {
    const pictures = await database
      .selectFrom('sent_pictures')
      .selectAll()
      .where('request_id', '=', row.id)
      .orderBy('number')
      .execute();
    requests.push({
      provider: row.provider,
      model: row.model,
      sentAt: row.sent_at,
      promptVersion: row.prompt_version,
      system: row.system,
      prompt: row.prompt,
      pictures: pictures.map(toSentPicture),
    });
  }
  return requests;
}
