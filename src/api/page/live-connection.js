const firstDelayMs = 1000;
const maxDelayMs = 30_000;
const pingEveryMs = 25_000;
/** Nothing heard for this long: the connection is dead, though nobody has said so. */
const silenceMs = 40_000;

/** The WebSocket, for ever: it comes back by itself and asks for what it missed. */
export class LiveConnection {
  #handlers;
  #socket;
  #seq;
  #attempts = 0;
  #retryTimer;
  #pingTimer;
  #heardAt = 0;

  /**
   * @param handlers `onOpen(isFresh)`: connected, `isFresh` when everything must be loaded; `onMessage(type, data)`;
   *   `onLost()`: not connected, and trying again
   */
  constructor(handlers) {
    this.#handlers = handlers;
    // A laptop that wakes, a network that is back, a tab that is looked at again: no need to wait.
    addEventListener('online', () => this.#retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#retryNow();
    });
  }

  connect() {
    const address = new URL('/ws', location.href);
    address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    if (this.#seq !== undefined) address.searchParams.set('since', String(this.#seq));
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#hear(JSON.parse(data)));
    socket.addEventListener('close', () => this.#lose());
    this.#heardAt = Date.now();
    this.#pingTimer = setInterval(() => {
      if (Date.now() - this.#heardAt > silenceMs) socket.close();
      else if (socket.readyState === WebSocket.OPEN) socket.send('PING');
    }, pingEveryMs);
  }

  #hear({ type, seq, data }) {
    this.#heardAt = Date.now();
    const isFirst = this.#seq === undefined;
    this.#seq = seq;
    if (type === 'HELLO') {
      this.#attempts = 0;
      this.#handlers.onOpen(isFirst);
    } else if (type === 'RELOAD') this.#handlers.onOpen(true);
    else if (type !== 'PONG' && type !== 'ERROR') this.#handlers.onMessage(type, data);
  }

  #lose() {
    clearInterval(this.#pingTimer);
    this.#socket = undefined;
    this.#handlers.onLost();
    // Full jitter between 1 s and the doubled delay, so that many pages don't come back in step.
    const ceiling = Math.min(maxDelayMs, firstDelayMs * 2 ** this.#attempts);
    this.#attempts += 1;
    const delay = firstDelayMs + Math.random() * (ceiling - firstDelayMs);
    this.#retryTimer = setTimeout(() => this.connect(), delay);
  }

  #retryNow() {
    if (this.#socket !== undefined) return;
    clearTimeout(this.#retryTimer);
    this.connect();
  }
}
