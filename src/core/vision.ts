/**
 * Why a provider gave no description.
 *
 * `rate_limit`: too many requests now. `quota`: the account's money or allowance is used up. `overloaded`: the service
 * has no capacity (5xx, 529). `auth`: the key is wrong or may not do this. `refusal`: the model would not answer.
 * `bad_request`: the service found fault with what was sent. `bad_answer`: what came back can't be used. `timeout`:
 * no answer in time. `network`: no connection, or one that broke. `budget`: the spending cap would be passed.
 * `breaker_open`: it failed too often just now and is not asked. `throttled`: our own rate limit for it is used up.
 * `privacy`: the camera's pictures must not leave this machine. `superseded`: another provider was faster.
 * `aborted`: Vedette is stopping.
 */
export type VisionFault =
  | 'rate_limit'
  | 'quota'
  | 'overloaded'
  | 'auth'
  | 'refusal'
  | 'bad_request'
  | 'bad_answer'
  | 'timeout'
  | 'network'
  | 'budget'
  | 'breaker_open'
  | 'throttled'
  | 'privacy'
  | 'superseded'
  | 'aborted';

export interface TokenUsage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** One provider asked (or deliberately not asked) for one event. */
export interface ProviderAttempt extends TokenUsage {
  /** Name of the provider in the configuration. */
  readonly provider: string;
  readonly model: string | null;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly latencyMs: number;
  readonly outcome: 'described' | VisionFault;
  /** What the service said, without secrets; `null` when it described. */
  readonly message: string | null;
  /** US dollars; `null` when the model's price is not known, 0 when it is free or was not asked. */
  readonly costUsd: number | null;
}
