import { z } from 'zod';
import type { ProviderSchema } from '../../src/config/provider-list.ts';
import { remoteFields } from '../../src/vision/provider-adapter.ts';

/** Kinds of provider as the configuration knows them, in their default order. */
export const exampleProviders: readonly ProviderSchema[] = [
  keyed('openai', 'OPENAI_API_KEY'),
  keyed('anthropic', 'ANTHROPIC_API_KEY'),
  keyed('google', 'GOOGLE_GENERATIVE_AI_API_KEY'),
  keyed('xai', 'XAI_API_KEY'),
  keyed('openai_compatible', null),
  {
    type: 'local',
    title: 'Local',
    keyVariable: null,
    schema: z.strictObject({ type: z.literal('local'), name: z.string().optional() }),
  },
];

function keyed(type: string, keyVariable: string | null): ProviderSchema {
  return {
    type,
    title: type,
    keyVariable,
    schema: z.strictObject({ type: z.literal(type), ...remoteFields('its-model') }),
  };
}
