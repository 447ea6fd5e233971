import { z } from 'zod';
import { makers } from '../models.ts';
import { remoteFields, type ProviderAdapter } from '../provider-adapter.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { createMakerProvider } from './maker-provider.ts';

export const anthropicProvider: ProviderAdapter = {
  type: 'anthropic',
  title: 'Anthropic Claude',
  schema: z.strictObject({ type: z.literal('anthropic'), ...remoteFields(makers.anthropic.defaultModel) }),
  keyVariable: 'ANTHROPIC_API_KEY',
  create: (settings, context) =>
    createMakerProvider(settings, context, {
      maker: makers.anthropic,
      keyVariable: 'ANTHROPIC_API_KEY',
      // Named here, as the client would take another address from its own environment variables.
      defaultBaseUrl: 'https://api.anthropic.com/v1',
      reasoning: 'none',
      model: async (id, baseURL, apiKey) => {
        const { createAnthropic } = await import('@ai-sdk/anthropic');
        return createAnthropic({ baseURL, apiKey, fetch: guardedFetch })(id);
      },
    }),
};
