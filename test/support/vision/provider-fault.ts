import type { ProviderKind } from './recorded-request.ts';

/**
 * The ways in which a maker says that the account's money or allowance is used up. Not one of them heals by asking
 * again, though several come with the status, and some with the `retry` hints, of a plain rate limit.
 */
export type QuotaForm =
  | 'insufficient_quota'
  | 'project_spend_limit'
  | 'credit_balance'
  | 'billing_error'
  | 'tier_spend_limit'
  | 'usage_limit'
  | 'requests_per_day'
  | 'prepayment_credits'
  | 'team_credits'
  | 'team_credits_forbidden'
  | 'insufficient_credits';

/** The first of each is what the maker answers today when nothing else is said. */
export const quotaForms = {
  openai: ['insufficient_quota', 'project_spend_limit'],
  anthropic: ['credit_balance', 'billing_error', 'tier_spend_limit', 'usage_limit'],
  google: ['requests_per_day', 'prepayment_credits'],
  xai: ['team_credits', 'team_credits_forbidden'],
  openai_compatible: ['insufficient_credits'],
} as const satisfies Record<ProviderKind, readonly QuotaForm[]>;

/** How the model's text is spoilt although the service says that all went well. */
export const answerDamages = [
  /** Sound JSON between Markdown fences. */
  'fenced',
  /** Sound JSON between two sentences of prose. */
  'prose_around',
  /** Prose only. */
  'not_json',
  /** JSON that ends in the middle of a string, with a stop reason that denies it. */
  'cut_json',
  'empty_text',
  'empty_object',
  /** The description and nothing else. */
  'missing_fields',
  'missing_description',
  'empty_description',
  /** The description is an apology. */
  'apology',
  /** The JSON schema that was asked for, in place of an answer to it. */
  'schema_echo',
  'confidence_850',
  /** 0.85 where 0 to 100 was asked for. */
  'confidence_fraction',
  'confidence_words',
  'long_title',
  /** `"person, car"` where a list was asked for. */
  'strings_for_lists',
] as const;

export type AnswerDamage = (typeof answerDamages)[number];

/** What goes wrong with a call. What is not said otherwise happens before the request is looked at. */
export type ProviderFault =
  /** All is well, only late. */
  | { readonly kind: 'delay'; readonly ms: number }
  /**
   * Too many requests. Google tells the wait in the body (`RetryInfo`) unless it is asked for as a date; everybody
   * else tells it in `Retry-After`. Without `retryAfterS` no wait is named.
   */
  | { readonly kind: 'rate_limit'; readonly retryAfterS?: number; readonly as?: 'seconds' | 'http_date' }
  | { readonly kind: 'quota'; readonly form?: QuotaForm }
  /** 401: the key is wrong, in the maker's own way (xAI and Google say 400). 403: the key may not do this. */
  | { readonly kind: 'auth'; readonly status?: 401 | 403 }
  | { readonly kind: 'bad_request' }
  | { readonly kind: 'unknown_model' }
  /** 500 in the maker's envelope. */
  | { readonly kind: 'server_error' }
  /** 502 with a proxy's HTML page. */
  | { readonly kind: 'bad_gateway' }
  /** 503 as plain text, from the maker's proxy. */
  | { readonly kind: 'unavailable' }
  /** The service says that it has no capacity: 529 at Anthropic, 503 elsewhere. */
  | { readonly kind: 'overloaded' }
  /** A 200 with somebody's log-in page. */
  | { readonly kind: 'captive_portal' }
  /** 307, to `to` or to `/elsewhere` of this server, where the one who follows is recorded. */
  | { readonly kind: 'redirect'; readonly to?: string }
  /** The request is taken and never answered. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset'; readonly after?: 'request' | 'headers' }
  /** Nobody listens. Only as the constant fault. */
  | { readonly kind: 'refused' }
  /** These come in place of a good answer, once the request was found sound. */
  | { readonly kind: 'half_body' }
  /** The answer in `pieces` (default 10), each `msPerPiece` after the one before. */
  | { readonly kind: 'slow_body'; readonly msPerPiece: number; readonly pieces?: number }
  /** A 200 of type JSON whose body is not JSON. */
  | { readonly kind: 'garbage' }
  | { readonly kind: 'damaged_answer'; readonly how: AnswerDamage }
  /** The model itself declines. */
  | { readonly kind: 'refusal' }
  /** The maker's filter keeps the prompt or the answer back. */
  | { readonly kind: 'blocked' }
  /** The answer reaches the limit of output tokens. */
  | { readonly kind: 'truncated' };

/** Faults that a sound request meets before any model has seen it, other than the maker's own refusals. */
export type LineFault = Extract<
  ProviderFault,
  { kind: 'bad_gateway' | 'captive_portal' | 'redirect' | 'hang' | 'reset' | 'refused' }
>;

/** Faults that spoil a good answer on its way. */
export type SpoilingFault = Extract<ProviderFault, { kind: 'half_body' | 'slow_body' | 'garbage' }>;

const lineFaults = new Set(['bad_gateway', 'captive_portal', 'redirect', 'hang', 'reset', 'refused']);
const spoilingFaults = new Set(['half_body', 'slow_body', 'garbage']);

export function isLineFault(fault: ProviderFault | null): fault is LineFault {
  return fault !== null && lineFaults.has(fault.kind);
}

export function isSpoilingFault(fault: ProviderFault | null): fault is SpoilingFault {
  return fault !== null && spoilingFaults.has(fault.kind);
}

/** Decides for each call, counted from 1. */
export type FaultPlan = (call: number) => ProviderFault | null;

/** One of every fault of that maker, by a name that suits a test's title. `refused` must be the constant fault. */
export function everyFault(kind: ProviderKind): readonly (readonly [name: string, fault: ProviderFault])[] {
  const faults: ProviderFault[] = [
    { kind: 'rate_limit' },
    { kind: 'rate_limit', retryAfterS: 2 },
    { kind: 'rate_limit', retryAfterS: 2, as: 'http_date' },
    { kind: 'rate_limit', retryAfterS: 86_400 },
    ...quotaForms[kind].map((form): ProviderFault => ({ kind: 'quota', form })),
    { kind: 'auth', status: 401 },
    { kind: 'auth', status: 403 },
    { kind: 'bad_request' },
    { kind: 'unknown_model' },
    { kind: 'server_error' },
    { kind: 'bad_gateway' },
    { kind: 'unavailable' },
    { kind: 'overloaded' },
    { kind: 'captive_portal' },
    { kind: 'redirect' },
    { kind: 'hang' },
    { kind: 'reset' },
    { kind: 'reset', after: 'headers' },
    { kind: 'refused' },
    { kind: 'half_body' },
    { kind: 'slow_body', msPerPiece: 60_000 },
    { kind: 'garbage' },
    ...answerDamages.map((how): ProviderFault => ({ kind: 'damaged_answer', how })),
    { kind: 'refusal' },
    { kind: 'blocked' },
    { kind: 'truncated' },
  ];
  return faults.map((fault) => [faultName(fault), fault]);
}

/** e.g. `rate_limit retryAfterS=2 as=http_date` */
export function faultName(fault: ProviderFault): string {
  const { kind, ...rest } = fault;
  return [kind, ...Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`)].join(' ');
}
