import { sql, type Kysely } from 'kysely';

/** What people are told beside events, and deliveries of it. Never edited once released. */
const statements = [
  `create table notifications (
    id text primary key not null,
    type text not null,
    camera_id text not null references cameras (id),
    camera_name text not null,
    title text not null,
    message text not null,
    details_json text not null,
    created_at integer not null,
    read_at integer
  ) strict`,
  `create index notifications_list on notifications (created_at, id)`,
  `create index notifications_unread on notifications (created_at, id) where read_at is null`,
  `create index notifications_camera on notifications (camera_id, created_at, id)`,

  // A delivery is of an event or of a notification. A column can't be made nullable in place, so the table is made anew.
  `create table deliveries_anew (
    id text primary key not null,
    event_id text references events (id) on delete cascade,
    notification_id text references notifications (id) on delete cascade,
    target text not null,
    type text not null,
    status text not null check (status in ('pending', 'sent', 'dead')),
    attempts integer not null default 0,
    next_attempt_at integer not null,
    last_error text,
    created_at integer not null,
    updated_at integer not null,
    check ((event_id is null) <> (notification_id is null))
  ) strict`,
  `insert into deliveries_anew
    (id, event_id, target, type, status, attempts, next_attempt_at, last_error, created_at, updated_at)
    select id, event_id, target, type, status, attempts, next_attempt_at, last_error, created_at, updated_at
    from deliveries`,
  `drop table deliveries`,
  `alter table deliveries_anew rename to deliveries`,
  `create index deliveries_due on deliveries (target, next_attempt_at, id) where status = 'pending'`,
  `create index deliveries_list on deliveries (status, created_at, id)`,
  `create index deliveries_created on deliveries (created_at, id)`,
  `create index deliveries_event on deliveries (event_id) where event_id is not null`,
  `create index deliveries_notification on deliveries (notification_id) where notification_id is not null`,
];

export const notificationsMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
