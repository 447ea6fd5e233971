import { z } from 'zod';
import { makers } from '../models.ts';
import { remoteFields, type ProviderAdapter } from '../provider-adapter.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { createMakerProvider } from './maker-provider.ts';

export const googleProvider: ProviderAdapter = {
  type: 'google',
  title: 'Google Gemini',
  schema: z.strictObject({ type: z.literal('google'), ...remoteFields(makers.google.defaultModel) }),
  keyVariable: 'GOOGLE_GENERATIVE_AI_API_KEY',
  create: (settings, context) =>
    createMakerProvider(settings, context, {
      maker: makers.google,
      keyVariable: 'GOOGLE_GENERATIVE_AI_API_KEY',
      defaultBaseUrl: 'https://generativelanguage.googleapis.com/v1beta',
      reasoning: 'none',
      providerOptions: { google: { mediaResolution: 'MEDIA_RESOLUTION_LOW' } },
      model: async (id, baseURL, apiKey) => {
        const { createGoogleGenerativeAI } = await import('@ai-sdk/google');
        return createGoogleGenerativeAI({ baseURL, apiKey, fetch: guardedFetch })(id);
      },
    }),
};
