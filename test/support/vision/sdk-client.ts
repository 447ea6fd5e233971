import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createXai } from '@ai-sdk/xai';
import { generateText, Output, type LanguageModel } from 'ai';
import sharp from 'sharp';
import { z } from 'zod';
import type { ProviderServer } from './provider-server.ts';
import type { ProviderKind } from './recorded-request.ts';

/** An id that looks like one of the maker's. */
export const exampleModels: Readonly<Record<ProviderKind, string>> = {
  openai: 'gpt-5-mini',
  anthropic: 'claude-haiku-4-5',
  google: 'gemini-2.5-flash',
  xai: 'grok-4.3',
  openai_compatible: 'qwen3-vl:4b',
};

interface ClientOptions {
  readonly model?: string;
  readonly apiKey?: string;
  readonly baseUrl?: string;
  readonly fetch?: typeof fetch;
}

/** The AI SDK's client of that maker. */
export function sdkModel(server: ProviderServer, options: ClientOptions = {}): LanguageModel {
  const model = options.model ?? exampleModels[server.kind];
  const { apiKey = server.apiKey, baseUrl: baseURL = server.url } = options;
  const settings = { apiKey, baseURL, ...(options.fetch && { fetch: options.fetch }) };
  switch (server.kind) {
    case 'openai':
      return createOpenAI(settings)(model);
    case 'anthropic':
      return createAnthropic(settings)(model);
    case 'google':
      return createGoogle(settings)(model);
    case 'xai':
      return createXai(settings)(model);
    case 'openai_compatible':
      return createOpenAICompatible({ ...settings, name: 'local', supportsStructuredOutputs: true })(model);
  }
  return server.kind satisfies never;
}

export const exampleSchema = z.object({
  observations: z.array(z.string()),
  description: z.string(),
  title: z.string(),
  objects: z.array(z.string()),
  actions: z.array(z.string()),
  confidence: z.number().nullable(),
  nothing_of_interest: z.boolean(),
});

/** Noise, so that a file which is cut short lacks part of the picture and not only its end. */
export async function examplePicture(format: 'jpeg' | 'png' = 'jpeg', width = 64): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 120, sigma: 40 } as const;
  return sharp({ create: { width, height: 48, channels: 3, background: '#567', noise } })
    .toFormat(format)
    .toBuffer();
}

/** One real call: a system prompt, a text, a picture, a schema. */
export async function describeWithSdk(
  server: ProviderServer,
  options: ClientOptions & {
    readonly picture?: Uint8Array;
    readonly mediaType?: string;
    readonly schema?: z.ZodType;
    readonly signal?: AbortSignal;
    readonly reasoning?: 'none' | 'low';
  } = {},
) {
  // Without any text the SDK only throws where the object is read.
  const { output, usage, finishReason } = await generateText({
    model: sdkModel(server, options),
    maxRetries: 0,
    maxOutputTokens: 300,
    instructions: 'You watch a camera.',
    output: Output.object({ schema: options.schema ?? exampleSchema, name: 'event' }),
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What happens here?' },
          {
            type: 'file',
            data: options.picture ?? (await examplePicture()),
            mediaType: options.mediaType ?? 'image/jpeg',
          },
        ],
      },
    ],
    ...(options.signal && { abortSignal: options.signal }),
    ...(options.reasoning && { reasoning: options.reasoning }),
  });
  return { output, usage, finishReason };
}
