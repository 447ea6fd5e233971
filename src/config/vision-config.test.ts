import { expect, test } from 'vitest';
import { exampleProviders } from '../../test/support/config-examples.ts';
import { AppError } from '../core/errors.ts';
import type { ProviderSettings } from '../vision/provider-adapter.ts';
import type { Config } from './config-schema.ts';
import { parseConfig, type LoadConfigOptions } from './load-config.ts';

type Environment = LoadConfigOptions['env'];

function visionOf(text: string, env: Environment = {}): Config['vision'] {
  return parseConfig(text, { adapters: [], providerAdapters: exampleProviders, env }).config.vision;
}

const shown = (providers: readonly ProviderSettings[]) =>
  providers.map(({ name, type, apiKey }) => [name, type, apiKey].join(' '));

function failureOf(text: string, env: Environment = {}): AppError {
  try {
    visionOf(text, env);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

function problemsOf(text: string, env: Environment = {}): string[] {
  const lines = failureOf(text, env).message.split('\n  ').slice(1);
  return lines.map((line) => line.replace(/ \(line \d+, column \d+\)$/, ''));
}

test('the keys in the environment make the list, in a fixed order, before the local describer', () => {
  expect(shown(visionOf('').providers)).toEqual(['local local ']);
  const env = {
    XAI_API_KEY: 'x',
    OPENAI_API_KEY: ' o ',
    ANTHROPIC_API_KEY: '',
    GOOGLE_GENERATIVE_AI_API_KEY: 'g',
  };
  expect(shown(visionOf('', env).providers)).toEqual([
    'openai openai o',
    'google google g',
    'xai xai x',
    'local local ',
  ]);
  expect(shown(visionOf('', { ...env, ANTHROPIC_API_KEY: 'a' }).providers)[1]).toBe('anthropic anthropic a');
});

test('a list is kept as it is, its missing keys come from the environment, the local describer behind it', () => {
  const text = `
vision:
  providers:
    - { type: google, name: fast, model: small, api_key: own, requests_per_minute: 10, pictures: 1 }
    - { type: google, timeout_ms: 9000, price: { input_usd: 0.1, output_usd: 0.4 } }
    - { type: openai_compatible, base_url: "http://127.0.0.1:11434/v1" }
  frames: 5
`;
  const { providers } = visionOf(text, { GOOGLE_GENERATIVE_AI_API_KEY: 'g', OPENAI_API_KEY: 'o' });
  expect(providers).toMatchObject([
    { name: 'fast', model: 'small', apiKey: 'own', requestsPerMinute: 10, pictures: 1 },
    { name: 'google', apiKey: 'g', timeoutMs: 9000, price: { inputUsd: 0.1, outputUsd: 0.4 }, pictures: 5 },
    { name: 'openai_compatible', apiKey: null, baseUrl: 'http://127.0.0.1:11434/v1' },
    { name: 'local', type: 'local' },
  ]);
});

test('the local describer stands where it is put, and can be left out', () => {
  const env = { OPENAI_API_KEY: 'o' };
  const list = (text: string) => shown(visionOf(`vision: ${text}`, env).providers);
  expect(list('{ providers: [ { type: local, name: here }, { type: openai } ] }')).toEqual([
    'here local ',
    'openai openai o',
  ]);
  expect(list('{ providers: [ { type: openai } ], local_fallback: false }')).toEqual(['openai openai o']);
  expect(list('{ providers: [] }')).toEqual(['local local ']);
});

test.each([
  [
    '{ type: openia }',
    'vision.providers[0].type: received "openia" (text), expected one of "openai", "anthropic"',
  ],
  ['{ model: x }', 'vision.providers[0].type: missing; expected one of '],
  ['openai', 'vision.providers[0]: received text, expected a section with the keys type'],
  ['{ type: openai, modell: x }', 'vision.providers[0].modell: unknown key; did you mean "model"?'],
  ['{ type: local, api_key: x }', 'vision.providers[0].api_key: unknown key; expected one of type, name'],
  [
    '{ type: openai, timeout_ms: 5 }',
    'vision.providers[0].timeout_ms: received "5" (a number), expected a whole number from 1000 to 600000',
  ],
  [
    '{ type: openai, base_url: "ftp://h" }',
    'vision.providers[0].base_url: expected an http:// or https:// address without user and password',
  ],
  [
    '{ type: openai }, { type: openai }',
    'vision.providers[1].name: received "openai", which is the name of number 1 already; expected a name of its own',
  ],
  [
    '{ type: openai, name: local }, { type: local }',
    'vision.providers[1].name: received "local", which is the name of number 1 already; expected a name of its own',
  ],
])('the entry %s is refused by its path', (entry, expected) => {
  const problems = problemsOf(`vision: { providers: [ ${entry} ] }`);
  expect(problems.map((problem) => problem.slice(0, expected.length))).toEqual([expected]);
});

test('the local describer that is put behind a list takes no name that is taken', () => {
  const problems = problemsOf('vision: { providers: [ { type: openai, name: local } ] }');
  expect(problems).toEqual([
    'vision.providers[0].name: received "local", which is the name of the local describer; expected a name of its own',
  ]);
  const vision = visionOf('vision: { providers: [ { type: openai, name: local } ], local_fallback: false }');
  expect(vision.providers).toHaveLength(1);
});

test('a wrong entry is found together with everything else, with its line', () => {
  const text = `
vision:
  language: "?"
  providers:
    - { type: openai, requests_per_minute: 0 }
    - { type: xai, pictures: 9, temperature: 1 }
  budget: { daily_usd: -1, time_zone: Mars }
`;
  const { details } = failureOf(text);
  expect(details).toMatchObject([
    { path: 'vision.budget.daily_usd', line: 7 },
    { path: 'vision.budget.time_zone', line: 7 },
    { path: 'vision.language', line: 3 },
    { path: 'vision.providers[0].requests_per_minute', line: 5 },
    { path: 'vision.providers[1].pictures', line: 6 },
    { path: 'vision.providers[1].temperature', line: 6 },
  ]);
});

test('no key is shown, wherever it stands and whatever is wrong with it', () => {
  const text = `
vision:
  providers:
    - { type: openai, api_key: { hunter2: 1 }, model: "\${KEY}" }
    - { type: xai, api_key: 5, base_url: "http://u:hunter2@h", timeout_ms: "\${KEY}" }
    - "\${KEY}"
    - { type: "\${KEY}" }
  language: "\${KEY}"
`;
  const error = failureOf(text, { KEY: 'hunter2' });
  expect(error.details.length).toBeGreaterThanOrEqual(6);
  expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
});

test('a variable that is not set is one problem, not two', () => {
  expect(problemsOf('vision: { providers: [ { type: xai, timeout_ms: "${NOT_SET}" } ] }')).toEqual([
    'vision.providers[0].timeout_ms: the environment variable NOT_SET is not set; set it, or write $${ if a plain ${ is meant',
  ]);
});

test('a cap can be taken away, and is kept by a zone that has a name', () => {
  const { budget } = visionOf(
    'vision: { budget: { daily_usd: null, monthly_usd: 0, time_zone: Asia/Tokyo } }',
  );
  expect(budget).toEqual({
    dailyUsd: null,
    monthlyUsd: 0,
    cameraDailyUsd: null,
    unpricedCallsPerDay: 200,
    timeZone: 'Asia/Tokyo',
  });
});
