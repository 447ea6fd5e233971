import type { Clock } from '../core/clock.ts';
import type { VisionFault } from '../core/vision.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { ProviderState } from './describe-chain.ts';
import { LatencyWindow } from './latency-window.ts';
import { TokenBucket } from './token-bucket.ts';
import type { VisionError } from './vision-error.ts';
import type { ChainMember } from './vision-provider.ts';

/** With fewer a percentile says little. */
const samplesForShare = 5;
const samplesForHedge = 20;

/** What the chain knows of one provider. */
export class ProviderRecord {
  readonly member: ChainMember;
  readonly breaker: CircuitBreaker;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket | undefined;
  readonly #latencies = new LatencyWindow();
  readonly #failures: Partial<Record<VisionFault, number>> = {};
  #calls = 0;
  #described = 0;
  #lastError: ProviderState['lastError'] = null;

  constructor(member: ChainMember, clock: Clock) {
    this.member = member;
    this.#clock = clock;
    this.breaker = new CircuitBreaker(clock);
    const { requestsPerMinute } = member;
    this.#bucket = requestsPerMinute === null ? undefined : new TokenBucket(clock, requestsPerMinute);
  }

  /** Its p95 when enough is known for sharing out time, ms. */
  get usualMs(): number | null {
    return this.#latencies.count < samplesForShare ? null : this.#latencies.percentile(0.95);
  }

  /** After how long the next one is to be started beside it, ms. */
  get hedgeAfterMs(): number | null {
    return this.#latencies.count < samplesForHedge ? null : this.#latencies.percentile(0.95);
  }

  /** Whether the user's own limit allows a call now. */
  takeToken(): boolean {
    return this.#bucket?.tryTake() ?? true;
  }

  noteCall(): void {
    this.#calls += 1;
  }

  /** @returns whether it was not asked before that */
  noteDescribed(latencyMs: number): boolean {
    this.#described += 1;
    this.#latencies.add(latencyMs);
    return this.breaker.succeeded();
  }

  /** @returns for how long it is not asked now, ms */
  noteFailure(error: VisionError): number {
    this.#failures[error.fault] = (this.#failures[error.fault] ?? 0) + 1;
    switch (error.fault) {
      case 'superseded':
      case 'aborted':
      case 'budget':
      case 'privacy':
      case 'throttled':
        this.breaker.left();
        return 0;
      case 'breaker_open':
        // Somebody else may be probing.
        return 0;
      case 'refusal':
        // The service works; it is this event that it does not like.
        this.#remember(error);
        this.breaker.succeeded();
        return 0;
      case 'rate_limit':
      case 'quota':
      case 'overloaded':
      case 'auth':
      case 'bad_request':
      case 'bad_answer':
      case 'timeout':
      case 'network':
        this.#remember(error);
        return this.breaker.failed(error.fault, error.retryAfterMs);
    }
    return error.fault satisfies never;
  }

  state(): ProviderState {
    const { member, breaker } = this;
    const { state } = breaker;
    return {
      name: member.name,
      type: member.type,
      model: member.model,
      isLocal: member.isLocal,
      breaker: state,
      openBecause: breaker.because,
      openUntil: state === 'open' ? this.#clock.now() + breaker.opensInMs : null,
      lastError: this.#lastError,
      p50Ms: this.#latencies.percentile(0.5),
      p95Ms: this.#latencies.percentile(0.95),
      calls: this.#calls,
      described: this.#described,
      failures: { ...this.#failures },
    };
  }

  #remember({ fault, message }: VisionError): void {
    this.#lastError = { fault, message, at: this.#clock.now() };
  }
}
