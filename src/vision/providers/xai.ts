import { z } from 'zod';
import { makers } from '../models.ts';
import { remoteFields, type ProviderAdapter } from '../provider-adapter.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { createMakerProvider } from './maker-provider.ts';

export const xaiProvider: ProviderAdapter = {
  type: 'xai',
  title: 'xAI Grok',
  schema: z.strictObject({ type: z.literal('xai'), ...remoteFields(makers.xai.defaultModel) }),
  keyVariable: 'XAI_API_KEY',
  create: (settings, context) =>
    createMakerProvider(settings, context, {
      maker: makers.xai,
      keyVariable: 'XAI_API_KEY',
      defaultBaseUrl: 'https://api.x.ai/v1',
      reasoning: 'none',
      providerOptions: { xai: { store: false } },
      model: async (id, baseURL, apiKey) => {
        const { createXai } = await import('@ai-sdk/xai');
        return createXai({ baseURL, apiKey, fetch: guardedFetch }).responses(id);
      },
    }),
};
