import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from './render-clip.ts';

/**
 * What goes wrong on the way from a server to its clients, for running connections (counted from the moment at which the
 * fault was set) and for new ones (counted from their first byte), until it is taken back.
 */
export type WireFault =
  /** Nothing listens; what runs is reset. */
  | { readonly kind: 'refuse' }
  /** Connections are made, and nothing is ever answered; what runs is reset. */
  | { readonly kind: 'black_hole' }
  /** The connection stays open, nothing more comes. */
  | { readonly kind: 'silence'; readonly afterBytes: number }
  | { readonly kind: 'reset'; readonly afterBytes: number }
  /** Closed in good order, in the middle of whatever was being sent. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** One byte at a time; what runs is reset. */
  | { readonly kind: 'slow_loris'; readonly msPerByte: number }
  /** One bit of every so many bytes, on average, is turned over. */
  | { readonly kind: 'flip_bits'; readonly everyBytes: number }
  /** Whatever is asked for, a web page is the answer; what runs is reset. */
  | { readonly kind: 'web_page' };

export interface FaultProxy extends AsyncDisposable {
  /** The same for ever, also while nothing listens. */
  readonly port: number;
  /** `null` takes the fault back; connections that it has spoilt stay as they are. */
  setFault(fault: WireFault | null): Promise<void>;
  /** Resolves when a connection is open. */
  accepted(): Promise<void>;
  /** Resets what runs: the next connection sees how things are now. */
  resetAll(): void;
}

/** Faults that a running connection can't show: it is reset, and the next one shows them. */
const onlyForNew = new Set<WireFault['kind']>(['refuse', 'black_hole', 'slow_loris', 'web_page']);

const page = '<html><head><title>Camera</title></head><body><form>Log in</form></body></html>\n';

/** Stands before one TCP server on the loopback interface and spoils what it sends. */
export async function startFaultProxy(options: {
  readonly targetPort: number;
  readonly port?: number;
}): Promise<FaultProxy> {
  const host = '127.0.0.1';
  const links = new Set<Link>();
  let fault: WireFault | null = null;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const link = new Link(client, options.targetPort, fault);
    links.add(link);
    client.on('close', () => links.delete(link));
  });
  const listen = async (port: number): Promise<void> => {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
  };
  const resetAll = (): void => {
    for (const link of links) link.reset();
  };
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    resetAll();
    await closed;
  };
  await listen(options.port ?? 0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has one
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async setFault(next) {
      fault = next;
      if (next?.kind === 'refuse') {
        await stop();
        return;
      }
      if (!server.listening) await listen(port);
      if (next === null) return;
      if (onlyForNew.has(next.kind)) resetAll();
      else for (const link of links) link.spoil(next);
    },
    accepted: async () => {
      while (links.size === 0) await once(server, 'connection');
    },
    resetAll,
    [Symbol.asyncDispose]: stop,
  };
}

/** One client's connection and the one to the server behind it. */
class Link {
  readonly #client: Socket;
  readonly #server: Socket | undefined;
  readonly #random = createRandom(11);
  #fault: WireFault | null;
  #passedBytes = 0;

  constructor(client: Socket, targetPort: number, fault: WireFault | null) {
    this.#client = client;
    this.#fault = fault;
    client.setNoDelay(true);
    client.on('error', () => undefined);
    if (fault?.kind === 'black_hole') {
      client.resume();
      return;
    }
    if (fault?.kind === 'web_page') {
      client.once('data', () => {
        client.end(
          `HTTP/1.0 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
        );
      });
      return;
    }
    const server = connect({ host: '127.0.0.1', port: targetPort, noDelay: true, allowHalfOpen: true });
    this.#server = server;
    server.on('error', () => {
      this.reset();
    });
    client.on('data', (piece: Buffer) => server.write(piece));
    client.on('end', () => server.end());
    client.on('close', () => server.destroy());
    server.on('close', (hadError) => {
      if (hadError) this.reset();
    });
    void this.#forward(server);
  }

  /** From now on; what was sent before does not count. */
  spoil(fault: WireFault): void {
    this.#fault = fault;
    this.#passedBytes = 0;
  }

  reset(): void {
    this.#server?.destroy();
    this.#client.resetAndDestroy();
  }

  /** Never rejects: a connection that breaks is a link that ends. */
  async #forward(server: Socket): Promise<void> {
    try {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- sockets without an encoding give buffers
      for await (const piece of server as AsyncIterable<Buffer>) {
        if (!(await this.#pass(piece))) return;
      }
      this.#client.end();
    } catch {
      this.reset();
    }
  }

  /** @returns false when the link has ended */
  async #pass(piece: Buffer): Promise<boolean> {
    const fault = this.#fault;
    const client = this.#client;
    if (client.destroyed) return false;
    if (fault === null) {
      await this.#write(piece);
      return true;
    }
    switch (fault.kind) {
      case 'silence':
        await this.#write(this.#within(piece, fault.afterBytes));
        return true;
      case 'reset':
        await this.#write(this.#within(piece, fault.afterBytes));
        if (this.#passedBytes < fault.afterBytes) return true;
        this.reset();
        return false;
      case 'truncate':
        await this.#write(this.#within(piece, fault.afterBytes));
        if (this.#passedBytes < fault.afterBytes) return true;
        client.end();
        this.#server?.destroy();
        return false;
      case 'slow_loris':
        for (const byte of piece) {
          if (client.destroyed) return false;
          client.write(Buffer.of(byte));
          await delay(fault.msPerByte);
        }
        return true;
      case 'flip_bits':
        await this.#write(this.#flipped(piece, fault.everyBytes));
        return true;
      case 'refuse':
      case 'black_hole':
      case 'web_page':
        break;
    }
    this.reset();
    return false;
  }

  /** What of the piece may still pass. */
  #within(piece: Buffer, limitBytes: number): Buffer {
    const rest = Math.max(0, limitBytes - this.#passedBytes);
    const passed = piece.subarray(0, rest);
    this.#passedBytes += passed.length;
    return passed;
  }

  #flipped(piece: Buffer, everyBytes: number): Buffer {
    const flipped = Buffer.from(piece);
    for (let at = this.#gap(everyBytes); at < flipped.length; at += this.#gap(everyBytes)) {
      flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(this.#random() * 8));
    }
    return flipped;
  }

  /** Exponentially distributed, so that the pieces' lengths do not matter. */
  #gap(everyBytes: number): number {
    return Math.floor(-Math.log(1 - this.#random()) * everyBytes);
  }

  /** The server waits while the client does not read. */
  async #write(piece: Buffer): Promise<void> {
    if (piece.length === 0 || this.#client.destroyed) return;
    if (this.#client.write(piece)) return;
    const drained = new AbortController();
    const { signal } = drained;
    await Promise.race([once(this.#client, 'drain', { signal }), once(this.#client, 'close', { signal })]);
    drained.abort();
  }
}
