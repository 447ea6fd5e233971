import SqliteDatabase from 'better-sqlite3';
import { Kysely } from 'kysely';
import { AppError } from '../core/errors.ts';
import { createSecretBox } from '../core/secret-box.ts';
import type { DatabaseSchema } from './database-schema.ts';
import type { OpenDatabase, OpenDatabaseOptions } from './open-database.ts';
import { ImmediateSqliteDialect } from './sqlite-dialect.ts';
import { StatementCache } from './statement-cache.ts';

/** Long searches come by the same pages again and again. Taken only as far as it is used. */
const cacheKilobytes = 65_536;

/**
 * A second connection to a database that is open already: it reads beside whoever writes, each statement from what was
 * committed when it began. To be closed first: the last connection that can write puts the log back into the file.
 */
export function openForReading({
  file,
  busyTimeoutMs,
  migrations,
  keyring,
}: OpenDatabaseOptions): OpenDatabase {
  const connection = new SqliteDatabase(file, {
    readonly: true,
    fileMustExist: true,
    timeout: busyTimeoutMs,
  });
  try {
    connection.pragma('temp_store = memory');
    connection.pragma(`cache_size = -${cacheKilobytes}`);
  } catch (error) {
    connection.close();
    throw error;
  }
  const statements = new StatementCache(connection);
  const database = new Kysely<DatabaseSchema>({
    dialect: new ImmediateSqliteDialect(connection, statements),
  });
  return {
    database,
    durably: () => Promise.reject(new AppError('INTERNAL', 'This connection only reads.')),
    file,
    schemaVersion: Object.keys(migrations).length,
    connection,
    statements,
    keyring,
    box: createSecretBox(keyring),
    unreadableSecrets: [],
    close: async () => {
      await database.destroy();
      connection.close();
    },
  };
}
