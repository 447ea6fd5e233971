import type { Kysely } from 'kysely';
import { AppError } from '../core/errors.ts';
import type { SecretBox } from '../core/secret-box.ts';
import type { DatabaseSchema } from './database-schema.ts';
import type { OpenDatabase } from './open-database.ts';
import type { SecretListing, SecretRotation } from './secret-store.ts';

/** Four characters of a shorter one would tell too much of it. */
const shortestWithLast4 = 12;

/** What sealing everything again has done. */
export interface Resealing {
  /** Passwords that an earlier version left in clear. */
  readonly sealed: number;
  readonly resealed: number;
  readonly unreadable: readonly string[];
}

/** A secret opens nowhere but in its own place. */
export function passwordContext(cameraId: string): string {
  return `camera:${cameraId}:password`;
}

function secretContext(name: string): string {
  return `secret:${name}`;
}

interface Stored {
  readonly words: string;
  readonly context: string;
  /** In clear, as an earlier version left it. */
  readonly plain: string | null;
  readonly sealed: string | null;
  readonly write: (db: Kysely<DatabaseSchema>, sealed: string) => Promise<unknown>;
}

/**
 * Brings all secrets under the key that seals now, in one transaction; where they are already nothing is written. What
 * can't be opened is left as it is.
 */
export async function sealEverything({ database, durably, box }: OpenDatabase): Promise<Resealing> {
  const stored = [...(await storedPasswords(database)), ...(await storedSecrets(database))];
  const unreadable: string[] = [];
  const writes: ((db: Kysely<DatabaseSchema>) => Promise<unknown>)[] = [];
  let sealedCount = 0;
  for (const { words, context, plain, sealed, write } of stored) {
    // Opened in any case, so that one that was changed is found at once.
    const value = plain ?? tryOpen(box, sealed ?? '', context);
    if (value === undefined) unreadable.push(words);
    else if (plain !== null || sealed === null || !box.isCurrent(sealed)) {
      const next = box.seal(value, context);
      writes.push((db) => write(db, next));
      if (plain !== null) sealedCount += 1;
    }
  }
  if (writes.length > 0) {
    await durably(async (transaction) => {
      for (const write of writes) await write(transaction);
    });
  }
  return { sealed: sealedCount, resealed: writes.length - sealedCount, unreadable };
}

async function storedPasswords(db: Kysely<DatabaseSchema>): Promise<Stored[]> {
  const rows = await db
    .selectFrom('cameras')
    .select(['id', 'name', 'password', 'sealed_password'])
    .where((where) => where.or([where('password', 'is not', null), where('sealed_password', 'is not', null)]))
    .execute();
  return rows.map(({ id, name, password, sealed_password }) => ({
    words: `the password of the camera "${name}"`,
    context: passwordContext(id),
    plain: password,
    sealed: sealed_password,
    write: (into, sealed) =>
      into
        .updateTable('cameras')
        .set({ password: null, sealed_password: sealed })
        .where('id', '=', id)
        .execute(),
  }));
}

async function storedSecrets(db: Kysely<DatabaseSchema>): Promise<Stored[]> {
  const rows = await db.selectFrom('secrets').selectAll().execute();
  return rows.map(({ name, sealed_value }) => ({
    words: `the secret "${name}"`,
    context: secretContext(name),
    plain: null,
    sealed: sealed_value,
    write: (into, sealed) =>
      into.updateTable('secrets').set({ sealed_value: sealed }).where('name', '=', name).execute(),
  }));
}

/** `undefined` for what can't be opened. */
export function tryOpen(box: SecretBox, sealed: string, context: string): string | undefined {
  try {
    return box.open(sealed, context);
  } catch (error) {
    if (error instanceof AppError && error.code === 'SECRET_UNREADABLE') return undefined;
    throw error;
  }
}

export async function getSecret({ database, box }: OpenDatabase, name: string): Promise<string | undefined> {
  const row = await database
    .selectFrom('secrets')
    .select('sealed_value')
    .where('name', '=', name)
    .executeTakeFirst();
  return row === undefined ? undefined : box.open(row.sealed_value, secretContext(name));
}

export async function setSecret(
  { durably, box }: OpenDatabase,
  now: number,
  name: string,
  value: string,
): Promise<void> {
  const row = { sealed_value: box.seal(value, secretContext(name)), updated_at: now };
  await durably(async (transaction) => {
    await transaction
      .insertInto('secrets')
      .values({ name, ...row })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
      .execute();
  });
}

export async function deleteSecret({ durably }: OpenDatabase, name: string): Promise<boolean> {
  return durably(async (transaction) => {
    const result = await transaction.deleteFrom('secrets').where('name', '=', name).executeTakeFirst();
    return result.numDeletedRows > 0n;
  });
}

export async function listSecrets({ database, box }: OpenDatabase): Promise<SecretListing[]> {
  const rows = await database.selectFrom('secrets').selectAll().orderBy('name').execute();
  return rows.map(({ name, sealed_value, updated_at }) => {
    const plain = tryOpen(box, sealed_value, secretContext(name));
    return {
      name,
      last4: plain !== undefined && plain.length >= shortestWithLast4 ? plain.slice(-4) : null,
      isReadable: plain !== undefined,
      updatedAt: updated_at,
    };
  });
}

/** Should the second half fail, the next opening of the database makes up for it. */
export async function rotateSecrets(open: OpenDatabase): Promise<SecretRotation> {
  const isNewKey = open.keyring.renew();
  const { resealed, unreadable } = await sealEverything(open);
  return { isNewKey, resealed, unreadable };
}
