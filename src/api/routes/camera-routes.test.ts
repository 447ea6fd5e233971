import sharp from 'sharp';
import { expect, test } from 'vitest';
import { startApi, type ApiAnswer, type RunningApi } from '../../../test/fakes/api-services.ts';
import { CameraLostError } from '../../core/camera-source.ts';
import type { CameraInput } from '../../store/event-store.ts';

const secret = 'p@ss/w%rd!';

function idOf(answer: ApiAnswer): string {
  return (answer.json as { id: string }).id;
}

async function create(api: RunningApi, body: object): Promise<ApiAnswer> {
  const answer = await api.call('POST', '/api/v1/cameras', body);
  expect(`${answer.status} ${answer.text}`).toMatch(/^201 /);
  return answer;
}

function stored(api: RunningApi, id: string): CameraInput | undefined {
  return api.cameras.get(id)?.camera;
}

test('a camera needs a name and an address; everything else has a default', async () => {
  await using api = await startApi();
  const created = await create(api, { name: ' Front door ', url: 'rtsp://10.0.0.2/live' });
  expect(created.headers.get('location')).toBe(`/api/v1/cameras/${idOf(created)}`);
  expect(created.json).toMatchObject({
    name: 'Front door',
    type: 'rtsp',
    url: 'rtsp://10.0.0.2/live',
    username: null,
    has_password: false,
    frame_rate: 5,
    is_enabled: true,
    motion_sensitivity: 'medium',
    motion_cooldown: 60,
    origin: 'api',
    state: { status: 'connecting', cause: null, fps: 0, last_frame_at: null },
  });
  const list = await api.call('GET', '/api/v1/cameras');
  expect(list.json).toEqual({ cameras: [created.json], total_count: 1 });
  expect((await api.call('GET', `/api/v1/cameras/${idOf(created)}`)).json).toEqual(created.json);
  const status = await api.call('GET', `/api/v1/cameras/${idOf(created)}/status`);
  expect(status.json).toMatchObject({ status: 'connecting' });
});

test('credentials of an address are kept apart from it, and no answer holds the password', async () => {
  await using api = await startApi();
  const address = `rtsp://admin:${encodeURIComponent(secret)}@10.0.0.2:554/live?token=abc123`;
  const answers: ApiAnswer[] = [await create(api, { name: 'Door', url: address })];
  const id = idOf(answers[0] as ApiAnswer);
  expect(stored(api, id)).toMatchObject({
    url: 'rtsp://10.0.0.2:554/live?token=abc123',
    username: 'admin',
    password: secret,
  });
  api.cameras.onTest = (input) =>
    Promise.reject(
      new CameraLostError(
        'unauthorized',
        `refused at rtsp://admin:${encodeURIComponent(input.password ?? '')}@10.0.0.2/live`,
      ),
    );
  const path = `/api/v1/cameras/${id}`;
  answers.push(
    await api.call('GET', path),
    await api.call('GET', '/api/v1/cameras'),
    await api.call('GET', `${path}/status`),
    await api.call('POST', `${path}/test`),
    await api.call('POST', '/api/v1/cameras/test', {
      url: 'rtsp://10.0.0.2/',
      username: 'admin',
      password: 'p@ss-w%rd!',
    }),
    await api.call('POST', '/api/v1/cameras', { name: 'Door', url: address }),
    await api.call('PUT', path, { name: 'Door', url: address, frame_rate: 99 }),
    await api.call('PUT', path, { name: 'Door', url: `ftp://admin:${secret}@10.0.0.2/` }),
    await api.call('POST', '/api/v1/cameras', { name: 'x', url: `rtsp://admin:${secret}@10.0.0.2/live` }),
    await api.call('POST', '/api/v1/cameras', { name: 'x', url: 'rtsp://admin:p%zzsecret@10.0.0.2/live' }),
    await api.call('POST', '/api/v1/cameras', { name: 'x', url: 7, password: { secret } }),
    await api.call('POST', '/api/v1/cameras', {
      name: 'x',
      url: 'rtsp://10.0.0.2',
      password: secret.repeat(100),
    }),
    await api.call('POST', '/api/v1/cameras', `{"name": "x", "password": "${secret}", oops`),
    await api.call('POST', '/api/v1/cameras', JSON.stringify(address)),
  );
  expect(answers.map(({ status }) => status)).toEqual([
    201, 200, 200, 200, 200, 200, 409, 422, 422, 422, 201, 422, 422, 400, 422,
  ]);
  for (const { text } of answers) {
    expect(text).not.toMatch(/p@ss|p%40ss|w%rd|zzsecret|abc123/);
  }
});

test('a name is taken only once', async () => {
  await using api = await startApi();
  await create(api, { name: 'Door', url: 'rtsp://10.0.0.2/' });
  const second = await api.call('POST', '/api/v1/cameras', { name: 'Door', url: 'rtsp://10.0.0.3/' });
  expect(`${second.status} ${second.text}`).toContain('409 {"error":{"code":"CAMERA_NAME_TAKEN"');
});

test('the type follows from the address, and the address is checked as its type demands', async () => {
  await using api = await startApi();
  const post = (body: object): Promise<ApiAnswer> =>
    api.call('POST', '/api/v1/cameras', { name: 'x', ...body });
  expect((await post({ url: 'http://10.0.0.2/video.mjpg' })).json).toMatchObject({ type: 'http_mjpeg' });
  expect((await post({ url: '/dev/video0' })).json).toMatchObject({
    error: { code: 'VALIDATION_FAILED', details: [{ path: 'type', expected: 'one of rtsp, http_mjpeg' }] },
  });
  expect((await post({ url: 'rtsp://10.0.0.2/', type: 'webcam' })).json).toMatchObject({
    error: { details: [{ path: 'type', received: '"webcam"', expected: 'one of rtsp, http_mjpeg' }] },
  });
  expect((await post({ url: 'rtsp://10.0.0.2/', type: 'http_mjpeg' })).json).toMatchObject({
    error: { details: [{ path: 'url', expected: 'an address such as http://192.168.1.21/video.mjpg' }] },
  });
});

test('a field out of its bounds is refused by its name', async () => {
  await using api = await startApi();
  for (const [path, change] of [
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\u0000b' }],
    ['frame_rate', { frame_rate: 0 }],
    ['frame_rate', { frame_rate: 31 }],
    ['motion_cooldown', { motion_cooldown: 3601 }],
    ['motion_sensitivity', { motion_sensitivity: 'extreme' }],
    ['is_enabled', { is_enabled: 'yes' }],
    ['zone', { zone: [] }],
  ] as const) {
    const body = { name: 'x', url: 'rtsp://10.0.0.2/', ...change };
    const answer = await api.call('POST', '/api/v1/cameras', body);
    expect(answer.json).toMatchObject({ error: { code: 'VALIDATION_FAILED', details: [{ path }] } });
  }
  expect(api.cameras.list()).toEqual([]);
});

test('a PUT replaces all but the password, which it keeps until it is told otherwise', async () => {
  await using api = await startApi();
  const id = idOf(
    await create(api, {
      name: 'Door',
      url: 'rtsp://10.0.0.2/live?token=abc',
      username: 'admin',
      password: secret,
      frame_rate: 10,
      motion_sensitivity: 'high',
      is_enabled: false,
    }),
  );
  const path = `/api/v1/cameras/${id}`;
  // What a form does: it sends back what it was shown.
  const shown = await api.call('PUT', path, {
    name: 'Front door',
    url: 'rtsp://10.0.0.2/live?token=***',
    username: 'admin',
  });
  expect(shown.json).toMatchObject({
    name: 'Front door',
    frame_rate: 5,
    motion_sensitivity: 'medium',
    is_enabled: true,
    has_password: true,
  });
  expect(stored(api, id)).toMatchObject({ url: 'rtsp://10.0.0.2/live?token=abc', password: secret });
  await api.call('PUT', path, { name: 'Front door', url: 'rtsp://u:new@10.0.0.2/live' });
  expect(stored(api, id)).toMatchObject({ username: 'u', password: 'new' });
  await api.call('PUT', path, { name: 'Front door', url: 'rtsp://10.0.0.2/live', password: null });
  expect(stored(api, id)).toMatchObject({ username: null, password: null });
});

test('what the configuration sets is changed only there; the demo camera may go', async () => {
  await using api = await startApi();
  const configured = await api.addCamera('From the file', 'config');
  const demo = await api.addCamera('Demo', 'demo');
  const body = { name: 'x', url: 'rtsp://10.0.0.2/' };
  for (const answer of [
    await api.call('PUT', `/api/v1/cameras/${configured}`, body),
    await api.call('DELETE', `/api/v1/cameras/${configured}`),
  ]) {
    expect(`${answer.status} ${answer.text}`).toContain('409 {"error":{"code":"CAMERA_IN_CONFIG"');
  }
  expect(stored(api, configured)).toMatchObject({ name: 'From the file' });
  expect((await api.call('PUT', `/api/v1/cameras/${demo}`, body)).json).toMatchObject({ origin: 'demo' });
  expect((await api.call('DELETE', `/api/v1/cameras/${demo}`)).status).toBe(204);
  expect((await api.call('DELETE', `/api/v1/cameras/${demo}`)).status).toBe(404);
});

test('a test says what the camera sends, or why it sends nothing, and stores nothing', async () => {
  await using api = await startApi();
  const jpeg = await sharp({ create: { width: 32, height: 18, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const inputs: CameraInput[] = [];
  api.cameras.onTest = (input) => {
    inputs.push(input);
    return Promise.resolve({
      info: { codec: 'h264', width: 1920, height: 1080, framesPerSecond: 25, durationMs: null },
      analysis: { codec: 'h264', width: 640, height: 360, framesPerSecond: null, durationMs: null },
      picture: { capturedAt: 0, width: 32, height: 18, jpeg },
      latencyMs: 321.4,
    });
  };
  const works = await api.call('POST', '/api/v1/cameras/test', { url: 'rtsp://u:p@10.0.0.2/live' });
  expect([works.status, works.json]).toEqual([
    200,
    {
      ok: true,
      codec: 'h264',
      width: 1920,
      height: 1080,
      fps: 25,
      analysis: { codec: 'h264', width: 640, height: 360, fps: null },
      latency_ms: 321,
      picture: `data:image/jpeg;base64,${jpeg.toString('base64')}`,
    },
  ]);
  expect(inputs).toMatchObject([{ url: 'rtsp://10.0.0.2/live', username: 'u', password: 'p' }]);
  expect(api.cameras.list()).toEqual([]);

  const id = await api.addCamera();
  api.cameras.onTest = () => Promise.reject(new CameraLostError('timeout', 'It did not answer within 5 s.'));
  const fails = await api.call('POST', `/api/v1/cameras/${id}/test`);
  expect([fails.status, fails.json]).toEqual([
    200,
    { ok: false, cause: 'timeout', message: 'It did not answer within 5 s.', hints: [] },
  ]);
});

test('reconnecting, looking now and describing now reach the camera', async () => {
  await using api = await startApi();
  const id = await api.addCamera();
  const reconnect = await api.call('POST', `/api/v1/cameras/${id}/reconnect`, {});
  expect([reconnect.status, api.cameras.reconnected]).toEqual([202, [id]]);

  const jpeg = await sharp({ create: { width: 32, height: 18, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  api.cameras.picture = { capturedAt: 0, width: 32, height: 18, jpeg };
  const preview = await fetch(`${api.url}/api/v1/cameras/${id}/preview`);
  expect(preview.headers.get('cache-control')).toBe('no-store');
  expect(preview.headers.get('content-type')).toBe('image/jpeg');
  expect(Buffer.from(await preview.arrayBuffer()).equals(jpeg)).toBe(true);

  api.cameras.onAnalyze = (cameraId) => api.addEvent({ cameraId, source: 'manual' });
  const analyzed = await api.call('POST', `/api/v1/cameras/${id}/analyze`);
  expect(analyzed.status).toBe(201);
  expect(analyzed.headers.get('location')).toBe(`/api/v1/events/${idOf(analyzed)}`);
  expect(analyzed.json).toMatchObject({ camera_id: id, source: 'manual', description_status: 'pending' });
});

test('every call for a camera that is not there is a 404', async () => {
  await using api = await startApi();
  for (const [method, suffix, body] of [
    ['GET', '', undefined],
    ['PUT', '', { name: 'x', url: 'rtsp://10.0.0.2/' }],
    ['DELETE', '', undefined],
    ['GET', '/status', undefined],
    ['GET', '/preview', undefined],
    ['POST', '/test', undefined],
    ['POST', '/reconnect', undefined],
    ['POST', '/analyze', undefined],
  ] as const) {
    const answer = await api.call(method, `/api/v1/cameras/nobody${suffix}`, body);
    expect(`${method} ${suffix} ${answer.status} ${answer.text}`).toContain(
      `${method} ${suffix} 404 {"error":{"code":"CAMERA_NOT_FOUND"`,
    );
  }
});
