import { sql } from 'kysely';
import type { MotionEvidence } from '../core/motion-evidence.ts';
import { packEvidence } from './evidence-coding.ts';
import type { OpenDatabase } from './open-database.ts';
import { spanAfter, within } from './event-span.ts';
import type { MotionQuery, MotionRow } from './event-store.ts';
import { toEvidence, toMotionRow } from './row-translation.ts';
import type { StatementCache } from './statement-cache.ts';

/** Bound parameters of one statement. */
const idsPerStatement = 1_000;

/** Takes the place of what was known before; to be called in a transaction. */
export function putEvidence(statements: StatementCache, eventId: string, evidence: MotionEvidence): void {
  statements
    .prepare<[string, Uint8Array], never>(
      `insert into event_evidence (event_id, evidence_json, evidence_packed) values (?, '', ?)
      on conflict (event_id) do update set evidence_json = '', evidence_packed = excluded.evidence_packed`,
    )
    .run(eventId, packEvidence(evidence));
}

export async function evidenceOf(
  { database }: OpenDatabase,
  eventIds: readonly string[],
): Promise<ReadonlyMap<string, MotionEvidence>> {
  const found = new Map<string, MotionEvidence>();
  for (let start = 0; start < eventIds.length; start += idsPerStatement) {
    const rows = await database
      .selectFrom('event_evidence')
      .selectAll()
      .where('event_id', 'in', eventIds.slice(start, start + idsPerStatement))
      .execute();
    for (const row of rows) found.set(row.event_id, toEvidence(row));
  }
  return found;
}

/** Newest first. */
export async function motionRows(open: OpenDatabase, query: MotionQuery): Promise<MotionRow[]> {
  const { cameraId, startTime, after, limit } = query;
  const span = await spanAfter(open, {
    startTime,
    limit,
    sortOrder: 'desc',
    ...(after === undefined ? {} : { after }),
  });
  const rows = await open.database
    .selectFrom('events')
    .leftJoin('event_evidence', 'event_evidence.event_id', 'events.id')
    .select([
      'events.id',
      'events.timestamp',
      'events.user_feedback',
      'events.is_starred',
      'events.objects_detected',
      'events.is_nothing_of_interest',
      'events.description_status',
      'event_evidence.evidence_json',
      'event_evidence.evidence_packed',
    ])
    .where('events.camera_id', '=', cameraId)
    .where('events.source', '=', 'motion')
    .where(sql<boolean>`${within(span, sql.ref('events.position'))}`)
    .orderBy('events.position', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toMotionRow);
}
