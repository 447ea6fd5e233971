import { isDeepStrictEqual } from 'node:util';
import type { Kysely, Selectable } from 'kysely';
import type { Camera } from '../core/camera.ts';
import { AppError } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { CameraTable, DatabaseSchema } from './database-schema.ts';
import type { CameraInput } from './event-store.ts';
import type { SecretBox } from '../core/secret-box.ts';
import type { OpenDatabase } from './open-database.ts';
import { cameraRow, toCamera } from './row-translation.ts';
import { passwordContext, tryOpen } from './sealed-secrets.ts';

/** By name. */
export async function listCameras({ database, box }: OpenDatabase): Promise<Camera[]> {
  const rows = await database
    .selectFrom('cameras')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map((row) => openCamera(row, box));
}

export async function getCamera({ database, box }: OpenDatabase, id: string): Promise<Camera | undefined> {
  return loadCamera(database, box, id);
}

export async function createCamera(
  { durably, box }: OpenDatabase,
  now: number,
  input: CameraInput,
): Promise<Camera> {
  return durably(async (transaction) => {
    await refuseTakenName(transaction, input.name, undefined);
    return insertCamera(transaction, box, now, input);
  });
}

export async function updateCamera(
  { durably, box }: OpenDatabase,
  now: number,
  id: string,
  change: Partial<CameraInput>,
): Promise<Camera | undefined> {
  return durably(async (transaction) => {
    const camera = await loadCamera(transaction, box, id);
    if (camera === undefined) return undefined;
    const input: CameraInput = { ...camera, ...change };
    await refuseTakenName(transaction, input.name, id);
    return writeCamera(transaction, box, now, camera, input);
  });
}

export async function deleteCamera({ durably }: OpenDatabase, now: number, id: string): Promise<boolean> {
  return durably(async (transaction) => markDeleted(transaction, now, id));
}

/** A camera that is as it was asked for already is not touched. */
export async function replaceCameras(
  { durably, box }: OpenDatabase,
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
    const before = new Map(rows.map((row) => [row.name, openCamera(row, box)]));
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
          ? await insertCamera(transaction, box, now, { ...input, origin })
          : await writeCamera(transaction, box, now, known, { ...input, origin }),
      );
    }
    return cameras;
  });
}

async function loadCamera(
  db: Kysely<DatabaseSchema>,
  box: SecretBox,
  id: string,
): Promise<Camera | undefined> {
  const row = await db
    .selectFrom('cameras')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row === undefined ? undefined : openCamera(row, box);
}

/** A password that can't be opened is none here: the camera is shown and says that it is unauthorised. */
function openCamera(row: Selectable<CameraTable>, box: SecretBox): Camera {
  const { id, sealed_password: sealed } = row;
  return toCamera(row, sealed === null ? null : (tryOpen(box, sealed, passwordContext(id)) ?? null));
}

function sealPassword(password: string | null, id: string, box: SecretBox): string | null {
  return password === null ? null : box.seal(password, passwordContext(id));
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

async function insertCamera(
  db: Kysely<DatabaseSchema>,
  box: SecretBox,
  now: number,
  input: CameraInput,
): Promise<Camera> {
  const id = createId();
  const row = { ...cameraRow(input), id, created_at: now, updated_at: now, deleted_at: null };
  await db
    .insertInto('cameras')
    .values({ ...row, password: null, sealed_password: sealPassword(input.password, id, box) })
    .execute();
  return toCamera(row, input.password);
}

async function writeCamera(
  db: Kysely<DatabaseSchema>,
  box: SecretBox,
  now: number,
  before: Camera,
  input: CameraInput,
): Promise<Camera> {
  const { id, createdAt } = before;
  const row = cameraRow(input);
  // A password that is as it was is not sealed again; so one that can't be opened now stays for the day it can.
  const isSamePassword = input.password === before.password;
  if (isSamePassword && isDeepStrictEqual(row, cameraRow(before))) return before;
  await db
    .updateTable('cameras')
    .set({
      ...row,
      updated_at: now,
      ...(!isSamePassword && { sealed_password: sealPassword(input.password, id, box) }),
    })
    .where('id', '=', id)
    .execute();
  if (input.name !== before.name) {
    await db.updateTable('events').set({ camera_name: input.name }).where('camera_id', '=', id).execute();
  }
  return toCamera({ ...row, id, created_at: createdAt, updated_at: now, deleted_at: null }, input.password);
}

/** The row stays for its events; its password does not. */
async function markDeleted(db: Kysely<DatabaseSchema>, now: number, id: string): Promise<boolean> {
  const result = await db
    .updateTable('cameras')
    .set({ deleted_at: now, updated_at: now, username: null, sealed_password: null })
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
