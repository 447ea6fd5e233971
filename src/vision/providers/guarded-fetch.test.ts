import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { guardedFetch } from './guarded-fetch.ts';
import { retryAfterOf } from './retry-after.ts';

async function startServer(listener: RequestListener) {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

test('an answer passes as it is', async () => {
  await using server = await startServer((_request, response) => {
    response.writeHead(418, { 'x-kind': 'teapot' }).end('short and stout');
  });
  const response = await guardedFetch(server.url);
  expect([response.status, response.headers.get('x-kind'), await response.text()]).toEqual([
    418,
    'teapot',
    'short and stout',
  ]);
});

test('an endless answer is broken off', async () => {
  let sent = 0;
  await using server = await startServer((_request, response) => {
    const chunk = Buffer.alloc(256 * 1024, 'x');
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) sent += chunk.length;
    };
    response.on('drain', more);
    more();
  });
  await expect((await guardedFetch(server.url)).text()).rejects.toThrow(/longer than 4194304 bytes/);
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

test('a redirect is handed back, not followed', async () => {
  const paths: (string | undefined)[] = [];
  await using server = await startServer(({ url }, response) => {
    paths.push(url);
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect((await guardedFetch(`${server.url}/start`)).status).toBe(307);
  expect(paths).toEqual(['/start']);
});

test.for([
  [{ 'retry-after': '20' }, '', 20_000],
  [{ 'retry-after': '0.5' }, '', 500],
  [{ 'retry-after-ms': '750', 'retry-after': '1' }, '', 750],
  [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' }, '', 30_000],
  [{ 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, '', 0],
  [{ 'retry-after': 'soon' }, '', undefined],
  [{ 'retry-after': '-5' }, '', undefined],
  [{}, '{"error":{"details":[{"retryDelay": "34.07s"}]}}', 34_070],
  [{}, 'nothing', undefined],
] as const)('%j with %j asks for %j ms', ([headers, body, ms]) => {
  expect(retryAfterOf(headers, body, Date.UTC(2026, 10, 23, 12))).toBe(ms);
});
