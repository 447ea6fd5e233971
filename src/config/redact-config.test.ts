import { defaultCameraSettings } from '../core/camera-settings.ts';
import { expect, test } from 'vitest';
import { unlimitedBudget } from '../store/spending.ts';
import type { Config } from './config-schema.ts';
import { redactConfig } from './redact-config.ts';

const config: Config = {
  dataDir: '/data',
  server: { host: '127.0.0.1', port: 8470 },
  log: { level: 'info' },
  pipeline: { workers: 2, queueCapacity: 50, captureWindowMs: 1200, drainMs: 30_000 },
  vision: {
    deadlineMs: 5000,
    betterWithinMs: 60_000,
    isListedInFile: false,
    pictures: 3,
    isBudgetInFile: false,
    providers: [
      {
        type: 'openai',
        name: 'openai',
        model: null,
        apiKey: 'hunter2',
        baseUrl: 'https://gateway.example/v1?key=hunter2',
        timeoutMs: null,
        requestsPerMinute: null,
        price: null,
        pictures: 3,
      },
    ],
    budget: { ...unlimitedBudget, dailyUsd: 1 },
    isHedging: false,
    language: 'English',
    reuseMinutes: 5,
    isBackfilling: true,
  },
  media: { streamsPerHost: 8 },
  notifications: { lostAfterMs: 60_000, conditions: ['dark', 'covered', 'defocused'] },
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
      isLocalOnly: false,
      promptAddition: null,
      maxEventsPerHour: null,
      ...defaultCameraSettings,
    },
  ],
  retention: { days: 30, starredDays: 0, maxBytes: null, time: { hour: 3, minute: 30 } },
  backup: null,
  webhooks: [
    { name: 'path', url: 'https://u:hunter2@hooks.example/services/hunter2?x=hunter2', secret: 'hunter2' },
    { name: 'plain', url: 'https://home.example/', secret: null },
  ],
};

/** What holds no secret. */
function rest({ vision, ...others }: Config): Config {
  return { ...others, vision: { ...vision, providers: [] }, cameras: [], webhooks: [] };
}

test('what is shown holds no secret, and everything else', () => {
  const shown = redactConfig(config);
  expect(JSON.stringify(shown)).not.toContain('hunter2');
  expect(shown.cameras[0]).toMatchObject({ name: 'door', username: '****', password: '****', frameRate: 5 });
  expect(shown.webhooks.map(({ url, secret }) => [url, secret])).toEqual([
    ['https://hooks.example/****', '****'],
    ['https://home.example', null],
  ]);
  expect(shown.vision.providers).toEqual([
    { ...config.vision.providers[0], apiKey: '****', baseUrl: 'https://gateway.example/v1?key=***' },
  ]);
  expect(rest(shown)).toEqual(rest(config));
});
