import { z } from 'zod';
import { unknownPictures } from '../models.ts';
import { remoteFields, webAddress, type ProviderAdapter } from '../provider-adapter.ts';
import { guardedFetch } from './guarded-fetch.ts';
import { isLoopbackHost, isPrivateHost } from './host-kind.ts';
import { createSdkProvider } from './sdk-provider.ts';

const cloudTimeoutMs = 60_000;
/** A small machine takes its time. */
const homeTimeoutMs = 120_000;
/** Local models often think before they answer, and cost nothing. */
const homeHiddenTokens = 1600;
const cloudHiddenTokens = 600;

/** Any server that speaks OpenAI's chat completions: Ollama, llama.cpp, LM Studio, vLLM, gateways. */
export const openaiCompatibleProvider: ProviderAdapter = {
  type: 'openai_compatible',
  title: 'OpenAI-compatible server (Ollama, llama.cpp, LM Studio, vLLM, …)',
  schema: z.strictObject({
    type: z.literal('openai_compatible'),
    ...remoteFields(''),
    model: z.string().trim().min(1).max(200).describe('As the server calls it, e.g. qwen3-vl:4b.'),
    base_url: webAddress().describe('Up to the version, e.g. http://127.0.0.1:11434/v1.'),
  }),
  keyVariable: null,
  create: (settings, { clock }) => {
    const baseURL = settings.baseUrl ?? '';
    const modelId = settings.model ?? '';
    const host = new URL(baseURL).hostname;
    const isLocal = isLoopbackHost(host);
    const isAtHome = isLocal || isPrivateHost(host);
    // A server at home costs nothing unless the user says so; elsewhere nobody knows what it costs.
    const isFree = isAtHome && settings.price === null;
    const model = async (supportsStructuredOutputs: boolean) => {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      return createOpenAICompatible({
        name: 'server',
        baseURL,
        ...(settings.apiKey === null ? {} : { apiKey: settings.apiKey }),
        fetch: guardedFetch,
        supportsStructuredOutputs,
      })(modelId);
    };
    return createSdkProvider({
      type: settings.type,
      name: settings.name,
      modelId,
      model,
      apiKey: settings.apiKey,
      missingKey: null,
      isLocal,
      isFree,
      requestsPerMinute: settings.requestsPerMinute,
      timeoutMs: settings.timeoutMs ?? (isAtHome ? homeTimeoutMs : cloudTimeoutMs),
      mostPictures: settings.pictures,
      pictureRule: unknownPictures,
      price: () => settings.price,
      hiddenTokens: isFree ? homeHiddenTokens : cloudHiddenTokens,
      mayRefuseSchema: true,
      clock,
    });
  },
};
