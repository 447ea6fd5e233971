import { sql, type Kysely } from 'kysely';

/** What a camera can have beside its address. Never edited once released. */
const statements = [
  `alter table cameras add column sub_url text`,
  `alter table cameras add column zones_json text not null default '[]'`,
  `alter table cameras add column schedule_json text`,
  `alter table cameras add column privacy_masks_json text not null default '[]'`,
  `alter table cameras add column clip_json text not null
    default '{"isEnabled":false,"beforeMs":5000,"afterMs":5000}'`,
  `alter table cameras add column onvif_json text not null default '{"url":null,"nativeEvents":"off"}'`,
];

export const cameraSettingsMigration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};
