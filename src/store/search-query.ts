/** More words than anybody types; bounds the work of one search. */
const maxTerms = 64;

/**
 * Begins the words of the index that are no text (`camera_word`, see migration 0006): of the private use area, which
 * the tokenizer takes for a letter. No search asks for it.
 */
export const hiddenWordMark = '\ue000';

// What SQLite's unicode61 tokenizer counts as part of a word: letters, numbers, private use.
const wordCharacter = /[\p{L}\p{N}\p{Co}]/u;
const curlyQuotes = /[\u201c\u201d\u201e\u201f\u00ab\u00bb]/g;
// A quoted phrase, or anything up to the next space or quote; either may end in the star of a prefix.
const term = /"([^"]*)"(\*)?|([^\s"]+)/g;

/**
 * Turns what a person typed into an FTS5 expression that matches what holds all of it: words, "quoted phrases",
 * prefix*. Every text is valid. Operators and column names of FTS5 are plain words here; what joins letters within a
 * word (`front-door`, `don't`) asks for the parts in a row; a quote without its partner, control characters and
 * punctuation by itself say nothing.
 *
 * @returns `undefined` when the text holds no word at all: then nothing matches
 */
export function toMatchExpression(text: string): string | undefined {
  const terms: string[] = [];
  // FTS5 reads an expression up to the first NUL.
  const typed = text
    .replaceAll('\0', ' ')
    .replaceAll(hiddenWordMark, ' ')
    .replace(curlyQuotes, '"')
    .toWellFormed();
  for (const [, phrase, star, word] of typed.matchAll(term)) {
    if (terms.length === maxTerms) break;
    const content = phrase ?? word?.replace(/\*+$/, '') ?? '';
    if (!wordCharacter.test(content)) continue;
    const isPrefix = star !== undefined || (word?.endsWith('*') ?? false);
    // Neither kind can hold a quote, so none has to be doubled.
    terms.push(`"${content}"${isPrefix ? '*' : ''}`);
  }
  return terms.length === 0 ? undefined : terms.join(' ');
}
