import { expect, test } from 'vitest';
import { startApi } from '../../test/fakes/api-services.ts';
import { CameraLostError } from '../core/camera-source.ts';

const body = { name: 'Yard', url: 'rtsp://192.168.1.20/stream1' };
const none = {
  sub_url: null,
  zones: [],
  schedule: null,
  clip: { enabled: false, before_s: 5, after_s: 5 },
  onvif: { url: null, native_events: 'off' },
  privacy: { local_only: false, masks: [] },
};
const corner = [
  [0, 0],
  [0.5, 0],
  [0, 0.5],
];
const settings = {
  sub_url: 'rtsp://192.168.1.20/stream2',
  zones: [{ name: 'door', kind: 'exclude', points: corner }],
  schedule: {
    timezone: 'Europe/Berlin',
    days_of_week: [1, 7],
    time_ranges: [{ start: '22:00', end: '06:00' }],
  },
  clip: { enabled: true, before_s: 2.5, after_s: 10 },
  onvif: { url: 'http://192.168.1.20/onvif/device_service', native_events: 'assist' },
  privacy: { local_only: false, masks: [] },
};

test('a camera has none of the settings unless they are given', async () => {
  await using api = await startApi();
  const created = await api.call('POST', '/api/v1/cameras', body);
  expect([created.status, created.json]).toMatchObject([201, none]);
});

test('settings come back as they were given, and stay when a change leaves them out', async () => {
  await using api = await startApi();
  const created = await api.call('POST', '/api/v1/cameras', { ...body, ...settings });
  expect(created.json).toMatchObject(settings);
  const { id } = created.json as { id: string };
  const put = async (change: object): Promise<unknown> =>
    (await api.call('PUT', `/api/v1/cameras/${id}`, { ...body, ...change })).json;
  expect(await put({})).toMatchObject(settings);
  const masked = { clip: none.clip, privacy: { masks: [corner] } };
  expect(await put(masked)).toMatchObject({ ...settings, ...masked });
  expect(await put({ ...none, privacy: { masks: [] } })).toMatchObject(none);
});

test('a change of one setting leaves all others, the password and what an address hides', async () => {
  await using api = await startApi();
  const whole = {
    ...body,
    ...settings,
    url: 'rtsp://viewer:secret@192.168.1.20/stream1?token=abc',
    frame_rate: 8,
    motion_cooldown: 5,
    labels: ['Person', 'dog'],
    retention_days: 3,
    vision: { prompt_addition: 'The cat is ours.', max_events_per_hour: 2 },
  };
  const created = await api.call('POST', '/api/v1/cameras', whole);
  expect(created.status).toBe(201);
  const { id, ...before } = created.json as { id: string };
  const stored = api.cameras.get(id)?.camera;
  const patch = (change: object) => api.call('PATCH', `/api/v1/cameras/${id}`, change);
  for (const change of [
    { motion_sensitivity: 'low' },
    { zones: [] },
    { labels: [] },
    { is_enabled: false },
    { name: 'Back yard' },
  ]) {
    const changed = await patch(change);
    expect([changed.status, changed.json]).toMatchObject([200, change]);
  }
  const { state: _state, updated_at: _updatedAt, ...kept } = before as Record<string, unknown>;
  const back = {
    motion_sensitivity: 'medium',
    zones: settings.zones,
    labels: ['person', 'dog'],
    is_enabled: true,
    name: 'Yard',
  };
  expect((await patch(back)).json).toMatchObject(kept);
  expect(api.cameras.get(id)?.camera).toMatchObject({
    url: stored?.url,
    password: 'secret',
    subUrl: stored?.subUrl,
  });
  expect((await patch({})).status).toBe(422);
  expect((await patch({ colour: 'red' })).status).toBe(422);
  expect((await patch({ frame_rate: 0 })).status).toBe(422);
});

test('a camera is tried with its masks, before it is saved and after', async () => {
  await using api = await startApi();
  const tried: unknown[] = [];
  api.cameras.onTest = ({ privacyMasks }) => {
    tried.push(privacyMasks);
    return Promise.reject(new CameraLostError('timeout', 'It did not answer.'));
  };
  const masked = { ...body, privacy: { masks: [corner] } };
  await api.call('POST', '/api/v1/cameras/test', masked);
  const created = await api.call('POST', '/api/v1/cameras', masked);
  const { id } = created.json as { id: string };
  await api.call('POST', `/api/v1/cameras/${id}/test`);
  expect(tried).toEqual([[corner], [corner]]);
});

test('settings that make no sense are refused by their field', async () => {
  await using api = await startApi();
  const zone = { name: 'door', points: corner };
  for (const [change, path] of [
    [{ zones: [{ ...zone, points: corner.slice(0, 2) }] }, 'zones[0].points'],
    [{ zones: [{ ...zone, points: [...corner, [1.01, 0]] }] }, 'zones[0].points[3][0]'],
    [{ zones: [{ ...zone, points: [corner[0], corner[1], [1, 0]] }] }, 'zones[0].points'],
    [{ zones: [zone, zone] }, 'zones'],
    [{ zones: Array.from({ length: 11 }, (_, index) => ({ ...zone, name: `z${index}` })) }, 'zones'],
    [{ schedule: { timezone: 'Berlin' } }, 'schedule.timezone'],
    [{ schedule: { timezone: 'UTC', days_of_week: [0] } }, 'schedule.days_of_week[0]'],
    [
      { schedule: { timezone: 'UTC', time_ranges: [{ start: '24:00', end: '06:00' }] } },
      'schedule.time_ranges[0].start',
    ],
    [{ clip: { enabled: true, before_s: 31 } }, 'clip.before_s'],
    [{ onvif: { url: 'rtsp://x' } }, 'onvif.url'],
    [{ onvif: { url: 'http://u:secret-word@x/' } }, 'onvif.url'],
    [{ onvif: { native_events: 'always' } }, 'onvif.native_events'],
    [{ privacy: { masks: [[]] } }, 'privacy.masks[0]'],
  ] as const) {
    const answer = await api.call('POST', '/api/v1/cameras', { ...body, ...change });
    expect([answer.status, answer.json]).toMatchObject([422, { error: { details: [{ path }] } }]);
    expect(JSON.stringify(answer.json)).not.toContain('secret-word');
  }
});

test('credentials in the address of the small stream serve both, and do not stay in it', async () => {
  await using api = await startApi();
  const subUrl = 'rtsp://u:p%40ss@192.168.1.20/stream2';
  const created = await api.call('POST', '/api/v1/cameras', { ...body, sub_url: subUrl });
  expect(created.json).toMatchObject({
    sub_url: 'rtsp://192.168.1.20/stream2',
    username: 'u',
    has_password: true,
  });
  expect(api.cameras.list()[0]?.camera).toMatchObject({
    subUrl: 'rtsp://192.168.1.20/stream2',
    username: 'u',
    password: 'p@ss',
  });
  const { id } = created.json as { id: string };
  await api.call('PUT', `/api/v1/cameras/${id}`, { ...body, username: 'u', sub_url: 'rtsp://:new@h/2' });
  expect(api.cameras.get(id)?.camera).toMatchObject({ username: 'u', password: 'new' });
});

test.each([
  [{ url: 'rtsp://u:p@h/1', sub_url: 'rtsp://u:secret@h/2' }, 'another user name or password'],
  [{ username: 'v', sub_url: 'rtsp://u:secret@h/2' }, 'another user name or password'],
  [{ sub_url: 'http://h/2' }, '"http://h/2"'],
  [{ sub_url: 'rtsp://u:se/cret@h/2' }, 'can not be taken apart'],
  [{ url: 'http://h/video.mjpg', sub_url: 'http://h/2' }, '"http://h/2"'],
])('a small stream that does not fit is refused: %j', async (change, received) => {
  await using api = await startApi();
  const answer = await api.call('POST', '/api/v1/cameras', { ...body, ...change });
  expect(answer).toMatchObject({
    status: 422,
    json: { error: { details: [{ path: 'sub_url', received: expect.stringContaining(received) }] } },
  });
  expect(JSON.stringify(answer.json)).not.toContain('cret');
});

test('a camera can not become one of a type without a small stream as long as it has one', async () => {
  await using api = await startApi();
  const created = await api.call('POST', '/api/v1/cameras', { ...body, sub_url: 'rtsp://h/2' });
  const { id } = created.json as { id: string };
  const change = { name: 'Yard', url: 'http://h/video.mjpg' };
  expect((await api.call('PUT', `/api/v1/cameras/${id}`, change)).status).toBe(422);
  expect((await api.call('PUT', `/api/v1/cameras/${id}`, { ...change, sub_url: null })).status).toBe(200);
});
