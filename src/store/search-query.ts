/** More words than anybody types; bounds the work of one search. */
const maxTerms = 64;

/**
 * Begins the words of the index that are no text (`filter_words`, see migration 0006): of the private use area, which
 * the tokenizer takes for a letter. No search asks for it.
 */
export const hiddenWordMark = '\ue000';

// What SQLite's unicode61 tokenizer counts as part of a word: letters, numbers, private use.
const wordCharacter = /[\p{L}\p{N}\p{Co}]/u;
const curlyQuotes = /[\u201c\u201d\u201e\u201f\u00ab\u00bb]/g;
// A quoted phrase, or anything up to the next space or quote; either may end in the star of a prefix.
const term = /"([^"]*)"(\*)?|([^\s"]+)/g;

/** What a person asked for, as expressions of FTS5. */
export interface TypedSearch {
  /** Matches what holds all of it. */
  readonly all: string;
  /** Matches what holds any of it. */
  readonly any: string;
}

/**
 * Reads what a person typed: words, "quoted phrases", prefix*. Every text is valid. Operators and column names of FTS5
 * are plain words here; what joins letters within a word (`front-door`, `don't`) asks for the parts in a row; a quote
 * without its partner, control characters and punctuation by itself say nothing.
 *
 * @returns `undefined` when the text holds no word at all: then nothing matches
 */
export function parseSearch(text: string): TypedSearch | undefined {
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
  return terms.length === 0 ? undefined : { all: terms.join(' '), any: terms.join(' OR ') };
}

/** What the full-text index knows of a condition, as an expression of it. */
export interface IndexedCondition {
  readonly expression: string;
  /** False: it lets some others through as well, never fewer. */
  readonly isExact: boolean;
}

/** Events that have one of these words among those that are no text. */
export function hiddenWords(words: readonly string[], isExact = true): IndexedCondition {
  return {
    expression: `filter_words : (${words.map((word) => quote(hiddenWordMark + word)).join(' OR ')})`,
    isExact,
  };
}

/** Ids as they are made; others may be cut into words by the index, or equal another one without its case. */
const plainId = /^[0-9a-f]+(?:-[0-9a-f]+)*$/;

export function cameraWords(ids: readonly string[]): IndexedCondition {
  // The digit at the end keeps the stemmer from looking at it.
  return hiddenWords(
    ids.map((id) => `camera${id.replaceAll('-', '')}0`),
    ids.every((id) => plainId.test(id)),
  );
}

/** Labels that stand in the index word for word, as they do in the list that it was made of. */
const plainLabel = /^[\p{L}\p{N}](?:[\p{L}\p{N} _-]*[\p{L}\p{N}])?$/u;

/** Labels are words like others there: `dog` is found in `hot dog` too. */
export function labelWords(labels: readonly string[]): IndexedCondition | undefined {
  if (!labels.every((label) => plainLabel.test(label))) return undefined;
  return { expression: `objects_detected : (${labels.map(quote).join(' OR ')})`, isExact: false };
}

/** The same expression, kept within what the index knows of a filter. */
export function narrowMatch(match: string, conditions: readonly IndexedCondition[]): string {
  if (conditions.length === 0) return match;
  return [`(${match})`, ...conditions.map(({ expression }) => expression)].join(' AND ');
}

function quote(text: string): string {
  return `"${text.replaceAll('\0', ' ').toWellFormed().replaceAll('"', '""')}"`;
}
