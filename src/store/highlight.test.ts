import SqliteDatabase from 'better-sqlite3';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { highlightTexts } from './highlight.ts';
import { parseSearch } from './search-query.ts';
import { StatementCache } from './statement-cache.ts';

const connection = new SqliteDatabase(':memory:');
connection.exec(`create virtual table events using fts5 (
  description, title, tokenize = 'porter unicode61 remove_diacritics 2'
)`);
const statements = new StatementCache(connection);
afterAll(() => connection.close());

const word = fc.constantFrom(
  'cats',
  'cat',
  'walking',
  'walk',
  'Café',
  'cafe',
  'front',
  'door',
  'the',
  'dogs',
);
const sentence = fc
  .array(fc.tuple(word, fc.constantFrom(' ', ', ', '-', '. ', ' "')), { minLength: 1, maxLength: 8 })
  .map((pieces) => pieces.flat().join(''));
const term = fc.oneof(
  word,
  fc.constantFrom('wal*', '"front door"', 'front-door', '"the ca"*', 'c*', 'OR', 'zebra'),
);

test('a page is highlighted as the index of all events would do it', () => {
  const insert = connection.prepare('insert into events (rowid, description, title) values (?, ?, ?)');
  const select = connection.prepare<[string], { readonly rowid: number; readonly marked: string }>(
    `select rowid, highlight(events, 0, '<mark>', '</mark>') as marked from events where events match ?`,
  );
  let found = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.option(sentence), sentence), { minLength: 1, maxLength: 6 }),
      fc.array(term, { minLength: 1, maxLength: 3 }).map((terms) => terms.join(' ')),
      (texts, query) => {
        connection.exec('delete from events');
        for (const [index, [description, title]] of texts.entries()) insert.run(index, description, title);
        const search = parseSearch(query);
        if (search === undefined) throw new Error(`"${query}" asks for nothing`);
        const rows = select.all(search.all);
        const descriptions = rows.map(({ rowid }) => texts[rowid]?.[0] ?? null);
        expect(highlightTexts(statements, search.any, descriptions)).toEqual(
          rows.map(({ marked }, index) =>
            descriptions[index] === null ? null : marked.replaceAll('"', '&quot;'),
          ),
        );
        found += rows.length;
      },
    ),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(200);
});
