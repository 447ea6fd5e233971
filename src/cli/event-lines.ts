import type { EventWire } from '../core/event-wire.ts';

type EventLine = Pick<
  EventWire,
  | 'id'
  | 'camera_name'
  | 'timestamp'
  | 'description'
  | 'description_status'
  | 'description_reason'
  | 'objects_detected'
  | 'starred'
>;

export interface LineStyle {
  /** Writes matches in bold. */
  readonly isTerminal: boolean;
}

/** One event in one line: when (local time), where, what, its id. */
export function eventLine(event: EventLine, highlight: string | null, { isTerminal }: LineStyle): string {
  const text = highlight === null ? oneLine(wordsOf(event)) : markMatches(highlight, isTerminal);
  const star = event.starred ? ' *' : '';
  return `${localTime(event.timestamp)}  ${oneLine(event.camera_name)}  ${text}${star}  ${event.id}`;
}

/** An event in several lines. */
export function eventDetails(event: EventWire & { readonly why?: string | undefined }): string {
  const row = (name: string, value: string | null): string =>
    value === null || value === '' ? '' : `${name.padEnd(14)}${oneLine(value)}\n`;
  return [
    `${oneLine(wordsOf(event))}\n\n`,
    row('when', `${localTime(event.timestamp)} (${event.timestamp})`),
    row('camera', event.camera_name),
    row('why', event.why ?? null),
    row('objects', event.objects_detected.join(', ')),
    row('confidence', event.confidence === null ? null : `${event.confidence}`),
    row('described by', [event.provider, event.model].filter((name) => name !== null).join(' ')),
    row('feedback', event.user_feedback),
    row('note', event.note),
    row('star', event.starred ? 'yes' : null),
    row('id', event.id),
  ].join('');
}

function wordsOf({ description, description_status: status, description_reason: reason }: EventLine): string {
  if (description !== null) return description;
  return reason === null ? `(${status})` : `(${status}: ${reason})`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** The clock of this machine: `2026-11-24 09:15:30`. */
function localTime(timestamp: string): string {
  const moment = new Date(timestamp);
  const day = `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

/** The API's highlight is HTML; a terminal is none. */
function markMatches(highlight: string, isTerminal: boolean): string {
  const [on, off] = isTerminal ? ['\u001B[1m', '\u001B[22m'] : ['', ''];
  return oneLine(
    highlight
      .replaceAll('<mark>', '\u0001')
      .replaceAll('</mark>', '\u0002')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&'),
  )
    .replaceAll('\u0001', on)
    .replaceAll('\u0002', off);
}

/** Text of a model or a person must not steer the terminal. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return text.replaceAll(/[\u0000\u0003-\u001F\u007F-\u009F]+/g, ' ');
}
