import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { StoredClip } from './api-services.ts';
import { isKnown, storedFileCaching } from './picture-reply.ts';

const mp4Content = {
  'video/mp4': { schema: z.custom<Uint8Array>().meta({ type: 'string', format: 'binary' }) },
} as const;

/** For the OpenAPI document: bytes pass by the serializer. */
export const clipResponses = {
  200: { description: 'MP4', content: mp4Content },
  206: { description: 'The part that the Range header asks for', content: mp4Content },
  416: z.undefined().meta({ description: 'There is no such part; Content-Range says how long it is' }),
} as const;

/** Both inclusive. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * What a `Range` header asks for of something so long (RFC 9110, 14.1.2). `undefined`: all of it, also where the header
 * can't be read or names several parts, which a server may ignore. `unsatisfiable`: nothing of what there is.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [, from = '', to = '', suffix] = match;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), sizeBytes);
    return length === 0 ? 'unsatisfiable' : { first: sizeBytes - length, last: sizeBytes - 1 };
  }
  const first = Number(from);
  const last = to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  // A range that ends before it begins is no range at all.
  if (to !== '' && Number(to) < first) return undefined;
  return first >= sizeBytes ? 'unsatisfiable' : { first, last };
}

/** Answers a clip, the part of it that is asked for, or 304 when the client has it. */
export function replyWithClip(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  clip: StoredClip,
): FastifyReply {
  const { sizeBytes } = clip;
  const etag = `"${name}-${sizeBytes}"`;
  void reply.header('etag', etag).header('cache-control', storedFileCaching).header('accept-ranges', 'bytes');
  const { range: rangeHeader, 'if-range': ifRange } = request.headers;
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  // A client that has a part of another file gets this one whole.
  const isSameFile = ifRange === undefined || ifRange === etag;
  const range = isSameFile ? parseRange(rangeHeader, sizeBytes) : undefined;
  if (range === 'unsatisfiable') {
    return reply
      .code(416)
      .header('content-range', `bytes */${sizeBytes}`)
      .header('cache-control', 'no-store')
      .send();
  }
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 };
  void reply.type('video/mp4').header('content-length', String(last - first + 1));
  if (range !== undefined) {
    void reply.code(206).header('content-range', `bytes ${first}-${last}/${sizeBytes}`);
  }
  // For HEAD the server reads what it is given, too, and drops it.
  return reply.send(request.method === 'HEAD' ? Readable.from([]) : clip.read({ first, last }));
}
