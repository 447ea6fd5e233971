import SqliteDatabase from 'better-sqlite3';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { parseSearch } from './search-query.ts';

const database = new SqliteDatabase(':memory:');
database.exec(`create virtual table texts using fts5 (
  text, other, tokenize = 'porter unicode61 remove_diacritics 2'
)`);
afterAll(() => database.close());

const insert = database.prepare('insert into texts (rowid, text, other) values (?, ?, ?)');
const select = database
  .prepare<[string], number>('select rowid from texts where texts match ? order by rowid')
  .pluck();

/** Row ids, which count from 0. */
function search(texts: readonly string[], query: string): number[] {
  database.exec('delete from texts');
  for (const [index, text] of texts.entries()) insert.run(index, text, 'elsewhere');
  const expression = parseSearch(query)?.all;
  return expression === undefined ? [] : select.all(expression);
}

test.each([
  ['walking dog', '"walking" "dog"'],
  ['"two  dogs" out', '"two  dogs" "out"'],
  ['deliv*', '"deliv"*'],
  ['"front do"*', '"front do"*'],
  ['front-door', '"front-door"'],
  ["don't", `"don't"`],
  ['c++', '"c++"'],
  ['description:cat', '"description:cat"'],
  ['a OR b', '"a" "OR" "b"'],
  ['NEAR(a b)', '"NEAR(a" "b)"'],
  ['-- cat !!', '"cat"'],
  ['an "open end', '"an" "open" "end"'],
  ['“curly quotes”', '"curly quotes"'],
  ['\ue000camera', '"camera"'],
  ['nul\0byte', '"nul" "byte"'],
  ['*', undefined],
  ['""', undefined],
  ['?!', undefined],
  ['🙂', undefined],
  ['', undefined],
])('%j asks for %j', (text, expression) => {
  expect(parseSearch(text)?.all).toBe(expression);
});

test('words, phrases and prefixes find what a person means by them', () => {
  const texts = [
    'A man at the front door',
    "Don't walk on the door front",
    'C++ is written',
    'Über Straße, naïve',
  ];
  expect(search(texts, 'front door')).toEqual([0, 1]);
  expect(search(texts, '"front door"')).toEqual([0]);
  expect(search(texts, 'front-door')).toEqual([0]);
  expect(search(texts, "don't walking")).toEqual([1]);
  expect(search(texts, 'c++')).toEqual([2]);
  expect(search(texts, 'uber naive')).toEqual([3]);
  expect(search(texts, 'wri*')).toEqual([2]);
  expect(search(texts, '"at the fr"*')).toEqual([0]);
  expect(search(texts, 'man NOT door')).toEqual([]);
});

test('no text is an error', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.constantFrom(
      '"',
      "'",
      '*',
      '^',
      '(',
      ')',
      ':',
      '+',
      '-',
      '{',
      '}',
      '\0',
      'AND',
      'OR',
      'NOT',
      'NEAR',
      '\ud800',
    ),
    fc.constantFrom('cat', 'front-door', "don't", 'c++', '"a b', ' ', '\n', '🙂', '\u0301', '\ue000'),
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));
  let matches = 0;
  fc.assert(
    fc.property(text, (query) => {
      matches += search(['a cat, don’t', 'c front door'], query).length;
    }),
    { numRuns: 10_000 },
  );
  expect(matches).toBeGreaterThan(0);
});

test('a text of any length is answered', () => {
  expect(() => search(['a b c'], 'a '.repeat(20_000))).not.toThrow();
  expect(() => search(['a b c'], `"${'b '.repeat(20_000)}"`)).not.toThrow();
});

test('plain words and prefixes agree with a naive matcher', () => {
  // Left alone by the stemmer.
  const word = fc.constantFrom('cat', 'dog', 'van', 'red', 'fox', 'cab', 'do');
  const term = fc
    .tuple(word, fc.boolean())
    .map(([text, isPrefix]) => (isPrefix ? `${text.slice(0, 2)}*` : text));
  const texts = fc.array(
    fc.array(word, { maxLength: 5 }).map((some) => some.join(' ')),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(texts, fc.array(term, { minLength: 1, maxLength: 3 }), (some, terms) => {
      const naive = [...some.entries()]
        .filter(([, text]) =>
          terms.every((each) =>
            text
              .split(' ')
              .some((token) => (each.endsWith('*') ? token.startsWith(each.slice(0, -1)) : token === each)),
          ),
        )
        .map(([index]) => index);
      expect(search(some, terms.join(' '))).toEqual(naive);
    }),
    { numRuns: 500 },
  );
});
