import { APICallError } from 'ai';
import { expect, test } from 'vitest';
import { VisionError } from '../vision-error.ts';
import { visionErrorOf } from './service-error.ts';

const apiKey = 'a-very-secret-key-0123456789';
const context = { provider: 'openai', apiKey, now: 0 };

function answered(statusCode: number, message: string, body: unknown = { error: { message } }): VisionError {
  const error = new APICallError({
    message,
    url: 'https://user:password@host.example/v1',
    requestBodyValues: {},
    statusCode,
    responseBody: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return visionErrorOf(error, context);
}

test('no message holds the key, another key, or a password', () => {
  const said = `Key ${apiKey} and sk-proj-abcdef123456 are wrong for https://user:password@host.example/v1?api_key=xyz`;
  for (const { message } of [
    answered(401, said),
    answered(500, said),
    visionErrorOf(new Error(said), context),
  ]) {
    expect(message).toMatch(/^openai: .*wrong/);
    expect(message).not.toMatch(/secret|abcdef|password|xyz/);
  }
});

test('pages of proxies are not repeated, long messages are cut', () => {
  expect(answered(502, '<html><body>Bad gateway</body></html>').message).toBe('openai: answered 502');
  expect(answered(500, 'word '.repeat(1000)).message.length).toBeLessThan(320);
});

function inside(code: string): VisionError {
  return answered(400, 'An error occurred', { error: { code, message: 'An error occurred' } });
}

test('a failure inside an answer of 200 is known by its code', () => {
  expect(inside('server_error').fault).toBe('overloaded');
  expect(inside('rate_limit_exceeded').fault).toBe('rate_limit');
  expect(inside('insufficient_quota').fault).toBe('quota');
  expect(inside('content_policy_violation').fault).toBe('refusal');
  expect(inside('invalid_image').fault).toBe('bad_request');
});

test.for([
  ['ECONNREFUSED', false],
  ['ENOTFOUND', false],
  ['EAI_AGAIN', false],
  ['UND_ERR_CONNECT_TIMEOUT', false],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', false],
  ['ECONNRESET', true],
  ['UND_ERR_SOCKET', true],
] as const)('%s is a matter of the network; that the maker may bill it: %s', ([code, isBillable]) => {
  const cause = Object.assign(new Error('connect'), { code });
  const error = visionErrorOf(
    new APICallError({ message: 'Cannot connect to API', url: '', requestBodyValues: {}, cause }),
    context,
  );
  expect([error.fault, error.isBillable]).toEqual(['network', isBillable]);
});

test('addresses that all fail are looked into', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const cause = new TypeError('fetch failed', { cause: new AggregateError([refused, refused]) });
  expect(visionErrorOf(cause, context)).toMatchObject({ fault: 'network', isBillable: false });
});

test('our own errors pass as they are', () => {
  const own = new VisionError('auth', 'no key');
  expect(visionErrorOf(own, context)).toBe(own);
});
