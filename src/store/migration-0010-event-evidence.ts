import { sql, type Kysely } from 'kysely';

/** Why motion became an event. A table of its own, so that lists of events pass it by. Never edited once released. */
const statements = [
  `create table event_evidence (
    event_id text primary key references events (id) on delete cascade,
    evidence_json text not null
  ) strict`,
];

export const eventEvidenceMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
