import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { readClipPackets, type Clip } from './clip-packets.ts';
import { Authenticator, type AuthScheme, type Credentials } from './http-auth.ts';

/** What goes wrong with a stream, for running and for new connections, until it is taken back. */
export type MjpegFault =
  /** Requests are never answered; what plays goes on. */
  | { readonly kind: 'black_hole' }
  /** The connection stays open, nothing more is sent. Pictures count from the start of each connection. */
  | { readonly kind: 'stall'; readonly afterFrames?: number }
  | { readonly kind: 'reset'; readonly afterFrames?: number }
  | { readonly kind: 'close'; readonly afterFrames?: number }
  /** The response's head comes byte by byte, and the connection ends before the head does. */
  | { readonly kind: 'slow_answers'; readonly msPerByte: number }
  | { readonly kind: 'status'; readonly status: number }
  /** An HTML page instead of pictures, with status 200. */
  | { readonly kind: 'wrong_type' }
  /** `share` (0..1) of the pictures are cut short or have bytes replaced. */
  | { readonly kind: 'damage'; readonly how: 'truncate' | 'flip_bits'; readonly share: number }
  /** The same picture again and again. */
  | { readonly kind: 'freeze' };

export interface MjpegStreamOptions {
  /** A clip with MJPEG in it: `makeClip` writes one under a name that ends in `.avi`. */
  readonly clipPath: string;
  readonly credentials?: Credentials;
  /** Default `basic`. */
  readonly auth?: AuthScheme;
  /** Cameras differ: some leave the length of each part out. Default true. */
  readonly hasContentLength?: boolean;
}

export interface MjpegServer extends AsyncDisposable {
  readonly port: number;
  url(path: string): string;
  /** Each client sees the clip from its start, in real time, round and round. */
  addStream(path: string, options: MjpegStreamOptions): Promise<void>;
  switchClip(path: string, clipPath: string): Promise<void>;
  setFault(path: string, fault: MjpegFault | null): void;
  stats(): { readonly requests: number; readonly unauthorized: number; readonly framesSent: number };
  killConnections(how?: 'reset' | 'close'): void;
  /** Refuses new connections and ends those that are there. */
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  restart(): Promise<void>;
}

interface MjpegStream {
  clip: Clip;
  fault: MjpegFault | null;
  readonly authenticator: Authenticator | undefined;
  readonly hasContentLength: boolean;
}

const boundary = 'vedettetestcamera';
const maxWaitingBytes = 4 * 1024 * 1024;

async function readMjpegClip(path: string): Promise<Clip> {
  const clip = await readClipPackets(path);
  if (clip.codec !== 'mjpeg') throw new Error(`The clip ${path} is ${clip.codec}, expected mjpeg.`);
  return clip;
}

/** Cameras that send `multipart/x-mixed-replace` over HTTP, on the loopback interface. */
export async function startMjpegServer(options: { readonly port?: number } = {}): Promise<MjpegServer> {
  const host = '127.0.0.1';
  const streams = new Map<string, MjpegStream>();
  const responses = new Set<ServerResponse>();
  const stats = { requests: 0, unauthorized: 0, framesSent: 0 };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    stats.requests += 1;
    const stream = streams.get(request.url ?? '/');
    if (stream === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { authenticator, fault } = stream;
    if (fault?.kind === 'black_hole') return;
    if (fault?.kind === 'status') {
      response.writeHead(fault.status).end();
      return;
    }
    if (
      authenticator !== undefined &&
      !authenticator.isAuthorized(request.method ?? 'GET', request.headers.authorization)
    ) {
      stats.unauthorized += 1;
      response.writeHead(401, { 'WWW-Authenticate': authenticator.challenge }).end();
      return;
    }
    if (fault?.kind === 'wrong_type') {
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><body>Camera</body></html>');
      return;
    }
    await sendHead(response, fault);
    await sendPictures(response, stream, () => (stats.framesSent += 1));
  };

  const server = createServer((request, response) => {
    responses.add(response);
    response.on('close', () => responses.delete(response));
    response.on('error', () => undefined);
    serve(request, response).catch(() => response.destroy());
  });
  server.on('connection', (socket) => socket.setNoDelay(true));
  const listen = async (port: number): Promise<void> => {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
  };
  await listen(options.port ?? 0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has one
  const { port } = server.address() as AddressInfo;

  const streamAt = (path: string): MjpegStream => {
    const stream = streams.get(path);
    if (stream === undefined) throw new Error(`There is no stream at ${path}; add it with addStream.`);
    return stream;
  };
  const killConnections = (how: 'reset' | 'close' = 'reset'): void => {
    for (const response of responses) {
      if (how === 'reset') response.socket?.resetAndDestroy();
      else response.end();
    }
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    killConnections();
    server.closeAllConnections();
    await closed;
  };

  return {
    port,
    url: (path) => `http://${host}:${port}${path}`,
    addStream: async (path, streamOptions) => {
      const { credentials, auth = 'basic', hasContentLength = true } = streamOptions;
      streams.set(path, {
        clip: await readMjpegClip(streamOptions.clipPath),
        fault: null,
        authenticator: credentials && new Authenticator(credentials, auth),
        hasContentLength,
      });
    },
    switchClip: async (path, clipPath) => {
      const clip = await readMjpegClip(clipPath);
      streamAt(path).clip = clip;
    },
    setFault: (path, fault) => {
      streamAt(path).fault = fault;
    },
    stats: () => ({ ...stats }),
    killConnections,
    stop,
    restart: async () => {
      if (!server.listening) await listen(port);
    },
    [Symbol.asyncDispose]: stop,
  };
}

async function sendHead(response: ServerResponse, fault: MjpegFault | null): Promise<void> {
  const type = `multipart/x-mixed-replace; boundary=${boundary}`;
  if (fault?.kind !== 'slow_answers') {
    response.writeHead(200, { 'Content-Type': type, Connection: 'close', 'Cache-Control': 'no-store' });
    return;
  }
  for (const byte of Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nConnection: close\r\n`)) {
    if (response.destroyed) return;
    response.socket?.write(Buffer.of(byte));
    await delay(fault.msPerByte);
  }
  response.destroy();
}

async function sendPictures(
  response: ServerResponse,
  stream: MjpegStream,
  onSent: () => void,
): Promise<void> {
  let { clip } = stream;
  let index = 0;
  let dueAt = performance.now();
  for (let count = 0; ; count += 1) {
    await delay(Math.max(0, dueAt - performance.now()));
    if (response.destroyed || response.writableEnded) return;
    if (stream.clip !== clip) ({ clip, index } = { clip: stream.clip, index: 0 });
    const { fault } = stream;
    const isDue = fault !== null && (!('afterFrames' in fault) || count >= (fault.afterFrames ?? 0));
    if (fault?.kind === 'reset' && isDue) {
      response.socket?.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'close' && isDue) {
      response.end();
      return;
    }
    const isStalled = fault?.kind === 'stall' && isDue;
    const picture = clip.packets[fault?.kind === 'freeze' ? 0 : index]?.data;
    if (!isStalled && picture !== undefined && (response.socket?.writableLength ?? 0) < maxWaitingBytes) {
      response.write(part(picture, stream, count));
      onSent();
    }
    index = (index + 1) % clip.packets.length;
    dueAt = Math.max(dueAt + 1_000 / clip.framesPerSecond, performance.now() - 1_000);
  }
}

/** @param count decides which pictures are damaged, evenly spread */
function part(picture: Buffer, { fault, hasContentLength }: MjpegStream, count: number): Buffer {
  const isHit =
    fault?.kind === 'damage' && Math.floor((count + 1) * fault.share) > Math.floor(count * fault.share);
  const body = isHit ? damage(picture, fault.how) : picture;
  const length = hasContentLength ? `Content-Length: ${body.length}\r\n` : '';
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: image/jpeg\r\n${length}\r\n`),
    body,
    Buffer.from('\r\n'),
  ]);
}

function damage(picture: Buffer, how: 'truncate' | 'flip_bits'): Buffer {
  if (how === 'truncate') return picture.subarray(0, Math.floor(picture.length / 3));
  const damaged = Buffer.from(picture);
  // Behind the headers, where the coded picture is.
  for (let at = Math.floor(damaged.length / 2); at < damaged.length - 2; at += 97) damaged[at] = 0x55;
  return damaged;
}
