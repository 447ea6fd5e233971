import { expect, test } from 'vitest';
import type { Config } from './config-schema.ts';
import { redactConfig } from './redact-config.ts';

const config: Config = {
  dataDir: '/data',
  server: { host: '127.0.0.1', port: 8470 },
  log: { level: 'info' },
  pipeline: { workers: 2, queueCapacity: 50, captureWindowMs: 1500, drainMs: 30_000 },
  vision: { deadlineMs: 5000 },
  motion: { threads: 1 },
  media: { streamsPerHost: 4 },
  cameras: [
    {
      name: 'door',
      type: 'rtsp',
      url: 'rtsp://host/s?token=hunter2',
      username: 'hunter2',
      password: 'hunter2',
      frameRate: 5,
      isEnabled: true,
      motionSensitivity: 'medium',
      motionCooldown: 60,
    },
  ],
  webhooks: [
    { name: 'path', url: 'https://u:hunter2@hooks.example/services/hunter2?x=hunter2', secret: 'hunter2' },
    { name: 'plain', url: 'https://home.example/', secret: null },
  ],
};

test('what is shown holds no secret, and everything else', () => {
  const shown = redactConfig(config);
  expect(JSON.stringify(shown)).not.toContain('hunter2');
  expect(shown.cameras[0]).toMatchObject({ name: 'door', username: '****', password: '****', frameRate: 5 });
  expect(shown.webhooks.map(({ url, secret }) => [url, secret])).toEqual([
    ['https://hooks.example/****', '****'],
    ['https://home.example', null],
  ]);
  expect({ ...shown, cameras: [], webhooks: [] }).toEqual({ ...config, cameras: [], webhooks: [] });
});
