import { sql, type Kysely } from 'kysely';

/** What events weigh, and how they go together with their files. Never edited once released. */
const statements = [
  `alter table cameras add column retention_days integer`,
  // Unknown for events of earlier versions: little beside their frames.
  `alter table events add column thumbnail_bytes integer`,

  // Files whose rows are gone: to be deleted, now or after a crash.
  `create table tombstones (
    path text primary key not null,
    size_bytes integer not null,
    created_at integer not null
  ) strict, without rowid`,

  // Every file of an event, whatever table names it.
  `create view event_files (event_id, path, size_bytes) as
    select id, thumbnail_path, coalesce(thumbnail_bytes, 0) from events where thumbnail_path is not null
    union all
    select event_id, path, size_bytes from event_frames
    union all
    select sent_requests.event_id, sent_pictures.path, sent_pictures.size_bytes
    from sent_requests join sent_pictures on sent_pictures.request_id = sent_requests.id`,
];

export const retentionMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
