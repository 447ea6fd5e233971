import { expect, test } from 'vitest';
import { startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import type { DiscoveredDevice, DiscoverOptions } from '../../cameras/onvif/discover-cameras.ts';
import { CameraLostError } from '../../core/camera-source.ts';

const stream = {
  token: 't',
  name: 'Main',
  videoSource: 'v',
  videoSourceConfiguration: 'c',
  encoding: 'H265',
  width: 3840,
  height: 2160,
  framesPerSecond: 25,
  url: 'rtsp://192.168.1.20:554/main',
};
const device: DiscoveredDevice = {
  name: 'Yard',
  manufacturer: 'Reolink',
  model: 'RLC-810A',
  firmware: '1',
  address: '192.168.1.20',
  deviceUrl: 'http://192.168.1.20:8000/onvif/device_service',
  sources: [
    {
      videoSource: 'v',
      videoSourceConfiguration: 'c',
      main: stream,
      sub: { ...stream, width: 640, height: 360, encoding: 'H264', url: 'rtsp://192.168.1.20:554/sub' },
    },
  ],
  cause: null,
  message: null,
};

async function post(api: RunningApi, path: string, body: unknown): Promise<{ status: number; text: string }> {
  const response = await fetch(`${api.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

test('the templates of the makers are listed', async () => {
  await using api = await startApi();
  const response = await fetch(`${api.url}/api/v1/cameras/templates`);

  expect(await response.json()).toMatchObject({
    templates: expect.arrayContaining([
      expect.objectContaining({
        id: 'reolink',
        sub_url: 'rtsp://{host}:{port}/Preview_{channel2}_sub',
        port: 554,
      }),
    ]),
    total_count: 11,
  });
});

test('what is found can be added as it stands, and holds no password', async () => {
  await using api = await startApi();
  let asked: DiscoverOptions | undefined;
  api.cameras.onDiscover = (options) => {
    asked = options;
    return [device];
  };
  const found = await post(api, '/cameras/discover', {
    username: 'admin',
    password: 'secret-word',
    timeout_ms: 500,
  });

  expect(found.status).toBe(200);
  expect(found.text).not.toContain('secret-word');
  expect(asked).toEqual({ timeoutMs: 500, host: null, username: 'admin', password: 'secret-word' });
  const [first] = (
    JSON.parse(found.text) as { devices: { template: string; cameras: Record<string, unknown>[] }[] }
  ).devices;
  expect(first?.template).toBe('reolink');
  const { name, url, sub_url, onvif, sub } = first?.cameras[0] ?? {};
  expect(sub).toMatchObject({ codec: 'h264', width: 640, fps: 25 });
  const added = await post(api, '/cameras', { name, url, sub_url, onvif, username: 'admin', password: 'x' });
  expect(added.status).toBe(201);
  expect(JSON.parse(added.text)).toMatchObject({
    name: 'Yard',
    sub_url: 'rtsp://192.168.1.20:554/sub',
    onvif: { url: device.deviceUrl, native_events: 'off' },
  });
});

test('a recorder makes a camera of each of its pictures', async () => {
  await using api = await startApi();
  api.cameras.onDiscover = () => [{ ...device, sources: [...device.sources, ...device.sources] }];
  const { text } = await post(api, '/cameras/discover', {});

  expect(JSON.parse(text)).toMatchObject({
    devices: [{ cameras: [{ name: 'Yard 1' }, { name: 'Yard 2' }] }],
  });
});

test.each([
  [{ host: 'a b' }, 'host'],
  [{ host: 'http://[' }, 'host'],
  [{ host: 'http://u:secret@192.168.1.20/' }, 'host'],
  [{ host: 'rtsp://192.168.1.20' }, 'host'],
  [{ timeout_ms: 1 }, 'timeout_ms'],
  [{ hosts: [] }, 'hosts'],
])('%j is refused by its field', async (body, field) => {
  await using api = await startApi();
  const { status, text } = await post(api, '/cameras/discover', body);

  expect(status).toBe(422);
  expect(text).toContain(field);
});

test('a test that failed comes with addresses that may be the right ones', async () => {
  await using api = await startApi();
  api.cameras.onTest = () => Promise.reject(new CameraLostError('not_found', 'no such stream'));
  api.cameras.onHints = () => [{ text: 'The usual address of X.', url: 'rtsp://h/1', subUrl: null }];
  const { text } = await post(api, '/cameras/test', { url: 'rtsp://h/0' });

  expect(JSON.parse(text)).toEqual({
    ok: false,
    cause: 'not_found',
    message: 'no such stream',
    hints: [{ text: 'The usual address of X.', url: 'rtsp://h/1', sub_url: null }],
  });
});
