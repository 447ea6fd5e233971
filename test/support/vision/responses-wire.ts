import { z } from 'zod';
import type { Completion } from './maker.ts';
import type { ModelCall } from './recorded-request.ts';
import type { JsonSchema } from './schema-rules.ts';
import { wireId } from './wire-reply.ts';

// The Responses API: OpenAI's, which xAI took over.
// https://platform.openai.com/docs/api-reference/responses/create

const inputTextSchema = z.strictObject({ type: z.literal('input_text'), text: z.string() });
const inputImageSchema = z.strictObject({
  type: z.literal('input_image'),
  image_url: z.string(),
  detail: z.enum(['low', 'high', 'auto', 'original']).optional(),
});

const inputItemSchema = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.enum(['system', 'developer']),
    content: z.union([z.string(), z.array(inputTextSchema)]),
  }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([
      z.string(),
      z.array(z.discriminatedUnion('type', [inputTextSchema, inputImageSchema])).min(1),
    ]),
  }),
]);

const jsonSchemaFormatSchema = z.strictObject({
  type: z.literal('json_schema'),
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
  description: z.string().optional(),
  strict: z.boolean().nullish(),
  schema: z.record(z.string(), z.unknown()),
});

/** What a description asks for, and the rest of the API's parameters that would do no harm. */
export const responsesBodySchema = z.strictObject({
  model: z.string().min(1),
  input: z.array(inputItemSchema).min(1),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().nullish(),
  text: z
    .strictObject({
      format: z
        .discriminatedUnion('type', [
          jsonSchemaFormatSchema,
          z.strictObject({ type: z.enum(['text', 'json_object']) }),
        ])
        .optional(),
      verbosity: z.enum(['low', 'medium', 'high']).optional(),
    })
    .optional(),
  reasoning: z
    .strictObject({
      effort: z.string().nullish(),
      summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
    })
    .nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  store: z.boolean().nullish(),
  include: z.array(z.string()).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  user: z.string().optional(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
  service_tier: z.enum(['auto', 'default', 'flex', 'priority']).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  stream: z.literal(false).nullish(),
});

export type ResponsesBody = z.infer<typeof responsesBodySchema>;

export interface PlacedImage {
  readonly url: string;
  /** Where it stands in the body. */
  readonly path: readonly (string | number)[];
}

export function responsesImages({ input }: ResponsesBody): readonly PlacedImage[] {
  return input.flatMap(({ content }, item) =>
    typeof content === 'string'
      ? []
      : content.flatMap((part, index) =>
          part.type === 'input_image'
            ? [{ url: part.image_url, path: ['input', item, 'content', index, 'image_url'] }]
            : [],
        ),
  );
}

export function responsesSchema(body: ResponsesBody): JsonSchema | null {
  const format = body.text?.format;
  return format?.type === 'json_schema' ? format.schema : null;
}

export function responsesCall(body: ResponsesBody, images: ModelCall['images']): ModelCall {
  const texts = (wanted: 'user' | 'instructions'): string =>
    body.input
      .filter(({ role }) => (role === 'user') === (wanted === 'user'))
      .flatMap(({ content }) =>
        typeof content === 'string'
          ? [content]
          : content.flatMap((part) => (part.type === 'input_text' ? [part.text] : [])),
      )
      .join('\n');
  return {
    model: body.model,
    instructions: [body.instructions ?? '', texts('instructions')].filter((text) => text !== '').join('\n'),
    text: texts('user'),
    images,
    schema: responsesSchema(body),
    maxOutputTokens: body.max_output_tokens ?? null,
  };
}

/**
 * The `response` object of a call that ended, also of one that was cut off.
 *
 * @param dialect OpenAI tells a refusal apart from text; xAI gives its thoughts a status
 */
export function responsesReplyBody(
  body: ResponsesBody,
  completion: Completion,
  dialect: 'openai' | 'xai',
): Record<string, unknown> {
  const isWhole = completion.ending === 'stop' || completion.ending === 'refusal';
  const status = isWhole ? 'completed' : 'incomplete';
  const content =
    completion.ending === 'refusal' && dialect === 'openai'
      ? { type: 'refusal', refusal: completion.text }
      : { type: 'output_text', annotations: [], logprobs: [], text: completion.text };
  const message = {
    id: wireId('msg_', 24),
    type: 'message',
    status,
    role: 'assistant',
    content: [content],
  };
  const thoughts = {
    id: wireId('rs_', 24),
    type: 'reasoning',
    summary: [],
    ...(dialect === 'xai' && { status: 'completed' }),
  };
  const effort = body.reasoning?.effort ?? null;
  const hasThought = effort !== null && effort !== 'none';
  const thoughtTokens = hasThought ? 64 : 0;
  const outputTokens = completion.outputTokens + thoughtTokens;
  const now = Math.floor(Date.now() / 1000);
  return {
    id: wireId('resp_', 24),
    object: 'response',
    created_at: now,
    status,
    background: false,
    completed_at: isWhole ? now : null,
    error: null,
    incomplete_details:
      completion.ending === 'length'
        ? { reason: 'max_output_tokens' }
        : completion.ending === 'blocked'
          ? { reason: 'content_filter' }
          : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: body.model,
    output: hasThought ? [thoughts, message] : [message],
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort, summary: body.reasoning?.summary ?? null },
    service_tier: 'default',
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: {
      input_tokens: completion.inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: thoughtTokens },
      total_tokens: completion.inputTokens + outputTokens,
    },
    user: null,
    metadata: body.metadata ?? {},
  };
}
