import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import { initChunk, mediaChunk } from '../../../test/fakes/scripted-video.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { AppError } from '../../core/errors.ts';

const jpeg = Buffer.from('a picture');
const picture = { capturedAt: 1, width: 4, height: 2, jpeg };

interface Watching {
  readonly socket: WebSocket;
  /** Texts as they are parsed, `binary` for the rest with their lengths. */
  readonly received: unknown[];
  readonly closed: Promise<number>;
}

function watch(api: RunningApi, id: string): Watching {
  const socket = new WebSocket(`${api.url.replace('http', 'ws')}/ws/cameras/${id}/live`);
  onTestFinished(() => {
    socket.terminate();
  });
  const received: unknown[] = [];
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    received.push(isBinary ? data.length : (JSON.parse(data.toString()) as unknown));
  });
  return { socket, received, closed: once(socket, 'close').then(([code]) => code as number) };
}

async function stream(api: RunningApi, id: string): Promise<IncomingMessage> {
  const request = get(`${api.url}/api/v1/cameras/${id}/stream`);
  request.on('error', () => undefined);
  onTestFinished(() => {
    request.destroy();
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.on('error', () => undefined);
  return response;
}

test('video begins with what it is, then comes picture by picture, until the viewer leaves', async () => {
  await using api = await startApi();
  const { socket, received } = watch(api, await api.addCamera());
  const [viewer] = await waitUntil(
    'the viewer',
    () => api.cameras.videoViewers.size === 1 && [...api.cameras.videoViewers],
  );
  viewer?.onChunk(initChunk(Date.UTC(2026, 2, 1)));
  viewer?.onChunk(mediaChunk(true, 10));
  viewer?.onChunk(mediaChunk(false, 5));
  await waitUntil('four messages', () => received.length === 4);
  const init = { mime_type: 'video/mp4; codecs="avc1.640028"', started_at: '2026-03-01T00:00:00.000Z' };
  expect(received).toEqual([{ type: 'INIT', ...init }, 4, 10, 5]);
  expect(api.liveClients).toBe(1);
  socket.close();
  await waitUntil('nobody to watch', () => api.cameras.videoViewers.size === 0);
  expect(api.liveClients).toBe(0);
});

test('video that can not be played is answered with the reason and another way to look', async () => {
  await using api = await startApi();
  api.cameras.onWatchVideo = () => {
    throw new AppError('LIVE_NOT_PLAYABLE', 'It has privacy masks.');
  };
  const { received, closed } = watch(api, 'yard');
  expect(await closed).toBe(1000);
  const fallback = { fallback_url: '/api/v1/cameras/yard/stream' };
  expect(received).toEqual([
    { type: 'ERROR', code: 'LIVE_NOT_PLAYABLE', message: 'It has privacy masks.', ...fallback },
  ]);
});

test('a viewer of a camera that is changed or removed is closed', async () => {
  await using api = await startApi();
  const { closed } = watch(api, await api.addCamera());
  const [viewer] = await waitUntil(
    'the viewer',
    () => api.cameras.videoViewers.size === 1 && [...api.cameras.videoViewers],
  );
  viewer?.onEnd();
  expect(await closed).toBe(1001);
});

test('a viewer who does not read misses pictures, and what waits for him is bounded', async () => {
  await using api = await startApi();
  const id = await api.addCamera();
  const stuck = connect(Number(new URL(api.url).port), '127.0.0.1');
  onTestFinished(() => {
    stuck.destroy();
  });
  stuck.write(
    `GET /ws/cameras/${id}/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  await once(stuck, 'readable');
  const [viewer] = await waitUntil(
    'the viewer',
    () => api.cameras.videoViewers.size === 1 && [...api.cameras.videoViewers],
  );
  const isBehind = async (): Promise<boolean> =>
    (await api.metrics.snapshot()).pipelineErrors['live_video:SLOW_CLIENT'] === 1;
  await waitUntil('pictures to be left out', () => {
    for (let count = 0; count < 20; count += 1) viewer?.onChunk(mediaChunk(false, 256 * 1024));
    return isBehind();
  });
});

test('a page of another origin gets no video', async () => {
  await using api = await startApi();
  const address = `${api.url.replace('http', 'ws')}/ws/cameras/yard/live`;
  const socket = new WebSocket(address, { headers: { origin: 'https://evil.example' } });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
  expect(response.statusCode).toBe(403);
  socket.terminate();
});

test('pictures come one after the other, until the viewer leaves', async () => {
  await using api = await startApi();
  api.cameras.picture = picture;
  const response = await stream(api, await api.addCamera());
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-type']).toBe('multipart/x-mixed-replace; boundary=vedette');
  let text = '';
  response.setEncoding('latin1').on('data', (part: string) => (text += part));
  const part = `Content-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\na picture\r\n--vedette\r\n`;
  await waitUntil('the first one', () => text === `--vedette\r\n${part}`);
  for (const viewer of api.cameras.pictureViewers) viewer.onPicture(picture);
  await waitUntil('the second one', () => text === `--vedette\r\n${part}${part}`);
  response.destroy();
  await waitUntil('nobody to watch', () => api.cameras.pictureViewers.size === 0);
});

test('pictures are left out for a viewer who does not read', async () => {
  await using api = await startApi();
  api.cameras.picture = { ...picture, jpeg: Buffer.alloc(1 << 20) };
  const response = await stream(api, await api.addCamera());
  response.pause();
  const offered = 64;
  for (let count = 0; count < offered; count += 1) {
    for (const viewer of api.cameras.pictureViewers) viewer.onPicture(api.cameras.picture);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  for (const viewer of api.cameras.pictureViewers) viewer.onEnd();
  let sizeBytes = 0;
  response.on('data', (part: Buffer) => (sizeBytes += part.length)).resume();
  await once(response, 'end');
  expect(sizeBytes).toBeGreaterThan(1 << 20);
  expect(sizeBytes).toBeLessThan((offered / 2) * (1 << 20));
});

test('streams end when the camera goes, and when the server stops', async () => {
  const api = await startApi();
  api.cameras.picture = picture;
  const first = await stream(api, await api.addCamera());
  const ended = once(first.resume(), 'end');
  for (const viewer of api.cameras.pictureViewers) viewer.onEnd();
  await ended;
  const second = await stream(api, await api.addCamera());
  const stopped = once(second.resume(), 'end');
  await api[Symbol.asyncDispose]();
  await stopped;
  expect([first.complete, second.complete]).toEqual([true, true]);
});

test('there is no stream of a camera that shows nothing, or does not exist', async () => {
  await using api = await startApi();
  const id = await api.addCamera();
  expect((await api.call('GET', `/api/v1/cameras/${id}/stream`)).status).toBe(409);
  expect((await api.call('GET', '/api/v1/cameras/nobody/stream')).status).toBe(404);
  api.cameras.picture = picture;
  expect((await api.call('HEAD', `/api/v1/cameras/${id}/stream`)).status).toBe(200);
  expect(api.cameras.pictureViewers.size).toBe(0);
});
