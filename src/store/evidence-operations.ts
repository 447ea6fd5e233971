import type { MotionEvidence } from '../core/motion-evidence.ts';
import type { OpenDatabase } from './open-database.ts';
import { toEvidence } from './row-translation.ts';
import type { StatementCache } from './statement-cache.ts';

/** Bound parameters of one statement. */
const idsPerStatement = 1_000;

/** Takes the place of what was known before; to be called in a transaction. */
export function putEvidence(statements: StatementCache, eventId: string, evidence: MotionEvidence): void {
  statements
    .prepare<[string, string], never>(
      `insert into event_evidence (event_id, evidence_json) values (?, ?)
      on conflict (event_id) do update set evidence_json = excluded.evidence_json`,
    )
    .run(eventId, JSON.stringify(evidence));
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
