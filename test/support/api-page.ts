/** An example of docs/api.md: a call as it is typed, and what came back. */
export interface ApiExample {
  /** Of the page, from 1. */
  readonly line: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** `undefined` where the page shows none. */
  readonly answer: { readonly status: number; readonly body: unknown } | undefined;
}

/** In the place of what a sample leaves out. */
export const cut = '…';

interface Block {
  readonly kind: string | undefined;
  readonly text: string;
  readonly line: number;
}

function readBlocks(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```/gms)].map(({ 1: kind, 2: text = '', index }) => ({
    kind,
    text,
    line: page.slice(0, index).split('\n').length,
  }));
}

/** A part of an answer that stands by itself: `"key": value`, or messages, each an object in a line. */
export interface ApiSnippet {
  readonly line: number;
  readonly values: readonly Readonly<Record<string, unknown>>[];
}

export function readSnippets(page: string): ApiSnippet[] {
  return readBlocks(page)
    .filter(({ kind }) => kind === 'json')
    .map(({ text, line }) => {
      const texts = text.startsWith('{') ? text.trim().split('\n') : [`{${text}}`];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each begins with a brace
      return {
        line,
        values: texts.map((one) => JSON.parse(mended(one)) as Readonly<Record<string, unknown>>),
      };
    });
}

export function readExamples(page: string): ApiExample[] {
  const blocks = readBlocks(page);
  return blocks.flatMap(({ kind, text, line }, place) => {
    if (kind !== 'sh' || !text.startsWith('curl ')) return [];
    const next = blocks[place + 1];
    return [{ line, ...readCurl(text), answer: next?.kind === 'http' ? readAnswer(next.text) : undefined }];
  });
}

/** As far as the page uses it: options, headers, data, and the address at any place. */
function readCurl(text: string): Pick<ApiExample, 'method' | 'path' | 'headers' | 'body'> {
  const words = [...text.replaceAll('\\\n', ' ').matchAll(/(?:'[^']*'|"[^"]*"|\$\([^)]*\)|[^\s'"])+/g)].map(
    ([word]) =>
      word.replace(
        /'([^']*)'|"([^"]*)"/g,
        (_, single: string | undefined, double: string | undefined) => single ?? double ?? '',
      ),
  );
  let method = 'GET';
  let path = '';
  let body: string | undefined;
  const headers: Record<string, string> = {};
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const value = words[index + 1] ?? '';
    if (word === '-X') method = value;
    else if (word === '-d') body = value;
    else if (word === '-H')
      headers[value.slice(0, value.indexOf(':')).toLowerCase()] = value.slice(value.indexOf(':') + 1).trim();
    else if (word.startsWith('http://')) path = word.slice(new URL(word).origin.length);
    if (['-X', '-d', '-H', '-o'].includes(word)) index += 1;
  }
  return { method, path, headers, body };
}

function readAnswer(text: string): ApiExample['answer'] {
  const [head = '', ...rest] = text.split('\n\n');
  const body = rest.join('\n\n').trim();
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    body: body.startsWith('{') ? JSON.parse(mended(body)) : undefined,
  };
}

/** What is cut out becomes a key, or an entry of a list; what is open at the end is closed. */
function mended(body: string): string {
  const open: string[] = [];
  const kept: string[] = [];
  const keep = (token: string): void => {
    const last = kept.at(-1);
    if (token === ',' && (last === undefined || [',', '[', '{'].includes(last))) return;
    if ((token === '}' || token === ']') && last === ',') kept.pop();
    kept.push(token);
  };
  for (const [token] of body.matchAll(/"(?:[^"\\]|\\.)*"|[^"\s]/g)) {
    if (token === '{') open.push('}');
    if (token === '[') open.push(']');
    if (token === '}' || token === ']') open.pop();
    if (token !== cut) keep(token);
    else for (const part of [',', open.at(-1) === '}' ? `"${cut}": true` : `"${cut}"`, ',']) keep(part);
  }
  for (const end of open.toReversed()) {
    for (const part of [',', end === '}' ? `"${cut}": true` : `"${cut}"`, end]) keep(part);
  }
  return kept.join('');
}
