import sharp from 'sharp';
import { expect, test } from 'vitest';
import { everyFault, type ProviderFault } from '../../../test/support/vision/provider-fault.ts';
import { startProviderServer, type ProviderServer } from '../../../test/support/vision/provider-server.ts';
import type { ProviderKind } from '../../../test/support/vision/recorded-request.ts';
import { waitUntil } from '../../../test/support/wait-until.ts';
import { systemClock } from '../../core/clock.ts';
import type { ObjectDetector } from '../../core/object-detector.ts';
import type { VisionFault } from '../../core/vision.ts';
import { settingsOf, type ProviderAdapter, type ProviderEntry } from '../provider-adapter.ts';
import { VisionError } from '../vision-error.ts';
import type { ChainMember, DescribeInput } from '../vision-provider.ts';
import { anthropicProvider } from './anthropic.ts';
import { googleProvider } from './google.ts';
import { openaiCompatibleProvider } from './openai-compatible.ts';
import { openaiProvider } from './openai.ts';
import { xaiProvider } from './xai.ts';

const adapters: Readonly<Record<ProviderKind, ProviderAdapter>> = {
  openai: openaiProvider,
  anthropic: anthropicProvider,
  google: googleProvider,
  xai: xaiProvider,
  openai_compatible: openaiCompatibleProvider,
};
const kinds = Object.keys(adapters) as ProviderKind[];
const { signal } = new AbortController();

const detector: ObjectDetector = {
  model: 'none',
  detect: () => Promise.resolve([]),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

function providerFor(server: ProviderServer, more: Partial<ProviderEntry> = {}): ChainMember {
  const adapter = adapters[server.kind];
  const entry = adapter.schema.parse({
    type: server.kind,
    base_url: server.url,
    ...(server.apiKey === '' ? {} : { api_key: server.apiKey }),
    ...(server.kind === 'openai_compatible' ? { model: 'qwen3-vl:4b' } : {}),
    ...more,
  });
  return adapter.create(settingsOf(entry), { clock: systemClock, detector });
}

async function scene(x: number): Promise<Uint8Array> {
  const noise = { type: 'gaussian', mean: 120, sigma: 30 } as const;
  const background = sharp({ create: { width: 1280, height: 720, channels: 3, background: '#456', noise } });
  const walker = await sharp({ create: { width: 80, height: 200, channels: 3, background: '#a33' } })
    .png()
    .toBuffer();
  return await background
    .composite([{ input: walker, left: x, top: 300 }])
    .jpeg()
    .toBuffer();
}

const startedAt = Date.UTC(2026, 10, 23, 13, 5, 9);

async function exampleInput(): Promise<DescribeInput> {
  const frames = await Promise.all(
    [100, 500, 900].map(async (x, index) => ({
      capturedAt: startedAt + index * 700,
      jpeg: await scene(x),
      regions: [{ box: [x / 1280, 0.42, 0.0625, 0.28] as const, area: 0.015 }],
    })),
  );
  return {
    eventId: 'event-1',
    cameraId: 'camera-1',
    cameraName: 'Front door',
    startedAt,
    frames,
    bestCapturedAt: startedAt + 700,
    motion: null,
    isLocalOnly: false,
    timeZone: 'Europe/Berlin',
    hints: {
      detections: [{ label: 'person', score: 0.81, box: [500 / 1280, 0.42, 0.0625, 0.28] }],
      sentence: 'A person walks to the right.',
    },
  };
}

const input = exampleInput();

test.for(kinds)('%s: one sound request, one description', async (kind) => {
  await using server = await startProviderServer(kind);
  const provider = providerFor(server);
  const description = await provider.describe(await input, signal);
  expect(server.problems).toEqual([]);
  expect(server).toMatchObject({ calls: 1, charged: 1 });
  expect(description).toMatchObject({
    text: expect.stringContaining(`${kind}: A person in a dark coat`),
    title: 'Person at the front door',
    confidence: 87,
    objects: ['person', 'parcel'],
    actions: ['walking', 'carrying'],
    isNothingOfInterest: false,
    detections: [{ label: 'person' }],
    provider: kind,
    model: provider.model,
    usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
  });
  const call = server.requests[0]?.modelCall;
  expect(call?.text).toContain('Frame 2 of 3, +0.7 s');
  expect(call?.text).toContain('Part of frame 2, enlarged');
  expect(call?.text).toContain('Camera: Front door');
  expect(call?.instructions).toContain('security camera');
  expect(call?.schema).toMatchObject({
    required: expect.arrayContaining(['observations', 'nothing_of_interest']),
  });
  expect(call?.images).toHaveLength(4);
  expect(call?.images[0]).toMatchObject({ mediaType: 'image/jpeg', height: kind === 'google' ? 432 : 360 });
  expect(call?.images[3]).toMatchObject({ width: 512, height: 512 });
});

test.for(kinds)('%s: what is prepared is what is sent, and its estimate is an upper bound', async (kind) => {
  await using server = await startProviderServer(kind);
  const provider = providerFor(server);
  const call = await provider.prepare(await input, signal);
  expect(server.calls).toBe(0);
  const { costUsd, usage } = await call.send(signal);
  const sent = server.requests[0]?.modelCall;
  expect(sent?.images.map(({ jpeg }) => Buffer.from(jpeg))).toEqual(
    call.request?.pictures.map(({ jpeg }) => Buffer.from(jpeg)),
  );
  expect(sent?.text).toContain(call.request?.prompt);
  expect(sent?.instructions).toBe(call.request?.system);
  expect(usage?.inputTokens).toBeGreaterThan(500);
  // A server on this machine is free.
  expect([costUsd === 0, call.estimateUsd === 0]).toEqual(Array(2).fill(kind === 'openai_compatible'));
  expect(call.estimateUsd).toBeGreaterThanOrEqual(costUsd ?? Number.NaN);
});

const expectedFaults: Readonly<Record<ProviderFault['kind'], VisionFault | 'described'>> = {
  delay: 'described',
  rate_limit: 'rate_limit',
  quota: 'quota',
  auth: 'auth',
  bad_request: 'bad_request',
  unknown_model: 'bad_request',
  server_error: 'overloaded',
  bad_gateway: 'overloaded',
  unavailable: 'overloaded',
  overloaded: 'overloaded',
  captive_portal: 'bad_answer',
  redirect: 'bad_request',
  hang: 'timeout',
  reset: 'network',
  refused: 'network',
  half_body: 'network',
  slow_body: 'timeout',
  garbage: 'bad_answer',
  damaged_answer: 'bad_answer',
  refusal: 'refusal',
  blocked: 'refusal',
  truncated: 'bad_answer',
};

/** What is mended, and the confidence that is left of it. */
const mended: Readonly<Record<string, number | null>> = {
  fenced: 87,
  prose_around: 87,
  missing_fields: null,
  confidence_850: null,
  confidence_fraction: 85,
  confidence_words: null,
  long_title: 87,
  strings_for_lists: 87,
};

function isMended(fault: ProviderFault): boolean {
  return fault.kind === 'damaged_answer' && fault.how in mended;
}

const faults = kinds.flatMap((kind) => everyFault(kind).map(([name, fault]) => ({ kind, name, fault })));
const endless = new Set(['hang', 'slow_body']);

/** One small picture. */
async function smallInput(): Promise<DescribeInput> {
  const whole = await input;
  const jpeg = await sharp({ create: { width: 160, height: 90, channels: 3, background: '#357' } })
    .jpeg()
    .toBuffer();
  return { ...whole, frames: [{ capturedAt: startedAt, jpeg, regions: [] }] };
}

const small = smallInput();

async function failureOf(provider: ChainMember, given = signal): Promise<VisionError> {
  const error: unknown = await provider.describe(await small, given).then(
    ({ text }) => new Error(`It was described: ${text}`),
    (reason: unknown) => reason,
  );
  if (error instanceof VisionError) return error;
  throw error;
}

test.for(faults.filter(({ fault }) => isMended(fault)))('$kind: $name is mended', async ({ kind, fault }) => {
  await using server = await startProviderServer(kind);
  await server.setFault(fault);
  const { text, confidence, title, objects } = await providerFor(server).describe(await small, signal);
  expect(text).toBe(
    `${kind}: A person in a dark coat walks through the open gate to the front door with a parcel.`,
  );
  const how = fault.kind === 'damaged_answer' ? fault.how : '';
  expect(confidence).toBe(mended[how]);
  expect(title?.length ?? 0).toBeLessThanOrEqual(80);
  expect(objects).toEqual(how === 'missing_fields' ? [] : ['person', 'parcel']);
  expect(server).toMatchObject({ calls: 1, problems: [] });
});

test.for(faults.filter(({ fault }) => !isMended(fault) && !endless.has(fault.kind)))(
  '$kind: $name is told for what it is',
  async ({ kind, fault }) => {
    await using server = await startProviderServer(kind, { structuredOutput: 'optional' });
    await server.setFault(fault);
    const error = await failureOf(providerFor(server));
    expect([error.fault, error.message]).toEqual([
      expectedFaults[fault.kind],
      expect.stringMatching(new RegExp(`^${kind}: .{10,350}$`)),
    ]);
    expect(error.message).not.toMatch(/test-key|0123456789|<html|<!doctype/i);
    expect(server.problems).toEqual([]);
    // Whoever has worked may send a bill; one that was not reached has not.
    expect(error.isBillable || server.billed === 0).toBe(true);
    expect(error.isBillable && (server.calls === 0 || error.fault === 'auth')).toBe(false);
  },
);

test.for(kinds)('%s: the wait that is asked for is told', async (kind) => {
  await using server = await startProviderServer(kind);
  await server.setFault({ kind: 'rate_limit', retryAfterS: 86_400 });
  expect((await failureOf(providerFor(server))).retryAfterMs).toBe(86_400_000);
  await server.setFault({ kind: 'rate_limit', retryAfterS: 3600, as: 'http_date' });
  const { retryAfterMs = 0 } = await failureOf(providerFor(server));
  expect(retryAfterMs).toBeGreaterThan(3_500_000);
  expect(retryAfterMs).toBeLessThanOrEqual(3_601_000);
});

test('every fault is among those', () => {
  expect(faults.length).toBeGreaterThan(200);
  expect(new Set(faults.map(({ fault }) => fault.kind)).size).toBe(Object.keys(expectedFaults).length - 1);
});

test.for(kinds)('%s: a hung call ends with its signal, and the server is left', async (kind) => {
  await using server = await startProviderServer(kind);
  await server.setFault({ kind: 'hang' });
  const stop = new AbortController();
  const call = providerFor(server).describe(await small, stop.signal);
  const [outcome] = await Promise.allSettled([
    call,
    waitUntil('the request to arrive', () => server.open === 1).then(() => stop.abort()),
  ]);
  expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
  await waitUntil('the server to be left', () => server.open === 0);
});

test('a certificate that nobody vouches for is a matter of the network, and not billed', async () => {
  await using server = await startProviderServer('anthropic');
  const error = await failureOf(providerFor(server, { base_url: server.tlsUrl }));
  expect(error).toMatchObject({ fault: 'network', isBillable: false });
  expect(error.message).toMatch(/certificate/);
});

test('a redirect is not followed', async () => {
  await using server = await startProviderServer('openai');
  await server.setFault({ kind: 'redirect' });
  const error = await failureOf(providerFor(server));
  expect(error.message).toMatch(/redirect.*base_url/);
  expect(server.requests.map(({ path }) => path)).toEqual(['/v1/responses']);
});

test('without a key nothing is sent, and it is said what to set', async () => {
  await using server = await startProviderServer('google');
  const settings = settingsOf({ type: 'google', base_url: server.url });
  const error = await failureOf(googleProvider.create(settings, { clock: systemClock, detector }));
  expect(error.fault).toBe('auth');
  expect(error.message).toMatch(/GOOGLE_GENERATIVE_AI_API_KEY/);
  expect(server.calls).toBe(0);
});

test('a key that is wrong is not in the message', async () => {
  for (const kind of kinds) {
    await using server = await startProviderServer(kind, { apiKey: 'the-right-key' });
    const apiKey = `sk-wrong-${'x7Yq'.repeat(6)}`;
    const error = await failureOf(providerFor(server, { api_key: apiKey }));
    expect(error.fault).toBe('auth');
    expect(error.message).not.toContain(apiKey.slice(-4));
    expect(error.message).not.toContain(apiKey.slice(0, 8));
  }
});

test.for(['ollama', 'llama_cpp', 'lm_studio', 'vllm'] as const)(
  'a server (%s) that refuses the schema is asked in words, and remembered',
  async (flavour) => {
    await using server = await startProviderServer('openai_compatible', {
      structuredOutput: 'refused',
      flavour,
    });
    const provider = providerFor(server);
    const first = await provider.describe(await small, signal);
    expect(first.text).toContain('A person in a dark coat');
    expect(server.calls).toBe(2);
    const call = await provider.prepare(await small, signal);
    await call.send(signal);
    expect(server.calls).toBe(3);
    // What is shown as sent is what was sent.
    expect(server.requests.at(-1)?.modelCall?.text).toContain(call.request?.prompt);
    expect(call.request?.prompt).toContain('"nothing_of_interest"');
    expect(server.requests[1]?.modelCall?.text).toContain('"nothing_of_interest"');
  },
);

test('a wrong model is no reason to leave the schema out', async () => {
  await using server = await startProviderServer('openai_compatible', { models: ['other'] });
  const provider = providerFor(server);
  expect((await failureOf(provider)).message).toContain('404');
  expect(server.calls).toBe(1);
});

test('an unknown model works, its cost is not known', async () => {
  await using server = await startProviderServer('openai');
  const provider = providerFor(server, { model: 'gpt-9-moon' });
  const call = await provider.prepare(await small, signal);
  expect(call.estimateUsd).toBeNull();
  expect(await call.send(signal)).toMatchObject({ model: 'gpt-9-moon', costUsd: null });
});

test('a price that the user states counts', async () => {
  await using server = await startProviderServer('openai_compatible');
  const provider = providerFor(server, { price: { input_usd: 1_000_000, output_usd: 0 } });
  expect(provider.isFree).toBe(false);
  const { costUsd, usage } = await provider.describe(await small, signal);
  expect(costUsd).toBe(usage?.inputTokens);
});

function at(base_url: string): ChainMember {
  const settings = settingsOf({ type: 'openai_compatible', model: 'm', base_url });
  return openaiCompatibleProvider.create(settings, { clock: systemClock, detector });
}

test('only a server on this very machine is local', () => {
  const places = [
    'http://127.0.0.1:11434/v1',
    'http://localhost:1234/v1',
    'http://[::1]:8080/v1',
    'http://192.168.1.9:11434/v1',
    'http://nas.local/v1',
    'https://127.0.0.1.example.com/v1',
    'https://localhost.example.com/v1',
  ];
  expect(places.map(at).map(({ isLocal }) => isLocal)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(places.map(at).map(({ isFree }) => isFree)).toEqual([true, true, true, true, true, false, false]);
  expect(kinds.filter((kind) => kind !== 'openai_compatible').map((kind) => localOf(kind))).toEqual(
    Array(4).fill(false),
  );
});

/** Even at an address of this machine: what listens there passes the pictures on. */
function localOf(kind: ProviderKind): boolean {
  const settings = settingsOf({ type: kind, api_key: 'k', base_url: 'http://127.0.0.1:1/v1' });
  return adapters[kind].create(settings, { clock: systemClock, detector }).isLocal;
}

test.for(kinds)('%s: settings that nobody reads are refused', (kind) => {
  const { schema } = adapters[kind];
  const entry = { type: kind, model: 'm', base_url: 'http://127.0.0.1/v1' };
  expect(schema.safeParse(entry).success).toBe(true);
  expect(schema.safeParse({ ...entry, colour: 'red' }).success).toBe(false);
  expect(schema.safeParse({ ...entry, base_url: 'ftp://host' }).success).toBe(false);
  expect(schema.safeParse({ ...entry, base_url: 'http://user:secret@host' }).success).toBe(false);
  expect(schema.safeParse({ ...entry, pictures: 7 }).success).toBe(false);
});
