import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { CameraLostError } from '../../core/camera-source.ts';
import type { CameraCause } from '../../core/camera.ts';
import { messageOf } from '../../core/errors.ts';
import { networkCauseOf } from '../network-cause.ts';

/** The profiles of a recorder with many channels need some hundred kilobytes; nothing else comes near. */
const maxAnswerBytes = 1024 * 1024;

export interface HttpAnswer {
  readonly status: number;
  /** Values of `WWW-Authenticate`. */
  readonly challenges: readonly string[];
  readonly body: string;
}

export interface HttpPost {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the start of connecting to the end of the answer. */
  readonly timeoutMs: number;
}

/**
 * One POST on a connection of its own: cameras often close idle ones without a word. No redirect is followed, the answer is
 * cut off at 1 MiB, and a certificate is taken as it is: cameras sign their own.
 *
 * @throws CameraLostError with its typed cause, an `AbortError` when the signal aborts
 */
export async function postBounded(url: URL, post: HttpPost, signal: AbortSignal): Promise<HttpAnswer> {
  signal.throwIfAborted();
  const timeout = AbortSignal.timeout(post.timeoutMs);
  try {
    return await exchange(url, post, AbortSignal.any([signal, timeout]));
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (timeout.aborted) throw lost('timeout', url, `no answer within ${post.timeoutMs / 1000} s`, error);
    if (error instanceof CameraLostError) throw error;
    throw lost(networkCauseOf(error), url, messageOf(error), error);
  }
}

async function exchange(url: URL, { headers, body }: HttpPost, signal: AbortSignal): Promise<HttpAnswer> {
  const answered = Promise.withResolvers<IncomingMessage>();
  const options = { method: 'POST', agent: false, signal, rejectUnauthorized: false } as const;
  const request: ClientRequest =
    url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
  for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
  request.setHeader('Content-Length', Buffer.byteLength(body));
  request.once('response', answered.resolve);
  // Also after the answer: an error that nobody hears would end the process.
  request.on('error', answered.reject);
  request.end(body);
  const response = await answered.promise;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) {
      request.destroy();
      throw lost('invalid_data', url, `its answer is longer than ${maxAnswerBytes / 1024} KB`);
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    challenges: response.headersDistinct['www-authenticate'] ?? [],
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function lost(cameraCause: CameraCause, url: URL, detail: string, cause?: unknown): CameraLostError {
  const message = `The ONVIF service at ${url.host} could not be asked (${detail}). Check its address and port, and that the camera is on.`;
  return new CameraLostError(cameraCause, message, { cause });
}
