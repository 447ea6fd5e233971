import { z } from 'zod';
import type { Completion } from './maker.ts';
import type { ModelCall } from './recorded-request.ts';
import type { PlacedImage } from './responses-wire.ts';
import type { JsonSchema } from './schema-rules.ts';
import { wireId } from './wire-reply.ts';

// Chat Completions: OpenAI's older API, which every local server speaks.
// https://platform.openai.com/docs/api-reference/chat/create

const textPartSchema = z.strictObject({ type: z.literal('text'), text: z.string() });
const imagePartSchema = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string(),
    detail: z.enum(['low', 'high', 'auto']).optional(),
  }),
});

export const chatBodySchema = z.strictObject({
  model: z.string().min(1),
  messages: z
    .array(
      z.discriminatedUnion('role', [
        z.strictObject({
          role: z.enum(['system', 'developer']),
          content: z.union([z.string(), z.array(textPartSchema)]),
        }),
        z.strictObject({
          role: z.literal('user'),
          content: z.union([
            z.string(),
            z.array(z.discriminatedUnion('type', [textPartSchema, imagePartSchema])).min(1),
          ]),
        }),
      ]),
    )
    .min(1),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  response_format: z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('json_schema'),
        json_schema: z.strictObject({
          name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
          description: z.string().optional(),
          strict: z.boolean().nullish(),
          schema: z.record(z.string(), z.unknown()),
        }),
      }),
      z.strictObject({ type: z.enum(['text', 'json_object']) }),
    ])
    .nullish(),
  reasoning_effort: z.string().nullish(),
  verbosity: z.enum(['low', 'medium', 'high']).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  frequency_penalty: z.number().nullish(),
  presence_penalty: z.number().nullish(),
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  user: z.string().optional(),
  store: z.boolean().nullish(),
  stream: z.literal(false).nullish(),
});

export type ChatBody = z.infer<typeof chatBodySchema>;

export function chatImages({ messages }: ChatBody): readonly PlacedImage[] {
  return messages.flatMap(({ content }, message) =>
    typeof content === 'string'
      ? []
      : content.flatMap((part, index) =>
          part.type === 'image_url'
            ? [{ url: part.image_url.url, path: ['messages', message, 'content', index, 'image_url'] }]
            : [],
        ),
  );
}

export function chatSchema({ response_format: format }: ChatBody): JsonSchema | null {
  return format?.type === 'json_schema' ? format.json_schema.schema : null;
}

export function chatCall(body: ChatBody, images: ModelCall['images']): ModelCall {
  const texts = (isUser: boolean): string =>
    body.messages
      .filter(({ role }) => (role === 'user') === isUser)
      .flatMap(({ content }) =>
        typeof content === 'string'
          ? [content]
          : content.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
      )
      .join('\n');
  return {
    model: body.model,
    instructions: texts(false),
    text: texts(true),
    images,
    schema: chatSchema(body),
    maxOutputTokens: body.max_completion_tokens ?? body.max_tokens ?? null,
  };
}

/** @param hasRefusalField OpenAI tells a refusal apart from text; local servers know no such thing */
export function chatReplyBody(
  body: ChatBody,
  completion: Completion,
  hasRefusalField: boolean,
): Record<string, unknown> {
  const isRefusal = completion.ending === 'refusal';
  const finishReasons = { stop: 'stop', refusal: 'stop', length: 'length', blocked: 'content_filter' };
  const message = hasRefusalField
    ? {
        role: 'assistant',
        content: isRefusal ? null : completion.text,
        refusal: isRefusal ? completion.text : null,
        annotations: [],
      }
    : { role: 'assistant', content: completion.text };
  return {
    id: wireId('chatcmpl-'),
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: body.model,
    system_fingerprint: 'fp_vedette',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReasons[completion.ending] }],
    usage: {
      prompt_tokens: completion.inputTokens,
      completion_tokens: completion.outputTokens,
      total_tokens: completion.inputTokens + completion.outputTokens,
    },
  };
}
