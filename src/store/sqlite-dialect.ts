import type { Database as SqliteConnection } from 'better-sqlite3';
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver, type DatabaseConnection } from 'kysely';
import type { StatementCache } from './statement-cache.ts';

/**
 * Kysely's SQLite dialect with three differences: transactions begin IMMEDIATE, so that one that will write waits
 * for the lock at its beginning (a deferred one that turns writer fails at once, whatever the busy timeout);
 * migrations run in transactions, which SQLite can do; compiled statements are kept.
 */
export class ImmediateSqliteDialect extends SqliteDialect {
  readonly #database: SqliteConnection;
  readonly #statements: StatementCache;

  constructor(database: SqliteConnection, statements: StatementCache) {
    super({ database });
    this.#database = database;
    this.#statements = statements;
  }

  override createDriver(): SqliteDriver {
    return new ImmediateSqliteDriver(this.#database, this.#statements);
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

  constructor(database: SqliteConnection, statements: StatementCache) {
    super({
      database: {
        close: () => {
          database.close();
        },
        prepare: (text) => statements.prepare(text),
      },
    });
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
