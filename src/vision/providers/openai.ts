import { z } from 'zod';
import { makers } from '../models.ts';
import { remoteFields, type ProviderAdapter } from '../provider-adapter.ts';
import { createMakerProvider } from './maker-provider.ts';
import { guardedFetch } from './guarded-fetch.ts';

export const openaiProvider: ProviderAdapter = {
  type: 'openai',
  title: 'OpenAI',
  schema: z.strictObject({ type: z.literal('openai'), ...remoteFields(makers.openai.defaultModel) }),
  keyVariable: 'OPENAI_API_KEY',
  create: (settings, context) =>
    createMakerProvider(settings, context, {
      maker: makers.openai,
      keyVariable: 'OPENAI_API_KEY',
      // Named here, as the client would take another address from its own environment variables.
      defaultBaseUrl: 'https://api.openai.com/v1',
      reasoning: 'none',
      // Nothing is kept at the maker beyond what its terms say of every call; no summary of thoughts is paid for.
      providerOptions: { openai: { store: false, reasoningSummary: null } },
      model: async (id, baseURL, apiKey) => {
        const { createOpenAI } = await import('@ai-sdk/openai');
        return createOpenAI({ baseURL, apiKey, fetch: guardedFetch }).responses(id);
      },
    }),
};
