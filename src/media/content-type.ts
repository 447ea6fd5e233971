import type { IncomingMessage } from 'node:http';
import type { StreamRequest } from '../core/camera-source.ts';
import { lost, StreamLost } from './camera-cause.ts';
import { HttpClient } from './http-client.ts';

const answerMs = 5_000;

/** What a type of camera over HTTP is sent. */
const contents: readonly { readonly pattern: RegExp; readonly what: string; readonly type: string }[] = [
  { pattern: /^multipart\//, what: 'a stream of JPEG pictures', type: 'http_mjpeg' },
  { pattern: /^image\/jpe?g/, what: 'single pictures', type: 'http_snapshot' },
  { pattern: /mpegurl/, what: 'an HLS playlist', type: 'hls' },
];

/**
 * Says what the camera sends when that is something else than its type expects, and what to set; `undefined` when it may
 * be the right thing.
 */
export function explainContent(
  { headers }: Pick<IncomingMessage, 'headers'>,
  { protocol }: Pick<StreamRequest, 'protocol'>,
): string | undefined {
  const received = headers['content-type']?.toLowerCase() ?? '';
  const content = contents.find(({ pattern }) => pattern.test(received));
  if (content?.type === protocol) return undefined;
  if (content !== undefined) return `it sends ${content.what}: set the type ${content.type} for this camera`;
  if (received.startsWith('text/html'))
    return 'it sends a web page: look up the path of the pictures themselves';
  return undefined;
}

/**
 * Asks an address that could not be read, or not any more, once more.
 *
 * @returns why it can't be; `undefined` when what is sent is what the camera's type expects
 */
export async function askWhy(request: StreamRequest, signal: AbortSignal): Promise<StreamLost | undefined> {
  using client = new HttpClient(request);
  const late = AbortSignal.timeout(answerMs);
  try {
    const answer = await client.get({}, AbortSignal.any([signal, late]));
    answer.destroy();
    const wrong = explainContent(answer, request);
    return wrong === undefined ? undefined : lost('invalid_data', request, wrong);
  } catch (error) {
    if (late.aborted) return lost('timeout', request);
    if (error instanceof StreamLost) return error;
    throw error;
  }
}
