import { X509Certificate } from 'node:crypto';
import { APICallError, NoObjectGeneratedError, NoOutputGeneratedError } from 'ai';
import { expect, test } from 'vitest';
import { waitUntil } from '../wait-until.ts';
import { everyFault, faultName, quotaForms, type ProviderFault, type QuotaForm } from './provider-fault.ts';
import { startProviderServer } from './provider-server.ts';
import type { ProviderKind } from './recorded-request.ts';
import { describeWithSdk } from './sdk-client.ts';
import { selfSignedCertificate } from './self-signed-certificate.ts';

const kinds: readonly ProviderKind[] = ['openai', 'anthropic', 'google', 'xai', 'openai_compatible'];

/** Status, and what tells it apart from a rate limit or a bad request. */
const quotas: Readonly<Record<QuotaForm, readonly [status: number, mark: string]>> = {
  insufficient_quota: [429, '"type":"insufficient_quota","param":null,"code":"insufficient_quota"'],
  project_spend_limit: [
    429,
    '"type":"insufficient_quota","param":null,"code":"project_spend_limit_exceeded"',
  ],
  credit_balance: [400, '"invalid_request_error","message":"Your credit balance is too low'],
  billing_error: [402, '"type":"billing_error"'],
  tier_spend_limit: [429, '"details":{"error_code":"enforced_spend_limit_reached"}'],
  usage_limit: [400, '"message":"You have reached your specified API usage limits.'],
  requests_per_day: [429, '"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"'],
  prepayment_credits: [429, 'Your prepayment credits are depleted.'],
  team_credits: [429, 'used all available credits or reached its monthly spending limit'],
  team_credits_forbidden: [403, 'used all available credits or reached its monthly spending limit'],
  insufficient_credits: [402, 'Insufficient credits'],
};

/** The HTTP status that a client sees; `undefined` for faults that show otherwise. */
function statusOf(kind: ProviderKind, fault: ProviderFault): number | undefined {
  const statuses: Partial<Record<ProviderFault['kind'], number>> = {
    rate_limit: 429,
    bad_request: 400,
    unknown_model: 404,
    server_error: 500,
    bad_gateway: 502,
    unavailable: 503,
    overloaded: kind === 'anthropic' ? 529 : 503,
    captive_portal: 200,
    garbage: 200,
    half_body: 200,
  };
  if (fault.kind === 'quota' && fault.form !== undefined) return quotas[fault.form][0];
  if (fault.kind === 'auth' && fault.status === 401) return kind === 'google' || kind === 'xai' ? 400 : 401;
  if (fault.kind === 'auth') return 403;
  if (fault.kind === 'blocked') {
    return { openai: 400, anthropic: 400, xai: 403, google: undefined, openai_compatible: undefined }[kind];
  }
  return statuses[fault.kind];
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => null,
    (error: unknown) => error,
  );
}

/** Every fault that ends in an error of its own by itself. */
const refusals = kinds.flatMap((kind) =>
  everyFault(kind)
    .map(([name, fault]) => ({ kind, name, fault, status: statusOf(kind, fault) }))
    .filter(({ status }) => status !== undefined),
);

test.for(refusals)('$kind: $name is met as HTTP $status', async ({ kind, fault, status }) => {
  await using server = await startProviderServer(kind);
  await server.setFault(fault);
  const error = await failureOf(describeWithSdk(server));
  expect(APICallError.isInstance(error) && error.statusCode).toBe(status);
  // The maker's own words: a client that can't read the envelope falls back to the status line.
  const isJson = APICallError.isInstance(error) && error.responseHeaders?.['content-type']?.includes('json');
  const isUnderstood = APICallError.isInstance(error) && error.data !== undefined;
  expect(isUnderstood).toBe(status !== 200 && isJson);
  expect(server.problems).toEqual([]);
  expect(server.charged).toBe(0);

  await server.setFault(null);
  await describeWithSdk(server);
  expect(server).toMatchObject({ calls: 2, charged: 1 });
});

test('the faults are many, and each of them is of some use', () => {
  const names = everyFault('anthropic').map(([name]) => name);
  expect(names.length).toBeGreaterThan(40);
  expect(new Set(names).size).toBe(names.length);
  expect(refusals.length).toBeGreaterThan(80);
  expect(names).toContain('quota form=tier_spend_limit');
});

test.for(kinds.flatMap((kind) => (['refusal', 'truncated'] as const).map((fault) => ({ kind, fault }))))(
  '$kind: $fault gives no object',
  async ({ kind, fault }) => {
    await using server = await startProviderServer(kind);
    await server.setFault({ kind: fault });
    const error = await failureOf(describeWithSdk(server));
    expect(NoObjectGeneratedError.isInstance(error) || NoOutputGeneratedError.isInstance(error)).toBe(true);
    expect(server).toMatchObject({ charged: 0, billed: 1, problems: [] });
  },
);

test.for(kinds)('%s: damaged answers say what they are to say', async (kind) => {
  await using server = await startProviderServer(kind);
  const outcome = async (fault: ProviderFault): Promise<unknown> => {
    await server.setFault(fault);
    return describeWithSdk(server).then(
      ({ output }) => output,
      (error: unknown) => (NoObjectGeneratedError.isInstance(error) ? error.text : error),
    );
  };
  const damaged = everyFault(kind).filter(([, fault]) => fault.kind === 'damaged_answer');
  const outcomes: Record<string, unknown> = {};
  for (const [name, fault] of damaged) outcomes[name.replace(/.*how=/, '')] = await outcome(fault);
  expect(outcomes).toMatchObject({
    fenced: expect.stringMatching(/^```json\n\{[\s\S]*\}\n```$/),
    prose_around: expect.stringMatching(/^Here is .*\n\n\{.*\}\n\nLet me/),
    not_json: expect.stringContaining('a person'),
    cut_json: expect.stringMatching(/^\{.*[^}]$/),
    empty_object: '{}',
    missing_fields: expect.stringMatching(/^\{"description":"[^"]+"\}$/),
    missing_description: expect.not.stringContaining('description'),
    empty_description: { description: ' ' },
    apology: { description: expect.stringContaining("I'm sorry") },
    schema_echo: expect.stringContaining('"properties"'),
    confidence_850: { confidence: 850 },
    confidence_fraction: { confidence: 0.85 },
    confidence_words: expect.stringContaining('"confidence":"high"'),
    long_title: { title: expect.stringMatching(/^.{100,}$/) },
    strings_for_lists: expect.stringContaining('"objects":"person, parcel"'),
  });
  expect(server).toMatchObject({ charged: 0, billed: damaged.length });
});

test('anthropic: damage reaches the tool’s input too', async () => {
  await using server = await startProviderServer('anthropic');
  await server.setFault({ kind: 'damaged_answer', how: 'confidence_850' });
  const { output } = await describeWithSdk(server, { model: 'claude-3-haiku-20240307' });
  expect(output).toMatchObject({ confidence: 850 });
});

test.for(kinds)('%s: the wait of a rate limit is told as that maker tells it', async (kind) => {
  await using server = await startProviderServer(kind);
  const refusalBy = async (fault: ProviderFault): Promise<APICallError> => {
    await server.setFault(fault);
    const error = await failureOf(describeWithSdk(server));
    if (APICallError.isInstance(error)) return error;
    throw error;
  };
  const plain = await refusalBy({ kind: 'rate_limit' });
  expect(plain.responseHeaders).not.toHaveProperty('retry-after');
  expect(plain.responseBody).not.toContain('RetryInfo');

  const absurd = await refusalBy({ kind: 'rate_limit', retryAfterS: 8_640_000 });
  const told = kind === 'google' ? absurd.responseBody : absurd.responseHeaders?.['retry-after'];
  expect(told).toMatch(kind === 'google' ? 'google.rpc.RetryInfo","retryDelay":"8640000s"' : /^8640000$/);

  const dated = await refusalBy({ kind: 'rate_limit', retryAfterS: 3_600, as: 'http_date' });
  const date = Date.parse(dated.responseHeaders?.['retry-after'] ?? '');
  expect(Math.abs(date - Date.now() - 3_600_000)).toBeLessThan(60_000);
});

test.for(kinds.flatMap((kind) => quotaForms[kind].map((form) => ({ kind, form }))))(
  '$kind: $form bears its mark and names no wait in its headers',
  async ({ kind, form }) => {
    await using server = await startProviderServer(kind);
    await server.setFault({ kind: 'quota', form });
    const error = await failureOf(describeWithSdk(server));
    expect(error).toMatchObject({ responseBody: expect.stringContaining(quotas[form][1]) });
    expect(error).not.toHaveProperty('responseHeaders.retry-after');
  },
);

test.for(kinds)('%s: connections are refused, reset and cut for real', async (kind) => {
  await using server = await startProviderServer(kind);
  await server.setFault({ kind: 'refused' });
  expect(await failureOf(describeWithSdk(server))).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  expect(server.calls).toBe(0);
  await server.setFault({ kind: 'reset' });
  expect(await failureOf(describeWithSdk(server))).toMatchObject({ cause: { code: 'ECONNRESET' } });
  await server.setFault({ kind: 'reset', after: 'headers' });
  expect(await failureOf(describeWithSdk(server))).toMatchObject({ statusCode: 200 });
  await server.setFault({ kind: 'half_body' });
  expect(await failureOf(describeWithSdk(server))).toMatchObject({ statusCode: 200 });
  await waitUntil('the server to notice', () => server.open === 0);
  expect(server).toMatchObject({ calls: 3, charged: 0, billed: 1, abandoned: 0 });
});

test.for(['hang', 'slow_body', 'delay'] as const)(
  '%s keeps a client waiting until it leaves',
  async (name) => {
    await using server = await startProviderServer('openai');
    const faults = {
      hang: { kind: 'hang' },
      slow_body: { kind: 'slow_body', msPerPiece: 3_600_000 },
      delay: { kind: 'delay', ms: 3_600_000 },
    } as const;
    await server.setFault(faults[name]);
    const leaving = new AbortController();
    const call = failureOf(describeWithSdk(server, { signal: leaving.signal }));
    await waitUntil('the request to be read', () => server.requests.length === 1);
    expect(server.open).toBe(1);
    leaving.abort();
    expect(await call).toMatchObject({ name: 'AbortError' });
    await waitUntil('the server to notice', () => server.open === 0);
    // The model has worked for nobody, except where it was never asked.
    expect(server).toMatchObject({ charged: 0, billed: name === 'hang' ? 0 : 1, abandoned: 1 });
  },
);

test('slow bodies and delays end in whole answers', async () => {
  await using server = await startProviderServer('google');
  await server.setFault({ kind: 'slow_body', msPerPiece: 1, pieces: 5 });
  await describeWithSdk(server);
  await server.setFault({ kind: 'delay', ms: 1 });
  await describeWithSdk(server);
  expect(server).toMatchObject({ calls: 2, charged: 2, billed: 2, abandoned: 0 });
});

test('a certificate that nobody vouches for is not accepted', async () => {
  await using server = await startProviderServer('anthropic');
  const error = await failureOf(describeWithSdk(server, { baseUrl: server.tlsUrl }));
  expect(error).toMatchObject({ cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
  expect(server.calls).toBe(0);
});

test('that certificate is sound otherwise', () => {
  const certificate = new X509Certificate(selfSignedCertificate().cert);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
});

const strict: typeof fetch = (input, init) => fetch(input, { ...init, redirect: 'error' });

test('whoever follows a redirect is seen to have, and whoever does not is not', async () => {
  await using server = await startProviderServer('openai');
  await server.setFault({ kind: 'redirect' });
  expect(await failureOf(describeWithSdk(server, { fetch: strict }))).toBeInstanceOf(Error);
  expect(server.problems).toEqual([]);
  expect(await failureOf(describeWithSdk(server))).toMatchObject({ statusCode: 404 });
  expect(server.requests.map(({ path }) => path)).toEqual(['/v1/responses', '/v1/responses', '/elsewhere']);
  expect(server.problems).toHaveLength(1);
});

test('queued faults are met once each, before the constant one', async () => {
  await using server = await startProviderServer('xai');
  await server.setFault({ kind: 'server_error' });
  server.queueFaults({ kind: 'overloaded' }, null, { kind: 'rate_limit' });
  const statuses = [];
  for (let call = 0; call < 5; call += 1) {
    const error = await failureOf(describeWithSdk(server));
    statuses.push(APICallError.isInstance(error) ? error.statusCode : error);
  }
  expect(statuses).toEqual([503, null, 429, 500, 500]);
  expect(server.requests.map(({ fault }) => fault && faultName(fault))).toEqual([
    'overloaded',
    null,
    'rate_limit',
    'server_error',
    'server_error',
  ]);
  expect(() => server.queueFaults({ kind: 'refused' })).toThrow(/setFault/);
});

test('a plan decides for each call', async () => {
  await using server = await startProviderServer('openai_compatible', { keptRequests: 2 });
  await server.setFault((call) => (call % 2 === 0 ? { kind: 'server_error' } : null));
  for (let call = 1; call <= 4; call += 1) {
    expect((await failureOf(describeWithSdk(server))) === null).toBe(call % 2 === 1);
  }
  expect(server).toMatchObject({ calls: 4, charged: 2 });
  expect(server.requests.map(({ call }) => call)).toEqual([3, 4]);
});
