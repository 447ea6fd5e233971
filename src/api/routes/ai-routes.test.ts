import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startApi, type ApiAnswer, type RunningApi } from '../../../test/fakes/api-services.ts';
import { startProviderServer } from '../../../test/support/vision/provider-server.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { providerListSchema, type ProviderListWire } from '../ai-wire.ts';
import { errorSchema } from '../error-reply.ts';

const path = '/api/v1/ai/providers';
const key = 'sk-proj-Zx81uWq0Lm55TtRr-WXYZ';

function parseList(answer: ApiAnswer): ProviderListWire {
  expect(`${answer.status} ${answer.text}`).toMatch(/^200 /);
  return providerListSchema.strict().parse(answer.json);
}

async function list(api: RunningApi): Promise<ProviderListWire> {
  return parseList(await api.call('GET', path));
}

async function put(api: RunningApi, ...providers: readonly object[]): Promise<ProviderListWire> {
  return parseList(await api.call('PUT', path, { providers }));
}

/** Order, and where each key comes from. */
function shape({ source, providers }: ProviderListWire): unknown[] {
  return [source, ...providers.map(({ name, api_key, api_key_source }) => [name, api_key, api_key_source])];
}

test('without a list the environment decides, and the local describer is last', async () => {
  await using api = await startApi({
    ai: { env: { ANTHROPIC_API_KEY: 'anthropic-key-1234', OPENAI_API_KEY: `${key}\n` } },
  });
  const listed = await list(api);
  expect(shape(listed)).toEqual([
    'environment',
    ['openai', '****WXYZ', 'environment'],
    ['anthropic', '****1234', 'environment'],
    ['local', null, null],
  ]);
  expect(listed.providers[0]).toMatchObject({
    type: 'openai',
    title: 'OpenAI',
    model: expect.stringMatching(/^gpt-/),
    base_url: null,
    is_local: false,
    state: { breaker: 'closed', open_until: null, last_error: null, p50_ms: null, calls: 0, failures: {} },
  });
  expect(listed.types.map(({ type }) => type)).toContain('openai_compatible');
  expect(listed).toMatchObject({ total_count: 3, is_read_only: false, problems: [] });
});

test('a list of the configuration file is shown and can not be changed', async () => {
  await using api = await startApi({
    ai: {
      listed: [{ type: 'xai', name: 'grok', api_key: 'short' }, { type: 'google' }],
      env: { GOOGLE_GENERATIVE_AI_API_KEY: 'google-key-9876' },
    },
  });
  expect(shape(await list(api))).toEqual([
    'config',
    ['grok', '****', 'config'],
    ['google', '****9876', 'environment'],
    ['local', null, null],
  ]);
  const refused = await api.call('PUT', path, { providers: [{ type: 'local' }] });
  expect(refused.status).toBe(409);
  expect(refused.json).toMatchObject({
    error: { code: 'PROVIDERS_IN_CONFIG', message: expect.stringContaining('vision.providers') },
  });
  expect(shape(await list(api))).toHaveLength(4);
});

test('a list that is put is in force at once, and after the next start', async () => {
  await using server = await startProviderServer('openai', { apiKey: key });
  await using api = await startApi();
  const listed = await put(
    api,
    { type: 'openai', name: 'work', model: 'gpt-5.4-mini', base_url: server.url, api_key: ` ${key}\n` },
    { type: 'openai_compatible', name: 'ollama', model: 'qwen3-vl:4b', base_url: 'http://127.0.0.1:1/v1' },
  );
  expect(shape(listed)).toEqual([
    'saved',
    ['work', '****WXYZ', 'saved'],
    ['ollama', null, null],
    ['local', null, null],
  ]);
  expect(listed.providers[0]).toMatchObject({ model: 'gpt-5.4-mini', base_url: server.url, pictures: 3 });
  expect(api.ai.chain.states().map(({ name }) => name)).toEqual(['work', 'ollama', 'local']);
  await using again = await startApi({ store: api.store });
  expect(await list(again)).toEqual(listed);
  const tried = await again.call('POST', `${path}/work/test`);
  expect(tried.json).toMatchObject({ ok: true });
  expect(server.requests[0]?.hasRightKey).toBe(true);
});

test('the local describer can be left out or put first', async () => {
  await using api = await startApi();
  const without = await api.call('PUT', path, {
    providers: [{ type: 'openai', api_key: key }],
    local_fallback: false,
  });
  expect(shape(parseList(without))).toEqual(['saved', ['openai', '****WXYZ', 'saved']]);
  const first = await put(api, { type: 'local' }, { type: 'openai' });
  expect(shape(first)).toEqual(['saved', ['local', null, null], ['openai', '****WXYZ', 'saved']]);
});

test('a key stays when it is left out or comes back as it was shown, goes by null, and by the provider', async () => {
  await using api = await startApi({ ai: { env: { OPENAI_API_KEY: 'environment-key-5555' } } });
  const keyNames = async (): Promise<string[]> => (await api.store.secrets.list()).map(({ name }) => name);
  const shown = async (entry: object): Promise<unknown> => shape(await put(api, entry)).at(1);
  const saved = ['openai', '****WXYZ', 'saved'];
  expect(await shown({ type: 'openai', api_key: key })).toEqual(saved);
  expect(await shown({ type: 'openai', model: 'gpt-6-sol' })).toEqual(saved);
  expect(await shown({ type: 'openai', api_key: '****WXYZ' })).toEqual(saved);
  expect(await api.store.secrets.get('vision.openai.api_key')).toBe(key);
  const other = await api.call('PUT', path, { providers: [{ type: 'openai', api_key: '****ABCD' }] });
  expect(other.json).toMatchObject({
    error: { code: 'VALIDATION_FAILED', details: [{ path: 'providers[0].api_key' }] },
  });
  expect(await shown({ type: 'openai', api_key: null })).toEqual(['openai', '****5555', 'environment']);
  expect(await keyNames()).toEqual([]);
  await put(api, { type: 'openai', api_key: key });
  expect(await keyNames()).toEqual(['vision.openai.api_key']);
  await put(api, { type: 'local' });
  expect(await keyNames()).toEqual([]);
});

test('a key goes to no other address than the one for which it was entered', async () => {
  await using thief = await startProviderServer('openai', { apiKey: null });
  await using api = await startApi({ ai: { env: { ANTHROPIC_API_KEY: 'environment-key-5555' } } });
  await put(api, { type: 'openai', api_key: key });
  const moved = await api.call('PUT', path, { providers: [{ type: 'openai', base_url: thief.url }] });
  expect(moved.status).toBe(422);
  expect(moved.json).toMatchObject({
    error: { details: [{ path: 'providers[0].api_key', received: 'nothing' }] },
  });
  const retyped = await api.call('PUT', path, {
    providers: [{ type: 'openai_compatible', name: 'openai', model: 'm', base_url: thief.url }],
  });
  expect(retyped.status).toBe(422);
  // The key of the environment is for the maker's own address.
  const listed = await put(api, { type: 'anthropic', base_url: thief.url });
  expect(shape(listed).at(1)).toEqual(['anthropic', null, null]);
  const tried = await api.call('POST', `${path}/anthropic/test`);
  expect(tried.json).toMatchObject({ ok: false, fault: 'auth' });
  expect(thief.calls).toBe(0);
});

test('what makes no sense is refused by its field, and nothing changes', async () => {
  await using api = await startApi();
  const before = await list(api);
  const bad: readonly (readonly [unknown, string, RegExp])[] = [
    [{ providers: [] }, 'providers', /at least 1/],
    [{ providers: Array.from({ length: 21 }, () => ({ type: 'local' })) }, 'providers', /at most 20/],
    [{ providers: [{ type: 'gemini' }] }, 'providers[0].type', /one of openai, anthropic, google/],
    [{ providers: [{}] }, 'providers[0].type', /one of/],
    [{ providers: [{ type: 'openai', colour: 'red' }] }, 'providers[0].colour', /no such key|one of/],
    [{ providers: [{ type: 'local', api_key: key }] }, 'providers[0].api_key', /no such key|one of/],
    [{ providers: [{ type: 'openai_compatible' }] }, 'providers[0].model', /text/],
    [{ providers: [{ type: 'openai', base_url: 'ftp://x' }] }, 'providers[0].base_url', /http/],
    [{ providers: [{ type: 'openai', pictures: 7 }] }, 'providers[0].pictures', /at most 6/],
    [{ providers: [{ type: 'openai', api_key: 'two words' }] }, 'providers[0].api_key', /without spaces/],
    [{ providers: [{ type: 'openai', api_key: 'schlüssel' }] }, 'providers[0].api_key', /without spaces/],
    [{ providers: [{ type: 'local' }, { type: 'openai', name: 'local' }] }, 'providers[1].name', /its own/],
    [{ providers: [{ type: 'openai', name: 'local' }] }, 'providers[1].name', /its own/],
    [{ providers: [{ type: 'local' }], colour: 'red' }, 'colour', /one of providers/],
  ];
  for (const [body, field, expected] of bad) {
    const answer = await api.call('PUT', path, body);
    const { error } = answer.json as { error: { details: readonly { path: string; expected: string }[] } };
    expect([answer.status, error.details[0]?.path]).toEqual([422, field]);
    expect(error.details[0]?.expected).toMatch(expected);
  }
  expect(await list(api)).toEqual(before);
});

test('no key is in any answer, in the log or readable on the disk', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => lines.push(line) });
  await using server = await startProviderServer('openai', { apiKey: 'another one' });
  await using api = await startApi({ log });
  const texts: string[] = [];
  const call = async (method: string, where: string, body?: unknown): Promise<void> => {
    const { text, headers } = await api.call(method, where, body);
    texts.push(text, JSON.stringify([...headers]));
  };
  const entry = { type: 'openai', base_url: server.url, api_key: key };
  await call('PUT', path, { providers: [entry] });
  await call('GET', path);
  await call('POST', `${path}/openai/test`);
  for (const broken of [
    { ...entry, api_key: [key] },
    { ...entry, api_key: { value: key } },
    { ...entry, api_key: `${key} and more` },
    { ...entry, api_key: 12_345_678 },
    { ...entry, base_url: `http://user:${key}@127.0.0.1/v1` },
    { ...entry, type: 'local' },
  ]) {
    await call('PUT', path, { providers: [broken] });
  }
  await call('PUT', path, `{"providers":[{"type":"openai","api_key":"${key}"`);
  expect(server.calls).toBe(1);
  expect(texts.join('\n')).toContain('****WXYZ');
  expect(lines.join('\n')).toContain('the vision providers were changed');
  const leaks = [...texts, ...lines].filter(
    (text) => text.includes(key.slice(0, 12)) || text.includes('12345678'),
  );
  expect(leaks).toEqual([]);
  const files = (await readdir(api.dataDir)).filter((name) => name.startsWith('vedette.db'));
  expect(files).toContain('vedette.db');
  for (const file of files) {
    expect((await readFile(join(api.dataDir, file))).includes(key.slice(0, 12))).toBe(false);
  }
});

test('a provider that works is tried out with one picture, and paid for', async () => {
  await using server = await startProviderServer('anthropic');
  await using api = await startApi();
  await put(api, { type: 'anthropic', base_url: server.url, api_key: server.apiKey });
  const answer = await api.call('POST', `${path}/anthropic/test`);
  expect(answer.json).toEqual({
    ok: true,
    latency_ms: expect.any(Number),
    description: expect.stringContaining('A person in a dark coat'),
    title: 'Person at the front door',
    confidence: 87,
    objects: ['person', 'parcel'],
    model: expect.stringMatching(/^claude-/),
    cost_usd: expect.any(Number),
  });
  expect(server.problems).toEqual([]);
  expect(server.requests[0]?.modelCall?.images[0]).toMatchObject({ mediaType: 'image/jpeg', width: 640 });
  const { cost_usd: cost } = answer.json as { cost_usd: number };
  expect(cost).toBeGreaterThan(0);
  const { today } = await api.store.spending.summary();
  expect(today).toMatchObject({ calls: 1, reservedUsd: 0 });
  expect(today.spentUsd).toBeCloseTo(cost, 8);
  // Those at work are not touched by it.
  expect((await list(api)).providers[0]?.state.calls).toBe(0);
});

test('the local describer can be tried out', async () => {
  await using api = await startApi();
  const answer = await api.call('POST', `${path}/local/test`);
  expect(answer.json).toMatchObject({ ok: true, model: 'blind', cost_usd: 0 });
  expect((await api.store.spending.summary()).today.calls).toBe(0);
});

test('a provider that fails says why', async () => {
  await using server = await startProviderServer('google');
  await using api = await startApi();
  await put(api, { type: 'google', name: 'gemini', base_url: server.url, api_key: server.apiKey });
  const faults = [
    [{ kind: 'quota' }, 'quota'],
    [{ kind: 'overloaded' }, 'overloaded'],
    [{ kind: 'reset' }, 'network'],
    [{ kind: 'refusal' }, 'refusal'],
  ] as const;
  for (const [fault, expected] of faults) {
    await server.setFault(fault);
    const answer = await api.call('POST', `${path}/gemini/test`);
    expect(answer.json).toMatchObject({
      ok: false,
      fault: expected,
      message: expect.stringMatching(/^gemini: ./),
    });
  }
  const missing = await api.call('POST', `${path}/${encodeURIComponent('no such/one')}/test`);
  expect(missing.json).toMatchObject({ error: { code: 'PROVIDER_NOT_FOUND' } });
});

test('a provider that hangs is left when its own time is up', async () => {
  await using server = await startProviderServer('openai');
  await server.setFault({ kind: 'hang' });
  await using api = await startApi();
  await put(api, { type: 'openai', base_url: server.url, api_key: server.apiKey, timeout_ms: 1000 });
  const answer = await api.call('POST', `${path}/openai/test`);
  expect(answer.json).toMatchObject({
    ok: false,
    fault: 'timeout',
    message: expect.stringContaining('1000 ms'),
  });
  await waitUntil('the server to be left', () => server.open === 0);
});

test('a test that nobody waits for is broken off, and its reservation is settled', async () => {
  await using server = await startProviderServer('openai');
  await server.setFault({ kind: 'hang' });
  await using api = await startApi();
  await put(api, { type: 'openai', base_url: server.url, api_key: server.apiKey });
  // `fetch` would open another connection in place of the one that is broken off.
  const call = request(`${api.url}${path}/openai/test`, { method: 'POST', agent: false }).end();
  const broken = once(call, 'error');
  await waitUntil('the call to arrive', () => server.open === 1);
  call.destroy(new Error('the client has left'));
  await broken;
  await waitUntil('the server to be left', () => server.open === 0);
  await waitUntil('the ledger to be settled', async () => {
    const { today } = await api.store.spending.summary();
    return today.calls === 1 && today.reservedUsd === 0;
  });
});

test('a test is refused like any call when the money is used up', async () => {
  await using server = await startProviderServer('openai');
  await using api = await startApi();
  await put(api, { type: 'openai', base_url: server.url, api_key: server.apiKey });
  api.store.spending.setBudget({ ...api.ai.budget.current(), dailyUsd: 0 });
  const answer = await api.call('POST', `${path}/openai/test`);
  expect(answer.json).toMatchObject({ ok: false, fault: 'budget' });
  expect(server.calls).toBe(0);
});

test('tests are limited to ten a minute', async () => {
  await using api = await startApi();
  const statuses: number[] = [];
  for (let count = 0; count < 11; count += 1) {
    statuses.push((await api.call('POST', `${path}/none/test`)).status);
  }
  expect(statuses).toEqual([...Array<number>(10).fill(404), 429]);
});

test('a saved list that is damaged is told of, and does not keep the service from starting', async () => {
  await using api = await startApi();
  await put(api, { type: 'openai', api_key: key });
  await api.store.settings.set('vision.providers', [{ type: 'openai' }, { type: 'gone' }, 7]);
  await using partly = await startApi({ store: api.store });
  const listed = await list(partly);
  expect(shape(listed)).toEqual(['saved', ['openai', '****WXYZ', 'saved']]);
  expect(listed.problems).toEqual([
    expect.stringContaining('Provider 2'),
    expect.stringContaining('Provider 3'),
  ]);
  await api.store.settings.set('vision.providers', 'nonsense');
  await using wholly = await startApi({ store: api.store });
  expect(shape(await list(wholly))).toEqual(['environment', ['local', null, null]]);
  expect((await list(wholly)).problems).toHaveLength(1);
});

test('lists that are put at the same time are saved one after the other, whole', async () => {
  await using api = await startApi();
  const names = Array.from({ length: 8 }, (_, index) => `provider-${index}`);
  await Promise.all(names.map((name) => put(api, { type: 'openai', name, api_key: `${key}-${name}` })));
  const [only, ...others] = (await list(api)).providers.filter(({ type }) => type === 'openai');
  expect(others).toEqual([]);
  const secrets = await api.store.secrets.list();
  expect(secrets.map(({ name }) => name)).toEqual([`vision.${only?.name}.api_key`]);
  expect(await api.store.secrets.get(`vision.${only?.name}.api_key`)).toBe(`${key}-${only?.name}`);
  expect(api.ai.chain.states().map(({ name }) => name)).toEqual([only?.name, 'local']);
});

test('no list makes the server fail', async () => {
  await using api = await startApi();
  const entry = fc.record(
    {
      type: fc.oneof(fc.constantFrom('openai', 'google', 'local', 'openai_compatible'), fc.jsonValue()),
      name: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
      model: fc.oneof(fc.string(), fc.jsonValue()),
      base_url: fc.oneof(fc.webUrl(), fc.string(), fc.jsonValue()),
      api_key: fc.oneof(fc.string(), fc.constant(null), fc.jsonValue()),
      price: fc.jsonValue(),
      pictures: fc.oneof(fc.integer(), fc.jsonValue()),
    },
    { requiredKeys: ['type'] },
  );
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.array(entry, { maxLength: 3 }), fc.jsonValue()), async (providers) => {
      const { status, json } = await api.call('PUT', path, { providers });
      expect([200, 422]).toContain(status);
      const schema = status === 422 ? errorSchema : providerListSchema;
      expect(schema.strict().safeParse(json).success).toBe(true);
    }),
    { numRuns: 60 },
  );
});
