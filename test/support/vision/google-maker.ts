import { z } from 'zod';
import { bodyIssue, dottedPath } from './body-issue.ts';
import type {
  Completion,
  Failure,
  Maker,
  MakerRequest,
  MakerRules,
  RetryAfter,
  UnderstoodRequest,
} from './maker.ts';
import type { RecordedImage } from './recorded-request.ts';
import { isImageFault, readImage } from './request-image.ts';
import { jsonReply, RequestProblem, wireId, type WireReply } from './wire-reply.ts';

// https://ai.google.dev/api/generate-content and …/gemini-api/docs/troubleshooting

const partSchema = z.union([
  z.strictObject({ text: z.string() }),
  z.strictObject({
    inlineData: z.strictObject({ mimeType: z.string(), data: z.string() }),
    mediaResolution: z.strictObject({ level: z.string() }).optional(),
  }),
]);

const bodySchema = z.strictObject({
  contents: z
    .array(z.strictObject({ role: z.enum(['user', 'model']).optional(), parts: z.array(partSchema).min(1) }))
    .min(1),
  systemInstruction: z
    .strictObject({ role: z.string().optional(), parts: z.array(z.strictObject({ text: z.string() })) })
    .optional(),
  generationConfig: z
    .strictObject({
      maxOutputTokens: z.int().min(1).optional(),
      responseMimeType: z.enum(['application/json', 'text/plain']).optional(),
      responseJsonSchema: z.record(z.string(), z.unknown()).optional(),
      responseSchema: z.record(z.string(), z.unknown()).optional(),
      thinkingConfig: z
        .strictObject({
          thinkingBudget: z.int().optional(),
          thinkingLevel: z
            .enum(['minimal', 'low', 'medium', 'high', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'])
            .optional(),
          includeThoughts: z.boolean().optional(),
        })
        .optional(),
      mediaResolution: z
        .enum(['MEDIA_RESOLUTION_LOW', 'MEDIA_RESOLUTION_MEDIUM', 'MEDIA_RESOLUTION_HIGH'])
        .optional(),
      temperature: z.number().min(0).max(2).optional(),
      topP: z.number().optional(),
      topK: z.number().optional(),
      seed: z.int().optional(),
      stopSequences: z.array(z.string()).optional(),
      candidateCount: z.literal(1).optional(),
    })
    .optional(),
  safetySettings: z.array(z.strictObject({ category: z.string(), threshold: z.string() })).optional(),
  serviceTier: z.string().optional(),
});

type Body = z.infer<typeof bodySchema>;

const troubleshooting =
  'Please retry or report in https://developers.generativeai.google/guide/troubleshooting';

function refuse(
  code: number,
  status: string,
  message: string,
  details?: readonly unknown[],
  headers: Record<string, string> = {},
): WireReply {
  const error = details === undefined ? { code, message, status } : { code, message, status, details };
  return jsonReply(
    code,
    { error },
    {
      'content-type': 'application/json; charset=UTF-8',
      vary: 'Origin, X-Origin, Referer',
      server: 'scaffolding on HTTPServer2',
      ...headers,
    },
  );
}

function invalid(message: string): RequestProblem {
  return new RequestProblem(refuse(400, 'INVALID_ARGUMENT', message));
}

function parse(body: unknown): Body {
  const parsed = bodySchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const { kind, path, message } = bodyIssue(parsed.error);
  const field = dottedPath(path).replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (kind === 'missing') throw invalid(`* GenerateContentRequest.${field}: ${field} is not specified\n`);
  const name = String(path.at(-1));
  const description =
    kind === 'unknown'
      ? `Invalid JSON payload received. Unknown name "${name}" at '${field.split('.').slice(0, -1).join('.')}': Cannot find field.`
      : `Invalid value at '${field}': ${message}`;
  throw new RequestProblem(
    refuse(400, 'INVALID_ARGUMENT', description, [
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field, description }] },
    ]),
  );
}

async function readImages({ contents }: Body, rules: MakerRules): Promise<RecordedImage[]> {
  const images: RecordedImage[] = [];
  for (const part of contents.flatMap(({ parts }) => parts)) {
    if (!('inlineData' in part)) continue;
    const { mimeType: mediaType, data: base64 } = part.inlineData;
    const image = await readImage({ mediaType, base64 }, rules);
    if (isImageFault(image)) {
      throw invalid(
        image.kind === 'not_jpeg'
          ? `Unsupported MIME type: ${image.mediaType}`
          : image.kind === 'undecodable'
            ? `Unable to process input image. ${troubleshooting}`
            : 'Request payload size exceeds the limit: the image is too large.',
      );
    }
    images.push(image);
  }
  return images;
}

function texts(parts: readonly object[]): string {
  return parts.flatMap((part) => ('text' in part ? [String(part.text)] : [])).join('\n');
}

async function read(
  { method, path, body: rawBody }: MakerRequest,
  rules: MakerRules,
): Promise<UnderstoodRequest> {
  const model = /^\/v1beta\/models\/([^/:]+):generateContent$/.exec(path)?.[1];
  if (method !== 'POST' || model === undefined) {
    throw new RequestProblem({
      status: 404,
      headers: { 'content-type': 'text/html; charset=UTF-8', 'referrer-policy': 'no-referrer' },
      body: `<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> <ins>That’s an error.</ins>\n<p>The requested URL <code>${path}</code> was not found on this server.`,
    });
  }
  const body = parse(rawBody);
  if (!rules.isKnownModel(model)) throw new RequestProblem(unknownModel(model));
  const config = body.generationConfig;
  if (config?.thinkingConfig?.thinkingLevel !== undefined && /^gemini-[12]/.test(model)) {
    throw invalid('Thinking level is not supported for this model.');
  }
  if (
    config?.thinkingConfig?.thinkingLevel !== undefined &&
    config.thinkingConfig.thinkingBudget !== undefined
  ) {
    throw invalid('You can only set only one of thinking budget and thinking level.');
  }
  const schema = config?.responseJsonSchema ?? config?.responseSchema ?? null;
  if (schema !== null && config?.responseMimeType !== 'application/json') {
    throw invalid('response_schema is only allowed when response_mime_type is "application/json"');
  }
  if (schema === null && rules.structuredOutput === 'required') {
    throw invalid('* GenerateContentRequest.generation_config.response_json_schema: this server wants one\n');
  }
  return {
    modelCall: {
      model,
      instructions: texts(body.systemInstruction?.parts ?? []),
      text: texts(body.contents.flatMap(({ parts }) => parts)),
      images: await readImages(body, rules),
      schema,
      maxOutputTokens: config?.maxOutputTokens ?? null,
    },
    ...(config?.mediaResolution === 'MEDIA_RESOLUTION_LOW' && { tokensPerImage: 280 }),
    complete: (completion) => complete(model, completion),
  };
}

function complete(model: string, { text, ending, inputTokens, outputTokens }: Completion): WireReply {
  const isKeptBack = ending === 'blocked' || ending === 'refusal';
  const usage = {
    promptTokenCount: inputTokens,
    ...(isKeptBack ? {} : { candidatesTokenCount: outputTokens }),
    totalTokenCount: isKeptBack ? inputTokens : inputTokens + outputTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: inputTokens }],
  };
  const rest = { usageMetadata: usage, modelVersion: model, responseId: wireId('', 11) };
  const ratings = [
    { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true },
    { category: 'HARM_CATEGORY_HARASSMENT', probability: 'NEGLIGIBLE' },
  ];
  if (ending === 'blocked') {
    return jsonReply(200, { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...rest });
  }
  const candidate =
    ending === 'refusal'
      ? { finishReason: 'SAFETY', index: 0, safetyRatings: ratings }
      : {
          content: { parts: text === '' ? [] : [{ text }], role: 'model' },
          finishReason: ending === 'length' ? 'MAX_TOKENS' : 'STOP',
          index: 0,
        };
  return jsonReply(200, { candidates: [candidate], ...rest });
}

function unknownModel(model: string): WireReply {
  return refuse(
    404,
    'NOT_FOUND',
    `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
  );
}

function overQuota(model: string, quotaId: string, retryAfter: RetryAfter | null): WireReply {
  const isDate = retryAfter !== null && retryAfter.httpDate !== null;
  const again = retryAfter === null || isDate ? '' : `\nPlease retry in ${retryAfter.seconds}.04466179s.`;
  const metric = 'generativelanguage.googleapis.com/generate_content_free_tier_requests';
  const details: unknown[] = [
    {
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [
        { quotaMetric: metric, quotaId, quotaDimensions: { location: 'global', model }, quotaValue: '20' },
      ],
    },
    {
      '@type': 'type.googleapis.com/google.rpc.Help',
      links: [
        {
          description: 'Learn more about Gemini API quotas',
          url: 'https://ai.google.dev/gemini-api/docs/rate-limits',
        },
      ],
    },
  ];
  if (retryAfter !== null && !isDate) {
    details.push({
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: `${retryAfter.seconds}s`,
    });
  }
  return refuse(
    429,
    'RESOURCE_EXHAUSTED',
    `You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: https://ai.dev/rate-limit. \n* Quota exceeded for metric: ${metric}, limit: 20, model: ${model}${again}`,
    details,
    retryAfter?.httpDate === null || retryAfter === null ? {} : { 'retry-after': retryAfter.httpDate },
  );
}

function failure(failed: Failure, model: string): WireReply {
  switch (failed.kind) {
    case 'rate_limit':
      return overQuota(model, 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier', failed.retryAfter);
    case 'quota':
      // A day's quota comes with the words of a minute's and a short retryDelay: only quotaId tells them apart.
      return failed.form === 'prepayment_credits'
        ? refuse(
            429,
            'RESOURCE_EXHAUSTED',
            'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.',
          )
        : overQuota(model, 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', {
            seconds: 20,
            httpDate: null,
          });
    case 'auth':
      return failed.status === 401
        ? refuse(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [
            {
              '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
              reason: 'API_KEY_INVALID',
              domain: 'googleapis.com',
              metadata: { service: 'generativelanguage.googleapis.com' },
            },
            {
              '@type': 'type.googleapis.com/google.rpc.LocalizedMessage',
              locale: 'en-US',
              message: 'API key not valid. Please pass a valid API key.',
            },
          ])
        : refuse(
            403,
            'PERMISSION_DENIED',
            'Generative Language API has not been used in project 123456789012 before or it is disabled.',
            [
              {
                '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
                reason: 'SERVICE_DISABLED',
                domain: 'googleapis.com',
                metadata: { service: 'generativelanguage.googleapis.com' },
              },
            ],
          );
    case 'bad_request':
      return refuse(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
    case 'unknown_model':
      return unknownModel(model);
    case 'server_error':
      return refuse(500, 'INTERNAL', `An internal error has occurred. ${troubleshooting}`);
    case 'unavailable':
      return refuse(503, 'UNAVAILABLE', 'The service is currently unavailable.');
    case 'overloaded':
      return refuse(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.');
  }
  return failed satisfies never;
}

export const googleMaker: Maker = {
  kind: 'google',
  basePath: '/v1beta',
  modelPattern: /^(?:gemini|gemma)-/,
  // 20 MB is the limit of a whole request with pictures in it.
  maxImageBytes: 20 * 1024 * 1024,
  maxImageSide: 8_192,
  presentedKey: (headers) => headers['x-goog-api-key'],
  missingKey: () =>
    refuse(
      403,
      'PERMISSION_DENIED',
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    ),
  read,
  failure,
  imageTokens: () => 1_100,
};
