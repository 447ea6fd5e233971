import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startApi, type RunningApi } from '../../test/fakes/api-services.ts';
import { httpRequest } from '../../test/support/http-request.ts';
import { errorSchema } from './error-reply.ts';

const names = [
  'camera_id',
  'start_time',
  'end_time',
  'min_confidence',
  'object_types',
  'alert_triggered',
  'description_status',
  'source',
  'user_feedback',
  'starred',
  'cursor',
  'sort',
  'format',
  'time_zone',
  'search_query',
  'limit',
  'offset',
  'sort_order',
  'status',
  'since',
  'from',
  'to',
  'events',
];

/** Values that once broke something like this somewhere, beside anything at all. */
const nastyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '"',
    '*',
    '"a',
    'a*b',
    "don't",
    'c++',
    'front-door',
    'AND',
    'NOT x',
    'NEAR(a b)',
    '-a',
    'a:b',
    '^a',
    '(',
    '\u0000',
    '\ud800',
    '%',
    '1e400',
    'NaN',
    '-0',
    '9007199254740993',
    '0x10',
    '00',
    '+1',
    '2026-02-30T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '0000-01-01T00:00:00Z',
    '2026-01-01T00:00:00+99:99',
    '..',
    '__proto__',
    'constructor',
    'x'.repeat(600),
  ),
);

const query = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...names), nastyText), nastyText), { maxLength: 5 })
  .map((pairs) => pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'));

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const eventBody = fc.record(
  {
    camera_id: fc.oneof(fc.constant('$camera'), nastyText, fc.jsonValue()),
    timestamp: fc.oneof(fc.constant('2026-03-01T12:00:00Z'), nastyText, fc.jsonValue()),
    description: fc.oneof(nastyText, fc.jsonValue()),
    confidence: fc.oneof(fc.double(), fc.jsonValue()),
    objects_detected: fc.oneof(fc.array(nastyText, { maxLength: 4 }), fc.jsonValue()),
    thumbnail_base64: fc.oneof(fc.base64String(), nastyText, fc.jsonValue()),
    alert_triggered: fc.oneof(fc.boolean(), fc.jsonValue()),
  },
  { requiredKeys: ['camera_id', 'timestamp'] },
);

const cameraBody = fc.record(
  {
    name: fc.oneof(nastyText, fc.jsonValue()),
    type: fc.oneof(fc.constantFrom('rtsp', 'http_mjpeg'), nastyText),
    url: fc.oneof(
      fc.webUrl(),
      nastyText.map((text) => `rtsp://${text}@10.0.0.2/${text}`),
      nastyText,
      fc.jsonValue(),
    ),
    username: fc.oneof(nastyText, fc.jsonValue()),
    password: fc.oneof(nastyText, fc.jsonValue()),
    frame_rate: fc.oneof(fc.double(), fc.jsonValue()),
    motion_cooldown: fc.oneof(fc.double(), fc.jsonValue()),
    is_enabled: fc.oneof(fc.boolean(), fc.jsonValue()),
  },
  { requiredKeys: ['name', 'url'] },
);

const paths = [
  ['GET', '/api/v1/events'],
  ['GET', '/api/v1/deliveries'],
  ['GET', '/api/v1/cameras'],
  ['GET', '/api/v1/events/stats'],
  ['GET', '/api/v1/events/export'],
  ['GET', '/api/v1/events/$id'],
  ['PATCH', '/api/v1/events/$id'],
  ['DELETE', '/api/v1/events/$id'],
  ['GET', '/api/v1/events/$id/thumbnail'],
  ['GET', '/api/v1/events/$event/frames/$id'],
  ['GET', '/api/v1/events/$id/sent'],
  ['GET', '/api/v1/events/$event/sent/$id'],
  ['POST', '/api/v1/events/$id/describe'],
  ['GET', '/api/v1/ai/usage'],
  ['POST', '/api/v1/ai/providers/$id/test'],
  ['GET', '/api/v1/cameras/$id'],
  ['DELETE', '/api/v1/cameras/$id'],
  ['GET', '/api/v1/cameras/$id/preview'],
  ['POST', '/api/v1/deliveries/$id/retry'],
  ['GET', '/$id'],
  ['GET', '/assets/$id'],
  ['GET', '/api/docs/static/$id'],
  ['GET', '/ws'],
] as const;

/** True for a status below 500, or 503 for what is not there now, and every error in the one form. */
function isCivil({ status, text }: { readonly status: number; readonly text: string }): boolean {
  if (status < 400) return true;
  return (status < 500 || status === 503) && errorSchema.strict().safeParse(JSON.parse(text)).success;
}

async function withApi(check: (api: RunningApi, cameraId: string) => Promise<void>): Promise<void> {
  await using api = await startApi();
  await check(api, await api.addCamera());
}

test('no query and no id makes the server fail', async () => {
  await withApi(async (api, cameraId) => {
    const event = await api.addEvent({ cameraId });
    const run = fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), query, nastyText, async ([method, pattern], query, id) => {
        const path = pattern.replace('$id', () => encode(id)).replace('$event', event.id);
        const answer = await httpRequest(api.url, `${path}?${query}`, { method });
        return isCivil(answer);
      }),
      { numRuns: 600 },
    );
    await expect(run).resolves.toBeUndefined();
  });
});

test('no body of an event makes the server fail', async () => {
  await withApi(async (api, cameraId) => {
    const run = fc.assert(
      fc.asyncProperty(eventBody, nastyText, async (body, key) => {
        const text = JSON.stringify(body).replace('$camera', cameraId);
        const headers = /^[\x21-\x7e]+$/.test(key) ? { 'idempotency-key': key } : undefined;
        const answer = await api.call('POST', '/api/v1/events', text, headers);
        return isCivil(answer);
      }),
      { numRuns: 300 },
    );
    await expect(run).resolves.toBeUndefined();
    expect((await api.call('GET', '/api/v1/events?limit=500')).status).toBe(200);
  });
});

test('no body of a camera makes the server fail, and no password comes back', async () => {
  await withApi(async (api, cameraId) => {
    const run = fc.assert(
      fc.asyncProperty(cameraBody, fc.boolean(), async (body, isNew) => {
        const marked =
          typeof body.password === 'string' ? { ...body, password: `Zq7-${body.password}` } : body;
        const answer = isNew
          ? await api.call('POST', '/api/v1/cameras', marked)
          : await api.call('PUT', `/api/v1/cameras/${cameraId}`, marked);
        return isCivil(answer) && !answer.text.includes('Zq7-');
      }),
      { numRuns: 400 },
    );
    await expect(run).resolves.toBeUndefined();
    const { status, text } = await api.call('GET', '/api/v1/cameras');
    expect(status).toBe(200);
    expect(text).not.toContain('Zq7-');
  });
});

test('no bytes in place of JSON make the server fail', async () => {
  await withApi(async (api) => {
    const json = { 'content-type': 'application/json' };
    const run = fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          fc.constant('['.repeat(100_000)),
          fc.constant('\ufeff{}'),
        ),
        fc.constantFrom('/api/v1/events', '/api/v1/cameras', '/api/v1/cameras/test'),
        async (body, path) => {
          const answer = await httpRequest(api.url, path, { method: 'POST', headers: json, body });
          return isCivil(answer);
        },
      ),
      { numRuns: 60 },
    );
    await expect(run).resolves.toBeUndefined();
  });
});
