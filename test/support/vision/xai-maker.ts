import { bodyIssue, bracketPath } from './body-issue.ts';
import {
  envoyUnavailable,
  retryHeaders,
  type Failure,
  type Maker,
  type MakerRequest,
  type MakerRules,
  type UnderstoodRequest,
} from './maker.ts';
import type { RecordedImage } from './recorded-request.ts';
import { isImageFault, readImage, splitDataUrl, type ImageFault } from './request-image.ts';
import {
  responsesBodySchema,
  responsesCall,
  responsesImages,
  responsesReplyBody,
  responsesSchema,
} from './responses-wire.ts';
import { jsonReply, maskedKey, RequestProblem, wireId, type WireReply } from './wire-reply.ts';

// xAI's errors are a gRPC status in words, and a text.
const statusWords = {
  invalidArgument: 'Client specified an invalid argument',
  notFound: 'Some requested entity was not found',
  permissionDenied: 'The caller does not have permission to execute the specified operation',
  exhausted: 'Some resource has been exhausted',
  internal: 'Internal error',
  unavailable: 'The service is currently unavailable',
  unauthenticated: 'The request does not have valid authentication credentials',
} as const;

/** Every value of the parameter is refused, `none` too. */
const modelsWithoutEffort = /^grok-4\.20(-\d{4})?-(non-)?reasoning$/;

const team = '5c5e4a1e-7c2f-4d4c-9d0e-0f6f4f0a7a11';
const creditsUsedUp = `Your team ${team} has either used all available credits or reached its monthly spending limit. To continue making API requests, please purchase more credits or raise your spending limit.`;

function refuse(
  status: number,
  code: string,
  error: string,
  headers: Record<string, string> = {},
): WireReply {
  return jsonReply(status, { code, error }, { 'x-request-id': wireId('', 16), ...headers });
}

function invalidArgument(error: string): RequestProblem {
  return new RequestProblem(refuse(400, statusWords.invalidArgument, error));
}

function imageRefusal(fault: ImageFault): string {
  switch (fault.kind) {
    case 'not_jpeg':
      return `Unsupported content-type encountered when downloading image: expected a base64 image/jpeg data URL, got "${fault.mediaType}".`;
    case 'undecodable':
      return 'Failed to decode image buffer. The image may be corrupted.';
    case 'too_many_bytes':
      return `Image size ${fault.sizeBytes} bytes exceeds the maximum of ${fault.maxBytes} bytes.`;
    case 'too_many_pixels':
      return `Image side ${fault.side} exceeds the maximum of ${fault.maxSide} pixels.`;
  }
  return fault satisfies never;
}

function unknownModel(model: string): WireReply {
  return refuse(
    404,
    statusWords.notFound,
    `The model ${model} does not exist or your team ${team} does not have access to it. Please ensure you're using the correct API key. If you believe this is a mistake, please contact support and quote your team ID and the model name.`,
  );
}

async function read({ method, path, body }: MakerRequest, rules: MakerRules): Promise<UnderstoodRequest> {
  if (method !== 'POST' || path !== '/v1/responses') {
    throw new RequestProblem({ status: 404, headers: {}, body: '' });
  }
  const parsed = responsesBodySchema.safeParse(body);
  if (!parsed.success) {
    const { kind, path: at, message } = bodyIssue(parsed.error);
    const what =
      kind === 'missing'
        ? `missing field \`${at.at(-1)}\``
        : kind === 'unknown'
          ? `unknown field \`${at.at(-1)}\``
          : message;
    // The framework's own refusal: plain text.
    throw new RequestProblem({
      status: 422,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-request-id': wireId('', 16) },
      body: `Failed to deserialize the JSON body into the target type: ${bracketPath(at)}: ${what}`,
    });
  }
  const request = parsed.data;
  if (!rules.isKnownModel(request.model)) throw new RequestProblem(unknownModel(request.model));
  if (modelsWithoutEffort.test(request.model) && typeof request.reasoning?.effort === 'string') {
    throw invalidArgument(`Model ${request.model} does not support parameter reasoningEffort.`);
  }
  if (responsesSchema(request) === null && rules.structuredOutput === 'required') {
    throw invalidArgument('text.format: this server answers with structured output only.');
  }
  const images: RecordedImage[] = [];
  for (const { url } of responsesImages(request)) {
    const image = await readImage(splitDataUrl(url), rules);
    if (isImageFault(image)) throw invalidArgument(imageRefusal(image));
    images.push(image);
  }
  return {
    modelCall: responsesCall(request, images),
    complete: (completion) =>
      completion.ending === 'blocked'
        ? refuse(
            403,
            statusWords.permissionDenied,
            `Content violates usage guidelines. Team: ${team}, API key ID: 00000000-0000-0000-0000-000000000000, Model: ${request.model}, Failed check: SAFETY_CHECK_TYPE_DATA_LEAKAGE`,
          )
        : jsonReply(200, responsesReplyBody(request, completion, 'xai'), { 'x-request-id': wireId('', 16) }),
  };
}

function failure(failed: Failure, model: string): WireReply {
  switch (failed.kind) {
    case 'rate_limit':
      return refuse(
        429,
        statusWords.exhausted,
        `Too many requests for team ${team} and model ${model}. Your team's rate limit is - Requests per Minute (actual/limit): 481/480, Tokens per Minute (actual/limit): 1834/2000000. Please see https://console.x.ai/team/${team}/rate-limits to see your rate limits.`,
        retryHeaders(failed.retryAfter),
      );
    case 'quota':
      // The same sentence has come with both, in 2026.
      return failed.form === 'team_credits_forbidden'
        ? refuse(403, 'permission-denied', creditsUsedUp)
        : refuse(429, statusWords.exhausted, creditsUsedUp);
    case 'auth':
      return failed.status === 401
        ? refuse(
            400,
            statusWords.invalidArgument,
            `Incorrect API key provided: ${maskedKey(failed.key)}. You can obtain an API key from https://console.x.ai.`,
          )
        : refuse(
            403,
            statusWords.permissionDenied,
            `Your API key does not have access to the endpoint or model requested: ${model}.`,
          );
    case 'bad_request':
      return refuse(
        400,
        statusWords.invalidArgument,
        'Argument not supported on this model: presencePenalty',
      );
    case 'unknown_model':
      return unknownModel(model);
    case 'server_error':
      return refuse(500, statusWords.internal, 'Internal server error.');
    case 'unavailable':
      return envoyUnavailable();
    case 'overloaded':
      return refuse(
        503,
        statusWords.unavailable,
        'Service temporarily unavailable. The model is at capacity and currently cannot serve this request. Please try again later.',
      );
  }
  return failed satisfies never;
}

export const xaiMaker: Maker = {
  kind: 'xai',
  basePath: '/v1',
  modelPattern: /^grok-/,
  maxImageBytes: 20 * 1024 * 1024,
  maxImageSide: 8_192,
  presentedKey: (headers) => /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1],
  missingKey: () =>
    refuse(401, statusWords.unauthenticated, 'No API key provided. Send it as Authorization: Bearer.'),
  read,
  failure,
  // 448-pixel tiles of 256 tokens, and one for the whole.
  imageTokens: ({ width, height }) => (Math.ceil(width / 448) * Math.ceil(height / 448) + 1) * 256,
};
