import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { readClipPackets } from './clip-packets.ts';
import { RtspConnection } from './rtsp-connection.ts';
import { RtspStream, type RtspFault, type RtspStreamOptions, type RtspStreamStats } from './rtsp-stream.ts';

export type { RtspFault, RtspStreamOptions, RtspStreamStats } from './rtsp-stream.ts';

export interface RtspServerStats {
  /** Control connections: open now, and ever. */
  readonly connections: number;
  readonly accepted: number;
  readonly streams: Readonly<Record<string, Readonly<RtspStreamStats>>>;
}

/**
 * Cameras on the loopback interface that speak RTSP 1.0 as real ones do: interleaved TCP and UDP, Basic and Digest,
 * any number of clients. Each path shows a clip in real time, round and round, and can be given a fault at any time.
 */
export interface RtspServer extends AsyncDisposable {
  readonly port: number;
  /** Without credentials. */
  url(path: string): string;
  /** @param path begins with a slash */
  addStream(path: string, options: RtspStreamOptions): Promise<void>;
  /** Shows another clip from now on, to those who are watching too; it may have another size. */
  switchClip(path: string, clipPath: string): Promise<void>;
  /** `null` takes the fault back. */
  setFault(path: string, fault: RtspFault | null): void;
  stats(): RtspServerStats;
  /** Ends all connections. */
  killConnections(how?: 'reset' | 'close'): void;
  /** Refuses new connections and ends those that are there. */
  stop(how?: 'reset' | 'close'): Promise<void>;
  /** Listens again, on the same port. */
  restart(): Promise<void>;
}

export async function startRtspServer(options: { readonly port?: number } = {}): Promise<RtspServer> {
  const host = '127.0.0.1';
  const streams = new Map<string, RtspStream>();
  const connections = new Set<RtspConnection>();
  let accepted = 0;

  const server = createServer((socket: Socket) => {
    accepted += 1;
    const connection = new RtspConnection(socket, (path) => streams.get(path));
    connections.add(connection);
    socket.on('close', () => connections.delete(connection));
  });
  const listen = async (port: number): Promise<void> => {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
  };
  await listen(options.port ?? 0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has one
  const { port } = server.address() as AddressInfo;

  const streamAt = (path: string): RtspStream => {
    const stream = streams.get(path);
    if (stream === undefined) throw new Error(`There is no stream at ${path}; add it with addStream.`);
    return stream;
  };
  const wake = (stream: RtspStream): void => {
    for (const { session } of connections) if (session?.stream === stream) session.wake();
  };
  const killConnections = (how: 'reset' | 'close' = 'reset'): void => {
    for (const connection of connections) connection[how]();
  };
  const stop = async (how: 'reset' | 'close' = 'reset'): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    killConnections(how);
    await closed;
  };

  return {
    port,
    url: (path) => `rtsp://${host}:${port}${path}`,
    addStream: async (path, streamOptions) => {
      streams.set(path, new RtspStream(await readClipPackets(streamOptions.clipPath), streamOptions));
    },
    switchClip: async (path, clipPath) => {
      const clip = await readClipPackets(clipPath);
      const stream = streamAt(path);
      stream.clip = clip;
      wake(stream);
    },
    setFault: (path, fault) => {
      const stream = streamAt(path);
      stream.fault = fault;
      wake(stream);
    },
    stats: () => ({
      connections: connections.size,
      accepted,
      streams: Object.fromEntries([...streams].map(([path, { stats }]) => [path, { ...stats }])),
    }),
    killConnections,
    stop,
    restart: async () => {
      if (!server.listening) await listen(port);
    },
    [Symbol.asyncDispose]: () => stop(),
  };
}
