import { z } from 'zod';
import { AppError, messageOf } from '../core/errors.ts';

/** A call waits so long for its answer: a service that hangs is one that does not answer. */
const answerWithinMs = 60_000;

const errorShape = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The service answered, and said no. */
export class ServiceRefusal extends Error {
  readonly status: number;
  /** Of the API's table, e.g. `RATE_LIMITED`. */
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterMs: number | undefined) {
    super(message);
    this.name = 'ServiceRefusal';
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

type ServiceMethod = 'GET' | 'POST' | 'DELETE';

/** The API of a running service, as a command uses it. */
export interface ServiceClient {
  /**
   * @param path below `/api/v1`
   * @param body sent as JSON; nothing is sent without it
   * @throws ServiceRefusal, AppError `ADDRESS_UNAVAILABLE` when nothing answers, an `AbortError`
   */
  call<T>(
    method: ServiceMethod,
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<T>;
  /** A picture; throws as `call` does. */
  bytes(path: string, signal: AbortSignal): Promise<Uint8Array>;
}

/** @param url e.g. `http://127.0.0.1:8470` */
export function createServiceClient(url: string): ServiceClient {
  const base = url.replace(/\/+$/, '');
  return {
    call: async (method, path, schema, signal, body) => {
      const response = await send(base, method, path, signal, body);
      const text = await bodyOf(response, base, signal);
      if (!response.ok) throw refusalOf(response, text, base);
      const parsed = schema.safeParse(readJson(text));
      if (parsed.success) return parsed.data;
      throw notVedette(base, `it answered ${method} ${path} with something else than expected`);
    },
    bytes: async (path, signal) => {
      const response = await send(base, 'GET', path, signal, undefined);
      if (!response.ok) throw refusalOf(response, await bodyOf(response, base, signal), base);
      try {
        return await response.bytes();
      } catch (error) {
        throw unanswered(error, base, signal);
      }
    },
  };
}

async function send(
  base: string,
  method: ServiceMethod,
  path: string,
  signal: AbortSignal,
  body: unknown,
): Promise<Response> {
  try {
    return await fetch(`${base}/api/v1${path}`, {
      method,
      redirect: 'manual',
      ...(body === undefined
        ? {}
        : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerWithinMs)]),
    });
  } catch (error) {
    throw unanswered(error, base, signal);
  }
}

async function bodyOf(response: Response, base: string, signal: AbortSignal): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw unanswered(error, base, signal);
  }
}

function unanswered(error: unknown, base: string, signal: AbortSignal): unknown {
  if (signal.aborted) return error;
  // `fetch failed` says nothing; its cause does.
  const reason =
    error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
  return new AppError(
    'ADDRESS_UNAVAILABLE',
    `No service answers at ${base} (${reason}). Start it with "vedette serve", or name its address with --url.`,
    { cause: error },
  );
}

function refusalOf(response: Response, text: string, base: string): Error {
  const parsed = errorShape.safeParse(readJson(text));
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  // A server that is closing answers by itself, in its own form.
  const isClosing = !parsed.success && response.status === 503;
  if (!parsed.success && !isClosing) return notVedette(base, `it answered with status ${response.status}`);
  const { code, message } = parsed.data?.error ?? {
    code: 'SHUTTING_DOWN',
    message: `The service at ${base} is stopping.`,
  };
  return new ServiceRefusal(
    response.status,
    code,
    message,
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
  );
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Whatever it is, it fits no schema.
    return undefined;
  }
}

function notVedette(base: string, what: string): AppError {
  return new AppError(
    'ADDRESS_UNAVAILABLE',
    `What listens at ${base} does not seem to be Vedette, or is another version of it: ${what}.`,
  );
}
