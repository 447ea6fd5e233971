import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on the loopback interface that can go away and come back. */
export interface HttpListener extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  url: (path: string) => string;
  /** Refuses new connections and ends those that are there. */
  stop: () => Promise<void>;
  /** Listens again, on the same port. */
  restart: () => Promise<void>;
}

export async function startHttpListener(onRequest: RequestListener): Promise<HttpListener> {
  const host = '127.0.0.1';
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    onRequest(request, response);
  });
  const listen = async (port: number): Promise<void> => {
    const listening = once(server, 'listening');
    server.listen(port, host);
    await listening;
  };
  await listen(0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has one
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    server,
    port,
    url: (path) => `http://${host}:${port}${path}`,
    stop,
    restart: async () => {
      if (!server.listening) await listen(port);
    },
    [Symbol.asyncDispose]: stop,
  };
}
