import { execFile } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rm } from 'node:fs/promises';
import { siblingModule } from '../../src/core/sibling-module.ts';
import { startHttpListener } from './http-listener.ts';

/** What goes wrong with a stream until it is taken back. */
export type HlsFault =
  /** Requests are never answered. */
  | { readonly kind: 'black_hole' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'status'; readonly status: number }
  /** The playlist stays as it is: the camera behind the server has gone. */
  | { readonly kind: 'stall' }
  /** A web page, with status 200. */
  | { readonly kind: 'wrong_type' }
  /** `share` (0..1) of the bytes of the segments are turned over. */
  | { readonly kind: 'damage'; readonly share: number };

interface Segment {
  readonly data: Buffer;
  readonly seconds: number;
}

interface HlsStream {
  segments: readonly Segment[];
  readonly since: number;
  readonly isFinished: boolean;
  fault: HlsFault | null;
  stalledAt: number | null;
}

export interface HlsServer extends AsyncDisposable {
  readonly port: number;
  url(path: string): string;
  /**
   * A live playlist at `PATH/index.m3u8` of the last five segments, which goes on round and round; with `isFinished` one of
   * the whole clip, with its end.
   */
  addStream(
    path: string,
    options: { readonly clipPath: string; readonly isFinished?: boolean },
  ): Promise<void>;
  /** A master playlist of streams that were added. */
  addMaster(path: string, streams: readonly { readonly path: string; readonly bandwidth: number }[]): void;
  /** Shows another clip from the next segment on. */
  switchClip(path: string, clipPath: string): Promise<void>;
  setFault(path: string, fault: HlsFault | null): void;
  /** Segments that were asked for, by the stream's path. */
  segmentRequests(path: string): number;
  stop(): Promise<void>;
  restart(): Promise<void>;
}

const listed = 5;

/** HLS as servers beside cameras have it, on the loopback interface. */
export async function startHlsServer(): Promise<HlsServer> {
  const streams = new Map<string, HlsStream>();
  const masters = new Map<string, string>();
  const requests = new Map<string, number>();
  const listener = await startHttpListener((request, response) => {
    const url = request.url ?? '/';
    const master = masters.get(url);
    if (master !== undefined) {
      sendPlaylist(response, master);
      return;
    }
    const slash = url.lastIndexOf('/');
    const path = url.slice(0, slash);
    const name = url.slice(slash + 1);
    const stream = streams.get(path);
    if (stream === undefined) response.writeHead(404).end();
    else serve(stream, name, response);
    if (name.endsWith('.ts')) requests.set(path, (requests.get(path) ?? 0) + 1);
  });
  const streamAt = (path: string): HlsStream => {
    const stream = streams.get(path);
    if (stream === undefined) throw new Error(`There is no stream at ${path}; add it with addStream.`);
    return stream;
  };
  return {
    port: listener.port,
    url: listener.url,
    addStream: async (path, { clipPath, isFinished = false }) => {
      const segments = await cut(clipPath);
      streams.set(path, { segments, isFinished, since: performance.now(), fault: null, stalledAt: null });
    },
    addMaster: (path, variants) => {
      const lines = variants.flatMap(({ path: variant, bandwidth }) => [
        `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth}`,
        `${variant}/index.m3u8`,
      ]);
      masters.set(path, ['#EXTM3U', ...lines, ''].join('\n'));
    },
    switchClip: async (path, clipPath) => {
      streamAt(path).segments = await cut(clipPath);
    },
    setFault: (path, fault) => {
      const stream = streamAt(path);
      stream.fault = fault;
      stream.stalledAt = fault?.kind === 'stall' ? performance.now() : null;
    },
    segmentRequests: (path) => requests.get(path) ?? 0,
    stop: listener.stop,
    restart: listener.restart,
    [Symbol.asyncDispose]: listener.stop,
  };
}

async function cut(clipPath: string): Promise<Segment[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vedette-hls-'));
  try {
    await promisify(execFile)(process.execPath, [
      fileURLToPath(siblingModule(import.meta.url, 'hls-segments-process')),
      clipPath,
      folder,
    ]);
    const playlist = await readFile(join(folder, 'index.m3u8'), 'utf8');
    return await Promise.all(
      [...playlist.matchAll(/#EXTINF:([\d.]+),\s*\n(\S+)/g)].map(async ([, seconds, name = '']) => ({
        seconds: Number(seconds),
        data: await readFile(join(folder, name)),
      })),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

function serve(stream: HlsStream, name: string, response: ServerResponse): void {
  const { fault, segments } = stream;
  if (fault?.kind === 'black_hole') return;
  if (fault?.kind === 'reset') {
    response.socket?.resetAndDestroy();
    return;
  }
  if (fault?.kind === 'status') {
    response.writeHead(fault.status).end();
    return;
  }
  if (fault?.kind === 'wrong_type') {
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html><body>Camera</body></html>');
    return;
  }
  if (name === 'index.m3u8') {
    sendPlaylist(response, playlistOf(stream));
    return;
  }
  const data = segments[Number.parseInt(name) % segments.length]?.data ?? Buffer.of();
  response.writeHead(200, { 'Content-Type': 'video/mp2t', 'Content-Length': data.length });
  response.end(fault?.kind === 'damage' ? damaged(data, fault.share) : data);
}

function sendPlaylist(response: ServerResponse, playlist: string): void {
  response.writeHead(200, { 'Content-Type': 'application/vnd.apple.mpegurl' }).end(playlist);
}

function playlistOf({ segments, since, isFinished, stalledAt }: HlsStream): string {
  const roundSeconds = segments.reduce((sum, { seconds }) => sum + seconds, 0);
  const elapsed = ((stalledAt ?? performance.now()) - since) / 1_000;
  // As many as are over, and the first ones from the start.
  const done = Math.floor((elapsed / roundSeconds) * segments.length) + listed;
  const first = isFinished ? 0 : done - listed;
  const numbers = Array.from({ length: isFinished ? segments.length : listed }, (_, index) => first + index);
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:3',
    `#EXT-X-TARGETDURATION:${Math.ceil(Math.max(...segments.map(({ seconds }) => seconds)))}`,
    `#EXT-X-MEDIA-SEQUENCE:${first}`,
    ...numbers.flatMap((number) => entryOf(segments, number)),
    ...(isFinished ? ['#EXT-X-ENDLIST'] : []),
    '',
  ].join('\n');
}

function entryOf(segments: readonly Segment[], number: number): string[] {
  const index = number % segments.length;
  const entry = [`#EXTINF:${(segments[index]?.seconds ?? 1).toFixed(3)},`, `${number}.ts`];
  return index === 0 && number > 0 ? ['#EXT-X-DISCONTINUITY', ...entry] : entry;
}

function damaged(data: Buffer, share: number): Buffer {
  const copy = Buffer.from(data);
  const step = Math.max(1, Math.round(1 / share));
  for (let at = 0; at < copy.length; at += step) copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
