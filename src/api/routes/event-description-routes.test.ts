import sharp from 'sharp';
import { expect, test } from 'vitest';
import { makeDescription, startApi, type RunningApi } from '../../../test/fakes/api-services.ts';
import { exampleAttempt } from '../../../test/support/store-examples.ts';
import type { FinishOutcome } from '../../store/event-store.ts';
import type { EventPicture } from '../../store/media-files.ts';
import { eventWithAttemptsSchema, sentListSchema } from '../event-provenance-wire.ts';

const noon = Date.UTC(2026, 2, 1, 12);

async function makeJpeg(width: number): Promise<Uint8Array> {
  return await sharp({ create: { width, height: 90, channels: 3, background: '#345' } })
    .jpeg()
    .toBuffer();
}

async function addEvent(api: RunningApi, outcome?: FinishOutcome): Promise<string> {
  const picture: EventPicture = {
    jpeg: await makeJpeg(160),
    width: 160,
    height: 90,
    capturedAt: noon,
    regions: [],
  };
  const { id } = await api.addEvent({ cameraId: await api.addCamera() }, [picture]);
  if (outcome !== undefined) await finish(api, id, outcome);
  return id;
}

async function finish(api: RunningApi, eventId: string, outcome: FinishOutcome): Promise<void> {
  const attempts = [
    exampleAttempt({
      provider: 'openai',
      outcome: 'rate_limit',
      latencyMs: 12.6,
      costUsd: 0,
      message: 'openai: too many, see https://user:pass@host.example/',
      inputTokens: null,
      outputTokens: null,
    }),
    exampleAttempt({ provider: 'anthropic', costUsd: null }),
  ];
  await api.store.events.finish({ eventId, outcome, timings: {}, deliverTo: [], attempts });
}

const done: FinishOutcome = { status: 'done', description: makeDescription('A cat.') };

test('an event tells who was asked to describe it', async () => {
  await using api = await startApi();
  const id = await addEvent(api, done);
  const { json } = await api.call('GET', `/api/v1/events/${id}`);
  expect(eventWithAttemptsSchema.strict().parse(json).provider_attempts).toEqual([
    {
      provider: 'openai',
      model: 'small-vision',
      started_at: '2026-05-17T12:00:00.000Z',
      latency_ms: 13,
      outcome: 'rate_limit',
      message: 'openai: too many, see https://***@host.example/',
      cost_usd: 0,
      input_tokens: null,
      output_tokens: null,
    },
    expect.objectContaining({ provider: 'anthropic', outcome: 'described', message: null, cost_usd: null }),
  ]);
});

test.for<[string, FinishOutcome]>([
  ['failed', { status: 'failed', reason: 'DESCRIBE_FAILED: no' }],
  ['skipped', { status: 'skipped', reason: 'overload' }],
  ['done', done],
])('an event that is %s can be described again', async ([, outcome]) => {
  await using api = await startApi();
  const id = await addEvent(api, outcome);
  const answer = await api.call('POST', `/api/v1/events/${id}/describe`);
  expect(answer.status).toBe(202);
  expect(answer.headers.get('location')).toBe(`/api/v1/events/${id}`);
  expect(answer.json).toMatchObject({
    id,
    description_status: 'pending',
    description: outcome.status === 'done' ? 'A cat.' : null,
  });
  expect(await api.store.events.pendingJobs()).toMatchObject([{ eventId: id, attempts: 0 }]);
  // One that waits already goes on waiting, and is not counted.
  const again = await api.call('POST', `/api/v1/events/${id}/describe`);
  expect([again.status, (await api.store.events.pendingJobs()).length]).toEqual([202, 1]);
});

test('more than three times an hour is too often, and it is said when to come back', async () => {
  await using api = await startApi();
  const id = await addEvent(api, done);
  const statuses: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    statuses.push((await api.call('POST', `/api/v1/events/${id}/describe`)).status);
    await finish(api, id, done);
  }
  const refused = await api.call('POST', `/api/v1/events/${id}/describe`);
  expect([...statuses, refused.status]).toEqual([202, 202, 202, 429]);
  expect(refused.json).toMatchObject({ error: { code: 'RATE_LIMITED' } });
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(3500);
  expect(seconds).toBeLessThanOrEqual(3600);
});

test('what is not there, or has no picture, can not be described', async () => {
  await using api = await startApi();
  const gone = await api.call('POST', '/api/v1/events/gone/describe');
  expect([gone.status, gone.json]).toMatchObject([404, { error: { code: 'EVENT_NOT_FOUND' } }]);
  const { id } = await api.addEvent({ cameraId: await api.addCamera() });
  await finish(api, id, { status: 'skipped', reason: 'no picture' });
  const blind = await api.call('POST', `/api/v1/events/${id}/describe`);
  expect([blind.status, blind.json]).toMatchObject([404, { error: { code: 'PICTURE_NOT_FOUND' } }]);
});

test('the exact pictures and words that were sent can be seen', async () => {
  await using api = await startApi();
  const id = await addEvent(api, done);
  const jpegs = [await makeJpeg(64), await makeJpeg(32)];
  for (const [index, provider] of ['openai', 'My Ollama/ä'].entries()) {
    const sentAt = noon + index;
    const pictures = await api.media.writeSentPictures(
      id,
      noon,
      { provider, sentAt },
      jpegs.map((jpeg, number) => ({ label: `Frame ${number + 1}`, jpeg, width: 64 >> number, height: 90 })),
    );
    await api.store.events.recordSent(id, {
      provider,
      model: null,
      sentAt,
      promptVersion: '1',
      system: 'You describe.',
      prompt: 'Camera: Yard',
      pictures,
    });
  }
  const answer = await api.call('GET', `/api/v1/events/${id}/sent`);
  const { sent, total_count: count } = sentListSchema.strict().parse(answer.json);
  expect(count).toBe(2);
  expect(sent).toMatchObject([
    {
      provider: 'openai',
      model: null,
      sent_at: '2026-03-01T12:00:00.000Z',
      prompt_version: '1',
      system: 'You describe.',
      prompt: 'Camera: Yard',
      pictures: [
        { label: 'Frame 1', width: 64, size_bytes: jpegs[0]?.byteLength },
        { label: 'Frame 2', width: 32 },
      ],
    },
    { provider: 'My Ollama/ä' },
  ]);
  const urls = sent.flatMap(({ pictures }) => pictures.map(({ url }) => url));
  expect(new Set(urls).size).toBe(4);
  for (const [index, url] of urls.entries()) {
    const response = await fetch(api.url + url);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect(Buffer.from(await response.arrayBuffer()).equals(jpegs[index % 2] ?? Buffer.of())).toBe(true);
    const etag = response.headers.get('etag') ?? '';
    expect((await fetch(api.url + url, { headers: { 'if-none-match': etag } })).status).toBe(304);
  }
});

test('only what was sent for this very event can be fetched as such', async () => {
  await using api = await startApi();
  const id = await addEvent(api, done);
  expect((await api.call('GET', `/api/v1/events/${id}/sent`)).json).toEqual({ sent: [], total_count: 0 });
  for (const name of ['1', 'openai-1_1', '..%2f..%2fvedette.db', `event_${id}`, '__proto__']) {
    const answer = await api.call('GET', `/api/v1/events/${id}/sent/${name}`);
    expect([name, answer.status, answer.json]).toMatchObject([
      name,
      404,
      { error: { code: 'PICTURE_NOT_FOUND' } },
    ]);
  }
  for (const path of ['sent', 'sent/openai-1_1']) {
    const answer = await api.call('GET', `/api/v1/events/gone/${path}`);
    expect(answer.json).toMatchObject({ error: { code: 'EVENT_NOT_FOUND' } });
  }
});
