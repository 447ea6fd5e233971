import { APICallError } from 'ai';
import { messageOf } from '../../core/errors.ts';
import { redact } from '../../core/redact.ts';
import type { VisionFault } from '../../core/vision.ts';
import { VisionError } from '../vision-error.ts';
import { retryAfterOf } from './retry-after.ts';

export interface ServiceErrorContext {
  /** Of the provider in the configuration. */
  readonly provider: string;
  readonly apiKey: string | null;
  /** Epoch ms. */
  readonly now: number;
}

const longestMessage = 300;

/** What went wrong with a call, in one of our words. An aborted call is not passed here. */
export function visionErrorOf(error: unknown, context: ServiceErrorContext): VisionError {
  if (error instanceof VisionError) return error;
  const say = (text: string): string =>
    `${context.provider}: ${withoutSecrets(text, context.apiKey).slice(0, longestMessage)}`;
  if (!APICallError.isInstance(error)) {
    const network = networkFailure(error);
    if (network !== undefined) {
      return new VisionError('network', say(network.text), { cause: error, isBillable: network.isBillable });
    }
    return new VisionError('bad_answer', say(`the answer can't be used: ${messageOf(error)}`), {
      cause: error,
      isBillable: true,
    });
  }
  const { statusCode: status } = error;
  const body = bodyOf(error);
  if (status === undefined || (status < 300 && error.message === 'Failed to process successful response')) {
    const network = networkFailure(error);
    return new VisionError('network', say(network?.text ?? `no connection: ${error.message}`), {
      cause: error,
      // The answer had begun: the service has done its work.
      isBillable: status !== undefined || (network?.isBillable ?? true),
    });
  }
  if (status < 300) {
    return new VisionError(
      'bad_answer',
      say(`the answer is not what the service documents: ${error.message}`),
      {
        cause: error,
        isBillable: true,
      },
    );
  }
  const fault = faultOf(status, `${body}\n${error.message}`);
  const retryAfterMs = retryAfterOf(error.responseHeaders ?? {}, body, context.now);
  return new VisionError(fault, say(explain(status, fault, error.message)), {
    cause: error,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function explain(status: number, fault: VisionFault, message: string): string {
  if (status < 400)
    return `answered ${status}, a redirect, which is not followed; set base_url to the final address`;
  const said = /<html|<!doctype/i.test(message) || message.trim() === '' ? '' : `: ${message.trim()}`;
  const advice: Partial<Record<VisionFault, string>> = {
    auth: ' (check the key and what it may do)',
    quota: " (the account's credit or allowance is used up)",
  };
  return `answered ${status}${said}${advice[fault] ?? ''}`;
}

// Words of OpenAI (insufficient_quota, billing_*), Anthropic (400 "credit balance is too low", "usage limits"),
// xAI ("used all available credits", "spending limit") and of gateways before them.
const quotaWords =
  /insufficient[_ ]quota|billing_(?:hard_limit|not_active)|credit balance is too low|(?:out of|no|used all|insufficient|remaining) (?:\w+ )*(?:credits?|funds|balance)|(?:spend(?:ing)?|usage|billing) (?:hard )?limits?\b|payment required|check your plan and billing/i;
const keyWords =
  /api[_ ]key[_ ](?:invalid|not valid|expired)|(?:invalid|incorrect|expired|missing|no) (?:x-)?api[- ]?key|api key (?:not valid|expired|not found)|authentication_error|invalid_api_key|unauthenticated/i;
const refusalWords =
  /content_policy_violation|content_filter|content (?:filtering|management|violates)|(?:content|usage) (?:policy|guidelines)|safety system|was flagged|prohibited_content/i;
const transientWords = /server_error|overloaded|temporarily unavailable|rate_limit_exceeded/i;

function faultOf(status: number, text: string): VisionFault {
  if (status < 400) return 'bad_request';
  if (status === 429) return tooManyFault(text);
  if (status === 402) return 'quota';
  if (status >= 500 || status === 408 || status === 409 || status === 425 || status === 499)
    return 'overloaded';
  if (quotaWords.test(text)) return 'quota';
  if (refusalWords.test(text)) return 'refusal';
  if (status === 401 || status === 403 || keyWords.test(text)) return 'auth';
  // OpenAI reports failures inside a 200 answer, which the client turns into 400.
  if (status === 400 && transientWords.test(text))
    return /rate_limit/.test(text) ? 'rate_limit' : 'overloaded';
  return 'bad_request';
}

/** Gemini says "check your plan and billing details" of every 429: only its list of violations tells them apart. */
function tooManyFault(text: string): VisionFault {
  if (/RESOURCE_EXHAUSTED/.test(text)) {
    if (/PerDay/i.test(text)) return 'quota';
    return /PerMinute|RetryInfo/i.test(text) ? 'rate_limit' : 'quota';
  }
  return quotaWords.test(text) && !/requests? per (?:min|sec)|tokens per min/i.test(text)
    ? 'quota'
    : 'rate_limit';
}

/** Codes of a call that never reached the service: nothing can be billed. */
const unreachedCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const explained: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused; does the server run?',
  ENOTFOUND: 'there is no such host; check base_url and the network',
  EAI_AGAIN: 'its host name could not be resolved; check the network',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
};

function networkFailure(error: unknown): { readonly text: string; readonly isBillable: boolean } | undefined {
  const chain = causesOf(error);
  const code = chain.map(codeOf).find((found) => found !== undefined);
  if (code !== undefined && /CERT|SSL|TLS|SIGNATURE|ALTNAME/.test(code)) {
    return {
      text: `no secure connection (${code}); check base_url and the server's certificate`,
      isBillable: false,
    };
  }
  if (code !== undefined && (/^(?:E[A-Z]|UND_ERR|HPE_)/.test(code) || unreachedCodes.has(code))) {
    return {
      text: explained[code] ?? `the connection failed (${code})`,
      isBillable: !unreachedCodes.has(code),
    };
  }
  const isBroken = chain.some((entry) =>
    /^terminated$|other side closed|socket hang up|fetch failed/i.test(messageOf(entry)),
  );
  return isBroken
    ? { text: 'the connection broke before the answer was complete', isBillable: true }
    : undefined;
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at: unknown = error; at !== undefined && at !== null && chain.length < 8;) {
    chain.push(at);
    if (at instanceof AggregateError) chain.push(...(at.errors as unknown[]).slice(0, 4));
    at = at instanceof Error ? at.cause : undefined;
  }
  return chain;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Typed as text by the client, but an object where the failure stood inside a 200 answer. */
function bodyOf({ responseBody }: { readonly responseBody?: unknown }): string {
  if (responseBody === undefined || responseBody === null) return '';
  return typeof responseBody === 'string' ? responseBody : JSON.stringify(responseBody);
}

/** The services repeat the key, or its ends, in their messages. */
function withoutSecrets(text: string, apiKey: string | null): string {
  const bare = apiKey === null || apiKey.length < 4 ? text : text.replaceAll(apiKey, '***');
  return redact(bare)
    .replace(/\b(?:sk|xai|AIza|gsk|Bearer)[-_ ]?[\w*.…-]{6,}/g, '***')
    .replace(/\s+/g, ' ');
}
