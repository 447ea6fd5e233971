import { sql, type Kysely } from 'kysely';

/**
 * Evidence is packed: a fifth of the room. Rows of before stay as they are, since there may be gigabytes of them; those of
 * now have an empty `evidence_json`, which may not be null. Never edited once released.
 */
const statements = ['alter table event_evidence add column evidence_packed blob'];

export const packedEvidenceMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
