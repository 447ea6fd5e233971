import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { AppError, isAbort } from '../core/errors.ts';
import type { Notification } from './notifier.ts';
import { createWebhook } from './webhook.ts';

interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const secret = 'correct horse battery staple';
const notification: Notification = {
  idempotencyKey: '0199a1b2-0000-7000-8000-000000000001',
  type: 'event.described',
  createdAt: Date.UTC(2026, 4, 1, 12),
  payload: { id: 'e1', description: 'Ein Mann trägt ein Päckchen — 📦' },
};
const never = new AbortController().signal;
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

/** A real receiver on the loopback that remembers what it got and then answers as told. */
async function receiver(answer: RequestListener): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ method: request.method, path: request.url, headers: request.headers, body });
      answer(request, response);
      return body;
    });
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return { url: `http://127.0.0.1:${address.port}/hook`, received };
}

async function failureOf(call: Promise<unknown>): Promise<AppError> {
  const error = await call.then(
    () => new Error('it was taken'),
    (error: unknown) => error,
  );
  if (!(error instanceof AppError)) throw error;
  return error;
}

function answering(status: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers).end('thank you');
  };
}

function breakingOff(status: number): RequestListener {
  return (request, response) => {
    response.writeHead(status, { 'Content-Length': '1000' });
    response.write('half', () => {
      request.socket.resetAndDestroy();
    });
  };
}

test('the receiver can verify who sent it, when, and that it is whole', async () => {
  const clock = new FakeClock(Date.UTC(2026, 4, 1, 12, 0, 5));
  const { url, received } = await receiver(answering(204));
  await createWebhook({ name: 'home', url, secret }, { clock }).notify(notification, never);

  const [request] = received;
  if (request === undefined) throw new Error('nothing was received');
  expect([request.method, request.path, received.length]).toEqual(['POST', '/hook', 1]);
  const { headers, body } = request;
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'idempotency-key': notification.idempotencyKey,
    'x-vedette-event': 'event.described',
    'x-vedette-timestamp': String(Date.UTC(2026, 4, 1, 12, 0, 5) / 1000),
  });
  expect(JSON.parse(body)).toEqual({
    id: notification.idempotencyKey,
    type: 'event.described',
    created_at: '2026-05-01T12:00:00.000Z',
    data: notification.payload,
  });
  // Computed here by itself, from what came over the wire.
  const signed = createHmac('sha256', secret)
    .update(String(headers['x-vedette-timestamp']))
    .update('.')
    .update(Buffer.from(body, 'utf8'))
    .digest();
  const [scheme, hex] = String(headers['x-vedette-signature']).split('=');
  expect(scheme).toBe('sha256');
  expect(timingSafeEqual(signed, Buffer.from(hex ?? '', 'hex'))).toBe(true);
});

test('without a secret nothing is signed', async () => {
  const { url, received } = await receiver(answering(200));
  await createWebhook({ name: 'home', url, secret: null }).notify(notification, never);
  expect(received[0]?.headers).not.toHaveProperty('x-vedette-signature');
});

test('credentials in the address are sent as Basic authentication', async () => {
  const { url, received } = await receiver(answering(200));
  const withCredentials = url.replace('http://', 'http://me:p%40ss@');
  await createWebhook({ name: 'home', url: withCredentials }).notify(notification, never);
  expect(received[0]?.headers.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
});

test.each([408, 425, 429, 500, 502, 503, 599])('status %i is worth another attempt', async (status) => {
  const { url } = await receiver(answering(status));
  const error = await failureOf(createWebhook({ name: 'home', url }).notify(notification, never));
  expect(error).toMatchObject({ code: 'DELIVERY_FAILED', isRetryable: true, retryAfterMs: undefined });
  expect(error.message).toContain(`answered ${status}`);
});

test.each([400, 401, 403, 404, 410, 422])('status %i is final', async (status) => {
  const { url } = await receiver(answering(status, { 'Retry-After': '5' }));
  const error = await failureOf(createWebhook({ name: 'home', url }).notify(notification, never));
  expect(error).toMatchObject({ code: 'DELIVERY_FAILED', isRetryable: false, retryAfterMs: undefined });
});

test('Retry-After is passed on, as seconds and as a date', async () => {
  const clock = new FakeClock(Date.UTC(2026, 4, 1, 12));
  const askedFor = async (value: string): Promise<number | undefined> => {
    const { url } = await receiver(answering(429, { 'Retry-After': value }));
    return (await failureOf(createWebhook({ name: 'home', url }, { clock }).notify(notification, never)))
      .retryAfterMs;
  };
  expect(await askedFor('120')).toBe(120_000);
  expect(await askedFor('Fri, 01 May 2026 12:01:30 GMT')).toBe(90_000);
  expect(await askedFor('Fri, 01 May 2026 11:00:00 GMT')).toBe(0);
  expect(await askedFor('soon')).toBeUndefined();
  expect(await askedFor('-5')).toBeUndefined();
});

test.each([301, 302, 303, 307, 308])(
  'a redirect (%i) is refused, and its target is not asked',
  async (status) => {
    const target = await receiver(answering(200));
    const { url } = await receiver(answering(status, { Location: target.url }));
    const error = await failureOf(createWebhook({ name: 'home', url }).notify(notification, never));
    expect(error.isRetryable).toBe(false);
    expect(error.message).toMatch(/redirects are not followed/);
    expect(target.received).toEqual([]);
  },
);

test('a target that does not answer in time is given up for now', async () => {
  const clock = new FakeClock();
  const { url, received } = await receiver(() => undefined);
  const failure = failureOf(createWebhook({ name: 'home', url }, { clock }).notify(notification, never));
  await expect.poll(() => received.length).toBe(1);
  await clock.advance(4999);
  expect(clock.sleeperCount).toBe(1);
  await clock.advance(1);
  expect(await failure).toMatchObject({ isRetryable: true });
  expect((await failure).message).toContain('no answer within 5000 ms');
});

test('a slow target that makes it in time is fine, and leaves no timer behind', async () => {
  const clock = new FakeClock();
  const answers: (() => void)[] = [];
  const { url, received } = await receiver((_request, response) => {
    answers.push(() => response.writeHead(200).end());
  });
  const sent = createWebhook({ name: 'home', url }, { clock }).notify(notification, never);
  await expect.poll(() => received.length).toBe(1);
  await clock.advance(4900);
  for (const answer of answers) answer();
  await sent;
  expect(clock.sleeperCount).toBe(0);
});

test('a connection that is reset is worth another attempt', async () => {
  const { url } = await receiver((request) => {
    request.socket.resetAndDestroy();
  });
  const error = await failureOf(createWebhook({ name: 'home', url }).notify(notification, never));
  expect(error).toMatchObject({ code: 'DELIVERY_FAILED', isRetryable: true });
  expect(error.message).toMatch(/reset|closed/);
});

test('a target that is not there is worth another attempt', async () => {
  const { url } = await receiver(answering(200));
  const [server] = servers.splice(0);
  server?.close();
  const error = await failureOf(createWebhook({ name: 'home', url }).notify(notification, never));
  expect(error).toMatchObject({ isRetryable: true });
  expect(error.message).toContain('nothing listens there (ECONNREFUSED)');
});

test('what is no HTTP is worth another attempt, with the cause', async () => {
  const { url } = await receiver((request) => {
    request.socket.end('SSH-2.0-OpenSSH_9.6\r\n');
  });
  const error = await failureOf(createWebhook({ name: 'home', url }).notify(notification, never));
  expect(error).toMatchObject({ isRetryable: true });
  expect(error.message).toMatch(/the request failed: .+/);
});

test('an answer that breaks off after its status counts as what the status said', async () => {
  const taken = await receiver(breakingOff(200));
  await createWebhook({ name: 'home', url: taken.url }).notify(notification, never);
  const refused = await receiver(breakingOff(404));
  const error = await failureOf(
    createWebhook({ name: 'home', url: refused.url }).notify(notification, never),
  );
  expect(error.message).toContain('answered 404');
});

test('an answer without end is cut off', async () => {
  let sentBytes = 0;
  const chunk = 'x'.repeat(16 * 1024);
  const { url } = await receiver((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length;
    };
    response.writeHead(200).on('drain', more);
    more();
  });
  await createWebhook({ name: 'home', url }).notify(notification, never);
  expect(sentBytes).toBeLessThan(64 * 1024 * 1024);
});

test('an abort ends it as an abort, before and during the request', async () => {
  const { url, received } = await receiver(() => undefined);
  const webhook = createWebhook({ name: 'home', url });
  const caught = async (signal: AbortSignal): Promise<unknown> =>
    webhook.notify(notification, signal).catch((error: unknown) => error);
  expect(isAbort(await caught(AbortSignal.abort()))).toBe(true);
  expect(received).toEqual([]);
  const controller = new AbortController();
  const during = caught(controller.signal);
  await expect.poll(() => received.length).toBe(1);
  controller.abort();
  expect(isAbort(await during)).toBe(true);
});

test('no error shows the secret, the credentials, the path or the query', async () => {
  const refusing = await receiver(answering(500));
  const resetting = await receiver((request) => {
    request.socket.resetAndDestroy();
  });
  for (const { url } of [refusing, resetting]) {
    const address = `${url.replace('http://', 'http://user:hunter2@')}/T0KEN?key=abc123`;
    const error = await failureOf(
      createWebhook({ name: 'home', url: address, secret }).notify(notification, never),
    );
    expect(error.message).toContain('webhook "home" at 127.0.0.1:');
    expect(error.message).not.toMatch(/hunter2|T0KEN|abc123|correct horse/);
  }
});
