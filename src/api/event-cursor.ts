import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { EventFilter, EventPlace, EventQuery } from '../store/event-store.ts';
import { validationError } from './validation.ts';

/** Which list a cursor belongs to: with another filter or order it would lead nowhere. */
export type ListIdentity = EventFilter & Pick<EventQuery, 'sortOrder' | 'sortBy'>;

/**
 * Where a page goes on. In the order of time behind an event, whatever came or went before it; in the order of relevance
 * by the number of events before, since what is found has no other place there.
 */
export type PageStart =
  | { readonly kind: 'after'; readonly place: EventPlace }
  | { readonly kind: 'offset'; readonly offset: number };

const payloadSchema = z.union([
  z.tuple([
    z.literal('after'),
    z
      .number()
      .min(0)
      .max(2 ** 43),
    z.string().min(1).max(100),
  ]),
  z.tuple([z.literal('offset'), z.int().min(0).max(1_000_000_000)]),
]);

const checkLength = 16;

/** Opaque to the client; of letters, digits, `-` and `_`. */
export function toCursor(start: PageStart, list: ListIdentity): string {
  const payload = JSON.stringify(
    start.kind === 'after' ? ['after', start.place.timestamp, start.place.id] : ['offset', start.offset],
  );
  return checkOf(payload, list) + Buffer.from(payload).toString('base64url');
}

/** @throws AppError `VALIDATION_FAILED` for one that was not given for this list, or was changed */
export function parseCursor(cursor: string, list: ListIdentity): PageStart {
  const payload = Buffer.from(cursor.slice(checkLength), 'base64url').toString();
  if (cursor !== checkOf(payload, list) + Buffer.from(payload).toString('base64url'))
    throw cursorRefused(cursor);
  const [kind, value, id] = payloadSchema.parse(JSON.parse(payload));
  return kind === 'after' ? { kind, place: { timestamp: value, id } } : { kind, offset: value };
}

/** No secret: whoever makes one by hand finds what he could have asked for anyway. It catches mistakes. */
function checkOf(payload: string, list: ListIdentity): string {
  const sorted = Object.entries(list).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([payload, sorted]))
    .digest('base64url')
    .slice(0, checkLength);
}

function cursorRefused(cursor: string) {
  return validationError([
    {
      in: 'query',
      path: 'cursor',
      received: `${cursor.length} characters that are no cursor of this list`,
      expected: 'the next_cursor of an answer, with the same filters, sort and sort_order',
    },
  ]);
}
