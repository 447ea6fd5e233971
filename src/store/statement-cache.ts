import type { Database as SqliteConnection, Statement } from 'better-sqlite3';

/** Statements kept compiled; above it the one used longest ago gives way. */
const maxStatements = 200;

/** The compiled statements of one connection, by their text. */
export class StatementCache {
  readonly #connection: SqliteConnection;
  readonly #kept = new Map<string, Statement>();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Shared with whoever asks for the same text: its settings (`pluck`, `raw`) are to be left alone. */
  prepare<Parameters extends unknown[], Row>(text: string): Statement<Parameters, Row> {
    const known = this.#kept.get(text);
    const statement = known === undefined || known.busy ? this.#connection.prepare(text) : known;
    this.#kept.delete(text);
    this.#kept.set(text, statement);
    if (this.#kept.size > maxStatements) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    // As with a statement that is compiled anew, the caller knows what its text asks for.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return statement as Statement<Parameters, Row>;
  }
}
