import { AppError } from '../core/errors.ts';
import type { ProviderAttempt, TokenUsage, VisionFault } from '../core/vision.ts';

export interface VisionErrorOptions {
  readonly cause?: unknown;
  /** How long the service asked us to wait. */
  readonly retryAfterMs?: number;
  /** What the failed call was counted as; `null` when the service did not say. */
  readonly usage?: TokenUsage | null;
  /** The service may have done the work and bill it, though nothing came of it. */
  readonly isBillable?: boolean;
  /** All that was tried for the event; filled in by the chain. */
  readonly attempts?: readonly ProviderAttempt[];
}

/** Faults that the same call may not meet later, without anybody changing anything. */
const healing: Readonly<Record<VisionFault, boolean>> = {
  rate_limit: true,
  quota: false,
  overloaded: true,
  auth: false,
  refusal: false,
  bad_request: false,
  bad_answer: true,
  timeout: true,
  network: true,
  budget: false,
  breaker_open: true,
  throttled: true,
  privacy: false,
  superseded: false,
  aborted: true,
};

/** A provider, or the chain of them, gave no description. The message holds no secret. */
export class VisionError extends AppError {
  readonly fault: VisionFault;
  readonly usage: TokenUsage | null;
  readonly isBillable: boolean;
  readonly attempts: readonly ProviderAttempt[];

  constructor(fault: VisionFault, message: string, options: VisionErrorOptions = {}) {
    super(fault === 'timeout' ? 'DESCRIBE_TIMEOUT' : 'DESCRIBE_FAILED', message, {
      isRetryable: healing[fault],
      ...(options.cause === undefined ? {} : { cause: options.cause }),
      ...(options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs }),
    });
    this.name = 'VisionError';
    this.fault = fault;
    this.usage = options.usage ?? null;
    this.isBillable = options.isBillable ?? false;
    this.attempts = options.attempts ?? [];
  }
}

/** Whether the same call may go well later. */
export function canHeal(fault: VisionFault): boolean {
  return healing[fault];
}
