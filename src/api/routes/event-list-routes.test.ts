import { describe, expect, test } from 'vitest';
import { makeDescription, startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import { untilSteady } from '../../../test/support/wait-until.ts';
import { eventWireSchema, type EventWire } from '../../core/event-wire.ts';
import type { EventWalk } from '../../store/event-store.ts';
import { eventStatsSchema } from '../event-stats-wire.ts';

const noon = Date.UTC(2026, 2, 1, 12);

interface EventListWire {
  readonly events: readonly EventWire[];
  readonly total_count: number;
  readonly total_is_exact: boolean;
  readonly has_more: boolean;
  readonly next_offset: number | null;
  readonly next_cursor: string | null;
  readonly offset: number | null;
}

async function list(api: RunningApi, query: Record<string, string>): Promise<EventListWire> {
  const answer = await api.call('GET', `/api/v1/events?${new URLSearchParams(query).toString()}`);
  expect(`${answer.status} ${answer.text}`).toMatch(/^200 /);
  return answer.json as EventListWire;
}

/** Events a minute apart, oldest first. */
async function addEvents(api: RunningApi, cameraId: string, texts: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [minute, text] of texts.entries()) {
    const timestamp = noon + minute * 60_000;
    ids.push((await api.addEvent({ cameraId, timestamp, description: makeDescription(text) })).id);
  }
  return ids;
}

test.each(['asc', 'desc'])(
  'cursors lead through all events once, whatever comes and goes meanwhile (%s)',
  async (order) => {
    await using api = await startApi();
    const cameraId = await api.addCamera();
    const ids = await addEvents(
      api,
      cameraId,
      Array.from({ length: 7 }, (_, index) => `Number ${index}.`),
    );
    const expected = order === 'asc' ? ids : ids.toReversed();
    const first = await list(api, { limit: '3', sort_order: order });
    expect(first).toMatchObject({
      total_count: 7,
      total_is_exact: true,
      has_more: true,
      offset: 0,
      next_offset: 3,
    });
    // The one on which the cursor stands goes, another comes before it, and one more behind it.
    await api.store.events.delete(expected[2] ?? '');
    const sides = order === 'asc' ? [-1, 100] : [100, -1];
    const [, behind] = await Promise.all(
      sides.map((minute) => api.addEvent({ cameraId, timestamp: noon + minute * 60_000 })),
    );
    const seen = first.events.map(({ id }) => id);
    for (let cursor = first.next_cursor; cursor !== null;) {
      const page = await list(api, { limit: '3', sort_order: order, cursor });
      expect(page).toMatchObject({ offset: null, next_offset: null, total_count: 8 });
      seen.push(...page.events.map(({ id }) => id));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual([...expected, behind?.id]);
  },
);

test('the best matches come first when they are asked for, page by page', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const [best, , good] = await addEvents(api, cameraId, [
    'Fox, fox, a fox.',
    'A cat.',
    'A fox crosses the long garden behind the house in the rain at night.',
    'A long walk of a man and a woman with a dog and a fox beside the road by the old wall near the gate.',
  ]);
  const query = { search_query: 'fox', sort: 'relevance', limit: '1' };
  const first = await list(api, query);
  expect(first).toMatchObject({ events: [{ id: best }], total_count: 3, has_more: true });
  const second = await list(api, { ...query, cursor: first.next_cursor ?? '' });
  expect(second.events).toMatchObject([{ id: good, highlight: expect.stringContaining('<mark>fox</mark>') }]);
  const third = await list(api, { ...query, cursor: second.next_cursor ?? '' });
  expect(third).toMatchObject({ has_more: false, next_cursor: null });
});

test('a cursor of another list, a changed one and what is none are refused by name', async () => {
  await using api = await startApi();
  await addEvents(api, await api.addCamera(), ['A cat.', 'A cat.', 'A dog.']);
  const { next_cursor: cursor } = await list(api, { limit: '1', search_query: 'cat' });
  expect(cursor).toMatch(/^[\w-]+$/);
  const changed = `${cursor?.slice(0, -1)}${cursor?.endsWith('A') ? 'B' : 'A'}`;
  for (const query of [
    { search_query: 'dog', cursor: cursor ?? '' },
    { search_query: 'cat', sort_order: 'asc', cursor: cursor ?? '' },
    { search_query: 'cat', sort: 'relevance', cursor: cursor ?? '' },
    { search_query: 'cat', cursor: changed },
    { search_query: 'cat', cursor: 'x' },
    { search_query: 'cat', cursor: '\u{1f642}' },
  ]) {
    const answer = await api.call('GET', `/api/v1/events?${new URLSearchParams(query).toString()}`);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({
      error: { code: 'VALIDATION_FAILED', details: [{ path: 'cursor' }] },
    });
  }
  const both = new URLSearchParams({ search_query: 'cat', cursor: cursor ?? '', offset: '1' });
  expect((await api.call('GET', `/api/v1/events?${both.toString()}`)).json).toMatchObject({
    error: { details: [{ path: 'offset' }] },
  });
  expect((await api.call('GET', '/api/v1/events?sort=relevance')).json).toMatchObject({
    error: { details: [{ path: 'sort' }] },
  });
  // The number of events of a page may change on the way.
  expect((await list(api, { limit: '5', search_query: 'cat', cursor: cursor ?? '' })).events).toHaveLength(1);
});

test('what people said, and where an event comes from, are filters', async () => {
  await using api = await startApi();
  const cameraId = await api.addCamera();
  const [starred, wrong, api1] = [
    await api.addEvent({ cameraId }),
    await api.addEvent({ cameraId }),
    await api.addEvent({ cameraId, source: 'api' }),
  ].map(({ id }) => id);
  await api.call('PATCH', `/api/v1/events/${starred}`, { starred: true });
  await api.call('PATCH', `/api/v1/events/${wrong}`, { user_feedback: 'wrong' });
  const find = async (query: Record<string, string>) =>
    sorted(...(await list(api, query)).events.map(({ id }) => id));
  expect(await find({ starred: 'true' })).toEqual([starred]);
  expect(await find({ starred: 'false' })).toEqual(sorted(wrong, api1));
  expect(await find({ user_feedback: 'wrong' })).toEqual([wrong]);
  expect(await find({ user_feedback: 'correct' })).toEqual([]);
  expect(await find({ source: 'api' })).toEqual([api1]);
});

test('the stats count by object, camera, status, feedback, and by day and hour of a zone', async () => {
  await using api = await startApi();
  const door = await api.addCamera('Door');
  const yard = await api.addCamera('Yard');
  const late = Date.UTC(2026, 2, 1, 23, 30);
  await api.addEvent({
    cameraId: door,
    timestamp: noon,
    description: makeDescription('x', { objects: ['person', 'dog'] }),
  });
  await api.addEvent({
    cameraId: door,
    timestamp: late,
    description: makeDescription('x', { objects: ['person'] }),
  });
  const { id } = await api.addEvent({ cameraId: yard, timestamp: late + 1, alertTriggered: true });
  await api.call('PATCH', `/api/v1/events/${id}`, { starred: true, user_feedback: 'false_motion' });
  const stats = async (query: string) => {
    const answer = await api.call('GET', `/api/v1/events/stats${query}`);
    expect(answer.status).toBe(200);
    return eventStatsSchema.strict().parse(answer.json);
  };
  expect(await stats('?time_zone=Europe/Berlin')).toEqual({
    total_count: 3,
    alert_triggered: 1,
    starred: 1,
    by_object_type: [
      { object_type: 'person', count: 2 },
      { object_type: 'dog', count: 1 },
    ],
    by_camera: [
      { camera_id: door, camera_name: 'Door', count: 2 },
      { camera_id: yard, camera_name: 'Yard', count: 1 },
    ],
    by_status: { pending: 1, done: 2, failed: 0, skipped: 0 },
    by_feedback: { correct: 0, wrong: 0, false_motion: 1 },
    by_source: { motion: 3, api: 0, manual: 0 },
    by_hour: hours({ 0: 2, 13: 1 }),
    by_day: [
      { day: '2026-03-01', count: 1 },
      { day: '2026-03-02', count: 2 },
    ],
    time_zone: 'Europe/Berlin',
  });
  expect(await stats(`?start_time=2026-03-01T23:30:00Z&end_time=2026-03-01T23:30:00.001Z`)).toMatchObject({
    total_count: 1,
    by_camera: [{ camera_name: 'Door', count: 1 }],
    by_hour: hours({ 23: 1 }),
    by_day: [{ day: '2026-03-01', count: 1 }],
    time_zone: 'UTC',
  });
  for (const [query, path] of [
    ['time_zone=Mars', 'time_zone'],
    ['start_time=2026-03-02T00:00:00Z&end_time=2026-03-01T00:00:00Z', 'end_time'],
  ]) {
    expect((await api.call('GET', `/api/v1/events/stats?${query}`)).json).toMatchObject({
      error: { code: 'VALIDATION_FAILED', details: [{ path }] },
    });
  }
});

describe('the export', () => {
  test('has every event of the filter once, as the list has it', async () => {
    await using api = await startApi();
    const cameraId = await api.addCamera('Door');
    await addEvents(api, await api.addCamera('Yard'), ['Not this one.']);
    const ids = await addEvents(
      api,
      cameraId,
      Array.from({ length: 450 }, (_, index) => `Number ${index}.`),
    );
    const answer = await api.call(
      'GET',
      `/api/v1/events/export?format=ndjson&camera_id=${cameraId}&sort_order=asc`,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.headers.get('export-schema-version')).toBe('1');
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="vedette-events-v1-.*\.ndjson"$/,
    );
    const lines = answer.text.trimEnd().split('\n');
    const events = lines.map((line) => eventWireSchema.strict().parse(JSON.parse(line)));
    expect(events.map(({ id }) => id)).toEqual(ids);
    const nothing = await api.call('GET', '/api/v1/events/export?format=ndjson&search_query=zebra');
    expect([nothing.status, nothing.text]).toEqual([200, '']);
  });

  test('as CSV begins with its columns, and holds nothing that a spreadsheet would run', async () => {
    await using api = await startApi();
    await addEvents(api, await api.addCamera('=1+1'), ['=HYPERLINK("http://evil.example", "A, b")']);
    const answer = await api.call('GET', '/api/v1/events/export?format=csv');
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [head, line, end] = answer.text.split('\r\n');
    expect(head).toMatch(/^id,camera_id,camera_name,source,timestamp,/);
    expect(line).toContain(`,'=1+1,`);
    expect(line).toContain(`"'=HYPERLINK(""http://evil.example"", ""A, b"")"`);
    expect(end).toBe('');
  });

  test('is refused for a format that is none, and a HEAD reads nothing', async () => {
    await using api = await startApi();
    for (const query of ['', '?format=xlsx']) {
      expect((await api.call('GET', `/api/v1/events/export${query}`)).json).toMatchObject({
        error: { code: 'VALIDATION_FAILED', details: [{ path: 'format' }] },
      });
    }
    const reads = countReads(api);
    const head = await api.call('HEAD', '/api/v1/events/export?format=csv');
    expect([head.status, reads.count]).toEqual([200, 0]);
  });

  test('reads no further than the client does, and not at all once it has gone', async () => {
    await using api = await startApi();
    const cameraId = await api.addCamera();
    // Texts so long that a few reads fill the buffers of the connection.
    const text = 'A long text. '.repeat(380);
    const events = Array.from({ length: 2_500 }, (_, index) => index);
    for (let start = 0; start < events.length; start += 250) {
      await Promise.all(
        events
          .slice(start, start + 250)
          .map((minute) =>
            api.addEvent({ cameraId, timestamp: noon + minute, description: makeDescription(text) }),
          ),
      );
    }
    const reads = countReads(api);
    const stop = new AbortController();
    const response = await fetch(`${api.url}/api/v1/events/export?format=ndjson`, { signal: stop.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    await untilSteady(() => reads.count);
    const whenFull = reads.count;
    expect(whenFull).toBeLessThan(13);
    stop.abort();
    await reader?.read().catch(() => undefined);
    await untilSteady(() => reads.count);
    expect(reads.count - whenFull).toBeLessThan(2);
    // And whoever reads on gets all of it.
    const whole = await api.call('GET', '/api/v1/events/export?format=ndjson');
    expect(whole.text.split('\n')).toHaveLength(2_501);
  });

  test('that fails on the way breaks off, so that nobody takes it for the whole', async () => {
    await using api = await startApi();
    await addEvents(
      api,
      await api.addCamera(),
      Array.from({ length: 201 }, () => 'A cat.'),
    );
    const reads = countReads(api, 2);
    await expect(api.call('GET', '/api/v1/events/export?format=csv')).rejects.toThrow(/terminated/);
    reads.failFrom = 1;
    reads.count = 0;
    expect(await api.call('GET', '/api/v1/events/export?format=csv')).toMatchObject({ status: 500 });
  });
});

/** 24 numbers, those that are not named 0. */
function hours(some: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: 24 }, (_, hour) => some[hour] ?? 0);
}

function sorted(...ids: readonly (string | undefined)[]): (string | undefined)[] {
  return ids.toSorted((a = '', b = '') => (a < b ? -1 : 1));
}

/** Counts the reads of the store, and lets them fail from the `failFrom`th on. */
function countReads(
  api: RunningApi,
  failFrom = Number.POSITIVE_INFINITY,
): { count: number; failFrom: number } {
  const reads = { count: 0, failFrom };
  const walk = api.store.events.walk.bind(api.store.events);
  Object.assign(api.store.events, {
    walk: async (query: EventWalk) => {
      reads.count += 1;
      if (reads.count >= reads.failFrom) throw new Error('the disk is gone');
      return walk(query);
    },
  });
  return reads;
}
