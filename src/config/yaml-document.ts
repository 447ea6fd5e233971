import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type ErrorCode } from 'yaml';
import type { DocumentPath } from './env-substitution.ts';

export interface YamlPosition {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem {
  readonly position: YamlPosition;
  readonly message: string;
}

export type YamlResult =
  | {
      readonly kind: 'document';
      /** Plain values; an empty text is an empty document. */
      readonly value: unknown;
      /** Of the key or entry at this path, or of the nearest that exists around it. */
      readonly positionOf: (path: DocumentPath) => YamlPosition | undefined;
    }
  | { readonly kind: 'problems'; readonly problems: readonly YamlProblem[] };

/** Our own words: the library's quote from the text, where passwords stand. */
const messages: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: 'an alias (*name) can have neither anchor nor tag',
  BAD_ALIAS: 'an alias (*name) must have a name; put text that begins with * into quotes',
  BAD_COLLECTION_TYPE: 'the tag does not fit what follows it',
  BAD_DIRECTIVE: 'a line that begins with % is a directive, and this is none that YAML knows',
  BAD_DQ_ESCAPE:
    'a backslash in double quotes begins an escape, and this is none; use single quotes, or \\\\',
  BAD_INDENT: 'the indentation does not fit what stands above, or a bracket is not closed',
  BAD_PROP_ORDER: 'anchors and tags must stand after the indicators ?, : and -',
  BAD_SCALAR_START: 'text can not begin with this character; put it into quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key:" on one line; put text that holds ": " into quotes',
  BLOCK_IN_FLOW: 'an indented list or section can not stand inside brackets',
  DUPLICATE_KEY: 'this key stands here twice',
  IMPOSSIBLE: 'this is not YAML',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters',
  MISSING_CHAR: 'a quote, bracket, colon or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line; is a colon missing?',
  MULTIPLE_ANCHORS: 'a value can have one anchor (&name) only; put text that begins with & into quotes',
  MULTIPLE_DOCS: 'a second document begins here (---); expected one',
  MULTIPLE_TAGS: 'a value can have one tag (!name) only; put text that begins with ! into quotes',
  NON_STRING_KEY: 'a key must be text',
  RESOURCE_EXHAUSTION: 'too deep, or too many aliases',
  TAB_AS_INDENT: 'a tab is used as indentation; use spaces',
  TAG_RESOLVE_FAILED:
    'unknown tag, or a value that does not fit its tag; put text that begins with ! into quotes',
  UNEXPECTED_TOKEN:
    'this is not expected here; put text that holds brackets, braces or commas (also ${VARIABLE} inside them) into quotes',
};

/** Reads YAML 1.2 strictly: what the library only warns about is a problem here too. */
export function readYaml(text: string): YamlResult {
  const lines = new LineCounter();
  const at = (offset: number): YamlPosition => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    const problems: YamlProblem[] = [...document.errors, ...document.warnings]
      // Whatever comes after the first fault is unexpected too.
      .filter(({ code }, index) => index === 0 || code !== 'UNEXPECTED_TOKEN')
      .map(({ code, pos }) => ({ position: at(pos[0]), message: messages[code] }));
    visit(document, {
      Alias: (_key, node) => {
        if (node.resolve(document) !== undefined) return;
        problems.push({
          position: at(node.range?.[0] ?? 0),
          message:
            'an alias (*name) without its anchor (&name) above; put text that begins with * into quotes',
        });
      },
    });
    if (problems.length > 0) return { kind: 'problems', problems };
    return {
      kind: 'document',
      value: document.toJS(),
      positionOf: (path) => {
        const offset = offsetOf(document.contents, path);
        return offset === undefined ? undefined : at(offset);
      },
    };
  } catch (error) {
    // The library throws these for documents that exhaust it: aliases that multiply, nesting that is too deep.
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return {
      kind: 'problems',
      problems: [{ position: { line: 1, column: 1 }, message: messages.RESOURCE_EXHAUSTION }],
    };
  }
}

function offsetOf(contents: unknown, path: DocumentPath): number | undefined {
  let node = contents;
  let offset: number | undefined;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return offset;
      offset = (isScalar(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      offset = rangeStart(node) ?? offset;
    } else return offset;
    if (isAlias(node)) return offset;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
}
