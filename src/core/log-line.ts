import { redact } from './redact.ts';

/** One line of the log, without secrets. */
export type LogEntry = Readonly<Record<string, unknown>>;

const secretKey = /^(?:password|passwd|secret|token|api_?key|authorization|cookie|credentials)$/i;

/** Reads a line of JSON and takes the secrets out of it, at any depth. Text that is no JSON object becomes its message. */
export function readLogEntry(line: string): LogEntry {
  const entry = parseObject(line);
  return entry === undefined ? { msg: redact(line.trim()) } : cleanObject(entry);
}

/** A line for people: time, level where it is not plain information, message, and what belongs to it. */
export function formatLogLine(entry: LogEntry): string {
  const { time, level, msg, ...rest } = entry;
  const label = level === 'info' || typeof level !== 'string' ? '' : `${level.toUpperCase()} `;
  const message = typeof msg === 'string' ? msg : '';
  const particulars = Object.entries(rest).map(([key, value]) => `${key}=${showValue(value)}`);
  const text = [`${clockTime(time)} ${label}${message}`, ...particulars].join('  ');
  // Line ends and escape sequences from outside must not reach a terminal.
  return `${text.replaceAll(/\p{Cc}+/gu, ' ')}\n`;
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function cleanObject(value: object): LogEntry {
  return Object.fromEntries(
    Object.entries(value).map(([key, each]: [string, unknown]) => [
      key,
      secretKey.test(key) && each !== null ? '****' : clean(each),
    ]),
  );
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map((each) => clean(each));
  return typeof value === 'object' && value !== null ? cleanObject(value) : value;
}

/** `14:03:59` in the zone of this machine. */
function clockTime(time: unknown): string {
  const date = new Date(typeof time === 'string' || typeof time === 'number' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) return '--:--:--';
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}

function showValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (
    typeof value === 'object' &&
    value !== null &&
    'message' in value &&
    typeof value.message === 'string'
  ) {
    return JSON.stringify(value.message);
  }
  return JSON.stringify(value);
}
