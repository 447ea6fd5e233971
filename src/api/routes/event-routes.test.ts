import sharp from 'sharp';
import { expect, test } from 'vitest';
import { makeDescription, startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import { eventWireSchema, type EventWire } from '../../core/event-wire.ts';
import type { EventPicture } from '../../store/media-files.ts';
import { eventWithAttemptsSchema } from '../event-provenance-wire.ts';

const noon = Date.UTC(2026, 2, 1, 12);

/** Minutes after noon. */
function at(minute: number): string {
  return new Date(noon + minute * 60_000).toISOString();
}

async function makeJpeg(colour: string, width = 320, height = 240): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: colour } })
    .jpeg()
    .toBuffer();
}

async function makePicture(colour: string): Promise<EventPicture> {
  return { jpeg: await makeJpeg(colour), width: 320, height: 240, capturedAt: noon, regions: [] };
}

interface EventListWire {
  readonly events: readonly (EventWire & { readonly highlight: string | null })[];
  readonly total_count: number;
  readonly has_more: boolean;
  readonly next_offset: number | null;
}

async function list(api: RunningApi, query = ''): Promise<EventListWire> {
  const answer = await api.call('GET', `/api/v1/events${query}`);
  expect(`${answer.status} ${answer.text}`).toMatch(/^200 /);
  return answer.json as EventListWire;
}

async function post(api: RunningApi, body: object, headers: Record<string, string> = {}): Promise<EventWire> {
  const answer = await api.call('POST', '/api/v1/events', body, headers);
  expect(`${answer.status} ${answer.text}`).toMatch(/^201 /);
  expect(answer.headers.get('location')).toBe(`/api/v1/events/${eventWireSchema.parse(answer.json).id}`);
  return eventWireSchema.strict().parse(answer.json);
}

test('a described event is stored as it was sent', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera('Front door');
  const event = await post(api, {
    camera_id: cameraId,
    timestamp: '2026-03-01T13:00:00.250+01:00',
    description: '  A person rings the bell.  ',
    confidence: 87.5,
    objects_detected: ['Person', 'person', 'Dog '],
  });
  expect(event).toMatchObject({
    camera_id: cameraId,
    camera_name: 'Front door',
    source: 'api',
    timestamp: '2026-03-01T12:00:00.250Z',
    description: 'A person rings the bell.',
    description_status: 'done',
    confidence: 87.5,
    objects_detected: ['person', 'dog'],
    thumbnail_url: null,
    clip_url: null,
  });
  const detail = await api.call('GET', `/api/v1/events/${event.id}`);
  expect(detail.json).toEqual({
    ...event,
    clip: null,
    frames: [],
    why: 'It was handed in through the API: no motion was analysed.',
    evidence: null,
    heatmap_url: null,
    provider_attempts: [],
  });
});

test('a picture without words is captured as pending, and can be fetched', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const jpeg = await makeJpeg('red');
  const event = await post(api, {
    camera_id: cameraId,
    timestamp: '2026-03-01T12:00:00Z',
    thumbnail_base64: `data:image/jpeg;base64,${jpeg.toString('base64')}`,
  });
  expect(event).toMatchObject({ description: null, description_status: 'pending' });
  expect(event.thumbnail_url).toBe(`/api/v1/events/${event.id}/thumbnail`);
  expect(await api.store.events.pendingJobs()).toMatchObject([{ eventId: event.id }]);
  const response = await fetch(`${api.url}${event.thumbnail_url}`);
  expect(response.headers.get('content-type')).toBe('image/jpeg');
  expect(await sharp(await response.arrayBuffer()).metadata()).toMatchObject({ format: 'jpeg', width: 320 });
});

test('an event that makes no sense is refused by the field that makes none', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  for (const [path, change] of [
    ['description', {}],
    ['confidence', { thumbnail_base64: 'AAAA', confidence: 50 }],
    ['objects_detected', { thumbnail_base64: 'AAAA', objects_detected: ['cat'] }],
    ['timestamp', { description: 'x', timestamp: '1912-01-01T00:00:00Z' }],
    ['timestamp', { description: 'x', timestamp: '2999-01-01T00:00:00Z' }],
  ] as const) {
    const body = { camera_id: camera, timestamp: '2026-03-01T12:00:00Z', ...change };
    const answer = await api.call('POST', '/api/v1/events', body);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ error: { code: 'VALIDATION_FAILED', details: [{ path }] } });
  }
  expect((await list(api)).total_count).toBe(0);
});

test('what is no picture is refused by its bytes', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  for (const thumbnail of [
    'not base64!',
    Buffer.from('just text').toString('base64'),
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 1, 2, 3]).toString('base64'),
  ]) {
    const answer = await api.call('POST', '/api/v1/events', {
      camera_id: camera,
      timestamp: '2026-03-01T12:00:00Z',
      description: 'x',
      thumbnail_base64: thumbnail,
    });
    expect(`${answer.status} ${answer.text}`).toContain('422 {"error":{"code":"PICTURE_INVALID"');
  }
});

test('a large picture passes, and one that is too large is refused', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  const noise = Buffer.alloc(1500 * 1500 * 3);
  for (let index = 0; index < noise.length; index += 1)
    noise[index] = (index * 7919 + (index >> 7) * 104_729) % 251;
  const png = await sharp(noise, { raw: { width: 1500, height: 1500, channels: 3 } })
    .jpeg({ quality: 100 })
    .toBuffer();
  const body = { camera_id: camera, timestamp: '2026-03-01T12:00:00Z', description: 'x' };
  expect(
    (await post(api, { ...body, thumbnail_base64: png.toString('base64') })).thumbnail_url,
  ).not.toBeNull();
  const huge = await api.call('POST', '/api/v1/events', {
    ...body,
    thumbnail_base64: 'A'.repeat(7 * 1024 * 1024 + 4),
  });
  expect(huge.json).toMatchObject({
    error: {
      code: 'VALIDATION_FAILED',
      details: [{ path: 'thumbnail_base64', received: expect.stringContaining('7340036 characters') }],
    },
  });
});

test('the same Idempotency-Key makes one event, and refuses another request', async () => {
  await using api = await startApi();
  const body = { camera_id: await api.addCamera(), timestamp: '2026-03-01T12:00:00Z', description: 'Once.' };
  const headers = { 'idempotency-key': 'order-17' };
  const first = await api.call('POST', '/api/v1/events', body, headers);
  // Another order of the keys and other spacing are the same request.
  const turned = JSON.stringify(Object.fromEntries(Object.entries(body).toReversed()), null, 2);
  const second = await api.call('POST', '/api/v1/events', turned, headers);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.json).toEqual(first.json);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  const other = await api.call('POST', '/api/v1/events', { ...body, description: 'Twice.' }, headers);
  expect(`${other.status} ${other.text}`).toContain('409 {"error":{"code":"IDEMPOTENCY_CONFLICT"');
  const pictures = await Promise.all([makeJpeg('red'), makeJpeg('blue')]);
  const statuses: number[] = [];
  for (const picture of pictures) {
    const withPicture = { ...body, thumbnail_base64: picture.toString('base64') };
    statuses.push(
      (await api.call('POST', '/api/v1/events', withPicture, { 'idempotency-key': 'order-18' })).status,
    );
  }
  expect(statuses).toEqual([201, 409]);
  expect((await list(api)).total_count).toBe(2);
  const bad = await api.call('POST', '/api/v1/events', body, { 'idempotency-key': 'x'.repeat(256) });
  expect(bad.json).toMatchObject({ error: { details: [{ in: 'header', path: 'Idempotency-Key' }] } });
});

test('every filter of the list leaves out what does not fit', async () => {
  await using api = await startApi();
  const door = await api.addCamera('Door');
  const yard = await api.addCamera('Yard');
  const garage = await api.addCamera('Garage');
  const add = async (camera: string, minute: number, rest: object): Promise<string> =>
    (await post(api, { camera_id: camera, timestamp: at(minute), ...rest })).id;
  const jpeg = (await makeJpeg('blue')).toString('base64');
  const person = await add(door, 1, {
    description: 'A person waits.',
    confidence: 90,
    objects_detected: ['person'],
  });
  const car = await add(yard, 2, {
    description: 'A car stops.',
    confidence: 40,
    objects_detected: ['car', 'truck'],
  });
  const pending = await add(garage, 3, { thumbnail_base64: jpeg });
  const idsOf = async (query: string): Promise<string[]> =>
    (await list(api, query)).events.map(({ id }) => id);

  expect(await idsOf('')).toEqual([pending, car, person]);
  expect(await idsOf('?sort_order=asc')).toEqual([person, car, pending]);
  expect(await idsOf(`?camera_id=${door}`)).toEqual([person]);
  expect(await idsOf(`?camera_id=${door}&camera_id=${yard}`)).toEqual([car, person]);
  expect(await idsOf('?camera_id=unknown')).toEqual([]);
  expect(await idsOf(`?start_time=${at(2)}`)).toEqual([pending, car]);
  expect(await idsOf(`?end_time=${at(2)}`)).toEqual([person]);
  expect(await idsOf(`?start_time=${at(2)}&end_time=${at(3)}`)).toEqual([car]);
  expect(await idsOf('?min_confidence=40.5')).toEqual([person]);
  expect(await idsOf('?object_types=dog,Truck')).toEqual([car]);
  expect(await idsOf('?object_types=person,car')).toEqual([car, person]);
  expect(await idsOf('?alert_triggered=true')).toEqual([]);
  expect(await idsOf('?alert_triggered=false')).toHaveLength(3);
  expect(await idsOf('?description_status=pending')).toEqual([pending]);
  expect(await idsOf('?search_query=wait*')).toEqual([person]);
  expect(await idsOf(`?search_query=${encodeURIComponent('"car stops"')}`)).toEqual([car]);

  const backwards = await api.call('GET', `/api/v1/events?start_time=${at(3)}&end_time=${at(2)}`);
  expect(backwards.json).toMatchObject({ error: { details: [{ in: 'query', path: 'end_time' }] } });
});

test('pages lead from one to the next until there is no more', async () => {
  await using api = await startApi();
  const camera = await api.addCamera();
  for (let minute = 0; minute < 5; minute += 1) {
    await post(api, { camera_id: camera, timestamp: at(minute), description: `Number ${minute}.` });
  }
  const seen: (string | null)[] = [];
  let offset: number | null = 0;
  while (offset !== null) {
    const page: EventListWire = await list(api, `?limit=2&offset=${offset}`);
    expect(page).toMatchObject({ total_count: 5, limit: 2, offset, has_more: page.next_offset !== null });
    seen.push(...page.events.map(({ description }) => description));
    offset = page.next_offset;
  }
  expect(seen).toEqual(['Number 4.', 'Number 3.', 'Number 2.', 'Number 1.', 'Number 0.']);
  expect(await list(api, '?offset=100')).toMatchObject({ events: [], has_more: false, next_offset: null });
});

test('a search shows where it matched, with everything else escaped', async () => {
  await using api = await startApi();
  await post(api, {
    camera_id: await api.addCamera(),
    timestamp: '2026-03-01T12:00:00Z',
    description: 'A <b>person</b> & a dog.',
  });
  const { events } = await list(api, '?search_query=person');
  expect(events[0]?.highlight).toBe('A &lt;b&gt;<mark>person</mark>&lt;/b&gt; &amp; a dog.');
  expect((await list(api)).events[0]?.highlight).toBeNull();
});

test('pictures are cached by the browser, and not sent again when it has them', async () => {
  await using api = await startApi();
  const event = await api.addEvent({ cameraId: await api.addCamera() }, [
    await makePicture('red'),
    await makePicture('green'),
  ]);
  const detail = eventWithAttemptsSchema
    .strict()
    .parse((await api.call('GET', `/api/v1/events/${event.id}`)).json);
  expect(detail.frames).toMatchObject([
    { number: 1, url: `/api/v1/events/${event.id}/frames/1`, width: 320, height: 240 },
    { number: 2, url: `/api/v1/events/${event.id}/frames/2` },
  ]);
  const etags = new Set<string | null>();
  for (const path of [`/api/v1/events/${event.id}/thumbnail`, ...detail.frames.map(({ url }) => url)]) {
    const first = await fetch(api.url + path);
    expect(first.headers.get('cache-control')).toBe('private, max-age=86400, immutable');
    expect(Number(first.headers.get('content-length'))).toBe((await first.arrayBuffer()).byteLength);
    const etag = first.headers.get('etag') ?? '';
    etags.add(etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await fetch(api.url + path, { headers: { 'if-none-match': known } });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
    expect((await fetch(api.url + path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  }
  expect(etags.size).toBe(3);
  for (const number of ['0', '3', '01', '1.0', '-1', 'x', '..%2f1']) {
    const missing = await api.call('GET', `/api/v1/events/${event.id}/frames/${number}`);
    expect(`${number} ${missing.status} ${missing.text}`).toContain(
      `${number} 404 {"error":{"code":"PICTURE_NOT_FOUND"`,
    );
  }
});

test('a deleted event is gone with its pictures', async () => {
  await using api = await startApi();
  const event = await api.addEvent({ cameraId: await api.addCamera() }, [await makePicture('red')]);
  expect((await api.call('DELETE', `/api/v1/events/${event.id}`)).status).toBe(204);
  expect((await api.call('DELETE', `/api/v1/events/${event.id}`)).status).toBe(404);
  expect((await api.call('GET', `/api/v1/events/${event.id}/thumbnail`)).status).toBe(404);
  await expect(api.media.read(event.thumbnailPath ?? '')).rejects.toMatchObject({
    code: 'PICTURE_NOT_FOUND',
  });
});

test('an event without pictures answers 404 for them', async () => {
  await using api = await startApi();
  const event = await api.addEvent({ cameraId: await api.addCamera() });
  const answer = await api.call('GET', `/api/v1/events/${event.id}/thumbnail`);
  expect(answer.json).toMatchObject({ error: { code: 'PICTURE_NOT_FOUND' } });
});

test('deliveries are listed and can be sent again', async () => {
  await using api = await startApi();
  const event = await api.addEvent({ cameraId: await api.addCamera() });
  await api.store.events.finish({
    eventId: event.id,
    outcome: { status: 'done', description: makeDescription('A cat.') },
    timings: {},
    deliverTo: ['hook'],
  });
  const listed = await api.call('GET', '/api/v1/deliveries');
  expect(listed.json).toMatchObject({
    total_count: 1,
    has_more: false,
    deliveries: [{ event_id: event.id, target: 'hook', status: 'pending' }],
  });
  const [delivery] = (await api.store.deliveries.list({ limit: 1, offset: 0 })).deliveries;
  const id = delivery?.id ?? '';
  await api.store.deliveries.markFailed(id, 'got 500 from https://user:pass@hook.example/', null, noon);
  const dead = await api.call('GET', '/api/v1/deliveries?status=dead');
  expect(dead.json).toMatchObject({
    deliveries: [{ id, last_error: 'got 500 from https://***@hook.example/' }],
  });
  expect((await api.call('GET', '/api/v1/deliveries?status=sent')).json).toMatchObject({ total_count: 0 });
  expect((await api.call('POST', `/api/v1/deliveries/${id}/retry`)).json).toMatchObject({
    id,
    status: 'pending',
  });
});
