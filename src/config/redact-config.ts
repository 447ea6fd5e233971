import { redact } from '../core/redact.ts';
import type { Config } from './config-schema.ts';

const hidden = '****';

/** The configuration as it may be shown. Of a webhook's address only the origin: services put their secret into the path. */
export function redactConfig(config: Config): Config {
  return {
    ...config,
    vision: {
      ...config.vision,
      providers: config.vision.providers.map((provider) => ({
        ...provider,
        apiKey: provider.apiKey === null ? null : hidden,
        baseUrl: provider.baseUrl === null ? null : redact(provider.baseUrl),
      })),
    },
    cameras: config.cameras.map((camera) => ({
      ...camera,
      url: redact(camera.url),
      subUrl: camera.subUrl === null ? null : redact(camera.subUrl),
      username: camera.username === null ? null : hidden,
      password: camera.password === null ? null : hidden,
    })),
    webhooks: config.webhooks.map((webhook) => ({
      ...webhook,
      url: redactedAddress(webhook.url),
      secret: webhook.secret === null ? null : hidden,
    })),
  };
}

function redactedAddress(address: string): string {
  if (!URL.canParse(address)) return hidden;
  const { origin, pathname, search } = new URL(address);
  return pathname === '/' && search === '' ? origin : `${origin}/${hidden}`;
}
