import { expect } from 'vitest';
import { z } from 'zod';
import type { AddressAdapter } from '../../src/config/camera-address.ts';
import type { Config } from '../../src/config/config-schema.ts';
import { parseConfig, type LoadConfigOptions, type LoadedConfig } from '../../src/config/load-config.ts';
import { AppError } from '../../src/core/errors.ts';
import { exampleProviders } from './config-examples.ts';

export const adapters: readonly AddressAdapter[] = [
  {
    type: 'rtsp',
    url: z.string().regex(/^rtsps?:\/\/[^/]+/, 'expected rtsp://host[:port]/path'),
    hasSubStream: true,
    accepts: (url) => /^rtsps?:/.test(url),
  },
  {
    type: 'http_mjpeg',
    url: z.url({ protocol: /^https?$/, error: 'expected http://host[:port]/path' }),
    hasSubStream: true,
    accepts: (url) => /^https?:/.test(url),
  },
  { type: 'file', url: z.string(), hasSubStream: false, accepts: (url) => !url.includes('://') },
];

export const plainProvider = (type: string) => ({
  type,
  name: type,
  model: null,
  apiKey: null,
  baseUrl: null,
  timeoutMs: null,
  requestsPerMinute: null,
  price: null,
  pictures: 3,
});

export const defaultVision: Config['vision'] = {
  deadlineMs: 5000,
  betterWithinMs: 60_000,
  isListedInFile: false,
  pictures: 3,
  isBudgetInFile: false,
  providers: [plainProvider('local')],
  budget: {
    dailyUsd: 1,
    monthlyUsd: 20,
    cameraDailyUsd: null,
    unpricedCallsPerDay: 200,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  },
  isHedging: false,
  language: 'English',
  reuseMinutes: 5,
  isBackfilling: true,
};

export function parse(text: string, options: Partial<LoadConfigOptions> = {}): LoadedConfig {
  return parseConfig(text, {
    adapters,
    providerAdapters: exampleProviders,
    env: {},
    file: 'vedette.yaml',
    ...options,
  });
}

export function failureOf(text: string, options: Partial<LoadConfigOptions> = {}): AppError {
  try {
    parse(text, options);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** The problems, as `path: message`. */
export function problemsOf(text: string, options: Partial<LoadConfigOptions> = {}): string[] {
  const error = failureOf(text, options);
  expect(error.code).toBe('CONFIG_INVALID');
  return error.message
    .split('\n  ')
    .slice(1)
    .map((line) => line.replace(/ \(line \d+, column \d+\)$/, ''));
}
