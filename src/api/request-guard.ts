import type { FastifyRequest } from 'fastify';
import { AppError } from '../core/errors.ts';
import { isLoopback } from './bind-address.ts';

const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function isReading(request: FastifyRequest): boolean {
  return readingMethods.has(request.method);
}

/**
 * Keeps other web sites out of a server that has no sign-in. A page on the internet can make the browser send requests
 * to this machine; it can't choose their `Host` (unless its own name was made to point here: DNS rebinding, so names
 * other than loopback's are refused) nor their `Origin` (so whatever changes something, and the WebSocket, asks for our own).
 *
 * @throws AppError `FORBIDDEN`
 */
export function assertTrustedRequest(request: FastifyRequest): void {
  const host = parseHost(request.headers.host);
  if (host === undefined || !isLoopback(host.hostname)) {
    throw new AppError(
      'FORBIDDEN',
      `The request names the host "${shorten(request.headers.host)}", expected localhost, 127.0.0.1 or [::1]: ` +
        'there is no sign-in yet, so only this machine is served.',
    );
  }
  const { origin } = request.headers;
  if (origin === undefined || (isReading(request) && !isUpgrade(request))) return;
  // "null" (a sandboxed page, a local file) is an origin as foreign as any.
  if (!URL.canParse(origin) || new URL(origin).host !== host.host) {
    throw new AppError(
      'FORBIDDEN',
      `The request comes from the web page "${shorten(origin)}", expected one of this server. ` +
        'Programs leave the Origin header out.',
    );
  }
}

function isUpgrade(request: FastifyRequest): boolean {
  return request.headers.upgrade !== undefined;
}

function parseHost(header: string | undefined): URL | undefined {
  if (header === undefined || !/^[\w.:[\]-]+$/.test(header)) return undefined;
  const address = `http://${header}`;
  return URL.canParse(address) ? new URL(address) : undefined;
}

function shorten(text: string | undefined): string {
  return (text ?? '').slice(0, 100);
}
