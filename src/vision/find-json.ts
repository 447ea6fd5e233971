/** Longer texts are no answer; what lies beyond is not looked at. */
const longestText = 100_000;

/**
 * The JSON value in what a model wrote: the whole text, or the object inside fences, thoughts or prose. Of several
 * objects the last: models correct themselves.
 *
 * @returns `undefined` when there is none
 */
export function findJson(written: string): unknown {
  const text = written
    .slice(0, longestText)
    .replace(/^\uFEFF/, '')
    .replace(/<think(?:ing)?>[\s\S]*?<\/think(?:ing)?>/gi, '')
    .trim();
  const whole = parse(text);
  // Some servers encode the answer twice.
  if (typeof whole === 'string') return parse(whole) ?? lastObject(whole);
  return whole ?? lastObject(text);
}

function parse(text: string): unknown {
  for (const candidate of [text, withoutTrailingCommas(text)]) {
    try {
      return JSON.parse(candidate);
    } catch {
      // Tried in its next form, or not at all.
    }
  }
  return undefined;
}

/** Outside of strings; within them a comma before a bracket is text. */
function withoutTrailingCommas(text: string): string {
  return text.replace(
    /("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])/g,
    (_match, quoted: string | undefined) => quoted ?? '',
  );
}

function lastObject(text: string): unknown {
  let found: unknown;
  let start = -1;
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted) {
      if (character === '\\') at += 1;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') {
      // Quotes in the prose around it may be unpaired.
      isQuoted = depth > 0;
    } else if (character === '{') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (character === '}' && depth > 0) {
      depth -= 1;
      if (depth === 0) found = parse(text.slice(start, at + 1)) ?? found;
    }
  }
  return found;
}
