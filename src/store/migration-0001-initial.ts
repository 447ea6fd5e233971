import { sql, type Kysely } from 'kysely';

/**
 * Raw SQL rather than the schema builder: STRICT tables, WITHOUT ROWID, FTS5 and triggers are SQLite's own. A
 * migration is never edited once it has been released; later ones change what it made.
 */
const statements = [
  `create table cameras (
    id text primary key not null,
    name text not null,
    type text not null,
    url text not null,
    username text,
    password text,
    frame_rate real not null,
    is_enabled integer not null check (is_enabled in (0, 1)),
    motion_sensitivity text not null,
    motion_cooldown real not null,
    origin text not null,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer
  ) strict`,
  // A deleted camera keeps its row for its events, and gives its name free.
  `create unique index cameras_name on cameras (name) where deleted_at is null`,

  // The row id is the event's place in time (event-position.ts): every index ends in it, so each of the indexes
  // below answers its filter already sorted.
  `create table events (
    position integer primary key not null,
    id text not null unique,
    camera_id text not null references cameras (id),
    camera_name text not null,
    source text not null,
    timestamp integer not null,
    started_at integer not null,
    ended_at integer,
    description text,
    description_status text not null check (description_status in ('pending', 'done', 'failed', 'skipped')),
    description_reason text,
    confidence real,
    objects_detected text not null,
    detections_json text not null,
    motion_json text,
    provider text,
    model text,
    thumbnail_path text,
    alert_triggered integer not null default 0 check (alert_triggered in (0, 1)),
    captured_ms real,
    queued_ms real,
    described_ms real,
    stored_ms real,
    total_ms real,
    cost_usd real,
    created_at integer not null,
    updated_at integer not null
  ) strict`,
  `create index events_camera on events (camera_id)`,
  `create index events_status on events (description_status)`,
  `create index events_alert on events (alert_triggered)`,
  `create index events_open on events (ended_at) where ended_at is null`,
  `create index events_confidence on events (confidence) where confidence is not null`,

  `create table event_frames (
    event_id text not null references events (id) on delete cascade,
    number integer not null,
    captured_at integer not null,
    path text not null,
    width integer not null,
    height integer not null,
    size_bytes integer not null,
    regions_json text not null,
    primary key (event_id, number)
  ) strict, without rowid`,

  `create table event_objects (
    label text not null,
    position integer not null references events (position) on delete cascade on update cascade,
    primary key (label, position)
  ) strict, without rowid`,
  `create index event_objects_position on event_objects (position)`,

  `create table jobs (
    event_id text primary key not null references events (id) on delete cascade,
    camera_id text not null,
    started_at integer not null,
    attempts integer not null default 0
  ) strict, without rowid`,

  `create table deliveries (
    id text primary key not null,
    event_id text not null references events (id) on delete cascade,
    target text not null,
    type text not null,
    status text not null check (status in ('pending', 'sent', 'dead')),
    attempts integer not null default 0,
    next_attempt_at integer not null,
    last_error text,
    created_at integer not null,
    updated_at integer not null
  ) strict`,
  `create index deliveries_due on deliveries (target, next_attempt_at, id) where status = 'pending'`,
  `create index deliveries_list on deliveries (status, created_at, id)`,
  `create index deliveries_created on deliveries (created_at, id)`,
  `create index deliveries_event on deliveries (event_id)`,

  `create table idempotency_keys (
    key text primary key not null,
    request_hash text not null,
    event_id text not null references events (id) on delete cascade,
    created_at integer not null
  ) strict, without rowid`,
  `create index idempotency_keys_event on idempotency_keys (event_id)`,

  `create table settings (
    key text primary key not null,
    value_json text not null,
    updated_at integer not null
  ) strict, without rowid`,

  `create table health_checks (id integer primary key check (id = 1), checked_at integer not null) strict`,

  // An external-content table holds no text of its own; the triggers keep it equal to `events`. What leaves it must
  // be named exactly as it was put in, by the special 'delete' row: a plain DELETE makes the index malformed
  // (https://sqlite.org/fts5.html#external_content_tables).
  `create virtual table event_search using fts5 (
    description, objects_detected, camera_name,
    content = 'events', content_rowid = 'position',
    tokenize = 'porter unicode61 remove_diacritics 2'
  )`,
  `create trigger events_search_insert after insert on events begin
    insert into event_search (rowid, description, objects_detected, camera_name)
    values (new.position, new.description, new.objects_detected, new.camera_name);
  end`,
  `create trigger events_search_delete after delete on events begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name);
  end`,
  `create trigger events_search_update
    after update of position, description, objects_detected, camera_name on events
    when old.position is not new.position or old.description is not new.description
      or old.objects_detected is not new.objects_detected or old.camera_name is not new.camera_name
  begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name);
    insert into event_search (rowid, description, objects_detected, camera_name)
    values (new.position, new.description, new.objects_detected, new.camera_name);
  end`,
];

export const initialMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
