import type { QuotaForm } from './provider-fault.ts';
import type { ModelCall, ProviderKind, RecordedImage } from './recorded-request.ts';
import type { JsonSchema } from './schema-rules.ts';
import type { WireReply } from './wire-reply.ts';

/** A request as it came in, its body parsed. */
export interface MakerRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What this server asks of requests beyond their shape. */
export interface MakerRules {
  isKnownModel(model: string): boolean;
  /**
   * `required`: a request without a schema is refused, as an error of ours. `optional`: it is answered. `refused`: a
   * request with one is, as by a local server that knows none.
   */
  readonly structuredOutput: 'required' | 'optional' | 'refused';
  /** Of the base64 text. */
  readonly maxImageBytes: number;
  /** Pixels. */
  readonly maxImageSide: number;
}

/** A refusal that can be met at any time, with sound requests too. */
export type Failure =
  | { readonly kind: 'rate_limit'; readonly retryAfter: RetryAfter | null }
  | { readonly kind: 'quota'; readonly form: QuotaForm }
  | { readonly kind: 'auth'; readonly status: 401 | 403; readonly key: string }
  | { readonly kind: 'bad_request' | 'unknown_model' | 'server_error' | 'unavailable' | 'overloaded' };

export interface RetryAfter {
  readonly seconds: number;
  /** The header's text when the wait is to be told as a date. */
  readonly httpDate: string | null;
}

export interface Completion {
  readonly text: string;
  readonly ending: 'stop' | 'length' | 'refusal' | 'blocked';
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface UnderstoodRequest {
  readonly modelCall: ModelCall;
  /** Where the request itself decides it, else by the maker's rule. */
  readonly tokensPerImage?: number;
  complete(completion: Completion): WireReply;
}

/** The wire format of one maker of models. */
export interface Maker {
  readonly kind: ProviderKind;
  /** Of the address that is configured. */
  readonly basePath: string;
  /** Ids of this maker's models look so. */
  readonly modelPattern: RegExp;
  /** Limits of the real service. */
  readonly maxImageBytes: number;
  readonly maxImageSide: number;
  presentedKey(headers: Readonly<Record<string, string>>): string | undefined;
  missingKey(): WireReply;
  /**
   * @throws RequestProblem with the maker's refusal
   */
  read(request: MakerRequest, rules: MakerRules): Promise<UnderstoodRequest>;
  failure(failure: Failure, model: string): WireReply;
  imageTokens(image: RecordedImage): number;
}

/** About four characters of English make a token. */
export function textTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

export function schemaText(schema: JsonSchema | null): string {
  return schema === null ? '' : JSON.stringify(schema);
}

export function retryHeaders(retryAfter: RetryAfter | null): Record<string, string> {
  return retryAfter === null ? {} : { 'retry-after': retryAfter.httpDate ?? String(retryAfter.seconds) };
}

/** What Envoy, in front of several makers, says when no server takes the request. */
export function envoyUnavailable(): WireReply {
  return {
    status: 503,
    headers: { 'content-type': 'text/plain', server: 'envoy' },
    body: 'upstream connect error or disconnect/reset before headers. reset reason: overflow',
  };
}
