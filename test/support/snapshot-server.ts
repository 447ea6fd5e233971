import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { readClipPackets, type Clip } from './clip-packets.ts';
import { Authenticator, type AuthScheme, type Credentials } from './http-auth.ts';
import { startHttpListener } from './http-listener.ts';

/** What goes wrong with a camera until it is taken back. */
export type SnapshotFault =
  /** Requests are never answered. */
  | { readonly kind: 'black_hole' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'status'; readonly status: number }
  /** The picture comes byte by byte. */
  | { readonly kind: 'slow_body'; readonly msPerByte: number }
  /** The connection ends in the middle of the picture. */
  | { readonly kind: 'truncate' }
  | { readonly kind: 'redirect'; readonly location: string }
  /** Something else than a JPEG, with status 200. */
  | { readonly kind: 'content'; readonly type: string; readonly body: Uint8Array }
  /** The same picture again and again. */
  | { readonly kind: 'freeze' };

export interface SnapshotOptions {
  /** A clip with MJPEG in it: `makeClip` writes one under a name that ends in `.avi`. */
  readonly clipPath: string;
  readonly credentials?: Credentials;
  /** Default `basic`. */
  readonly auth?: AuthScheme;
  /** By what a picture is recognised when it is asked for again; default nothing. */
  readonly validator?: 'etag' | 'last-modified';
}

export interface SnapshotStats {
  requests: number;
  unauthorized: number;
  notModified: number;
  pictures: number;
}

export interface SnapshotServer extends AsyncDisposable {
  readonly port: number;
  url(path: string): string;
  /** The picture of the present moment of the clip, which is shown in real time, round and round. */
  addCamera(path: string, options: SnapshotOptions): Promise<void>;
  setFault(path: string, fault: SnapshotFault | null): void;
  stats(path: string): Readonly<SnapshotStats>;
  /** TCP connections that were ever accepted. */
  connections(): number;
  stop(): Promise<void>;
  /** Listens again, on the same port. */
  restart(): Promise<void>;
}

interface SnapshotCamera extends SnapshotOptions {
  readonly clip: Clip;
  readonly authenticator: Authenticator | undefined;
  readonly stats: SnapshotStats;
  readonly since: number;
  fault: SnapshotFault | null;
}

/** Cameras that answer each request with one JPEG, on the loopback interface. */
export async function startSnapshotServer(): Promise<SnapshotServer> {
  const cameras = new Map<string, SnapshotCamera>();
  let accepted = 0;
  const listener = await startHttpListener((request, response) => {
    const camera = cameras.get(request.url ?? '/');
    if (camera === undefined) response.writeHead(404).end();
    else serve(camera, request, response).catch(() => response.destroy());
  });
  listener.server.on('connection', () => (accepted += 1));
  const cameraAt = (path: string): SnapshotCamera => {
    const camera = cameras.get(path);
    if (camera === undefined) throw new Error(`There is no camera at ${path}; add it with addCamera.`);
    return camera;
  };
  return {
    port: listener.port,
    url: listener.url,
    addCamera: async (path, options) => {
      const { credentials, auth = 'basic' } = options;
      cameras.set(path, {
        ...options,
        clip: await readClipPackets(options.clipPath),
        authenticator: credentials && new Authenticator(credentials, auth),
        stats: { requests: 0, unauthorized: 0, notModified: 0, pictures: 0 },
        since: performance.now(),
        fault: null,
      });
    },
    setFault: (path, fault) => {
      cameraAt(path).fault = fault;
    },
    stats: (path) => ({ ...cameraAt(path).stats }),
    connections: () => accepted,
    stop: listener.stop,
    restart: listener.restart,
    [Symbol.asyncDispose]: listener.stop,
  };
}

async function serve(
  camera: SnapshotCamera,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { authenticator, fault, stats, clip } = camera;
  stats.requests += 1;
  if (fault?.kind === 'black_hole') return;
  if (fault?.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (fault?.kind === 'status') {
    response.writeHead(fault.status).end();
    return;
  }
  if (fault?.kind === 'redirect') {
    response.writeHead(302, { Location: fault.location }).end();
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
  if (fault?.kind === 'content') {
    response.writeHead(200, { 'Content-Type': fault.type }).end(fault.body);
    return;
  }
  const index = Math.floor(((performance.now() - camera.since) / 1_000) * clip.framesPerSecond);
  const number = fault?.kind === 'freeze' ? 0 : index % clip.packets.length;
  const validator = validatorOf(camera, number);
  const isKnown = Object.entries(validator).some(
    ([name, value]) => request.headers[name === 'etag' ? 'if-none-match' : 'if-modified-since'] === value,
  );
  if (isKnown) {
    stats.notModified += 1;
    response.writeHead(304, validator).end();
    return;
  }
  stats.pictures += 1;
  await sendPicture(response, clip.packets[number]?.data ?? Buffer.of(), validator, fault);
}

function validatorOf({ validator }: SnapshotCamera, number: number): Record<string, string> {
  if (validator === undefined) return {};
  if (validator === 'etag') return { etag: `"${number}"` };
  return { 'last-modified': new Date(Date.UTC(2026, 0, 1, 0, 0, number)).toUTCString() };
}

async function sendPicture(
  response: ServerResponse,
  picture: Buffer,
  validator: Record<string, string>,
  fault: SnapshotFault | null,
): Promise<void> {
  response.writeHead(200, {
    'Content-Type': 'image/jpeg',
    'Content-Length': picture.length,
    ...validator,
  });
  if (fault?.kind === 'truncate') {
    response.write(picture.subarray(0, picture.length / 2));
    await delay(50);
    response.destroy();
    return;
  }
  if (fault?.kind !== 'slow_body') {
    response.end(picture);
    return;
  }
  for (const byte of picture) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await delay(fault.msPerByte);
  }
  response.end();
}
