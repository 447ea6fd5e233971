import { APICallError } from 'ai';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startProviderServer, type ProviderServer } from './provider-server.ts';
import type { ProviderKind } from './recorded-request.ts';
import { describeWithSdk, exampleModels, examplePicture } from './sdk-client.ts';

const kinds: readonly ProviderKind[] = ['openai', 'anthropic', 'google', 'xai', 'openai_compatible'];

/** What the client is refused with. */
async function refusalOf(call: Promise<unknown>): Promise<APICallError> {
  const error: unknown = await call.then(
    () => new Error('The call went well.'),
    (reason: unknown) => reason,
  );
  if (APICallError.isInstance(error)) return error;
  throw error;
}

test.for(kinds)('%s: the SDK understands the answer, the server the request', async (kind) => {
  await using server = await startProviderServer(kind);
  const picture = await examplePicture('jpeg', 320);
  const { output, usage, finishReason } = await describeWithSdk(server, { picture });
  expect(output).toMatchObject({ description: expect.stringContaining(`${kind}: A person`), confidence: 87 });
  expect(finishReason).toBe('stop');
  expect(usage.inputTokens).toBeGreaterThan(0);
  expect(usage.outputTokens).toBeGreaterThan(50);

  expect(server.problems).toEqual([]);
  expect(server).toMatchObject({ calls: 1, charged: 1, billed: 1, abandoned: 0, open: 0 });
  const [request] = server.requests;
  expect(request).toMatchObject({
    call: 1,
    method: 'POST',
    hasRightKey: true,
    modelCall: {
      model: exampleModels[kind],
      instructions: 'You watch a camera.',
      text: 'What happens here?',
      schema: { type: 'object', properties: { title: { type: 'string' } } },
      maxOutputTokens: 300,
      images: [{ mediaType: 'image/jpeg', width: 320, height: 48, sizeBytes: picture.byteLength }],
    },
  });
  expect(Buffer.from(request?.modelCall?.images[0]?.jpeg ?? []).equals(picture)).toBe(true);
});

test.for(kinds)('%s: what it says is the test’s to choose', async (kind) => {
  await using server = await startProviderServer(kind);
  server.answer = ({ modelCall }) => ({
    observations: [],
    description: `Saw ${modelCall?.images.length} picture(s).`,
    title: 'Counted',
    objects: [],
    actions: [],
    confidence: null,
    nothing_of_interest: true,
  });
  const { output } = await describeWithSdk(server);
  expect(output).toMatchObject({ description: 'Saw 1 picture(s).', confidence: null });
  server.answer = 'no JSON at all';
  await expect(describeWithSdk(server)).rejects.toThrow(/could not parse/i);
});

test.for(kinds)('%s: a wrong key is refused, and no key is kept', async (kind) => {
  await using server = await startProviderServer(kind, { apiKey: 'the-right-key' });
  const { statusCode, message } = await refusalOf(describeWithSdk(server, { apiKey: 'a-stolen-key' }));
  expect(statusCode).toBe(kind === 'google' || kind === 'xai' ? 400 : 401);
  expect(message).toMatch(/key/i);
  await describeWithSdk(server);
  expect(server.requests.map(({ hasRightKey }) => hasRightKey)).toEqual([false, true]);
  expect(JSON.stringify(server.requests)).not.toMatch(/the-right-key|a-stolen-key/);
  expect(server).toMatchObject({ calls: 2, charged: 1, billed: 1 });
});

test.for(kinds)('%s: a model that it does not have is unknown', async (kind) => {
  await using server = await startProviderServer(kind, { models: ['some-other-model'] });
  const { statusCode, message } = await refusalOf(describeWithSdk(server));
  expect(statusCode).toBe(404);
  expect(message).toContain(exampleModels[kind]);
});

test.for(kinds)('%s: a wrong address is no endpoint', async (kind) => {
  await using server = await startProviderServer(kind);
  const { statusCode } = await refusalOf(describeWithSdk(server, { baseUrl: `${server.url}/v7` }));
  expect(statusCode).toBe(404);
  expect(server.problems).toHaveLength(1);
});

test.for(kinds)('%s: only whole JPEGs of a bearable size are pictures', async (kind) => {
  await using server = await startProviderServer(kind, { maxImageBytes: 20_000, maxImageSide: 500 });
  const jpeg = await examplePicture();
  const detailed = await examplePicture('jpeg', 120);
  const pictures: readonly (readonly [Uint8Array, string])[] = [
    [await examplePicture('png'), 'image/png'],
    [await examplePicture('png'), 'image/jpeg'],
    [detailed.subarray(0, Math.floor(detailed.byteLength * 0.9)), 'image/jpeg'],
    [Buffer.concat([jpeg, Buffer.alloc(20_000)]), 'image/jpeg'],
    [await examplePicture('jpeg', 501), 'image/jpeg'],
  ];
  for (const [picture, mediaType] of pictures) {
    const { statusCode } = await refusalOf(describeWithSdk(server, { picture, mediaType }));
    expect(statusCode).toBe(400);
  }
  expect(server.problems).toHaveLength(pictures.length);
  expect(server.billed).toBe(0);
});

test.for(kinds)('%s: an answer longer than the limit of tokens is cut off', async (kind) => {
  await using server = await startProviderServer(kind);
  server.answer = { description: 'On and on. '.repeat(200) };
  await expect(describeWithSdk(server)).rejects.toThrow(/No object generated/);
  expect(server).toMatchObject({ charged: 0, billed: 1 });
});

/** Sends a real client's request once more, changed. */
async function resend(
  server: ProviderServer,
  change: (body: Record<string, unknown>, headers: Record<string, string>) => void,
): Promise<{ readonly status: number; readonly text: string }> {
  await describeWithSdk(server);
  const original = server.requests.at(-1);
  const body = structuredClone(original?.body) as Record<string, unknown>;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    authorization: `Bearer ${server.apiKey}`,
    'x-api-key': server.apiKey,
    'x-goog-api-key': server.apiKey,
    'anthropic-version': '2023-06-01',
  };
  change(body, headers);
  const url = new URL(original?.path ?? '', server.url);
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, text: await response.text() };
}

type Change = Parameters<typeof resend>[1];
const at = (value: unknown, ...path: readonly (string | number)[]): Record<string, unknown> =>
  path.reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], value) as Record<
    string,
    unknown
  >;

/** One pixel. */
const tinyPng =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const malformed: readonly (readonly [ProviderKind, string, Change, number, string | RegExp])[] = [
  ['openai', 'no model', (body) => delete body['model'], 400, "Missing required parameter: 'model'."],
  ['openai', 'unknown key', (body) => (body['max_tokens'] = 9), 400, "Unknown parameter: 'max_tokens'."],
  ['openai', 'no schema', (body) => delete body['text'], 400, "Missing required parameter: 'text.format"],
  [
    'openai',
    'optional property',
    (body) => (at(body, 'text', 'format', 'schema')['required'] = ['title']),
    400,
    /array including every key in properties. Missing 'observations'.*"invalid_json_schema"/,
  ],
  [
    'openai',
    'open object',
    (body) => delete at(body, 'text', 'format', 'schema')['additionalProperties'],
    400,
    "'additionalProperties' is required to be supplied and to be false",
  ],
  ['openai', 'no room', (body) => (body['max_output_tokens'] = 5), 400, 'integer_below_min_value'],
  ['openai', 'temperature', (body) => (body['temperature'] = 0.2), 400, "'temperature' is not supported"],
  [
    'openai',
    'effort of another model',
    (body) => (body['reasoning'] = { effort: 'none' }),
    400,
    "Supported values are: 'minimal', 'low', 'medium', and 'high'.",
  ],
  [
    'openai',
    'address of a picture',
    (body) => (at(body, 'input', 1, 'content', 1)['image_url'] = 'http://camera.local/a.jpg'),
    400,
    'input[1].content[1].image_url',
  ],
  ['anthropic', 'no max_tokens', (body) => delete body['max_tokens'], 400, 'max_tokens: Field required'],
  ['anthropic', 'no version', (_, headers) => delete headers['anthropic-version'], 400, 'anthropic-version'],
  ['anthropic', 'unknown key', (body) => (body['seed'] = 1), 400, 'seed: Extra inputs are not permitted'],
  ['anthropic', 'no schema', (body) => delete body['output_config'], 400, 'output_config.format'],
  [
    'anthropic',
    'range in the schema',
    (body) =>
      (at(body, 'output_config', 'format', 'schema', 'properties')['confidence'] = {
        type: 'integer',
        minimum: 0,
        maximum: 100,
      }),
    400,
    "For 'integer' type, properties maximum, minimum are not supported",
  ],
  ['anthropic', 'no key', (_, headers) => delete headers['x-api-key'], 401, 'authentication_error'],
  [
    'google',
    'unknown key',
    (body) => (at(body, 'generationConfig')['maxTokens'] = 300),
    400,
    'Unknown name \\"maxTokens\\" at \'generation_config\'',
  ],
  ['google', 'no contents', (body) => delete body['contents'], 400, 'contents is not specified'],
  [
    'google',
    'no schema',
    (body) => delete at(body, 'generationConfig')['responseJsonSchema'],
    400,
    'response_json_schema',
  ],
  [
    'google',
    'thinking of another model',
    (body) => (at(body, 'generationConfig')['thinkingConfig'] = { thinkingLevel: 'low' }),
    400,
    'Thinking level is not supported for this model.',
  ],
  [
    'google',
    'wrong type deep inside',
    (body) =>
      (at(body, 'generationConfig')['thinkingConfig'] = { thinkingBudget: 0, includeThoughts: 'yes' }),
    400,
    'thinking_config.include_thoughts',
  ],
  ['google', 'no key', (_, headers) => delete headers['x-goog-api-key'], 403, 'unregistered callers'],
  ['xai', 'no model', (body) => delete body['model'], 422, 'missing field `model`'],
  [
    'xai',
    'effort where nothing is thought',
    (body) => Object.assign(body, { model: 'grok-4.20-non-reasoning', reasoning: { effort: 'low' } }),
    400,
    'does not support parameter reasoningEffort',
  ],
  ['xai', 'no schema', (body) => delete body['text'], 400, 'structured output'],
  [
    'openai_compatible',
    'a PNG that calls itself a JPEG',
    (body) =>
      (at(body, 'messages', 1, 'content', 1)['image_url'] = { url: `data:image/jpeg;base64,${tinyPng}` }),
    400,
    'not_jpeg',
  ],
  ['openai_compatible', 'no messages', (body) => delete body['messages'], 400, 'messages: missing'],
  ['openai_compatible', 'no schema', (body) => delete body['response_format'], 400, 'structured output'],
];

test.for(malformed)('%s refuses: %s', async ([kind, , change, status, words]) => {
  await using server = await startProviderServer(kind);
  const refusal = await resend(server, change);
  expect(refusal.text).toMatch(words);
  expect(refusal.status).toBe(status);
  expect(server.problems).toHaveLength(1);
  expect(server).toMatchObject({ calls: 2, charged: 1, billed: 1 });
});

test('a request that was only sent again is sound: the changes above are what is refused', async () => {
  for (const kind of kinds) {
    await using server = await startProviderServer(kind);
    expect(await resend(server, () => undefined)).toMatchObject({ status: 200 });
    expect(server.problems).toEqual([]);
  }
});

test('openai: the older chat API is served beside the newer one', async () => {
  await using server = await startProviderServer('openai');
  await using local = await startProviderServer('openai_compatible');
  await describeWithSdk(local);
  const body = { ...(local.requests[0]?.body as Record<string, unknown>), model: 'gpt-4.1-mini' };
  const response = await fetch(`${server.url}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.apiKey}` },
    body: JSON.stringify(body),
  });
  expect(await response.json()).toMatchObject({
    object: 'chat.completion',
    choices: [{ finish_reason: 'stop', message: { refusal: null } }],
  });
});

test.for(['openai', 'xai'] as const)(
  '%s: thoughts are billed and are no part of the answer',
  async (kind) => {
    await using server = await startProviderServer(kind);
    const plain = await describeWithSdk(server);
    const thoughtful = await describeWithSdk(server, { reasoning: 'low' });
    expect(thoughtful.output).toEqual(plain.output);
    expect(thoughtful.usage.outputTokens).toBeGreaterThan(plain.usage.outputTokens ?? 0);
    expect(server.requests[1]?.body).toMatchObject({ reasoning: { effort: 'low' } });
  },
);

test('anthropic: models without structured output answer through a tool', async () => {
  await using server = await startProviderServer('anthropic');
  const { output } = await describeWithSdk(server, { model: 'claude-3-haiku-20240307' });
  expect(output).toMatchObject({ title: 'Person at the front door' });
  expect(server.requests[0]?.body).toMatchObject({ tools: [{ name: 'json' }] });
});

test.for(['ollama', 'llama_cpp', 'lm_studio', 'vllm'] as const)(
  '%s may know no schemas, and then answers without one',
  async (flavour) => {
    await using server = await startProviderServer('openai_compatible', {
      flavour,
      structuredOutput: 'refused',
    });
    const { statusCode } = await refusalOf(describeWithSdk(server));
    expect(statusCode).toBe(400);
    const { response_format: _, ...body } = { ...(server.requests[0]?.body as Record<string, unknown>) };
    const response = await fetch(`${server.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  },
);

test('the default answer fills what a schema requires and this file does not know', async () => {
  await using server = await startProviderServer('anthropic');
  const schema = z.object({
    title: z.string(),
    weather: z.string(),
    count: z.number(),
    night: z.boolean(),
    tags: z.array(z.string()),
  });
  const { output } = await describeWithSdk(server, { schema });
  expect(output).toEqual({
    title: 'Person at the front door',
    weather: 'nothing to add',
    count: 0,
    night: false,
    tags: [],
  });
});
