import type { IncomingMessage } from 'node:http';

/** Of a request: above it the connection is cut. */
const maxBodyBytes = 64 * 1024 * 1024;

const keyHeaders = new Set(['authorization', 'x-api-key', 'x-goog-api-key']);

export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBodyBytes) throw new Error(`The request is larger than ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export function flatHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]),
  );
}

export function withoutKey(
  headers: Readonly<Record<string, string>>,
  hasRightKey: boolean,
): Readonly<Record<string, string>> {
  const replaced = hasRightKey ? '<right key>' : '<wrong key>';
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, keyHeaders.has(name) ? replaced : value]),
  );
}
