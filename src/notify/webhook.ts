import { systemClock, type Clock } from '../core/clock.ts';
import { AppError, isAbort } from '../core/errors.ts';
import { redact, splitCredentials } from '../core/redact.ts';
import type { Notification, Notifier } from './notifier.ts';
import { readRetryAfter } from './retry-after.ts';
import { signWebhook } from './webhook-signature.ts';

export interface WebhookTarget {
  readonly name: string;
  /** `http` or `https`; credentials in it are sent as Basic authentication. */
  readonly url: string;
  readonly secret?: string | null;
}

export interface WebhookOptions {
  readonly clock?: Clock;
  /** From the start of the request to the end of the response. */
  readonly timeoutMs?: number;
}

/** How much of an answer is read, so that the connection can be used again; what is longer is cut off. */
const largestAnswerBytes = 64 * 1024;

/** Statuses that say "not now". The other 4xx say that this request will never be taken. */
const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Sends notifications by HTTP POST. It takes any 2xx for an answer, and follows no redirect: one could lead into the
 * private network. Errors name the target and its host, never its path (services put their secret there), query,
 * credentials or secret.
 */
export function createWebhook(
  { name, url, secret }: WebhookTarget,
  { clock = systemClock, timeoutMs = 5000 }: WebhookOptions = {},
): Notifier {
  const address = splitCredentials(url);
  const host = URL.canParse(address.url) ? new URL(address.url).host : 'an address that is not valid';
  const authorization = basicAuthorization(address.username, address.password);

  async function send(notification: Notification, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({
      id: notification.idempotencyKey,
      type: notification.type,
      created_at: new Date(notification.createdAt).toISOString(),
      data: notification.payload,
    });
    const timestamp = String(Math.floor(clock.now() / 1000));
    const response = await fetch(address.url, {
      method: 'POST',
      redirect: 'manual',
      signal,
      body,
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'Vedette',
        'Idempotency-Key': notification.idempotencyKey,
        'X-Vedette-Event': notification.type,
        'X-Vedette-Timestamp': timestamp,
        ...(typeof secret === 'string'
          ? { 'X-Vedette-Signature': signWebhook(secret, timestamp, body) }
          : {}),
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      },
    });
    await discard(response);
    const refusal = refusalOf(response, clock.now());
    if (refusal !== undefined) throw failure(refusal.reason, refusal);
  }

  function failure(
    reason: string,
    options: { readonly isRetryable: boolean; readonly retryAfterMs?: number; readonly cause?: unknown },
  ): AppError {
    return new AppError('DELIVERY_FAILED', `webhook "${name}" at ${host}: ${reason}`, options);
  }

  /** Resolves when the time is over or `ended` aborts. */
  async function abortAfter(ms: number, controller: AbortController, ended: AbortSignal): Promise<void> {
    try {
      await clock.sleep(ms, ended);
      controller.abort();
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  }

  return {
    name,
    async notify(notification, signal) {
      signal.throwIfAborted();
      const ended = new AbortController();
      const timeout = new AbortController();
      const timer = abortAfter(timeoutMs, timeout, ended.signal);
      try {
        await send(notification, AbortSignal.any([signal, timeout.signal]));
      } catch (error) {
        if (error instanceof AppError) throw error;
        if (signal.aborted) throw signal.reason;
        if (timeout.signal.aborted) {
          throw failure(`no answer within ${timeoutMs} ms`, { isRetryable: true });
        }
        throw failure(networkReason(error), { isRetryable: true, cause: error });
      } finally {
        ended.abort();
        await timer;
      }
    },
  };
}

interface Refusal {
  readonly reason: string;
  readonly isRetryable: boolean;
  readonly retryAfterMs?: number;
}

function refusalOf({ status, headers, ok }: Response, now: number): Refusal | undefined {
  if (ok) return undefined;
  if (status >= 300 && status < 400) {
    return {
      reason: `answered with a redirect (${status}); redirects are not followed, set the final address as its url`,
      isRetryable: false,
    };
  }
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), now);
  const isRetryable = status >= 500 || retryableStatuses.has(status);
  return {
    reason: `answered ${status}, expected 200 to 299`,
    isRetryable,
    ...(isRetryable && retryAfterMs !== undefined ? { retryAfterMs } : {}),
  };
}

/**
 * Reads the answer to its end, or to the bound, and forgets it. Never rejects: an answer that breaks off or hangs after
 * its status changes nothing about what the status said.
 */
async function discard(response: Response): Promise<void> {
  let sizeBytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      sizeBytes += chunk.byteLength;
      // Leaving the loop cancels the stream, which closes the connection.
      if (sizeBytes > largestAnswerBytes) return;
    }
  } catch {
    // Broken off, or cut off by the signal.
  }
}

/** `fetch` hides what happened in the cause of its "fetch failed". */
function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const known = code === undefined ? undefined : networkReasons[code];
  if (known !== undefined) return `${known} (${code})`;
  return `the request failed: ${redact(cause instanceof Error ? cause.message : String(cause))}`;
}

const networkReasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed before an answer came',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host could not be looked up',
  EHOSTUNREACH: 'the host can not be reached',
  ENETUNREACH: 'the network can not be reached',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
};

function basicAuthorization(username: string | null, password: string | null): string | undefined {
  if (username === null && password === null) return undefined;
  return `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`, 'utf8').toString('base64')}`;
}
