import { createId } from '../core/ids.ts';
import type { StatementCache } from './statement-cache.ts';

/**
 * The texts with what matches in `<mark>`, safe to put into a page: nothing else is markup. The full-text index could
 * say it too, but finds its matches anew for each event that it is asked for, or all of them for a prefix; so the few
 * texts of a page get an index of their own, in memory, for a fraction of a millisecond.
 *
 * @param matching FTS5 expression of the words that were looked for
 * @param texts `null` stays `null`
 */
export function highlightTexts(
  statements: StatementCache,
  matching: string,
  texts: readonly (string | null)[],
): (string | null)[] {
  if (texts.every((text) => text === null)) return texts.map(() => null);
  for (const statement of prepareIndex) statements.prepare<[], never>(statement).run();
  statements
    .prepare<[string], never>(
      "insert into temp.highlight_texts select key, value from json_each(?) where type = 'text'",
    )
    .run(JSON.stringify(texts));
  statements
    .prepare<[], never>("insert into temp.highlight_index (highlight_index) values ('rebuild')")
    .run();
  const marks = createHighlightMarks(createId());
  const rows = statements
    .prepare<[string, string, string], { readonly number: number; readonly marked: string }>(
      `select rowid as number, highlight(highlight_index, 0, ?, ?) as marked
      from temp.highlight_index where highlight_index match ?`,
    )
    .all(marks.open, marks.close, matching);
  const marked = new Map(rows.map((row) => [row.number, row.marked]));
  return texts.map((text, number) =>
    text === null ? null : toHighlightHtml(marked.get(number) ?? text, marks),
  );
}

const prepareIndex = [
  'create table if not exists temp.highlight_texts (number integer primary key, text text not null)',
  // Cuts and stems words as the index of the events does.
  `create virtual table if not exists temp.highlight_index using fts5 (
    text, content = 'highlight_texts', content_rowid = 'number', tokenize = 'porter unicode61 remove_diacritics 2'
  )`,
  'delete from temp.highlight_texts',
];

/**
 * FTS5 puts these around matches. Random, so that no text can bring its own; replaced only after the text has been
 * escaped.
 */
interface HighlightMarks {
  readonly open: string;
  readonly close: string;
}

function createHighlightMarks(random: string): HighlightMarks {
  return { open: `\u{f0000}${random}(`, close: `)${random}\u{f0000}` };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function toHighlightHtml(marked: string, { open, close }: HighlightMarks): string {
  return marked
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)
    .replaceAll(open, '<mark>')
    .replaceAll(close, '</mark>');
}
