import type { WebSocket } from '@fastify/websocket';
import type { Clock } from '../core/clock.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import { toWireTime } from '../core/wire-values.ts';
import { toLiveWire, type LiveWire } from './live-wire.ts';
import type { WebSockets } from './web-sockets.ts';

/** What may wait unsent for one client; one that has more is cut off, and comes back with the last `seq` it saw. */
const maxBufferedBytes = 1024 * 1024;

interface Client {
  readonly socket: WebSocket;
  /** The `seq` up to which it was told what it missed; `undefined` once it is told everything as it happens. */
  replayedTo: number | undefined;
}

interface LiveClientsContext {
  readonly live: LiveFeed;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'countError'>;
  readonly sockets: WebSockets;
}

/** Who hears what happens. Each message is put into JSON once, for all of them. */
export class LiveClients implements Disposable {
  readonly #context: LiveClientsContext;
  readonly #clients = new Set<Client>();
  readonly #unsubscribe: () => void;

  constructor(context: LiveClientsContext) {
    this.#context = context;
    this.#unsubscribe = context.live.subscribe((message) => {
      const text = JSON.stringify(toLiveWire(message));
      for (const client of this.#clients) if (client.replayedTo === undefined) this.#send(client, text);
    });
  }

  /** @param since the last `seq` that the client saw; `undefined` when it begins anew */
  accept(socket: WebSocket, since: number | undefined): void {
    if (!this.#context.sockets.accept(socket)) return;
    const client: Client = { socket, replayedTo: since };
    this.#clients.add(client);
    socket.on('message', (data, isBinary) => {
      this.#answer(client, isBinary ? '' : textOf(data));
    });
    socket.on('close', () => this.#clients.delete(client));
    this.#greet(client, since);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  #greet(client: Client, since: number | undefined): void {
    const { live } = this.#context;
    const missed = since === undefined ? undefined : live.since(since);
    const missedCount = missed?.kind === 'complete' ? missed.messages.length : 0;
    if (missed?.kind === 'reload') client.replayedTo = live.seq;
    this.#tell(client, 'HELLO', { current_seq: live.seq, missed: missedCount });
    if (missed?.kind === 'reload') this.#tell(client, 'RELOAD', null);
    // Not awaited: it lasts as long as the client takes, ends with its socket, and never rejects.
    if (client.replayedTo !== undefined) void this.#replay(client, client.replayedTo);
  }

  /** One message after the other, each once the one before is on its way, so that a long history can't fill the buffer. */
  async #replay(client: Client, since: number): Promise<void> {
    const { live } = this.#context;
    let missed = live.since(since);
    while (missed.kind === 'reload' || missed.messages.length > 0) {
      if (missed.kind === 'reload') {
        client.replayedTo = live.seq;
        this.#tell(client, 'RELOAD', null);
      } else {
        for (const message of missed.messages) {
          if (client.socket.readyState !== client.socket.OPEN) return;
          client.replayedTo = message.seq;
          await new Promise<void>((resolve) => {
            client.socket.send(JSON.stringify(toLiveWire(message)), () => {
              resolve();
            });
          });
        }
      }
      missed = live.since(client.replayedTo ?? live.seq);
    }
    client.replayedTo = undefined;
  }

  #answer(client: Client, text: string): void {
    if (isPing(text)) this.#tell(client, 'PONG', null);
    else {
      const message = 'Only PING or {"type":"PING"} is understood here.';
      this.#tell(client, 'ERROR', { code: 'BAD_REQUEST', message });
    }
  }

  /** Something for this client alone; its `seq` is that of the last message that the client was sent. */
  #tell(client: Client, type: LiveWire['type'], data: unknown): void {
    const seq = client.replayedTo ?? this.#context.live.seq;
    const message: LiveWire = { type, seq, timestamp: toWireTime(this.#context.clock.now()), data };
    this.#send(client, JSON.stringify(message));
  }

  #send({ socket }: Client, text: string): void {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > maxBufferedBytes) {
      this.#context.metrics.countError('live', 'SLOW_CLIENT');
      this.#context.log.warn(
        { bufferedBytes: socket.bufferedAmount },
        'a live client reads too slowly: cut off',
      );
      socket.terminate();
      return;
    }
    socket.send(text);
  }
}

function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString('utf8');
}

function isPing(text: string): boolean {
  if (text === 'PING') return true;
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null && 'type' in message && message.type === 'PING';
  } catch {
    return false;
  }
}
