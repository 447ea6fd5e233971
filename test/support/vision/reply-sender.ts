import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { LineFault, SpoilingFault } from './provider-fault.ts';
import type { WireReply } from './wire-reply.ts';

/** Responses that a fault breaks off: their client did not leave by itself. */
const brokenByUs = new WeakSet<ServerResponse>();

export function isBrokenByUs(response: ServerResponse): boolean {
  return brokenByUs.has(response);
}

export async function waitUnlessGone(ms: number, gone: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  // Rejects only when the client is gone: the caller looks at the signal.
  await delay(ms, undefined, { signal: gone }).catch(() => undefined);
}

export function sendReply(response: ServerResponse, { status, headers, body }: WireReply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Where `redirect` leads when it is not told: a path of the same server that no maker has. */
export const redirectTarget = '/elsewhere';

/** A page of a proxy that has lost the server behind it. */
const gatewayPage = `<html>\r
<head><title>502 Bad Gateway</title></head>\r
<body>\r
<center><h1>502 Bad Gateway</h1></center>\r
<hr><center>cloudflare</center>\r
</body>\r
</html>\r
`;

const loginPage = `<!DOCTYPE html><html><head><title>Guest Wi-Fi</title></head>
<body><form action="/login" method="post">Please accept our terms of use.</form></body></html>
`;

export function sendLineFault(response: ServerResponse, fault: LineFault): void {
  const html = { 'content-type': 'text/html; charset=UTF-8' };
  switch (fault.kind) {
    case 'bad_gateway':
      sendReply(response, { status: 502, headers: html, body: gatewayPage });
      return;
    case 'captive_portal':
      sendReply(response, { status: 200, headers: html, body: loginPage });
      return;
    case 'redirect':
      // 307 keeps method and body: whoever follows it gives key and pictures away.
      sendReply(response, { status: 307, headers: { location: fault.to ?? redirectTarget }, body: '' });
      return;
    case 'reset':
      breakOff(response, fault.after ?? 'request');
      return;
    case 'refused':
      // A connection that was there before the listener closed.
      breakOff(response, 'request');
      return;
    case 'hang':
  }
}

/** Sends a good reply so that it does not arrive as one. */
export function sendSpoilt(response: ServerResponse, fault: SpoilingFault, reply: WireReply): void {
  switch (fault.kind) {
    case 'half_body':
      sendHalf(response, reply);
      return;
    case 'slow_body':
      // Ends with the client; what goes wrong on the way has destroyed the response.
      void sendSlowly(response, reply, fault.msPerPiece, fault.pieces ?? 10).catch(() => response.destroy());
      return;
    case 'garbage':
      sendReply(response, { ...reply, body: '{"id":"0","out\u0000\u0016\u0003\u0001 not json' });
  }
}

function breakOff(response: ServerResponse, after: 'request' | 'headers'): void {
  brokenByUs.add(response);
  if (after === 'request') {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
  response.write('{', () => response.socket?.resetAndDestroy());
}

function sendHalf(response: ServerResponse, { status, headers, body }: WireReply): void {
  const bytes = Buffer.from(body);
  brokenByUs.add(response);
  response.writeHead(status, { ...headers, 'content-length': bytes.byteLength });
  response.write(bytes.subarray(0, Math.floor(bytes.byteLength / 2)), () => response.socket?.end());
}

async function sendSlowly(
  response: ServerResponse,
  { status, headers, body }: WireReply,
  msPerPiece: number,
  pieces: number,
): Promise<void> {
  const bytes = Buffer.from(body);
  const size = Math.ceil(bytes.byteLength / pieces);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  response.writeHead(status, { ...headers, 'content-length': bytes.byteLength });
  response.flushHeaders();
  for (let at = 0; at < bytes.byteLength; at += size) {
    if (at > 0) await waitUnlessGone(msPerPiece, gone.signal);
    if (gone.signal.aborted) return;
    response.write(bytes.subarray(at, at + size));
  }
  response.end();
}
