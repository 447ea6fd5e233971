import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startApi, type ApiAnswer } from '../../test/fakes/api-services.ts';
import { httpRequest, rawExchange } from '../../test/support/http-request.ts';
import { AppError } from '../core/errors.ts';
import { errorSchema } from './error-reply.ts';

const missingId = '01900000-0000-7000-8000-000000000000';

/** Status and code of an error that has the one form, and the id that its header has. */
function errorOf(answer: ApiAnswer): string {
  const { error } = errorSchema.strict().parse(answer.json);
  if (answer.headers.get('x-request-id') !== error.request_id) throw new Error('two request ids');
  if (/\bat .*\.(ts|js):\d+/.test(answer.text)) throw new Error(`a stack: ${answer.text}`);
  return `${answer.status} ${error.code}`;
}

test('what is wrong with a request is answered in one form, with the status that says it', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const event = { camera_id: cameraId, timestamp: '2026-03-01T08:00:00Z', description: 'A cat.' };
  const json = { 'content-type': 'application/json' };

  expect(errorOf(await api.call('GET', '/api/v1/nothing'))).toBe('404 ROUTE_NOT_FOUND');
  expect(errorOf(await api.call('PATCH', '/api/v1/events'))).toBe('404 ROUTE_NOT_FOUND');
  expect(errorOf(await api.call('GET', '/api/v1/%zz'))).toBe('400 BAD_REQUEST');
  expect(errorOf(await api.call('GET', `/api/v1/events/${'x'.repeat(300)}`))).toBe('404 ROUTE_NOT_FOUND');
  expect(errorOf(await api.call('GET', `/api/v1/events/${missingId}`))).toBe('404 EVENT_NOT_FOUND');
  expect(errorOf(await api.call('GET', '/api/v1/events/no-uuid'))).toBe('404 EVENT_NOT_FOUND');
  expect(errorOf(await api.call('DELETE', `/api/v1/events/${missingId}`))).toBe('404 EVENT_NOT_FOUND');
  expect(errorOf(await api.call('GET', `/api/v1/events/${missingId}/thumbnail`))).toBe('404 EVENT_NOT_FOUND');
  expect(errorOf(await api.call('GET', `/api/v1/events/${missingId}/frames/1`))).toBe('404 EVENT_NOT_FOUND');
  expect(errorOf(await api.call('GET', `/api/v1/cameras/${missingId}`))).toBe('404 CAMERA_NOT_FOUND');
  expect(errorOf(await api.call('POST', `/api/v1/deliveries/${missingId}/retry`))).toBe(
    '404 DELIVERY_NOT_FOUND',
  );
  expect(errorOf(await api.call('POST', '/api/v1/events', { ...event, camera_id: missingId }))).toBe(
    '404 CAMERA_NOT_FOUND',
  );
  expect(errorOf(await api.call('POST', '/api/v1/events', '{"camera_id": '))).toBe('400 BAD_REQUEST');
  expect(errorOf(await api.call('POST', '/api/v1/events', '{"__proto__": {"a": 1}}'))).toBe(
    '400 BAD_REQUEST',
  );
  expect(errorOf(await api.call('POST', '/api/v1/events'))).toBe('422 VALIDATION_FAILED');
  expect(errorOf(await api.call('POST', '/api/v1/events', '', json))).toBe('422 VALIDATION_FAILED');
  expect(
    errorOf(
      await api.call('POST', '/api/v1/events', 'a=1', {
        'content-type': 'application/x-www-form-urlencoded',
      }),
    ),
  ).toBe('415 UNSUPPORTED_MEDIA_TYPE');
  expect(errorOf(await api.call('POST', '/api/v1/events', `"${'x'.repeat(10 * 1024 * 1024)}"`))).toBe(
    '413 BODY_TOO_LARGE',
  );
  expect(errorOf(await api.call('POST', `/api/v1/cameras/${cameraId}/reconnect`, { now: true }))).toBe(
    '422 VALIDATION_FAILED',
  );
  expect(errorOf(await api.call('GET', `/api/v1/cameras/${cameraId}/status?verbose=1`))).toBe(
    '422 VALIDATION_FAILED',
  );
  expect(errorOf(await api.call('POST', `/api/v1/cameras/${cameraId}/analyze`))).toBe(
    '409 CAMERA_NOT_STREAMING',
  );
  expect(errorOf(await api.call('GET', `/api/v1/cameras/${cameraId}/preview`))).toBe(
    '409 CAMERA_NOT_STREAMING',
  );
  api.isReady = false;
  expect(errorOf(await api.call('GET', '/health/ready'))).toBe('503 NOT_READY');
});

test('each field that does not fit is named, with what came and what was expected', async () => {
  await using api = await startApi();
  const answer = await api.call('POST', '/api/v1/events', {
    camera_id: 7,
    timestamp: 'yesterday',
    description: '',
    confidence: 140,
    objects_detected: ['person', 'a,b'],
    colour: 'red',
  });
  expect(answer.status).toBe(422);
  expect(answer.json).toMatchObject({
    error: {
      details: [
        { in: 'body', path: 'camera_id', received: '7', expected: 'a text' },
        {
          path: 'timestamp',
          received: '"yesterday"',
          expected: expect.stringContaining('2026-03-01T08:15:30.250Z'),
        },
        { path: 'description', received: '""', expected: 'at least 1 characters' },
        { path: 'confidence', received: '140', expected: 'at most 100' },
        {
          path: 'objects_detected[1]',
          received: '"a,b"',
          expected: expect.stringContaining('without commas'),
        },
        { path: 'colour', expected: expect.stringContaining('one of camera_id') },
      ],
    },
  });
  const query = await api.call('GET', '/api/v1/events?limit=501&sort_order=up&limit_=1&alert_triggered=yes');
  expect(query.json).toMatchObject({
    error: {
      details: [
        { in: 'query', path: 'alert_triggered' },
        { in: 'query', path: 'limit', received: '"501"' },
        { in: 'query', path: 'sort_order', received: '"up"', expected: 'one of "asc", "desc"' },
        { in: 'query', path: 'limit_' },
      ],
    },
  });
});

test('a fault inside is answered without its text, and logged with the id that the client was told', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  await using api = await startApi({ log });
  const id = await api.addCamera();
  api.cameras.onAnalyze = () => Promise.reject(new TypeError('secret internals'));
  const failed = await api.call('POST', `/api/v1/cameras/${id}/analyze`);
  expect(errorOf(failed)).toBe('500 INTERNAL');
  expect(failed.text).not.toContain('secret internals');
  const logged = lines.filter((line) => line.includes('secret internals'));
  expect(logged).toHaveLength(1);
  expect(logged[0]).toContain(failed.headers.get('x-request-id'));
  expect(logged[0]).toContain(':id/analyze');

  api.cameras.onAnalyze = () =>
    Promise.reject(new AppError('STORE_UNAVAILABLE', 'busy at rtsp://a:b@c/', { retryAfterMs: 1500 }));
  const unavailable = await api.call('POST', `/api/v1/cameras/${id}/analyze`);
  expect(errorOf(unavailable)).toBe('503 STORE_UNAVAILABLE');
  expect(unavailable.headers.get('retry-after')).toBe('2');
  expect(unavailable.text).toContain('rtsp://***@c/');
});

test('no line is logged for a request that is answered', async () => {
  const lines: string[] = [];
  await using api = await startApi({
    log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
  });
  lines.length = 0;
  await api.call('GET', '/api/v1/events');
  await api.call('GET', '/api/v1/nothing');
  expect(lines).toEqual([]);
});

test('every answer carries a request id: the one that came if it is sane, else a new one', async () => {
  await using api = await startApi();
  const own = await api.call('GET', '/health/live', undefined, { 'x-request-id': 'trace-42:a.b' });
  expect(own.headers.get('x-request-id')).toBe('trace-42:a.b');
  for (const bad of ['with space', 'x'.repeat(129), '<script>']) {
    const answer = await api.call('GET', '/health/live', undefined, { 'x-request-id': bad });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  }
});

test('what is not HTTP is answered in the same form', async () => {
  await using api = await startApi();
  const answer = await rawExchange(api.url, 'NONSENSE\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(answer).toMatch(/X-Request-Id: [0-9a-f-]{36}\r\n/);
  expect(answer).toContain('{"error":{"code":"BAD_REQUEST"');
  const long = await rawExchange(
    api.url,
    `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`,
  );
  expect(long).toMatch(/^HTTP\/1\.1 431 /);
});

test('names other than those of loopback are refused, so that no foreign name can be pointed here', async () => {
  await using api = await startApi();
  const { port } = new URL(api.url);
  const statusFor = async (host: string, path = '/api/v1/events'): Promise<number> =>
    (await httpRequest(api.url, path, { headers: { host } })).status;
  for (const host of [
    `localhost:${port}`,
    'localhost',
    `127.0.0.1:${port}`,
    '127.9.9.9',
    `[::1]:${port}`,
    'LOCALHOST',
  ]) {
    expect(`${host} ${await statusFor(host)}`).toBe(`${host} 200`);
  }
  const foreign = [
    'evil.example',
    'localhost.evil.example',
    '192.168.1.5',
    '127.0.0.1.nip.io',
    'evil@localhost',
    '0x7f.example',
  ];
  for (const host of foreign) expect(`${host} ${await statusFor(host)}`).toBe(`${host} 403`);
  for (const path of ['/', '/metrics', '/health/live', '/api/docs', '/ws', '/nothing']) {
    expect(`${path} ${await statusFor('evil.example', path)}`).toBe(`${path} 403`);
  }
  expect(await rawExchange(api.url, 'GET /health/live HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.[01] 403 /);
  const refused = await httpRequest(api.url, '/api/v1/events', { headers: { host: 'evil.example' } });
  expect(refused.text).toContain('"code":"FORBIDDEN"');
});

test('a page of another origin can change nothing', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const { host } = new URL(api.url);
  const statusFor = async (origin: string, method: string, path: string): Promise<number> =>
    (await httpRequest(api.url, path, { method, headers: { host, origin } })).status;
  const path = `/api/v1/cameras/${cameraId}`;
  for (const origin of [
    'https://evil.example',
    'null',
    'http://localhost:1',
    'http://127.0.0.1',
    `http://x${host}`,
  ]) {
    expect(`${origin} ${await statusFor(origin, 'DELETE', path)}`).toBe(`${origin} 403`);
  }
  expect((await api.call('GET', path)).status).toBe(200);
  expect(await statusFor('https://evil.example', 'GET', path)).toBe(200);
  expect(await statusFor(`http://${host}`, 'DELETE', path)).toBe(204);
});

test('no other page may read, frame or embed what is answered', async () => {
  await using api = await startApi();
  const { headers } = await api.call('GET', '/api/v1/events', undefined, { origin: 'https://evil.example' });
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
});

test('a program that runs wild is slowed down; pictures and health are not counted', async () => {
  await using api = await startApi();
  const statuses = new Map<number, number>();
  for (let sent = 0; sent < 1300; sent += 100) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => api.call('DELETE', `/api/v1/events/${missingId}`)),
    );
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(Object.fromEntries(statuses)).toEqual({ 404: 1200, 429: 100 });
  const limited = await api.call('DELETE', `/api/v1/events/${missingId}`);
  expect(errorOf(limited)).toBe('429 RATE_LIMITED');
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  // Reads have a count of their own, and these have none.
  expect((await api.call('GET', '/api/v1/events')).status).toBe(200);
  expect((await api.call('GET', '/health/live')).headers.get('x-ratelimit-limit')).toBeNull();
  expect(
    (await api.call('GET', `/api/v1/events/${missingId}/thumbnail`)).headers.get('x-ratelimit-limit'),
  ).toBeNull();
});

test('an address that others can reach is refused before anything listens', async () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.com', '']) {
    await expect(startApi({ host })).rejects.toMatchObject({
      code: 'ADDRESS_REFUSED',
      message: expect.stringMatching(/no sign-in.*127\.0\.0\.1/s),
    });
  }
});

test.each(['127.0.0.1', 'localhost', '::1', '[::1]'])('serves on %s', async (host) => {
  await using api = await startApi({ host });
  expect((await api.call('GET', '/health/live')).status).toBe(200);
});

test('a port that is taken is said to be taken', async () => {
  const other = createHttpServer();
  await new Promise<void>((resolve) => {
    other.listen(0, '127.0.0.1', resolve);
  });
  const address = other.address();
  const { port } = address as AddressInfo;
  await expect(startApi({ port })).rejects.toMatchObject({
    code: 'ADDRESS_UNAVAILABLE',
    message: expect.stringContaining('another program listens there'),
  });
  other.close();
});

test('closing twice is closing once, and lets go of the port', async () => {
  const api = await startApi();
  const { port } = new URL(api.url);
  await Promise.all([api[Symbol.asyncDispose](), api[Symbol.asyncDispose]()]);
  await using again = await startApi({ port: Number(port) });
  expect((await again.call('GET', '/health/live')).status).toBe(200);
});

test('health says what each component says, and 503 when the whole is down', async () => {
  await using api = await startApi();
  expect((await api.call('GET', '/api/v1/health')).json).toMatchObject({
    status: 'healthy',
    version: '0.0.0-test',
  });
  api.health = {
    status: 'down',
    components: {
      store: { status: 'down', cause: 'The disk is full.' },
      eye: { status: 'healthy', cause: null },
    },
  };
  const down = await api.call('GET', '/api/v1/health');
  expect(down.status).toBe(503);
  expect(down.json).toMatchObject({
    status: 'down',
    components: { store: { status: 'down', cause: 'The disk is full.' } },
  });
  expect((await api.call('GET', '/health/live')).json).toEqual({ status: 'alive' });
});

test('metrics tell the same as JSON and for Prometheus', async () => {
  await using api = await startApi();
  api.metrics.countDropped('Front door', 'overload');
  api.metrics.recordLatency('total', 1500);
  expect((await api.call('GET', '/api/v1/metrics')).json).toMatchObject({
    queue_depth: 2,
    queue_capacity: 50,
    events_dropped: { total: 1, by_camera: [{ camera: 'Front door', reason: 'overload', count: 1 }] },
    processing_time_ms: { p50: 1500, p95: 1500, p99: 1500 },
    workers: { configured: 2, busy: 1, restarts: 0 },
    process: { event_loop_delay_p99_ms: 0 },
  });
  const text = await api.call('GET', '/metrics');
  expect(text.text).toContain('vedette_camera_up{camera="Gate",cause=""} 1');
  expect(text.text).toContain('vedette_camera_up{camera="Yard",cause="refused"} 0');
  expect(text.text).toContain('vedette_camera_condition{camera="Gate",condition="covered"} 1');
  expect(text.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(text.text).toContain('vedette_events_dropped_total{camera="Front door",reason="overload"} 1');
});
