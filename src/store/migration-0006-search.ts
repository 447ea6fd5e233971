import { sql, type Kysely } from 'kysely';

/** What people say of an event, and the search for it. Never edited once released. */
const statements = [
  `alter table events add column user_feedback text
    check (user_feedback in ('correct', 'wrong', 'false_motion'))`,
  `alter table events add column note text`,
  `alter table events add column is_starred integer not null default 0 check (is_starred in (0, 1))`,
  // The camera as one word of the full-text index, so that a search within a camera is an intersection there. It
  // begins with a character that no search asks for (search-query.ts).
  `alter table events add column camera_word text
    generated always as (char(57344) || replace(camera_id, '-', '')) virtual`,
  `create index events_starred on events (is_starred) where is_starred = 1`,
  `create index events_feedback on events (user_feedback) where user_feedback is not null`,

  // The index of another set of columns is another table; its text is read again from the events.
  `drop trigger events_search_insert`,
  `drop trigger events_search_delete`,
  `drop trigger events_search_update`,
  `drop table event_search`,
  `create virtual table event_search using fts5 (
    description, objects_detected, camera_name, title, note, camera_word,
    content = 'events', content_rowid = 'position',
    tokenize = 'porter unicode61 remove_diacritics 2'
  )`,
  `insert into event_search (event_search) values ('rebuild')`,
  `create trigger events_search_insert after insert on events begin
    insert into event_search (rowid, description, objects_detected, camera_name, title, note, camera_word)
    values (new.position, new.description, new.objects_detected, new.camera_name, new.title, new.note, new.camera_word);
  end`,
  `create trigger events_search_delete after delete on events begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name, title, note, camera_word)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name, old.title, old.note,
      old.camera_word);
  end`,
  `create trigger events_search_update
    after update of position, description, objects_detected, camera_name, title, note, camera_id on events
    when old.position is not new.position or old.description is not new.description
      or old.objects_detected is not new.objects_detected or old.camera_name is not new.camera_name
      or old.title is not new.title or old.note is not new.note or old.camera_id is not new.camera_id
  begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name, title, note, camera_word)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name, old.title, old.note,
      old.camera_word);
    insert into event_search (rowid, description, objects_detected, camera_name, title, note, camera_word)
    values (new.position, new.description, new.objects_detected, new.camera_name, new.title, new.note, new.camera_word);
  end`,
];

export const searchMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
