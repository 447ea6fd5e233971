import SqliteDatabase, { type Database as SqliteConnection } from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from '../../src/store/migrations.ts';
import { exampleEvidence, exampleTime } from './store-examples.ts';

/** Names of the migrations, oldest first: a version of the database is the last of them that it has. */
export const databaseVersions: readonly string[] = Object.keys(migrations).toSorted();

export interface OldDatabaseContent {
  readonly events: number;
  /** In clear in the first version, as it kept them; later ones have none. */
  readonly passwords?: Readonly<Record<string, string | null>>;
}

/**
 * A database as the version wrote it whose latest migration this is: its own migrations, and rows with what its code
 * knew of. Event n is of `exampleTime + n`, its id `event-<nnn>`; every third has failed, the others are described.
 */
export async function makeOldDatabase(
  file: string,
  version: string,
  { events, passwords = { Gate: null } }: OldDatabaseContent,
): Promise<void> {
  const known = databaseVersions.slice(0, databaseVersions.indexOf(version) + 1);
  if (known.length === 0) throw new Error(`there is no version ${version}`);
  // The opening of today looks for what today's migrations make, so that of an old version is done by hand.
  const connection = new SqliteDatabase(file);
  connection.pragma('journal_mode = wal');
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: connection }) });
  const chosen = Object.fromEntries(Object.entries(migrations).filter(([name]) => known.includes(name)));
  const provider = { getMigrations: () => Promise.resolve(chosen) };
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (error !== undefined) throw error;
  const has = (table: string, column: string): boolean =>
    connection
      .prepare<[string], string>('select name from pragma_table_info(?)')
      .pluck()
      .all(table)
      .includes(column);
  connection.transaction(() => {
    addCameras(connection, passwords, known.length === 1);
    addEvents(connection, events, has);
  })();
  await db.destroy();
  connection.close();
}

function addCameras(
  connection: SqliteConnection,
  passwords: Readonly<Record<string, string | null>>,
  isFirstVersion: boolean,
): void {
  const insert = connection.prepare(`insert into cameras (id, name, type, url, username, password, frame_rate,
    is_enabled, motion_sensitivity, motion_cooldown, origin, created_at, updated_at)
    values (?, ?, 'rtsp', 'rtsp://camera.test/stream', 'viewer', ?, 5, 1, 'medium', 60, 'api', 1, 1)`);
  for (const [index, [name, password]] of Object.entries(passwords).entries()) {
    if (password !== null && !isFirstVersion)
      throw new Error('only the first version kept passwords in clear');
    insert.run(`camera-${index + 1}`, name, password);
  }
}

function addEvents(
  connection: SqliteConnection,
  count: number,
  has: (table: string, column: string) => boolean,
): void {
  const insert =
    connection.prepare(`insert into events (position, id, camera_id, camera_name, source, timestamp,
    started_at, description, description_status, description_reason, confidence, objects_detected, detections_json,
    thumbnail_path, created_at, updated_at)
    values (?, ?, 'camera-1', 'Gate', 'motion', ?, ?, ?, ?, ?, 80, '["dog"]', '[]', ?, 1, 1)`);
  const frame = connection.prepare(`insert into event_frames values (?, 1, ?, ?, 640, 360, 1000, '[]')`);
  const label = connection.prepare(`insert into event_objects values ('dog', ?)`);
  for (let index = 0; index < count; index += 1) {
    const id = `event-${String(index).padStart(3, '0')}`;
    const time = exampleTime + index;
    const position = BigInt(time) << 20n;
    const isDone = index % 3 !== 0;
    const path = `media/2026-05-17/event_${id}`;
    insert.run(
      position,
      id,
      time,
      time,
      isDone ? `A dog number ${index} runs.` : null,
      isDone ? 'done' : 'failed',
      isDone ? null : 'DESCRIBE_TIMEOUT',
      `${path}.jpg`,
    );
    frame.run(id, time, `${path}_1.jpg`);
    label.run(position);
  }
  if (has('events', 'title'))
    connection.exec(`update events set title = 'A dog' where description is not null`);
  if (has('events', 'is_starred')) {
    connection.exec(`update events set is_starred = 1, note = 'zebra' where id = 'event-001'`);
  }
  if (has('event_evidence', 'evidence_json')) {
    connection
      .prepare(`insert into event_evidence (event_id, evidence_json) values ('event-001', ?)`)
      .run(JSON.stringify(exampleEvidence()));
  }
  if (has('events', 'thumbnail_bytes')) connection.exec('update events set thumbnail_bytes = 500');
}
