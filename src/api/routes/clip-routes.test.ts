import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import type { FinishedClip } from '../../store/event-store.ts';
import { createClipFiles } from '../../store/clip-files.ts';
import { parseRange } from '../ranged-reply.ts';

const day = Date.UTC(2026, 2, 1, 8);
const bytes = randomBytes(100_000);

let api: RunningApi;

beforeEach(async () => {
  api = await startApi();
});

afterEach(() => api[Symbol.asyncDispose]());

/** An event with a clip, as the pipeline leaves it. */
async function addClip(outcome?: FinishedClip): Promise<string> {
  const { id } = await api.addEvent({ cameraId: await api.addCamera(), timestamp: day });
  const files = await createClipFiles({ dataDir: api.dataDir });
  const path = files.pathOf(id, day);
  await api.store.events.beginClip(id, path);
  if (outcome === undefined) return id;
  const recording = files.newRecording();
  await writeFile(recording, bytes);
  await files.keep(recording, path);
  await api.store.events.finishClip(id, outcome);
  return id;
}

const written: FinishedClip = {
  kind: 'written',
  startedAt: day - 5000,
  endedAt: day + 9000,
  sizeBytes: bytes.length,
  codec: 'h264',
  width: 1920,
  height: 1080,
};

async function getClip(id: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${api.url}/api/v1/events/${id}/clip`, { headers, method });
  return { response, body: Buffer.from(await response.arrayBuffer()) };
}

test('a clip is answered whole, and named by its event', async () => {
  const id = await addClip(written);
  const { response, body } = await getClip(id);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'video/mp4',
    'content-length': '100000',
    'accept-ranges': 'bytes',
  });
  expect(body.equals(bytes)).toBe(true);
  const { json } = await api.call('GET', `/api/v1/events/${id}`);
  expect(json).toMatchObject({
    clip_url: `/api/v1/events/${id}/clip`,
    clip_status: 'ready',
    clip: {
      status: 'ready',
      reason: null,
      started_at: '2026-03-01T07:59:55.000Z',
      ended_at: '2026-03-01T08:00:09.000Z',
      size_bytes: 100_000,
      codec: 'h264',
      width: 1920,
      height: 1080,
    },
  });
});

test.each([
  ['bytes=0-99', 0, 99],
  ['bytes=99990-', 99_990, 99_999],
  ['bytes=-10', 99_990, 99_999],
  ['bytes=5000-999999999', 5000, 99_999],
  ['bytes=-999999999', 0, 99_999],
])('a part of it is answered to %s', async (range, first, last) => {
  const { response, body } = await getClip(await addClip(written), { range });
  expect(response.status).toBe(206);
  expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/100000`);
  expect(response.headers.get('content-length')).toBe(String(last - first + 1));
  expect(body.equals(bytes.subarray(first, last + 1))).toBe(true);
});

test.each(['bytes=100000-', 'bytes=100000-100001', 'bytes=-0'])('there is no %s', async (range) => {
  const { response, body } = await getClip(await addClip(written), { range });
  expect(response.status).toBe(416);
  expect(response.headers.get('content-range')).toBe('bytes */100000');
  expect(body).toHaveLength(0);
});

test.each(['bytes=9-3', 'bytes=0-1,5-6', 'seconds=1-2', 'bytes=-', 'bytes=a-b'])(
  'a range that is none (%s) is ignored',
  async (range) => {
    const { response, body } = await getClip(await addClip(written), { range });
    expect(response.status).toBe(200);
    expect(body).toHaveLength(bytes.length);
  },
);

test('a client that has it is told so, and one that has a part of another file gets this one whole', async () => {
  const id = await addClip(written);
  const { response } = await getClip(id);
  const etag = response.headers.get('etag') ?? '';
  expect((await getClip(id, { 'if-none-match': etag })).response.status).toBe(304);
  expect((await getClip(id, { range: 'bytes=5-', 'if-range': etag })).response.status).toBe(206);
  expect((await getClip(id, { range: 'bytes=5-', 'if-range': '"other"' })).response.status).toBe(200);
});

test('HEAD says how long it is', async () => {
  const { response, body } = await getClip(await addClip(written), {}, 'HEAD');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-length')).toBe('100000');
  expect(body).toHaveLength(0);
});

describe('while there is none', () => {
  test.each([
    ['recording', undefined],
    ['codec_not_playable', { kind: 'failed', reason: 'codec_not_playable' }],
    ['interrupted', { kind: 'failed', reason: 'interrupted' }],
  ] as const)('the answer says why: %s', async (reason, outcome) => {
    const id = await addClip(outcome);
    const answer = await api.call('GET', `/api/v1/events/${id}/clip`);
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ error: { code: 'CLIP_NOT_FOUND', details: [{ reason }] } });
    expect((await api.call('GET', `/api/v1/events/${id}`)).json).toMatchObject({
      clip_url: null,
      clip_status: outcome === undefined ? 'recording' : 'failed',
    });
  });

  test('an event whose camera has no clips says that', async () => {
    const { id } = await api.addEvent({ cameraId: await api.addCamera() });
    const answer = await api.call('GET', `/api/v1/events/${id}/clip`);
    expect(answer.json).toMatchObject({
      error: { code: 'CLIP_NOT_FOUND', details: [{ reason: 'not_recorded' }] },
    });
  });

  test('a file that is gone is no server error', async () => {
    const id = await addClip(written);
    await (await createClipFiles({ dataDir: api.dataDir })).remove(`media/2026-03-01/event_${id}.mp4`);
    expect((await getClip(id)).response.status).toBe(404);
  });

  test('there may be no such event', async () => {
    const answer = await api.call('GET', '/api/v1/events/nobody/clip');
    expect(answer.json).toMatchObject({ error: { code: 'EVENT_NOT_FOUND' } });
  });
});

test('a camera can not have clips together with masks, whichever comes last', async () => {
  const triangle = [
    [0, 0],
    [0.5, 0],
    [0, 0.5],
  ];
  const body = { name: 'Yard', url: 'rtsp://192.168.1.20/1' };
  const both = { ...body, clip: { enabled: true }, privacy: { masks: [triangle] } };
  const refused = await api.call('POST', '/api/v1/cameras', both);
  expect(refused.status).toBe(422);
  expect(refused.json).toMatchObject({
    error: { details: [{ path: 'clip.enabled', received: 'true together with privacy.masks' }] },
  });
  const created = await api.call('POST', '/api/v1/cameras', { ...body, clip: { enabled: true } });
  expect(created.status).toBe(201);
  const { id } = created.json as { id: string };
  const masked = { ...body, privacy: { masks: [triangle] } };
  expect((await api.call('PUT', `/api/v1/cameras/${id}`, masked)).status).toBe(422);
  const without = { ...masked, clip: { enabled: false } };
  expect((await api.call('PUT', `/api/v1/cameras/${id}`, without)).status).toBe(200);
});

test('whatever a Range header says, what is answered lies within the file', () => {
  const number = fc.oneof(fc.nat(20), fc.nat(), fc.constant(''));
  fc.assert(
    fc.property(number, number, fc.nat(20), (from, to, sizeBytes) => {
      const range = parseRange(`bytes=${from}-${to}`, sizeBytes);
      if (range === undefined || range === 'unsatisfiable') return;
      expect(range.first).toBeGreaterThanOrEqual(0);
      expect(range.last).toBeGreaterThanOrEqual(range.first);
      expect(range.last).toBeLessThan(sizeBytes);
    }),
  );
});
