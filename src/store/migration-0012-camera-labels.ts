import { sql, type Kysely } from 'kysely';

/** What must be recognised for an event of the camera to count, as a JSON list. Never edited once released. */
const statements = [`alter table cameras add column labels_json text not null default '[]'`];

export const cameraLabelsMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
