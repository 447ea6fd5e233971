import { bodyIssue, bracketPath } from './body-issue.ts';
import { chatBodySchema, chatCall, chatImages, chatReplyBody, chatSchema } from './chat-wire.ts';
import {
  retryHeaders,
  type Failure,
  type Maker,
  type MakerRequest,
  type MakerRules,
  type UnderstoodRequest,
} from './maker.ts';
import type { RecordedImage } from './recorded-request.ts';
import { isImageFault, readImage, splitDataUrl } from './request-image.ts';
import { jsonReply, RequestProblem, type WireReply } from './wire-reply.ts';

/** Whose error envelope the server speaks; the rest is Chat Completions everywhere. */
export type CompatibleFlavour = 'ollama' | 'llama_cpp' | 'lm_studio' | 'vllm';

const types: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  404: 'not_found_error',
  500: 'server_error',
  503: 'unavailable_error',
};

function envelope(flavour: CompatibleFlavour, status: number, message: string): unknown {
  const type = types[status] ?? 'api_error';
  switch (flavour) {
    case 'ollama':
      return { error: { message, type, param: null, code: null } };
    case 'llama_cpp':
      return { error: { code: status, message, type } };
    case 'lm_studio':
      return { error: message };
    case 'vllm':
      return { error: { message, type: 'BadRequestError', param: null, code: status } };
  }
  return flavour satisfies never;
}

const schemaRefusals: Readonly<Record<CompatibleFlavour, string>> = {
  ollama: 'failed to load model vocabulary required for format',
  llama_cpp: 'failed to parse grammar',
  lm_studio: "'response_format.type' must be 'text'",
  vllm: 'Failed to convert the grammar from JSON Schema: unsupported feature',
};

/** Local servers, and the many services that took over their API. */
export function openaiCompatibleMaker(flavour: CompatibleFlavour): Maker {
  const refuse = (status: number, message: string, headers: Record<string, string> = {}): WireReply =>
    jsonReply(status, envelope(flavour, status, message), headers);
  const problem = (status: number, message: string): RequestProblem =>
    new RequestProblem(refuse(status, message));
  const unknownModel = (model: string): WireReply => refuse(404, `model '${model}' not found`);

  const read = async (
    { method, path, body: rawBody }: MakerRequest,
    rules: MakerRules,
  ): Promise<UnderstoodRequest> => {
    if (method !== 'POST' || path !== '/v1/chat/completions') {
      throw new RequestProblem({
        status: 404,
        headers: { 'content-type': 'text/plain' },
        body: '404 page not found',
      });
    }
    const parsed = chatBodySchema.safeParse(rawBody);
    if (!parsed.success) {
      const issue = bodyIssue(parsed.error);
      throw problem(400, `${bracketPath(issue.path)}: ${issue.kind} (${issue.message})`);
    }
    const body = parsed.data;
    if (!rules.isKnownModel(body.model)) throw new RequestProblem(unknownModel(body.model));
    const schema = chatSchema(body);
    if (schema === null && rules.structuredOutput === 'required') {
      throw problem(400, 'response_format: this server answers with structured output only');
    }
    if (schema !== null && rules.structuredOutput === 'refused') {
      throw problem(400, schemaRefusals[flavour]);
    }
    if (body.response_format?.type === 'json_object' && flavour === 'lm_studio') {
      throw problem(400, "'response_format.type' must be 'json_schema' or 'text'");
    }
    const images: RecordedImage[] = [];
    for (const { url } of chatImages(body)) {
      const image = await readImage(splitDataUrl(url), rules);
      if (isImageFault(image)) throw problem(400, `invalid image input: ${image.kind}`);
      images.push(image);
    }
    return {
      modelCall: chatCall(body, images),
      complete: (completion) => jsonReply(200, chatReplyBody(body, completion, false)),
    };
  };

  const failure = (failed: Failure, model: string): WireReply => {
    switch (failed.kind) {
      case 'rate_limit':
        return refuse(429, 'Too many requests', retryHeaders(failed.retryAfter));
      case 'quota':
        return refuse(402, 'Insufficient credits. Add more credits to continue.');
      case 'auth':
        return failed.status === 401 ? refuse(401, 'Invalid API Key') : refuse(403, 'Forbidden');
      case 'bad_request':
        return refuse(400, 'this model is missing data required for image input');
      case 'unknown_model':
        return unknownModel(model);
      case 'server_error':
        return refuse(500, 'llama runner process has terminated: exit status 2');
      case 'unavailable':
        return { status: 503, headers: { 'content-type': 'text/plain' }, body: 'no available server\n' };
      case 'overloaded':
        return refuse(
          503,
          flavour === 'llama_cpp'
            ? 'Loading model'
            : 'server busy, please try again.  maximum pending requests exceeded',
        );
    }
    return failed satisfies never;
  };

  return {
    kind: 'openai_compatible',
    basePath: '/v1',
    modelPattern: /./,
    maxImageBytes: 20 * 1024 * 1024,
    maxImageSide: 8_192,
    presentedKey: (headers) => /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1],
    missingKey: () => refuse(401, 'Invalid API Key'),
    read,
    failure,
    imageTokens: ({ width, height }) => Math.ceil(width / 28) * Math.ceil(height / 28),
  };
}
