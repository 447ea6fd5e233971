import { isDeepStrictEqual } from 'node:util';
import type { Kysely } from 'kysely';
import type { Camera } from '../core/camera.ts';
import { AppError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { DatabaseSchema } from './database-schema.ts';
import type { CameraInput } from './event-store.ts';
import type { OpenDatabase } from './open-database.ts';
import { cameraRow, toCamera } from './row-translation.ts';

/** By name. */
export async function listCameras({ database }: OpenDatabase): Promise<Camera[]> {
  const rows = await database
    .selectFrom('cameras')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(toCamera);
}

export async function getCamera({ database }: OpenDatabase, id: string): Promise<Camera | undefined> {
  return loadCamera(database, id);
}

export async function createCamera(
  { durably }: OpenDatabase,
  now: number,
  input: CameraInput,
): Promise<Camera> {
  return durably(async (transaction) => {
    await refuseTakenName(transaction, input.name, undefined);
    return insertCamera(transaction, now, input);
  });
}

export async function updateCamera(
  { durably }: OpenDatabase,
  now: number,
  id: string,
  change: Partial<CameraInput>,
): Promise<Camera | undefined> {
  return durably(async (transaction) => {
    const camera = await loadCamera(transaction, id);
    if (camera === undefined) return undefined;
    const input: CameraInput = { ...camera, ...change };
    await refuseTakenName(transaction, input.name, id);
    return writeCamera(transaction, now, camera, input);
  });
}

export async function deleteCamera({ durably }: OpenDatabase, now: number, id: string): Promise<boolean> {
  return durably(async (transaction) => markDeleted(transaction, now, id));
}

/** A camera that is as it was asked for already is not touched. */
export async function replaceCameras(
  { durably }: OpenDatabase,
  now: number,
  origin: Camera['origin'],
  inputs: readonly CameraInput[],
): Promise<Camera[]> {
  return durably(async (transaction) => {
    const rows = await transaction
      .selectFrom('cameras')
      .selectAll()
      .where('deleted_at', 'is', null)
      .where('origin', '=', origin)
      .execute();
    const before = new Map(rows.map((row) => [row.name, toCamera(row)]));
    const wanted = new Set(inputs.map((input) => input.name));
    for (const camera of before.values()) {
      if (!wanted.has(camera.name)) await markDeleted(transaction, now, camera.id);
    }
    const cameras: Camera[] = [];
    for (const input of inputs) {
      const known = before.get(input.name);
      // A name that is given twice meets the camera that was made of the first.
      const isRepeated = cameras.some((camera) => camera.name === input.name);
      await refuseTakenName(transaction, input.name, isRepeated ? undefined : known?.id);
      cameras.push(
        known === undefined
          ? await insertCamera(transaction, now, { ...input, origin })
          : await writeCamera(transaction, now, known, { ...input, origin }),
      );
    }
    return cameras;
  });
}

async function loadCamera(db: Kysely<DatabaseSchema>, id: string): Promise<Camera | undefined> {
  const row = await db
    .selectFrom('cameras')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? undefined : toCamera(row);
}

async function refuseTakenName(
  db: Kysely<DatabaseSchema>,
  name: string,
  ownId: string | undefined,
): Promise<void> {
  const holder = await db
    .selectFrom('cameras')
    .select(['id', 'origin'])
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (holder === undefined || holder.id === ownId) return;
  throw new AppError(
    'CAMERA_NAME_TAKEN',
    `The name "${name}" belongs to another camera already (${origins[holder.origin]}, ` +
      `id ${holder.id}). Choose another name, or rename that camera.`,
    { details: [{ name, cameraId: holder.id, origin: holder.origin }] },
  );
}

const origins: Readonly<Record<Camera['origin'], string>> = {
  config: 'from the configuration',
  api: 'added through the API',
  demo: 'the demo camera',
};

async function insertCamera(db: Kysely<DatabaseSchema>, now: number, input: CameraInput): Promise<Camera> {
  const row = { ...cameraRow(input), id: createId(), created_at: now, updated_at: now, deleted_at: null };
  await db.insertInto('cameras').values(row).execute();
  return toCamera(row);
}

async function writeCamera(
  db: Kysely<DatabaseSchema>,
  now: number,
  before: Camera,
  input: CameraInput,
): Promise<Camera> {
  const row = cameraRow(input);
  if (isDeepStrictEqual(row, cameraRow(before))) return before;
  await db
    .updateTable('cameras')
    .set({ ...row, updated_at: now })
    .where('id', '=', before.id)
    .execute();
  if (input.name !== before.name) {
    await db
      .updateTable('events')
      .set({ camera_name: input.name })
      .where('camera_id', '=', before.id)
      .execute();
  }
  return {
    ...before,
    ...toCamera({ ...row, id: before.id, created_at: before.createdAt, updated_at: now, deleted_at: null }),
  };
}

/** The row stays for its events; its password does not. */
async function markDeleted(db: Kysely<DatabaseSchema>, now: number, id: string): Promise<boolean> {
  const result = await db
    .updateTable('cameras')
    .set({ deleted_at: now, updated_at: now, username: null, password: null })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
