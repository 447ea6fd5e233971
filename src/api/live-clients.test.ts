import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { LiveWire } from './live-wire.ts';

interface LiveClient {
  readonly socket: WebSocket;
  readonly received: LiveWire[];
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Waits for the nth message and answers the types of all that came by then. */
  types(count: number): Promise<string[]>;
}

/** Connected once its HELLO has come. */
async function connectClient(
  api: RunningApi,
  options: { since?: number; headers?: Record<string, string>; autoPong?: boolean } = {},
): Promise<LiveClient> {
  const query = options.since === undefined ? '' : `?since=${options.since}`;
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/ws${query}`, {
    headers: options.headers ?? {},
    autoPong: options.autoPong ?? true,
  });
  onTestFinished(() => {
    socket.terminate();
  });
  const received: LiveWire[] = [];
  socket.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as LiveWire));
  const closed = once(socket, 'close').then(([code]) => code as number);
  await Promise.race([
    once(socket, 'open'),
    once(socket, 'error').then(([error]) => {
      throw error;
    }),
  ]);
  const client: LiveClient = {
    socket,
    received,
    closed,
    async types(count) {
      await waitUntil(`${count} messages`, () => received.length >= count);
      return received.map(({ type }) => type);
    },
  };
  return client;
}

/** The HTTP status with which an upgrade is refused. */
async function refusedStatus(
  api: RunningApi,
  path: string,
  headers: Record<string, string>,
): Promise<number> {
  const socket = new WebSocket(api.url.replace('http', 'ws') + path, { headers });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number; resume(): void },
  ];
  response.resume();
  socket.terminate();
  return response.statusCode;
}

function deleteMessage(eventId: string): { type: 'EVENT_DELETED'; eventId: string } {
  return { type: 'EVENT_DELETED', eventId };
}

test('a client is greeted with the current seq, then told what happens as it happens', async () => {
  await using api = await startApi();
  const id = await api.addCamera('Door');
  const client = await connectClient(api);
  await client.types(1);
  expect(client.received[0]).toMatchObject({
    type: 'HELLO',
    seq: api.live.seq,
    data: { current_seq: api.live.seq, missed: 0 },
  });
  const event = await api.addEvent({ cameraId: id });
  api.live.publish({ type: 'EVENT_UPDATED', event });
  api.cameras.changeState(id, { status: 'disconnected', cause: 'timeout', message: 'lost rtsp://a:b@c/' });
  await api.call('DELETE', `/api/v1/events/${event.id}`);
  expect(await client.types(5)).toEqual([
    'HELLO',
    'EVENT_CREATED',
    'EVENT_UPDATED',
    'CAMERA_STATUS_CHANGED',
    'EVENT_DELETED',
  ]);
  const [hello, created, , changed, deleted] = client.received;
  expect(created).toMatchObject({
    seq: (hello?.seq ?? 0) + 1,
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    data: { id: event.id, camera_name: 'Door', description_status: 'pending' },
  });
  expect(changed?.data).toMatchObject({
    camera_id: id,
    camera_name: 'Door',
    state: { status: 'disconnected', cause: 'timeout', message: 'lost rtsp://***@c/' },
  });
  expect(deleted).toMatchObject({ seq: (hello?.seq ?? 0) + 4, data: { id: event.id } });
});

test('a client that comes back with the last seq it saw is told what it missed, in order and once', async () => {
  await using api = await startApi();
  const client = await connectClient(api);
  api.live.publish(deleteMessage('seen'));
  await client.types(2);
  const since = client.received.at(-1)?.seq ?? 0;
  client.socket.close();
  await client.closed;
  // Large ones, so that the socket is full and the replay has to wait for its reader.
  const event = {
    ...(await api.addEvent({ cameraId: await api.addCamera() })),
    description: 'x'.repeat(20_000),
  };
  for (let number = 0; number < 800; number += 1) api.live.publish({ type: 'EVENT_UPDATED', event });
  await waitUntil('the first client to be gone', () => api.liveClients === 0);
  const connecting = connectClient(api, { since });
  while (api.liveClients === 0) await nextTurn();
  // While the missed ones are still on their way.
  for (let number = 0; number < 50; number += 1) api.live.publish(deleteMessage(`live ${number}`));
  const again = await connecting;
  await again.types(852);
  const [hello, ...rest] = again.received;
  expect(hello).toMatchObject({ type: 'HELLO', seq: since, data: { missed: 801 } });
  expect(rest.map(({ seq }) => seq)).toEqual(Array.from({ length: 851 }, (_, number) => since + 1 + number));
});

test('a client that falls too far behind while it is told what it missed must load everything anew', async () => {
  await using api = await startApi();
  const since = api.live.seq;
  const event = {
    ...(await api.addEvent({ cameraId: await api.addCamera() })),
    description: 'x'.repeat(20_000),
  };
  for (let number = 0; number < 500; number += 1) api.live.publish({ type: 'EVENT_UPDATED', event });
  const connecting = connectClient(api, { since });
  while (api.liveClients === 0) await nextTurn();
  for (let number = 0; number < 1100; number += 1) api.live.publish(deleteMessage(`${number}`));
  const client = await connecting;
  await waitUntil('RELOAD', () => client.received.at(-1)?.type === 'RELOAD');
  expect(client.received.at(-1)).toMatchObject({ seq: api.live.seq });
  const count = client.received.length;
  api.live.publish(deleteMessage('after'));
  expect((await client.types(count + 1)).at(-1)).toBe('EVENT_DELETED');
});

test('a client that has missed nothing is told nothing', async () => {
  await using api = await startApi();
  const client = await connectClient(api, { since: api.live.seq });
  api.live.publish(deleteMessage('next'));
  expect(await client.types(2)).toEqual(['HELLO', 'EVENT_DELETED']);
});

test('a client whose seq is no longer kept, or of another time, is told to load everything anew', async () => {
  await using api = await startApi();
  const before = api.live.seq;
  for (let number = 0; number < 1100; number += 1) api.live.publish(deleteMessage(`${number}`));
  for (const since of [before, 0, api.live.seq + 1_000_000]) {
    const client = await connectClient(api, { since });
    expect(await client.types(2)).toEqual(['HELLO', 'RELOAD']);
    expect(client.received[1]).toMatchObject({ seq: api.live.seq });
    api.live.publish(deleteMessage('after'));
    expect((await client.types(3)).at(-1)).toBe('EVENT_DELETED');
  }
});

test('PING is answered with PONG, anything else with ERROR', async () => {
  await using api = await startApi();
  const client = await connectClient(api);
  for (const text of ['PING', '{"type":"PING"}', 'hello', '{"type":"X"}', '[]', 'null'])
    client.socket.send(text);
  client.socket.send(Buffer.from('PING'), { binary: true });
  expect(await client.types(8)).toEqual([
    'HELLO',
    'PONG',
    'PONG',
    'ERROR',
    'ERROR',
    'ERROR',
    'ERROR',
    'ERROR',
  ]);
  expect(client.received[1]).toMatchObject({ seq: api.live.seq, data: null });
});

test('a message that is too large ends the connection', async () => {
  await using api = await startApi();
  const client = await connectClient(api);
  client.socket.send('x'.repeat(10_000));
  expect(await client.closed).toBe(1009);
});

test('a client that is silent for a minute is closed; one that answers pings stays', async () => {
  const clock = new FakeClock();
  await using api = await startApi({ clock });
  const silent = await connectClient(api, { autoPong: false });
  const answering = await connectClient(api);
  await waitUntil('two clients', () => api.liveClients === 2);
  let pings = 0;
  answering.socket.on('ping', () => (pings += 1));
  await clock.waitForSleepers();
  await clock.advance(30_000);
  await waitUntil('a ping', () => pings === 1);
  // Its answer is on the way: it arrives before the PONG to this.
  answering.socket.send('PING');
  await answering.types(2);
  await clock.advance(30_000);
  expect(await silent.closed).toBe(1006);
  await waitUntil('one client', () => api.liveClients === 1);
  answering.socket.send('PING');
  await answering.types(3);
});

test('a client that does not read is cut off, and costs the others nothing', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const event = { ...(await api.addEvent({ cameraId })), description: 'x'.repeat(60_000) };
  const { hostname, port } = new URL(api.url);
  const stuck = connect(Number(port), hostname);
  onTestFinished(() => {
    stuck.destroy();
  });
  stuck.write(
    `GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  await once(stuck, 'readable');
  const reading = await connectClient(api);
  await waitUntil('two clients', () => api.liveClients === 2);
  let published = 0;
  await waitUntil('the client that does not read to be cut off', () => {
    for (let burst = 0; burst < 10; burst += 1) api.live.publish({ type: 'EVENT_UPDATED', event });
    published += 10;
    return api.liveClients === 1;
  });
  expect((await api.metrics.snapshot()).pipelineErrors).toEqual({ 'live:SLOW_CLIENT': 1 });
  await reading.types(published + 1);
  expect(reading.received.at(-1)).toMatchObject({ seq: api.live.seq });
});

test('a hundred clients are served, the next is asked to come later', async () => {
  await using api = await startApi();
  const clients = await Promise.all(Array.from({ length: 100 }, () => connectClient(api)));
  await waitUntil('100 clients', () => api.liveClients === 100);
  const surplus = await connectClient(api);
  expect(await surplus.closed).toBe(1013);
  clients[0]?.socket.close();
  await waitUntil('99 clients', () => api.liveClients === 99);
  expect(await (await connectClient(api)).types(1)).toEqual(['HELLO']);
});

test('a page of another origin, or under another name, gets no connection', async () => {
  await using api = await startApi();
  const { host } = new URL(api.url);
  expect(await refusedStatus(api, '/ws', { origin: 'https://evil.example' })).toBe(403);
  expect(await refusedStatus(api, '/ws', { origin: 'null' })).toBe(403);
  expect(await refusedStatus(api, '/ws', { host: 'evil.example' })).toBe(403);
  expect(await (await connectClient(api, { headers: { origin: `http://${host}` } })).types(1)).toEqual([
    'HELLO',
  ]);
});

test('a since that is no seq is refused', async () => {
  await using api = await startApi();
  for (const query of [
    'since=',
    'since=-1',
    'since=1.5',
    'since=99999999999999999',
    'since=1&since=2',
    'from=1',
  ]) {
    expect(`${query} ${await refusedStatus(api, `/ws?${query}`, {})}`).toBe(`${query} 422`);
  }
});

test('a plain request for the WebSocket is a 404', async () => {
  await using api = await startApi();
  const answer = await api.call('GET', '/ws');
  expect(`${answer.status} ${answer.text}`).toContain('404 {"error":{"code":"ROUTE_NOT_FOUND"');
});

test('when the server stops, clients are told so', async () => {
  const api = await startApi();
  const client = await connectClient(api);
  await api[Symbol.asyncDispose]();
  expect(await client.closed).toBe(1001);
  expect(api.liveClients).toBe(0);
});
