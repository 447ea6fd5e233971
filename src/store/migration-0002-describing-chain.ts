import { sql, type Kysely } from 'kysely';

/** What the chain of providers says of an event, what it cost, and what was sent. Never edited once released. */
const statements = [
  `alter table events add column title text`,
  `alter table events add column actions_json text not null default '[]'`,
  `alter table events add column is_nothing_of_interest integer not null default 0
    check (is_nothing_of_interest in (0, 1))`,
  `alter table events add column prompt_version text`,
  `alter table events add column same_as text`,
  `alter table events add column backfills integer not null default 0`,
  `alter table events add column backfilled_at integer`,
  // What may be described later, those first that were tried least often, in the order of time.
  `create index events_undescribed on events (backfills)
    where description_status in ('failed', 'skipped') and thumbnail_path is not null`,

  // The index of another set of columns is another table; its text is read again from the events.
  `drop trigger events_search_insert`,
  `drop trigger events_search_delete`,
  `drop trigger events_search_update`,
  `drop table event_search`,
  `create virtual table event_search using fts5 (
    description, objects_detected, camera_name, title,
    content = 'events', content_rowid = 'position',
    tokenize = 'porter unicode61 remove_diacritics 2'
  )`,
  `insert into event_search (event_search) values ('rebuild')`,
  `create trigger events_search_insert after insert on events begin
    insert into event_search (rowid, description, objects_detected, camera_name, title)
    values (new.position, new.description, new.objects_detected, new.camera_name, new.title);
  end`,
  `create trigger events_search_delete after delete on events begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name, title)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name, old.title);
  end`,
  `create trigger events_search_update
    after update of position, description, objects_detected, camera_name, title on events
    when old.position is not new.position or old.description is not new.description
      or old.objects_detected is not new.objects_detected or old.camera_name is not new.camera_name
      or old.title is not new.title
  begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name, title)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name, old.title);
    insert into event_search (rowid, description, objects_detected, camera_name, title)
    values (new.position, new.description, new.objects_detected, new.camera_name, new.title);
  end`,

  `create table provider_attempts (
    id integer primary key not null,
    event_id text not null references events (id) on delete cascade,
    provider text not null,
    model text,
    started_at integer not null,
    latency_ms real not null,
    outcome text not null,
    message text,
    input_tokens integer,
    output_tokens integer,
    cost_usd real
  ) strict`,
  `create index provider_attempts_event on provider_attempts (event_id)`,

  `create table describe_requests (
    id integer primary key not null,
    event_id text not null references events (id) on delete cascade,
    requested_at integer not null,
    requested_by text not null check (requested_by in ('user', 'backfill')),
    previous_status text not null,
    previous_reason text
  ) strict`,
  `create index describe_requests_event on describe_requests (event_id)`,

  `create table sent_requests (
    id integer primary key not null,
    event_id text not null references events (id) on delete cascade,
    provider text not null,
    model text,
    sent_at integer not null,
    prompt_version text not null,
    system text not null,
    prompt text not null
  ) strict`,
  `create index sent_requests_event on sent_requests (event_id)`,
  `create table sent_pictures (
    request_id integer not null references sent_requests (id) on delete cascade,
    number integer not null,
    label text not null,
    path text not null,
    width integer not null,
    height integer not null,
    size_bytes integer not null,
    primary key (request_id, number)
  ) strict, without rowid`,

  // Money is in whole billionths of a dollar: sums of them are exact, and the cheapest token costs dozens of them.
  // The ledger names events and cameras without referring to them: it outlives both.
  `create table spend_reservations (
    id text primary key not null,
    provider text not null,
    model text,
    event_id text not null,
    camera_id text not null,
    day text not null,
    reserved_at integer not null,
    estimate_nano_usd integer
  ) strict, without rowid`,
  `create table provider_calls (
    id text primary key not null,
    provider text not null,
    model text,
    event_id text not null,
    camera_id text not null,
    day text not null,
    reserved_at integer not null,
    latency_ms real not null,
    outcome text not null,
    input_tokens integer,
    output_tokens integer,
    estimate_nano_usd integer,
    cost_nano_usd integer
  ) strict`,
  `create index provider_calls_camera on provider_calls (camera_id, reserved_at)`,
  `create index provider_calls_time on provider_calls (reserved_at)`,
  // Sums of the ledger, kept with every row of it: a cap is checked without adding up a month of calls.
  `create table provider_days (
    day text not null,
    provider text not null,
    calls integer not null,
    described integer not null,
    input_tokens integer not null,
    output_tokens integer not null,
    cost_nano_usd integer not null,
    unpriced_calls integer not null,
    primary key (day, provider)
  ) strict, without rowid`,
  `create table camera_days (
    day text not null,
    camera_id text not null,
    cost_nano_usd integer not null,
    primary key (day, camera_id)
  ) strict, without rowid`,
  // Which shares of which cap were passed and told of; `period` is a day or a month.
  `create table spend_alerts (
    period text not null,
    cap_nano_usd integer not null,
    percent integer not null,
    alerted_at integer not null,
    primary key (period, cap_nano_usd, percent)
  ) strict, without rowid`,

  `alter table cameras add column is_local_only integer not null default 0 check (is_local_only in (0, 1))`,
  `alter table cameras add column prompt_addition text`,
  `alter table cameras add column max_events_per_hour integer`,
  // Takes the place of `password`, which is sealed and emptied when the database is opened (sealed-secrets.ts).
  `alter table cameras add column sealed_password text`,
  `create table secrets (
    name text primary key not null,
    sealed_value text not null,
    updated_at integer not null
  ) strict, without rowid`,
];

export const describingChainMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
