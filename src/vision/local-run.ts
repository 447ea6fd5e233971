import type { Clock } from '../core/clock.ts';
import type { Description } from '../core/event.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import { failureOf, tooSlow } from './provider-call.ts';
import type { ProviderRecord } from './provider-record.ts';
import { orAborted, startLimit } from './time-limit.ts';
import type { VisionError } from './vision-error.ts';
import type { DescribeInput, VisionProvider } from './vision-provider.ts';

export type LocalOutcome =
  | { readonly kind: 'described'; readonly description: Description; readonly attempt: ProviderAttempt }
  | { readonly kind: 'failed'; readonly error: VisionError; readonly attempt: ProviderAttempt };

/** It is the last resort, and so not bound to the deadline. */
const limitMs = 60_000;

/**
 * Lets the embedded describer look at an event. Never throws.
 *
 * @param record `undefined` when it serves for hints only
 */
export async function runLocal(
  provider: VisionProvider,
  record: ProviderRecord | undefined,
  input: DescribeInput,
  clock: Clock,
  stop: AbortSignal,
): Promise<LocalOutcome> {
  const begin = clock.monotonic();
  const startedAt = clock.now();
  const attempted = (rest: Pick<ProviderAttempt, 'model' | 'outcome' | 'message'>): ProviderAttempt => ({
    ...rest,
    provider: provider.name,
    startedAt,
    latencyMs: Math.round(clock.monotonic() - begin),
    costUsd: 0,
    inputTokens: null,
    outputTokens: null,
  });
  using limit = startLimit(clock, limitMs, () => tooSlow(provider.name, limitMs), stop);
  record?.noteCall();
  try {
    const description = await orAborted(provider.describe(input, limit.signal), limit.signal);
    record?.noteDescribed(clock.monotonic() - begin);
    const attempt = attempted({ model: description.model, outcome: 'described', message: null });
    return { kind: 'described', description, attempt };
  } catch (thrown) {
    const error = failureOf(thrown, limit.signal);
    record?.noteFailure(error);
    const { fault, message } = error;
    return {
      kind: 'failed',
      error,
      attempt: attempted({ model: record?.member.model ?? null, outcome: fault, message }),
    };
  }
}
