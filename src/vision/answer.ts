import { findJson } from './find-json.ts';

/** What a model answered, mended. */
export interface Answer {
  /** 1–3 sentences. */
  readonly text: string;
  /** At most 80 characters. */
  readonly title: string | null;
  readonly objects: readonly string[];
  readonly actions: readonly string[];
  /** 0..100; `null` when it gave none that can be understood. */
  readonly confidence: number | null;
  readonly isNothingOfInterest: boolean;
}

export type AnswerReading =
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** `reason` holds nothing of the answer but its first words. */
  | { readonly kind: 'unusable'; readonly reason: string }
  /** No object, but an apology in plain words. */
  | { readonly kind: 'refusal'; readonly reason: string };

const longestText = 1000;
const longestTitle = 80;
const mostSentences = 3;
const mostEntries = 20;
const longestEntry = 60;

/**
 * Reads what a model wrote, in whatever wrapping. What is missing or out of range is left out, never made up; a
 * description that is none (empty, an apology, an error, the schema said back) makes the whole unusable.
 */
export function readAnswer(written: unknown): AnswerReading {
  const found = typeof written === 'string' ? findJson(written) : written;
  const fields = fieldsOf(found);
  if (fields === undefined) {
    const isRefusal = typeof written === 'string' && isRefused(plain(written));
    return { ...unusable('expected a JSON object', written), kind: isRefusal ? 'refusal' : 'unusable' };
  }
  const text = descriptionOf(fields.get('description'));
  if (text === '') return unusable('the description is missing or empty', written);
  const fault = faultOf(text);
  if (fault !== undefined) return unusable(fault, text);
  return {
    kind: 'answer',
    answer: {
      text,
      title: titleOf(fields.get('title')),
      objects: objectsOf(fields.get('objects')),
      actions: entriesOf(fields.get('actions')),
      confidence: confidenceOf(fields.get('confidence')),
      isNothingOfInterest: isYes(fields.get('nothingofinterest')),
    },
  };
}

function unusable(reason: string, written: unknown): { readonly kind: 'unusable'; readonly reason: string } {
  const shown = typeof written === 'string' ? plain(written) : '';
  return { kind: 'unusable', reason: shown === '' ? reason : `${reason}: "${cut(shown, 80)}"` };
}

/** Keys without regard to case and separators; one level of wrapping (`{"answer": {…}}`, `[{…}]`) is taken off. */
function fieldsOf(value: unknown, mayUnwrap = true): ReadonlyMap<string, unknown> | undefined {
  if (Array.isArray(value)) return mayUnwrap && value.length === 1 ? fieldsOf(value[0], false) : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  const fields = new Map(
    entries.map(([key, entry]) => [key.toLowerCase().replace(/[^a-z]/g, ''), entry as unknown]),
  );
  if (fields.has('description')) return fields;
  const [only, ...others] = entries;
  if (mayUnwrap && only !== undefined && others.length === 0) return fieldsOf(only[1], false);
  return fields;
}

function descriptionOf(value: unknown): string {
  const parts = Array.isArray(value) ? value : [value];
  const text = plain(parts.filter((part) => typeof part === 'string').join(' '));
  const sentences = text.split(/(?<=[.!?…。])\s+(?=[\p{Lu}\p{Lo}])/u);
  return cut(sentences.slice(0, mostSentences).join(' '), longestText);
}

/** Without markup, quotes around the whole, and line breaks. */
function plain(text: string): string {
  const bare = text
    .replace(/\*\*|__|`/g, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return bare.replace(/^["'“”„«](.*)["'“”«»]$/s, '$1').trim();
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const whole = text.slice(0, length - 1);
  const lastSpace = whole.lastIndexOf(' ');
  // No half of a character that takes two.
  return `${(lastSpace > length / 2 ? whole.slice(0, lastSpace) : whole).replace(/[\uD800-\uDBFF]$/, '').trimEnd()}…`;
}

const refusals: readonly RegExp[] = [
  /^(?:i['’]?m|i am|we['’]?re|we are)\s+(?:\w+\s+)?(?:sorry|unable|not able)\b/i,
  /^(?:(?:i\s+)?apologi[sz]e|my apologies|sorry)\b/i,
  /^(?:unfortunately,?\s+)?i\s+(?:can(?:no|['’])?t|can ?not|could(?:n['’]t| not)|won['’]t|do(?:n['’]t| not) (?:have|see))\b/i,
  /^as an? (?:ai|artificial|language model|assistant)\b/i,
  /^(?:es tut mir leid|entschuldigung|ich kann (?:\w+ )*nicht|je suis d[ée]sol[ée]|d[ée]sol[ée]|je ne peux pas|lo siento|no puedo|mi dispiace|non posso|desculpe)(?!\p{L})/iu,
  /\b(?:against|violates?|due to) (?:\w+ )?(?:content|usage|safety) polic/i,
];

const errors: readonly RegExp[] = [
  /^(?:an? )?(?:\w+ )?(?:error|exception)\b[\s:!.]/i,
  /^(?:error|failed|failure|null|undefined)\b/i,
  /\b(?:could ?n[o']t|could not|failed to|unable to) (?:generate|analy[sz]e|describe|process|produce) (?:\w+ )*(?:content|descriptions?|images?|pictures?|frames?|response|answer)\b/i,
  /\bno (?:images?|pictures?|frames?|photos?) (?:\w+ )?(?:provided|attached|received|available|found)\b/i,
];

const placeholders =
  /^(?:[^\p{L}\p{N}]*|<.*>|\[.*\]|string|text|description|a description|your description(?: here)?|n\/?a|none|null|unknown|todo|1 to 3 sentences.*|1-3 sentences.*)\.?$/isu;

function isRefused(text: string): boolean {
  return refusals.some((pattern) => pattern.test(text));
}

function faultOf(text: string): string | undefined {
  if (placeholders.test(text) || !/\p{L}{2}|\p{Lo}/u.test(text)) return 'the description is a placeholder';
  if (isRefused(text)) return 'the description is a refusal';
  if (errors.some((pattern) => pattern.test(text))) return 'the description is an error message';
  return undefined;
}

function titleOf(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const title = cut(plain(value).replace(/\.$/, ''), longestTitle);
  return title === '' || faultOf(title) !== undefined ? null : title;
}

function objectsOf(value: unknown): string[] {
  const labels = entriesOf(value).map((entry) => {
    const label = entry.toLowerCase().replace(/^(?:an?|the|one)\s+/, '');
    return label === 'people' || label === 'persons' ? 'person' : label;
  });
  return [...new Set(labels)];
}

/** A list of words; one text with commas and things with a `label` or `name` serve too. */
function entriesOf(value: unknown): string[] {
  const list = typeof value === 'string' ? value.split(/[,;\n]/) : Array.isArray(value) ? value : [];
  const entries = list
    .slice(0, mostEntries * 2)
    .map(wordOf)
    .map((entry) =>
      plain(entry)
        .replace(/^[-•*]\s*/, '')
        .replace(/\.$/, ''),
    )
    .filter(
      (entry) =>
        entry !== '' && entry.length <= longestEntry && !/^(?:none|n\/?a|null|nothing|unknown)$/i.test(entry),
    );
  return [...new Set(entries)].slice(0, mostEntries);
}

function wordOf(entry: unknown): string {
  if (typeof entry === 'string') return entry;
  if (typeof entry !== 'object' || entry === null) return '';
  const fields = new Map<string, unknown>(Object.entries(entry));
  const word = fields.get('label') ?? fields.get('name') ?? fields.get('object') ?? fields.get('action');
  return typeof word === 'string' ? word : '';
}

/** Shares of 1 are taken for such only when they can be nothing else: 1 itself may mean one per cent. */
function confidenceOf(value: unknown): number | null {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' ? percentOf(value) : Number.NaN;
  if (!(number >= 0 && number <= 100) || number === 1) return null;
  return Math.round(number > 0 && number < 1 ? number * 100 : number);
}

function percentOf(text: string): number {
  const match = /^\s*(\d{1,3}(?:\.\d+)?)\s*%?\s*(?:\/\s*100)?\s*$/.exec(text);
  return match?.[1] === undefined ? Number.NaN : Number(match[1]);
}

function isYes(value: unknown): boolean {
  return value === true || (typeof value === 'string' && /^\s*(?:true|yes)\s*$/i.test(value));
}
