import { sql, type Kysely } from 'kysely';

type Row = 'new' | 'old' | 'events';

/** What is counted of each day (of UTC); a value that is null is not. */
const dimensions: readonly (readonly [name: string, value: (row: Row) => string])[] = [
  ['camera', (row) => `${row}.camera_id`],
  ['status', (row) => `${row}.description_status`],
  ['source', (row) => `${row}.source`],
  ['alert', (row) => `${row}.alert_triggered`],
  ['starred', (row) => `nullif(${row}.is_starred, 0)`],
  ['feedback', (row) => `${row}.user_feedback`],
  // In steps of five, as long as each other: their order as texts is that of the numbers.
  [
    'confidence',
    (row) =>
      `iif(${row}.confidence is null, null, printf('%03d', cast(${row}.confidence as integer) / 5 * 5))`,
  ],
];

const addToCounts = 'on conflict (dimension, value, day) do update set total = total + excluded.total';
const dayMs = 86_400_000;
const quarters = [0, 1, 2, 3];

/** All dimensions of a row, up or down by one. */
function countRow(row: Row, difference: 1 | -1): string {
  const values = dimensions.map(([name, value]) => `('${name}', ${value(row)})`);
  const hour = `${row}.timestamp / 3600000`;
  const inQuarter = quarters.map(
    (quarter) => `iif(${row}.timestamp / 900000 % 4 = ${quarter}, ${difference}, 0)`,
  );
  return `
    insert into event_counts (dimension, value, day, total)
      select column1, column2, ${row}.timestamp / ${dayMs}, ${difference}
      from (values ('event', ''), ${values.join(', ')}) where column2 is not null
      ${addToCounts};
    insert into event_hours (hour, quarter_0, quarter_1, quarter_2, quarter_3)
      values (${hour}, ${inQuarter.join(', ')})
      on conflict (hour) do update set
        ${quarters.map((quarter) => `quarter_${quarter} = quarter_${quarter} + excluded.quarter_${quarter}`).join(', ')};`;
}

/** The first row gives the columns their names, `column1` and so on: those of literals, not of what they refer to. */
const unchanged = `('', '', '')`;

/** Of the dimensions that an update changed, what it took (`old`) or gave (`new`). */
function countChange(row: 'new' | 'old', difference: 1 | -1): string {
  const values = dimensions.map(([name, valueOf]) => `('${name}', ${valueOf('old')}, ${valueOf('new')})`);
  const value = row === 'old' ? 'column2' : 'column3';
  return `
    insert into event_counts (dimension, value, day, total)
      select column1, ${value}, ${row}.timestamp / ${dayMs}, ${difference}
      from (values ${unchanged}, ${values.join(', ')}) where column2 is not column3 and ${value} is not null
      ${addToCounts};`;
}

const dropEmptyCounts = 'delete from event_counts where total = 0;';

/** Position to day: the milliseconds stand above its low 20 bits (event-position.ts). */
const dayOfPosition = `(position >> 20) / ${dayMs}`;

/** What people say of an event, the search for it, and its counts. Never edited once released. */
const statements = [
  `alter table events add column user_feedback text
    check (user_feedback in ('correct', 'wrong', 'false_motion'))`,
  `alter table events add column note text`,
  `alter table events add column is_starred integer not null default 0 check (is_starred in (0, 1))`,
  // What filters ask for as words of the full-text index, so that a search with them is an intersection there: the
  // camera, and what is rare. They begin with a character that no search asks for (search-query.ts).
  `alter table events add column filter_words text generated always as (
    char(57344) || 'camera' || replace(camera_id, '-', '') || '0'
    || iif(description_status <> 'done', ' ' || char(57344) || 'status' || description_status, '')
    || iif(source <> 'motion', ' ' || char(57344) || 'source' || source, '')
    || iif(alert_triggered = 1, ' ' || char(57344) || 'alert', '')
    || iif(is_starred = 1, ' ' || char(57344) || 'starred', '')
    || iif(user_feedback is not null, ' ' || char(57344) || 'feedback' || replace(user_feedback, '_', ''), '')
  ) virtual`,
  `create index events_starred on events (is_starred) where is_starred = 1`,
  `create index events_feedback on events (user_feedback) where user_feedback is not null`,

  // The index of another set of columns is another table; its text is read again from the events.
  `drop trigger events_search_insert`,
  `drop trigger events_search_delete`,
  `drop trigger events_search_update`,
  `drop table event_search`,
  `create virtual table event_search using fts5 (
    description, objects_detected, camera_name, title, note, filter_words,
    content = 'events', content_rowid = 'position',
    tokenize = 'porter unicode61 remove_diacritics 2'
  )`,
  `insert into event_search (event_search) values ('rebuild')`,
  `create trigger events_search_insert after insert on events begin
    insert into event_search (rowid, description, objects_detected, camera_name, title, note, filter_words)
    values (new.position, new.description, new.objects_detected, new.camera_name, new.title, new.note, new.filter_words);
  end`,
  `create trigger events_search_delete after delete on events begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name, title, note, filter_words)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name, old.title, old.note,
      old.filter_words);
  end`,
  `create trigger events_search_update
    after update of position, description, objects_detected, camera_name, title, note,
      camera_id, description_status, source, alert_triggered, is_starred, user_feedback on events
    when old.position is not new.position or old.description is not new.description
      or old.objects_detected is not new.objects_detected or old.camera_name is not new.camera_name
      or old.title is not new.title or old.note is not new.note or old.filter_words is not new.filter_words
  begin
    insert into event_search (event_search, rowid, description, objects_detected, camera_name, title, note, filter_words)
    values ('delete', old.position, old.description, old.objects_detected, old.camera_name, old.title, old.note,
      old.filter_words);
    insert into event_search (rowid, description, objects_detected, camera_name, title, note, filter_words)
    values (new.position, new.description, new.objects_detected, new.camera_name, new.title, new.note, new.filter_words);
  end`,

  // The filters beside each other, in the order of time, of all events and of one camera: whoever looks along an index
  // need not read the events that do not fit.
  `drop index events_camera`,
  `create index events_filters on events (
    position, camera_id, description_status, source, alert_triggered, is_starred, user_feedback, confidence
  )`,
  `create index events_camera_filters on events (
    camera_id, position, description_status, source, alert_triggered, is_starred, user_feedback, confidence
  )`,
  `create index events_source on events (source) where source <> 'motion'`,

  // Kept by triggers, so that whatever changes an event counts it: totals without looking at a million rows.
  `create table event_counts (
    dimension text not null,
    value text not null,
    day integer not null,
    total integer not null,
    primary key (dimension, value, day)
  ) strict, without rowid`,
  `create index event_counts_empty on event_counts (total) where total = 0`,
  // By quarters, as zones of time are (Nepal is 5 h 45 min ahead): an hour of any of them is four quarters.
  `create table event_hours (
    hour integer primary key not null,
    quarter_0 integer not null,
    quarter_1 integer not null,
    quarter_2 integer not null,
    quarter_3 integer not null
  ) strict`,
  `insert into event_counts (dimension, value, day, total)
    select 'event', '', timestamp / ${dayMs}, count(*) from events group by 3`,
  ...dimensions.map(
    ([name, value]) => `insert into event_counts (dimension, value, day, total)
      select '${name}', ${value('events')} as counted, timestamp / ${dayMs}, count(*) from events
      where counted is not null group by 2, 3`,
  ),
  `insert into event_counts (dimension, value, day, total)
    select 'object', label, ${dayOfPosition}, count(*) from event_objects group by 2, 3`,
  `insert into event_hours select timestamp / 3600000,
    ${quarters.map((quarter) => `sum(timestamp / 900000 % 4 = ${quarter})`).join(', ')} from events group by 1`,
  `create trigger events_counted_insert after insert on events begin ${countRow('new', 1)} end`,
  `create trigger events_counted_delete after delete on events begin
    ${countRow('old', -1)}
    ${dropEmptyCounts}
    delete from event_hours where hour = old.timestamp / 3600000
      and quarter_0 = 0 and quarter_1 = 0 and quarter_2 = 0 and quarter_3 = 0;
  end`,
  `create trigger events_counted_update
    after update of camera_id, description_status, source, alert_triggered, is_starred, user_feedback, confidence on events
  begin
    ${countChange('old', -1)}
    ${countChange('new', 1)}
    ${dropEmptyCounts}
  end`,
  `create trigger event_objects_counted_insert after insert on event_objects begin
    insert into event_counts (dimension, value, day, total)
      values ('object', new.label, (new.position >> 20) / ${dayMs}, 1)
      ${addToCounts};
  end`,
  `create trigger event_objects_counted_delete after delete on event_objects begin
    insert into event_counts (dimension, value, day, total)
      values ('object', old.label, (old.position >> 20) / ${dayMs}, -1)
      ${addToCounts};
    ${dropEmptyCounts}
  end`,
];

export const searchMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
