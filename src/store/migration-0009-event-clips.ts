import { sql, type Kysely } from 'kysely';

/** The camera's own video around an event. Never edited once released. */
const statements = [
  `create table event_clips (
    event_id text primary key references events (id) on delete cascade,
    status text not null check (status in ('recording', 'ready', 'failed')),
    reason text,
    path text not null,
    started_at integer,
    ended_at integer,
    size_bytes integer not null default 0,
    codec text,
    width integer,
    height integer
  ) strict, without rowid`,
  `drop view event_files`,
  `create view event_files (event_id, path, size_bytes) as
    select id, thumbnail_path, coalesce(thumbnail_bytes, 0) from events where thumbnail_path is not null
    union all
    select event_id, path, size_bytes from event_frames
    union all
    select event_id, path, size_bytes from event_clips where status = 'ready'
    union all
    select sent_requests.event_id, sent_pictures.path, sent_pictures.size_bytes
    from sent_requests join sent_pictures on sent_pictures.request_id = sent_requests.id`,
  // Few at a time: what a crash has left is found without a look at all the others.
  `create index event_clips_recording on event_clips (event_id) where status = 'recording'`,
];

export const eventClipsMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
