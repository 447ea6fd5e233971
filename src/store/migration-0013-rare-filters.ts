import { sql, type Kysely } from 'kysely';

/** Every column that a filter asks for. */
const filterColumns = [
  'camera_id',
  'description_status',
  'source',
  'alert_triggered',
  'is_starred',
  'user_feedback',
  'confidence',
];

/** Events that have the rarer values of a column, in the order of time for each of them. */
function rareIndex(column: string, condition: string): string {
  const others = filterColumns.filter((name) => name !== column);
  return `create index events_${column}_filters on events (${column}, position, ${others.join(', ')}) where ${condition}`;
}

/**
 * Indexes of what few events have, with every filter in them: combined filters need not look each event up. They take the
 * place of indexes of one column, of which two held all events for values that most have. Never edited once released.
 */
const statements = [
  'drop index events_status',
  'drop index events_alert',
  'drop index events_source',
  'drop index events_starred',
  'drop index events_feedback',
  rareIndex('description_status', "description_status <> 'done'"),
  rareIndex('alert_triggered', 'alert_triggered = 1'),
  rareIndex('source', "source <> 'motion'"),
  rareIndex('is_starred', 'is_starred = 1'),
  rareIndex('user_feedback', 'user_feedback is not null'),
];

export const rareFiltersMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
