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

type ServiceMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

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
  /**
   * An answer of any length, piece by piece as it comes; the service waits while the pieces are not taken. Throws as
   * `call` does; the pieces throw AppError `ADDRESS_UNAVAILABLE` when the answer breaks off or nothing comes for a
   * minute, and an `AbortError`.
   *
   * @param type that the answer must have, e.g. `text/csv`
   */
  stream(path: string, type: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
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
    stream: async (path, type, signal) => {
      const silence = new Silence();
      const response = await silence.during(() => send(base, 'GET', path, signal, undefined, silence.signal));
      if (!response.ok) {
        throw refusalOf(response, await silence.during(() => bodyOf(response, base, signal)), base);
      }
      const received = response.headers.get('content-type') ?? 'nothing';
      if (response.body === null || !received.startsWith(type)) {
        await response.body?.cancel();
        throw notVedette(base, `it answered GET ${path} with ${received} instead of ${type}`);
      }
      return piecesOf(response.body, base, signal, silence);
    },
  };
}

/** Aborts what waits for the service when nothing comes for too long; the time between two waits does not count. */
class Silence {
  readonly #abort = new AbortController();

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  async during<T>(wait: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#abort.abort(new Error(`nothing came for ${answerWithinMs / 1000} s`));
    }, answerWithinMs);
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
  }
}

async function* piecesOf(
  body: ReadableStream<Uint8Array>,
  base: string,
  signal: AbortSignal,
  silence: Silence,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { value, done } = await silence.during(() => reader.read());
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new AppError(
      'ADDRESS_UNAVAILABLE',
      `The service at ${base} broke off in the middle of its answer (${reasonOf(error)}).`,
      { cause: error },
    );
  } finally {
    // Also when nobody takes the rest. It rejects with what was thrown already.
    await reader.cancel().catch(() => undefined);
  }
}

/** @param within ends the wait for the answer, and for its body */
async function send(
  base: string,
  method: ServiceMethod,
  path: string,
  signal: AbortSignal,
  body: unknown,
  within: AbortSignal = AbortSignal.timeout(answerWithinMs),
): Promise<Response> {
  try {
    return await fetch(`${base}/api/v1${path}`, {
      method,
      redirect: 'manual',
      ...(body === undefined
        ? {}
        : { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, within]),
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
  return new AppError(
    'ADDRESS_UNAVAILABLE',
    `No service answers at ${base} (${reasonOf(error)}). Start it with "vedette serve", or name its address with --url.`,
    { cause: error },
  );
}

/** `fetch failed` and `terminated` say nothing; their cause does. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
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
