import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { cameraAdapters as adapters, providerAdapters } from '../app/builtins.ts';
import { createConfigSchema } from './config-schema.ts';
import { configurationReference, describeConfig } from './describe-config.ts';
import { parseConfig } from './load-config.ts';

test('the reference in docs/ is the one of the schema (vitest run src/config -u writes it)', async () => {
  await expect(configurationReference(adapters, providerAdapters)).toMatchFileSnapshot(
    '../../docs/configuration.md',
  );
});

test('the example of the reference is a valid configuration', () => {
  const example =
    /```yaml\n([\s\S]*?)```/.exec(configurationReference(adapters, providerAdapters))?.[1] ?? '';
  expect(Object.keys(parse(example))).toEqual(['data_dir', 'cameras', 'vision', 'webhooks']);
  const { config } = parseConfig(example, {
    adapters,
    providerAdapters,
    env: { FRONT_DOOR_PASSWORD: 'p', WEBHOOK_SECRET: 's', OPENAI_API_KEY: 'k' },
  });
  expect(config.cameras[0]).toMatchObject({ name: 'Front door', type: 'rtsp', password: 'p' });
  expect(config.vision.providers.map(({ name, apiKey }) => [name, apiKey])).toEqual([
    ['openai', 'k'],
    ['ollama', null],
    ['local', null],
  ]);
  expect(config.webhooks[0]?.secret).toBe('s');
});

test('every key of every section has a row with its meaning', () => {
  const text = describeConfig(createConfigSchema(adapters, providerAdapters), providerAdapters);
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(45);
  expect(rows.filter((row) => /\| *\|/.test(row))).toEqual([]);
  expect(text).toContain(
    '| `frame_rate` | a whole number from 1 to 30 | `5` | Frames analysed per second. |',
  );
});
