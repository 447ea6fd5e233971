import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';

/** For the OpenAPI document: bytes pass by the serializer. */
export const jpegResponse = {
  description: 'JPEG',
  content: {
    'image/jpeg': { schema: z.custom<Uint8Array>().meta({ type: 'string', format: 'binary' }) },
  },
} as const;

/** Files of an event never change, but the event may be deleted, and then browsers should forget them too. */
export const storedFileCaching = 'private, max-age=86400, immutable';

/** Answers a stored picture, or 304 when the client has it. */
export function replyWithStoredPicture(
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  jpeg: Uint8Array,
): FastifyReply {
  const etag = `"${name}-${jpeg.byteLength}"`;
  void reply.header('etag', etag).header('cache-control', storedFileCaching);
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type('image/jpeg').send(jpeg);
}

export interface DrawnPicture {
  /** Names what it shows: the same name is the same picture. */
  readonly name: string;
  /** It will not change any more. */
  readonly isFinal: boolean;
  readonly draw: () => Promise<Uint8Array>;
}

/** Answers a picture that is drawn when it is asked for, or 304 when the client has it. */
export async function replyWithDrawnPicture(
  request: FastifyRequest,
  reply: FastifyReply,
  { name, isFinal, draw }: DrawnPicture,
): Promise<FastifyReply> {
  const etag = `"${name}"`;
  const caching = isFinal ? storedFileCaching : 'private, no-cache';
  if (isKnown(request.headers['if-none-match'], etag)) {
    return reply.header('etag', etag).header('cache-control', caching).code(304).send();
  }
  const jpeg = await draw();
  return reply.header('etag', etag).header('cache-control', caching).type('image/jpeg').send(jpeg);
}

export function replyWithLivePicture(reply: FastifyReply, jpeg: Uint8Array): FastifyReply {
  return reply.header('cache-control', 'no-store').type('image/jpeg').send(jpeg);
}

/** `If-None-Match` compares weakly: RFC 9110, 13.1.2. */
export function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header
    .split(',')
    .map((entry) => entry.trim().replace(/^W\//, ''))
    .some((entry) => entry === '*' || entry === etag);
}
