import { setImmediate as nextTurn } from 'node:timers/promises';
import { SaxesParser } from 'saxes';

/** Deeper than any answer of a camera; a recursion over the tree can't run out of stack. */
const maxDepth = 64;
/** A recorder with 64 channels describes its profiles with about 20,000. */
const maxElements = 50_000;
/** Characters that are read in one go: some milliseconds. */
const pieceLength = 64 * 1024;

/** One element. Prefixes are resolved and gone: every maker chooses others. */
export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** Empty when there is none; the bare prefix when the document forgot to declare it. */
  readonly namespace: string;
  /** By their names without prefixes; namespace declarations are left out. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, CDATA included, trimmed. */
  readonly text: string;
}

/** Not XML, or of a kind that no camera has a reason to send. The message says what is wrong, not what was received. */
export class UnreadableXmlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableXmlError';
  }
}

/**
 * Reads a document that a stranger wrote: a document type (where entities are declared) is refused, depth and number of
 * elements are bounded. Prefixes that nobody declared are let pass, since some cameras forget one. For short ones, as a
 * datagram is.
 *
 * @throws UnreadableXmlError
 */
export function parseXml(document: string): XmlElement {
  const reader = createReader();
  reader.write(withoutLead(document));
  return reader.end();
}

/** The same for a long one, in pieces: one of a megabyte would hold up everything else for a tenth of a second. */
export async function parseLongXml(document: string): Promise<XmlElement> {
  const reader = createReader();
  const text = withoutLead(document);
  for (let from = 0; from < text.length; from += pieceLength) {
    if (from > 0) await nextTurn();
    reader.write(text.slice(from, from + pieceLength));
  }
  return reader.end();
}

/** Spaces before the declaration are an error of many, and harmless. */
function withoutLead(document: string): string {
  return document.replace(/^\uFEFF?\s*/, '');
}

interface XmlReader {
  write(text: string): void;
  end(): XmlElement;
}

function createReader(): XmlReader {
  const parser = new SaxesParser({ xmlns: true });
  const open: OpenElement[] = [];
  let root: XmlElement | undefined;
  let elements = 0;
  parser.on('error', ({ message }) => {
    if (message.includes('unbound namespace prefix')) return;
    throw new UnreadableXmlError(message);
  });
  parser.on('doctype', () => {
    throw new UnreadableXmlError('it declares a document type');
  });
  parser.on('opentag', ({ local, uri, attributes }) => {
    elements += 1;
    if (open.length >= maxDepth || elements > maxElements)
      throw new UnreadableXmlError('it nests too deeply or has too many elements');
    open.push({
      name: local,
      namespace: uri,
      attributes: new Map(
        Object.values(attributes)
          .filter(({ name, prefix }) => prefix !== 'xmlns' && name !== 'xmlns')
          .map(({ local: name, value }) => [name, value]),
      ),
      children: [],
      text: [],
    });
  });
  const addText = (text: string): void => {
    open.at(-1)?.text.push(text);
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const ended = open.pop();
    if (ended === undefined) return;
    const element = { ...ended, text: ended.text.join('').trim() };
    const parent = open.at(-1);
    if (parent === undefined) root = element;
    else parent.children.push(element);
  });
  return {
    write(text) {
      parser.write(text);
    },
    end() {
      parser.close();
      if (root === undefined) throw new UnreadableXmlError('it has no element');
      return root;
    },
  };
}

interface OpenElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  readonly text: string[];
}

/** The first element at a path of names below another one. */
export function elementAt(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  let found = element;
  for (const name of path) found = found?.children.find((each) => each.name === name);
  return found;
}

/** `undefined` when there is no such element, or nothing in it. */
export function textAt(element: XmlElement | undefined, ...path: string[]): string | undefined {
  const text = elementAt(element, ...path)?.text;
  return text === '' ? undefined : text;
}

export function childrenOf(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element?.children.filter((each) => each.name === name) ?? [];
}

/** For text and attribute values. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
