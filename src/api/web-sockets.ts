import type { WebSocket } from '@fastify/websocket';
import type { Clock } from '../core/clock.ts';
import { isAbort } from '../core/errors.ts';

/** All together, whatever they are for. */
const maxSockets = 100;
const pingEveryMs = 30_000;
const silenceMs = 60_000;
const closeGraceMs = 1000;

/** Close codes of RFC 6455 and its registry. */
export const closeCodes = { done: 1000, goingAway: 1001, tryAgainLater: 1013 } as const;

interface WebSocketsContext {
  readonly clock: Clock;
  onCount(count: number): void;
}

/** Every WebSocket of the server: so many at most, each pinged, dropped when it is silent, closed when the server stops. */
export class WebSockets implements AsyncDisposable {
  readonly #context: WebSocketsContext;
  /** When each was last heard, monotonic ms. */
  readonly #heardAt = new Map<WebSocket, number>();
  readonly #stop = new AbortController();
  readonly #sweeping: Promise<void>;

  constructor(context: WebSocketsContext) {
    this.#context = context;
    this.#sweeping = this.#sweep();
  }

  /** False when there is no place for it: then it is closed, with the reason. */
  accept(socket: WebSocket): boolean {
    if (this.#stop.signal.aborted) {
      socket.close(closeCodes.goingAway, 'the server stops');
      return false;
    }
    if (this.#heardAt.size >= maxSockets) {
      socket.close(closeCodes.tryAgainLater, `more than ${maxSockets} clients are connected`);
      return false;
    }
    const heard = (): void => {
      if (this.#heardAt.has(socket)) this.#heardAt.set(socket, this.#context.clock.monotonic());
    };
    this.#heardAt.set(socket, this.#context.clock.monotonic());
    this.#context.onCount(this.#heardAt.size);
    for (const sign of ['pong', 'ping', 'message'] as const) socket.on(sign, heard);
    // An error is always followed by "close".
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#heardAt.delete(socket)) this.#context.onCount(this.#heardAt.size);
    });
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#sweeping;
    const closed = [...this.#heardAt.keys()].map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => {
            resolve();
          });
          socket.close(closeCodes.goingAway, 'the server stops');
        }),
    );
    if (closed.length === 0) return;
    const grace = new AbortController();
    await Promise.race([
      Promise.all(closed),
      this.#context.clock.sleep(closeGraceMs, grace.signal).catch(() => undefined),
    ]);
    grace.abort();
    for (const socket of this.#heardAt.keys()) socket.terminate();
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#context;
    try {
      for (;;) {
        await clock.sleep(pingEveryMs, this.#stop.signal);
        for (const [socket, heardAt] of this.#heardAt) {
          if (clock.monotonic() - heardAt >= silenceMs) socket.terminate();
          else if (socket.readyState === socket.OPEN) socket.ping();
        }
      }
    } catch (error) {
      if (!isAbort(error)) throw error;
    }
  }
}
