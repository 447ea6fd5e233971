import type { z } from 'zod';
import { bodyIssue, bracketPath } from './body-issue.ts';
import {
  chatBodySchema,
  chatCall,
  chatImages,
  chatReplyBody,
  chatSchema,
  type ChatBody,
} from './chat-wire.ts';
import {
  envoyUnavailable,
  retryHeaders,
  type Failure,
  type Maker,
  type MakerRequest,
  type MakerRules,
  type UnderstoodRequest,
} from './maker.ts';
import type { ModelCall } from './recorded-request.ts';
import { isImageFault, readImage, splitDataUrl, type ImageFault } from './request-image.ts';
import {
  responsesBodySchema,
  responsesCall,
  responsesImages,
  responsesReplyBody,
  responsesSchema,
  type PlacedImage,
  type ResponsesBody,
} from './responses-wire.ts';
import { openaiStrictProblem, type JsonSchema } from './schema-rules.ts';
import { jsonReply, maskedKey, RequestProblem, wireId, type WireReply } from './wire-reply.ts';

function headers(): Record<string, string> {
  return {
    'openai-version': '2020-10-01',
    'openai-organization': 'org-vedette',
    'openai-processing-ms': '412',
    'x-request-id': wireId('req_', 16),
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-reset-requests': '120ms',
  };
}

interface OpenaiErrorFields {
  readonly type?: string;
  readonly param?: string | null;
  readonly code?: string | null;
}

function refuse(
  status: number,
  message: string,
  { type = 'invalid_request_error', param = null, code = null }: OpenaiErrorFields = {},
  more: Record<string, string> = {},
): WireReply {
  return jsonReply(status, { error: { message, type, param, code } }, { ...headers(), ...more });
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = bodyIssue(parsed.error);
  const param = bracketPath(issue.path);
  const [message, code] = {
    unknown: [`Unknown parameter: '${param}'.`, 'unknown_parameter'],
    missing: [`Missing required parameter: '${param}'.`, 'missing_required_parameter'],
    invalid: [`Invalid value for '${param}': ${issue.message}.`, 'invalid_value'],
  }[issue.kind] as [string, string];
  throw new RequestProblem(refuse(400, message, { param, code }));
}

function imageRefusal(fault: ImageFault, path: string): WireReply {
  const invalid = (message: string, code: string): WireReply => refuse(400, message, { param: path, code });
  switch (fault.kind) {
    case 'not_jpeg':
      return invalid(
        `Invalid '${path}'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/jpeg;base64,…'), but got type '${fault.mediaType}'.`,
        'invalid_value',
      );
    case 'undecodable':
      return invalid(
        'The image data you provided does not represent a valid image. Please check your input and try again.',
        'image_parse_error',
      );
    case 'too_many_bytes':
      return invalid(
        `Invalid '${path}': image of ${fault.sizeBytes} bytes exceeds the maximum of ${fault.maxBytes}.`,
        'image_too_large',
      );
    case 'too_many_pixels':
      return invalid(
        `Invalid '${path}': image of ${fault.side} pixels exceeds the maximum of ${fault.maxSide}.`,
        'image_too_large',
      );
  }
  return fault satisfies never;
}

async function readImages(placed: readonly PlacedImage[], rules: MakerRules): Promise<ModelCall['images']> {
  const images = [];
  for (const { url, path } of placed) {
    const image = await readImage(splitDataUrl(url), rules);
    if (isImageFault(image)) throw new RequestProblem(imageRefusal(image, bracketPath(path)));
    images.push(image);
  }
  return images;
}

/** Of the models from gpt-6 on, those whose reasoning can be switched off. */
const thinkingOptional = new Set(['gpt-6-luna', 'gpt-6-sol', 'gpt-6.1-terra']);

/** By model, from the errors of the service itself, which list what each takes. */
function reasoningEfforts(model: string): readonly string[] | null {
  const [, major, minor = '0'] = /^gpt-(\d+)(?:\.(\d+))?/.exec(model) ?? [];
  if (/^o\d/.test(model)) return ['low', 'medium', 'high'];
  if (major === undefined || Number(major) < 5) return null;
  if (Number(major) > 5) {
    const efforts = ['low', 'medium', 'high', 'xhigh', 'max'];
    return thinkingOptional.has(model) ? ['none', ...efforts] : efforts;
  }
  if (minor === '0') return ['minimal', 'low', 'medium', 'high'];
  if (minor === '1') return ['none', 'low', 'medium', 'high'];
  const efforts = ['none', 'low', 'medium', 'high', 'xhigh'];
  return Number(minor) < 6 ? efforts : [...efforts, 'max'];
}

function checkReasoning(model: string, effort: string | null | undefined, param: string): void {
  if (effort === undefined || effort === null) return;
  const efforts = reasoningEfforts(model);
  if (efforts === null) {
    throw new RequestProblem(
      refuse(400, `Unsupported parameter: '${param}' is not supported with this model.`, {
        param,
        code: 'unsupported_parameter',
      }),
    );
  }
  if (efforts.includes(effort)) return;
  const listed = `${efforts
    .slice(0, -1)
    .map((name) => `'${name}'`)
    .join(', ')}, and '${efforts.at(-1)}'`;
  throw new RequestProblem(
    refuse(
      400,
      `Unsupported value: '${effort}' is not supported with the '${model}' model. Supported values are: ${listed}.`,
      { param, code: 'unsupported_value' },
    ),
  );
}

/** Models that reason take no temperature, except with an effort of `none`. */
function checkSampling(
  model: string,
  body: { readonly temperature?: number | null | undefined; readonly top_p?: number | null | undefined },
  effort: string | null | undefined,
): void {
  if (reasoningEfforts(model) === null || effort === 'none') return;
  for (const param of ['temperature', 'top_p'] as const) {
    if (body[param] === undefined || body[param] === null || body[param] === 1) continue;
    throw new RequestProblem(
      refuse(400, `Unsupported parameter: '${param}' is not supported with this model.`, { param }),
    );
  }
}

function checkSchema(schema: JsonSchema | null, param: string, name: string, rules: MakerRules): void {
  if (schema === null) {
    if (rules.structuredOutput !== 'required') return;
    throw new RequestProblem(
      refuse(
        400,
        `Missing required parameter: '${param}': this server answers with structured output only.`,
        {
          param,
          code: 'missing_required_parameter',
        },
      ),
    );
  }
  const problem = openaiStrictProblem(schema);
  if (problem === null) return;
  throw new RequestProblem(
    refuse(400, `Invalid schema for response_format '${name}': ${problem}`, {
      param,
      code: 'invalid_json_schema',
    }),
  );
}

function unknownModel(model: string): WireReply {
  return refuse(404, `The model \`${model}\` does not exist or you do not have access to it.`, {
    code: 'model_not_found',
  });
}

async function readResponses(body: ResponsesBody, rules: MakerRules): Promise<UnderstoodRequest> {
  if (!rules.isKnownModel(body.model)) throw new RequestProblem(unknownModel(body.model));
  const maxTokens = body.max_output_tokens;
  if (typeof maxTokens === 'number' && maxTokens < 16) {
    const message = `Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got ${maxTokens} instead.`;
    throw new RequestProblem(
      refuse(400, message, { param: 'max_output_tokens', code: 'integer_below_min_value' }),
    );
  }
  checkReasoning(body.model, body.reasoning?.effort, 'reasoning.effort');
  checkSampling(body.model, body, body.reasoning?.effort);
  const format = body.text?.format;
  checkSchema(
    responsesSchema(body),
    'text.format.schema',
    format?.type === 'json_schema' ? format.name : '',
    rules,
  );
  const modelCall = responsesCall(body, await readImages(responsesImages(body), rules));
  return {
    modelCall,
    complete: (completion) =>
      completion.ending === 'blocked'
        ? promptFlagged()
        : jsonReply(200, responsesReplyBody(body, completion, 'openai'), headers()),
  };
}

async function readChat(body: ChatBody, rules: MakerRules): Promise<UnderstoodRequest> {
  if (!rules.isKnownModel(body.model)) throw new RequestProblem(unknownModel(body.model));
  if (reasoningEfforts(body.model) !== null && body.max_tokens !== undefined && body.max_tokens !== null) {
    const message =
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    throw new RequestProblem(refuse(400, message, { param: 'max_tokens', code: 'unsupported_parameter' }));
  }
  checkReasoning(body.model, body.reasoning_effort, 'reasoning_effort');
  checkSampling(body.model, body, body.reasoning_effort);
  const format = body.response_format;
  const name = format?.type === 'json_schema' ? format.json_schema.name : '';
  checkSchema(chatSchema(body), 'response_format', name, rules);
  const modelCall = chatCall(body, await readImages(chatImages(body), rules));
  return {
    modelCall,
    complete: (completion) => jsonReply(200, chatReplyBody(body, completion, true), headers()),
  };
}

function promptFlagged(): WireReply {
  return refuse(
    400,
    'Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting',
    { code: 'invalid_prompt' },
  );
}

function failure(failed: Failure, model: string): WireReply {
  switch (failed.kind) {
    case 'rate_limit': {
      const again = failed.retryAfter === null ? '' : ` Please try again in ${failed.retryAfter.seconds}s.`;
      return refuse(
        429,
        `Rate limit reached for ${model} in organization org-vedette on requests per min (RPM): Limit 500, Used 500, Requested 1.${again} Visit https://platform.openai.com/account/rate-limits to learn more.`,
        { type: 'requests', code: 'rate_limit_exceeded' },
        { ...retryHeaders(failed.retryAfter), 'x-ratelimit-remaining-requests': '0' },
      );
    }
    case 'quota':
      return failed.form === 'project_spend_limit'
        ? refuse(429, 'Your project has reached its spend limit. Please raise it in your project settings.', {
            type: 'insufficient_quota',
            code: 'project_spend_limit_exceeded',
          })
        : refuse(
            429,
            'You exceeded your current quota, please check your plan and billing details. For more information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.',
            { type: 'insufficient_quota', code: 'insufficient_quota' },
          );
    case 'auth':
      return failed.status === 401
        ? refuse(
            401,
            `Incorrect API key provided: ${maskedKey(failed.key)}. You can find your API key at https://platform.openai.com/account/api-keys.`,
            { code: 'invalid_api_key' },
          )
        : refuse(403, 'Country, region, or territory not supported', {
            type: 'request_forbidden',
            code: 'unsupported_country_region_territory',
          });
    case 'bad_request':
      return refuse(
        400,
        "Invalid value: 'input_picture'. Supported values are: 'input_text', 'input_image', and 'input_file'.",
        {
          param: 'input[0].content[0]',
          code: 'invalid_value',
        },
      );
    case 'unknown_model':
      return unknownModel(model);
    case 'server_error':
      return refuse(
        500,
        'The server had an error while processing your request. Sorry about that! You can retry your request, or contact us through our help center at help.openai.com if the error persists.',
        { type: 'server_error', code: 'server_error' },
      );
    case 'unavailable':
      return envoyUnavailable();
    case 'overloaded':
      return refuse(503, 'Our servers are currently overloaded. Please try again later.', {
        type: 'service_unavailable_error',
        code: 'server_is_overloaded',
      });
  }
  return failed satisfies never;
}

export const openaiMaker: Maker = {
  kind: 'openai',
  basePath: '/v1',
  modelPattern: /^(?:gpt-|chatgpt-|o\d)/,
  // The service takes more by now; a picture above the older limit is a mistake of ours anyway.
  maxImageBytes: 20 * 1024 * 1024,
  maxImageSide: 8_192,
  presentedKey: (requestHeaders) => /^Bearer (.+)$/.exec(requestHeaders['authorization'] ?? '')?.[1],
  missingKey: () =>
    refuse(
      401,
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY). You can obtain an API key from https://platform.openai.com/account/api-keys.",
    ),
  read: ({ method, path, body }: MakerRequest, rules: MakerRules) => {
    if (method === 'POST' && path === '/v1/responses') {
      return readResponses(parse(responsesBodySchema, body), rules);
    }
    if (method === 'POST' && path === '/v1/chat/completions') {
      return readChat(parse(chatBodySchema, body), rules);
    }
    throw new RequestProblem(refuse(404, `Invalid URL (${method} ${path})`));
  },
  failure,
  // 32-pixel patches, 1.2 tokens each: gpt-5.4 and later.
  imageTokens: ({ width, height }) => Math.ceil(Math.ceil(width / 32) * Math.ceil(height / 32) * 1.2),
};
