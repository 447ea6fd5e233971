import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { fileCamera } from '../cameras/file-camera.ts';
import { httpMjpegCamera } from '../cameras/http-mjpeg-camera.ts';
import { rtspCamera } from '../cameras/rtsp-camera.ts';
import { anthropicProvider } from '../vision/providers/anthropic.ts';
import { googleProvider } from '../vision/providers/google.ts';
import { localProvider } from '../vision/providers/local.ts';
import { openaiCompatibleProvider } from '../vision/providers/openai-compatible.ts';
import { openaiProvider } from '../vision/providers/openai.ts';
import { xaiProvider } from '../vision/providers/xai.ts';
import { createConfigSchema } from './config-schema.ts';
import { configurationReference, describeConfig } from './describe-config.ts';
import { parseConfig } from './load-config.ts';

const adapters = [rtspCamera, httpMjpegCamera, fileCamera];
const providerAdapters = [
  openaiProvider,
  anthropicProvider,
  googleProvider,
  xaiProvider,
  openaiCompatibleProvider,
  localProvider,
];

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
