import { z } from 'zod';
import { bodyIssue, dottedPath } from './body-issue.ts';
import {
  envoyUnavailable,
  retryHeaders,
  type Completion,
  type Failure,
  type Maker,
  type MakerRequest,
  type MakerRules,
  type UnderstoodRequest,
} from './maker.ts';
import type { RecordedImage } from './recorded-request.ts';
import { isImageFault, readImage, type ImageFault } from './request-image.ts';
import { anthropicSchemaProblem, isRecord, type JsonSchema } from './schema-rules.ts';
import { jsonReply, RequestProblem, wireId, type WireReply } from './wire-reply.ts';

// https://platform.claude.com/docs/en/api/messages/create and …/api/errors

const cacheControl = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() });
const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string().min(1),
  cache_control: cacheControl.optional(),
});
const imageBlock = z.strictObject({
  type: z.literal('image'),
  source: z.strictObject({
    type: z.literal('base64'),
    media_type: z.string(),
    data: z.string(),
  }),
  cache_control: cacheControl.optional(),
});

const bodySchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textBlock, imageBlock])).min(1)]),
      }),
    )
    .min(1),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  output_config: z
    .strictObject({
      format: z
        .strictObject({ type: z.literal('json_schema'), schema: z.record(z.string(), z.unknown()) })
        .optional(),
      effort: z.enum(['low', 'medium', 'high', 'max']).optional(),
    })
    .optional(),
  tools: z
    .array(
      z.strictObject({
        name: z.string(),
        description: z.string().optional(),
        input_schema: z.record(z.string(), z.unknown()),
        strict: z.boolean().optional(),
      }),
    )
    .optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({
        type: z.enum(['auto', 'any', 'none']),
        disable_parallel_tool_use: z.boolean().optional(),
      }),
      z.strictObject({
        type: z.literal('tool'),
        name: z.string(),
        disable_parallel_tool_use: z.boolean().optional(),
      }),
    ])
    .optional(),
  thinking: z.record(z.string(), z.unknown()).optional(),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().optional(),
  stop_sequences: z.array(z.string()).optional(),
  metadata: z.strictObject({ user_id: z.string().nullish() }).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional(),
  stream: z.literal(false).optional(),
});

type Body = z.infer<typeof bodySchema>;

function headers(requestId: string): Record<string, string> {
  return {
    'request-id': requestId,
    'anthropic-organization-id': '3f0f3a52-0000-4000-8000-000000000000',
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '49',
    'anthropic-ratelimit-requests-reset': new Date(Date.now() + 1_200).toISOString(),
  };
}

function refuse(
  status: number,
  type: string,
  message: string,
  { details, more = {} }: { details?: unknown; more?: Record<string, string> } = {},
): WireReply {
  const requestId = wireId('req_011C', 10);
  const error = details === undefined ? { type, message } : { type, message, details };
  return jsonReply(
    status,
    { type: 'error', error, request_id: requestId },
    { ...headers(requestId), ...more },
  );
}

function invalid(message: string): RequestProblem {
  return new RequestProblem(refuse(400, 'invalid_request_error', message));
}

function parse(body: unknown): Body {
  const parsed = bodySchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { kind, path, message } = bodyIssue(parsed.error);
  const words = { unknown: 'Extra inputs are not permitted', missing: 'Field required', invalid: message };
  throw invalid(`${dottedPath(path)}: ${words[kind]}`);
}

function imageRefusal(fault: ImageFault, path: string): string {
  switch (fault.kind) {
    case 'not_jpeg':
      return `${path}.image.source.base64.media_type: Input should be 'image/jpeg', got '${fault.mediaType}'`;
    case 'undecodable':
      return 'Could not process image';
    case 'too_many_bytes':
      return `${path}.image.source.base64: image exceeds 5 MB maximum: ${fault.sizeBytes} bytes > ${fault.maxBytes} bytes`;
    case 'too_many_pixels':
      return `${path}.image.source.base64.data: At least one of the image dimensions exceed max allowed size: ${fault.maxSide} pixels`;
  }
  return fault satisfies never;
}

async function readImages({ messages }: Body, rules: MakerRules): Promise<RecordedImage[]> {
  const images: RecordedImage[] = [];
  for (const [message, { content }] of messages.entries()) {
    if (typeof content === 'string') continue;
    for (const [index, block] of content.entries()) {
      if (block.type !== 'image') continue;
      const { media_type: mediaType, data: base64 } = block.source;
      const image = await readImage({ mediaType, base64 }, rules);
      if (isImageFault(image)) throw invalid(imageRefusal(image, `messages.${message}.content.${index}`));
      images.push(image);
    }
  }
  return images;
}

/** Structured output, or the older way to it: a tool that must be called. */
function wantedSchema(body: Body): { readonly schema: JsonSchema; readonly toolName: string | null } | null {
  const format = body.output_config?.format;
  if (format !== undefined) {
    const problem = anthropicSchemaProblem(format.schema);
    if (problem !== null) throw invalid(`output_config.format.schema: ${problem}`);
    return { schema: format.schema, toolName: null };
  }
  const [tool] = body.tools ?? [];
  const isForced = body.tool_choice?.type === 'any' || body.tool_choice?.type === 'tool';
  if (tool === undefined || !isForced) return null;
  if (tool.input_schema['type'] !== 'object') {
    throw invalid("tools.0.custom.input_schema.type: Input should be 'object'");
  }
  return { schema: tool.input_schema, toolName: tool.name };
}

function texts(content: string | readonly { readonly type: string; readonly text?: string }[]): string {
  return typeof content === 'string' ? content : content.flatMap(({ text }) => text ?? []).join('\n');
}

async function read(
  { method, path, headers: requestHeaders, body: rawBody }: MakerRequest,
  rules: MakerRules,
): Promise<UnderstoodRequest> {
  if (method !== 'POST' || path !== '/v1/messages') {
    throw new RequestProblem(refuse(404, 'not_found_error', 'Not Found'));
  }
  if (requestHeaders['anthropic-version'] !== '2023-06-01') {
    throw invalid(
      requestHeaders['anthropic-version'] === undefined
        ? 'anthropic-version: header is required'
        : `anthropic-version: "${requestHeaders['anthropic-version']}" is not a valid version`,
    );
  }
  const body = parse(rawBody);
  if (!rules.isKnownModel(body.model)) throw new RequestProblem(unknownModel(body.model));
  if (body.messages[0]?.role !== 'user') throw invalid('messages: first message must use the "user" role');
  const wanted = wantedSchema(body);
  if (wanted === null && rules.structuredOutput === 'required') {
    throw invalid('output_config.format: this server answers with structured output only');
  }
  return {
    modelCall: {
      model: body.model,
      instructions: texts(body.system ?? ''),
      text: body.messages.map(({ content }) => texts(content)).join('\n'),
      images: await readImages(body, rules),
      schema: wanted?.schema ?? null,
      maxOutputTokens: body.max_tokens,
    },
    complete: (completion) => complete(body, completion, wanted?.toolName ?? null),
  };
}

function parsedObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function complete(body: Body, completion: Completion, toolName: string | null): WireReply {
  const { text, ending } = completion;
  if (ending === 'blocked') {
    return refuse(400, 'invalid_request_error', 'Output blocked by content filtering policy');
  }
  const input = toolName === null ? null : parsedObject(text);
  const content =
    ending === 'refusal' || text === ''
      ? []
      : input === null
        ? [{ type: 'text', text }]
        : [{ type: 'tool_use', id: wireId('toolu_01', 11), name: toolName, input }];
  const stopReason = {
    stop: input === null ? 'end_turn' : 'tool_use',
    length: 'max_tokens',
    refusal: 'refusal',
  }[ending];
  const answer = {
    id: wireId('msg_01', 11),
    type: 'message',
    role: 'assistant',
    model: body.model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    stop_details:
      ending === 'refusal'
        ? { type: 'refusal', category: 'general_harms', explanation: 'The request was declined.' }
        : null,
    usage: {
      input_tokens: completion.inputTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: ending === 'refusal' ? 0 : completion.outputTokens,
      service_tier: 'standard',
    },
  };
  return jsonReply(200, answer, headers(wireId('req_011C', 10)));
}

function unknownModel(model: string): WireReply {
  return refuse(404, 'not_found_error', `model: ${model}`);
}

function failure(failed: Failure, model: string): WireReply {
  switch (failed.kind) {
    case 'rate_limit':
      return refuse(
        429,
        'rate_limit_error',
        "This request would exceed your organization's rate limit of 50 requests per minute (model: " +
          `${model}). For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage.`,
        {
          more: { ...retryHeaders(failed.retryAfter), 'anthropic-ratelimit-requests-remaining': '0' },
        },
      );
    case 'quota':
      return quota(failed.form);
    case 'auth':
      return failed.status === 401
        ? refuse(401, 'authentication_error', 'invalid x-api-key')
        : refuse(
            403,
            'permission_error',
            'Your API key does not have permission to use the specified resource.',
          );
    case 'bad_request':
      return refuse(
        400,
        'invalid_request_error',
        'messages.0.content.1.image.source.base64.media_type: Field required',
      );
    case 'unknown_model':
      return unknownModel(model);
    case 'server_error':
      return refuse(500, 'api_error', 'Internal server error');
    case 'unavailable':
      return envoyUnavailable();
    case 'overloaded':
      return refuse(529, 'overloaded_error', 'Overloaded');
  }
  return failed satisfies never;
}

function quota(form: string): WireReply {
  switch (form) {
    case 'billing_error':
      return refuse(
        402,
        'billing_error',
        "There's an issue with your billing or payment information. Please check your payment details in the Claude Console.",
      );
    case 'tier_spend_limit':
      // A rate limit by its type, without a Retry-After: access comes back with the next month.
      return refuse(
        429,
        'rate_limit_error',
        "Your organization has reached its usage tier's monthly spend limit.",
        { details: { error_code: 'enforced_spend_limit_reached' } },
      );
    case 'usage_limit':
      return refuse(
        400,
        'invalid_request_error',
        'You have reached your specified API usage limits. You will regain access on 2027-01-01 at 00:00 UTC.',
      );
    default:
      return refuse(
        400,
        'invalid_request_error',
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      );
  }
}

export const anthropicMaker: Maker = {
  kind: 'anthropic',
  basePath: '/v1',
  modelPattern: /^claude-/,
  maxImageBytes: 5 * 1024 * 1024,
  maxImageSide: 8_000,
  presentedKey: (requestHeaders) => requestHeaders['x-api-key'],
  missingKey: () => refuse(401, 'authentication_error', 'x-api-key header is required'),
  read,
  failure,
  imageTokens: ({ width, height }) => Math.ceil(width / 28) * Math.ceil(height / 28),
};
