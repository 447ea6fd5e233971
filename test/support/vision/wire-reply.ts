import { randomBytes } from 'node:crypto';

/** One HTTP answer, before any fault of the line is laid over it. */
export interface WireReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function jsonReply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): WireReply {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

/** Thrown while a request is read: the maker would refuse it with this reply. */
export class RequestProblem extends Error {
  readonly reply: WireReply;

  constructor(reply: WireReply) {
    super(`${reply.status} ${reply.body}`);
    this.name = 'RequestProblem';
    this.reply = reply;
  }
}

/** An id of the look that services give theirs. */
export function wireId(prefix: string, bytes = 12): string {
  return prefix + randomBytes(bytes).toString('hex');
}

/** As services show a key in the message that refuses it. */
export function maskedKey(key: string): string {
  return `${key.slice(0, 2)}***${key.slice(-2)}`;
}
