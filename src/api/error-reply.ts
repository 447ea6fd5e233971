import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AppError, messageOf, type ErrorCode } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Logger } from '../core/log.ts';
import { redact } from '../core/redact.ts';

/** The one form of every error that the server answers. */
export const errorSchema = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      details: z.array(z.unknown()),
      request_id: z.string(),
    }),
  })
  .meta({ id: 'Error' });

type ErrorStatus = 400 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 503;

/** The errors that a route names in the OpenAPI document. */
export function errorResponses<Status extends ErrorStatus>(
  ...statuses: readonly Status[]
): Record<Status, typeof errorSchema> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one entry for each status, as the type says
  return Object.fromEntries(statuses.map((status) => [status, errorSchema])) as Record<
    Status,
    typeof errorSchema
  >;
}

interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly unknown[];
    readonly request_id: string;
  };
}

function bodyOf(error: AppError, requestId: string): ErrorBody {
  // What went wrong inside is for the log, not for the client.
  const isInternal = error.status === 500;
  return {
    error: {
      code: isInternal ? 'INTERNAL' : error.code,
      message: isInternal
        ? 'Something went wrong inside Vedette. It was logged under this request_id.'
        : redact(error.message),
      details: isInternal ? [] : error.details,
      request_id: requestId,
    },
  };
}

/** Codes of Fastify's own errors that its status alone doesn't explain. */
const frameworkMessages: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE:
    'The body has a content type that is not understood. Send JSON with the header "Content-Type: application/json".',
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is too large: at most 10 MiB are accepted.',
  FST_ERR_BAD_URL: 'The address is not valid: its percent-encoding is broken.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is shorter or longer than its Content-Length says.',
};

const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'ROUTE_NOT_FOUND',
  413: 'BODY_TOO_LARGE',
  // Longer path segments than any id: nothing can be there.
  414: 'ROUTE_NOT_FOUND',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
};

function toAppError(error: unknown, request: FastifyRequest): AppError {
  if (error instanceof AppError) return error;
  const statusCode = propertyOf(error, 'statusCode');
  const code = propertyOf(error, 'code');
  const known = typeof statusCode === 'number' ? codeOfStatus[statusCode] : undefined;
  if (known === 'ROUTE_NOT_FOUND') return routeNotFound(request);
  if (known !== undefined) {
    const message = typeof code === 'string' ? frameworkMessages[code] : undefined;
    return new AppError(known, message ?? messageOf(error), { cause: error });
  }
  return new AppError('INTERNAL', messageOf(error), { cause: error });
}

function propertyOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
}

export function routeNotFound(request: FastifyRequest): AppError {
  const path = request.url.split('?', 1)[0] ?? '';
  return new AppError(
    'ROUTE_NOT_FOUND',
    `There is no ${request.method} ${path.slice(0, 200)}. All calls are listed at /api/docs.`,
  );
}

export function replyWithError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: Logger,
): void {
  const error = toAppError(thrown, request);
  // The pattern of the route, not its address: an address may hold what somebody searched for.
  const where = { requestId: request.id, method: request.method, route: request.routeOptions.url };
  if (error.status === 500) log.error({ ...where, err: error.cause ?? error }, 'request failed');
  else if (error.status > 500)
    log.warn({ ...where, code: error.code, error: redact(error.message) }, 'request refused');
  if (error.retryAfterMs !== undefined) {
    reply.header('retry-after', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  }
  void reply
    .code(error.status)
    .header('x-request-id', request.id)
    .header('cache-control', 'no-store')
    .header('content-type', 'application/json; charset=utf-8')
    // Already text: no response schema is to look at it, so an error can't fail in turn.
    .serializer((text: string) => text)
    .send(JSON.stringify(bodyOf(error, request.id)));
}

/** Answers what is not HTTP at all, or came too slowly: no request object exists for it. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const requestId = createId();
  const body = JSON.stringify(
    bodyOf(
      new AppError('BAD_REQUEST', 'The request is not valid HTTP, or did not arrive in time.'),
      requestId,
    ),
  );
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nX-Request-Id: ${requestId}\r\n` +
      `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
