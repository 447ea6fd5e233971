import type { Database as SqliteConnection, Statement } from 'better-sqlite3';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type SqliteDatabase,
} from 'kysely';

/** Statements kept compiled; above it the one used longest ago gives way. */
const maxStatements = 200;

/**
 * Kysely's SQLite dialect with three differences: transactions begin IMMEDIATE, so that one that will write waits
 * for the lock at its beginning (a deferred one that turns writer fails at once, whatever the busy timeout);
 * migrations run in transactions, which SQLite can do; compiled statements are kept.
 */
export class ImmediateSqliteDialect extends SqliteDialect {
  readonly #database: SqliteConnection;

  constructor(database: SqliteConnection) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateSqliteDriver(this.#database);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }
}

class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class ImmediateSqliteDriver extends SqliteDriver {
  readonly #database: SqliteConnection;

  constructor(database: SqliteConnection) {
    super({ database: keepStatements(database) });
    this.#database = database;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // SQLite has rolled back by itself after some errors (disk full, I/O); the true error must not be hidden by a second one.
    if (this.#database.inTransaction) await connection.executeQuery(CompiledQuery.raw('rollback'));
  }
}

function keepStatements(database: SqliteConnection): SqliteDatabase {
  const kept = new Map<string, Statement>();
  return {
    close: () => {
      database.close();
    },
    prepare: (text) => {
      const known = kept.get(text);
      if (known !== undefined && !known.busy) {
        kept.delete(text);
        kept.set(text, known);
        return known;
      }
      const statement = database.prepare(text);
      kept.set(text, statement);
      if (kept.size > maxStatements) {
        const [oldest] = kept.keys();
        if (oldest !== undefined) kept.delete(oldest);
      }
      return statement;
    },
  };
}
