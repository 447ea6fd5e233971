import type { Database as SqliteConnection } from 'better-sqlite3';

/** What was found, and what it means, is said in words for people. */
export interface DatabaseReport {
  /** What SQLite found; empty when the file is sound. */
  readonly problems: readonly string[];
  /** Events that no search finds. */
  readonly unsearchable: number;
  /** Events that searches find and that are not there. */
  readonly searchGhosts: number;
}

const problemsNamed = 20;

/**
 * Reads the whole file. `quick` leaves out whether indexes hold what their tables hold. The index of the search is
 * compared with the events by their numbers only: SQLite's own comparison of its words wants to write.
 */
export function checkDatabase(connection: SqliteConnection, depth: 'quick' | 'full'): DatabaseReport {
  const check = depth === 'quick' ? 'quick_check' : 'integrity_check';
  const rows = connection.prepare<[], string>(`pragma ${check}(${problemsNamed})`).pluck().all();
  // Several problems of one tree come in one row, under a heading.
  const problems = rows
    .flatMap((row) => row.split('\n'))
    .filter((line) => line !== 'ok' && !line.startsWith('***'))
    .slice(0, problemsNamed);
  if (problems.length > 0) return { problems, unsearchable: 0, searchGhosts: 0 };
  return {
    problems,
    unsearchable: count(
      connection,
      'select count(*) from events where position not in (select id from event_search_docsize)',
    ),
    searchGhosts: count(
      connection,
      'select count(*) from event_search_docsize where id not in (select position from events)',
    ),
  };
}

/** What to do about it; `null` when all is well. */
export function describeReport({ problems, unsearchable, searchGhosts }: DatabaseReport): string | null {
  if (problems.length > 0) {
    return `the database is damaged (${problems.slice(0, 3).join('; ')}). Stop Vedette and bring a backup back: vedette restore FILE --force`;
  }
  if (unsearchable + searchGhosts > 0) {
    return (
      `the search does not know ${unsearchable} events, and knows ${searchGhosts} that are gone. ` +
      'Stop Vedette and have it made anew: vedette doctor --rebuild-search'
    );
  }
  return null;
}

function count(connection: SqliteConnection, text: string): number {
  return connection.prepare<[], number>(text).pluck().get() ?? 0;
}
