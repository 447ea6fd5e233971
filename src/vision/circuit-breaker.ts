import type { Clock } from '../core/clock.ts';
import type { VisionFault } from '../core/vision.ts';
import type { BreakerState } from './describe-chain.ts';

const failuresInRow = 5;
/** Half of at least so many within the window. */
const leastCalls = 6;
const windowMs = 60_000;
/** A minute at the busiest; older outcomes give way. */
const mostOutcomes = 200;
const openMs = 60_000;
/** Somebody must change a key or pay; asked again now and then, as the maker does not tell when that was done. */
const holdMs: Partial<Record<VisionFault, number>> = { auth: 10 * 60_000, quota: 15 * 60_000 };
/** A service may ask for hours: it is asked again sooner. */
const longestAskedWaitMs = 10 * 60_000;

/**
 * Keeps events from waiting for a provider that is down. Open after 5 failures in a row, or when half of at least 6
 * calls within 60 s failed; after 60 s one call is let through as a probe, and its outcome decides. A wrong key or an
 * empty account opens it at once and for longer, a `Retry-After` for as long as it says (10 min at most).
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  #outcomes: { readonly at: number; readonly isFailure: boolean }[] = [];
  #inRow = 0;
  /** Monotonic ms; `undefined` while closed. */
  #openUntil: number | undefined;
  #because: VisionFault | null = null;
  #isProbing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): BreakerState {
    if (this.#openUntil === undefined) return 'closed';
    return this.#clock.monotonic() < this.#openUntil ? 'open' : 'half_open';
  }

  /** Why it is not closed. */
  get because(): VisionFault | null {
    return this.#because;
  }

  /** 0 when a call may be made now or is a probe already. */
  get opensInMs(): number {
    return Math.max(0, (this.#openUntil ?? 0) - this.#clock.monotonic());
  }

  get mayEnter(): boolean {
    const { state } = this;
    return state === 'closed' || (state === 'half_open' && !this.#isProbing);
  }

  /** Asks for leave to call. Whoever gets it reports `succeeded`, `failed` or `left` once. */
  tryEnter(): boolean {
    if (!this.mayEnter) return false;
    if (this.state === 'half_open') this.#isProbing = true;
    return true;
  }

  /** @returns whether that closed it */
  succeeded(): boolean {
    this.#note(false);
    this.#inRow = 0;
    // A call from before it opened says nothing of now.
    if (this.state !== 'half_open') return false;
    this.#openUntil = undefined;
    this.#because = null;
    this.#isProbing = false;
    this.#outcomes = [];
    return true;
  }

  /**
   * @param retryAfterMs what the service asked for
   * @returns for how long it is open now, ms; 0 when it stays closed
   */
  failed(fault: VisionFault, retryAfterMs?: number): number {
    const wasProbe = this.state === 'half_open';
    this.#isProbing = false;
    this.#note(true);
    this.#inRow += 1;
    const asked = Math.min(retryAfterMs ?? 0, longestAskedWaitMs);
    const isDown = wasProbe || this.#inRow >= failuresInRow || this.#isHalfFailed();
    const forMs = Math.max(holdMs[fault] ?? 0, asked, isDown ? openMs : 0);
    if (forMs === 0) return 0;
    const until = this.#clock.monotonic() + forMs;
    if (until > (this.#openUntil ?? 0)) {
      this.#openUntil = until;
      this.#because = fault;
    }
    return forMs;
  }

  /** The call ended without saying anything of the provider: it was broken off, or never made. */
  left(): void {
    this.#isProbing = false;
  }

  #note(isFailure: boolean): void {
    const now = this.#clock.monotonic();
    this.#outcomes = [
      ...this.#outcomes.filter(({ at }) => now - at < windowMs).slice(1 - mostOutcomes),
      { at: now, isFailure },
    ];
  }

  #isHalfFailed(): boolean {
    const failures = this.#outcomes.filter(({ isFailure }) => isFailure).length;
    return this.#outcomes.length >= leastCalls && failures * 2 >= this.#outcomes.length;
  }
}
