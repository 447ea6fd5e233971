/**
 * FTS5 puts these around matches. Random, so that no text can bring its own; replaced only after the text has been
 * escaped.
 */
export interface HighlightMarks {
  readonly open: string;
  readonly close: string;
}

export function createHighlightMarks(random: string): HighlightMarks {
  return { open: `\u{f0000}${random}(`, close: `)${random}\u{f0000}` };
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe to put into a page: only `<mark>` and `</mark>` are markup. */
export function toHighlightHtml(marked: string, { open, close }: HighlightMarks): string {
  return marked
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)
    .replaceAll(open, '<mark>')
    .replaceAll(close, '</mark>');
}
