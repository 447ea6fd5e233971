import { sql, type Kysely } from 'kysely';

/** What of a camera's stream is decoded for motion analysis. Never edited once released. */
const statements = [`alter table cameras add column decode text not null default 'auto'`];

export const decodeMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
