import type { Clock } from '../core/clock.ts';
import type { Description } from '../core/event.ts';
import type { Logger } from '../core/log.ts';
import type { ProviderAttempt, VisionFault } from '../core/vision.ts';
import type { SpendLedger } from './spend-ledger.ts';
import type { ChainMember, DescribeInput, SentRequest, VisionProvider } from './vision-provider.ts';

/** What a provider was given for one attempt, the moment before it leaves. */
export interface SentRecord {
  readonly eventId: string;
  readonly provider: string;
  readonly model: string | null;
  /** That of the attempt; epoch ms. */
  readonly startedAt: number;
  readonly request: SentRequest;
}

export interface ChainOptions {
  /** Asked in this order; names are unique. The chain closes them. */
  readonly providers: readonly ChainMember[];
  /** Gives the hints when no provider of type `local` stands in the list; not closed by the chain. */
  readonly eye?: VisionProvider;
  readonly clock: Clock;
  /** Without one nothing is reserved nor recorded. */
  readonly ledger?: SpendLedger;
  /** From the event's start to its first description, ms. */
  readonly deadlineMs: number;
  /** From the event's start to a better description than the local one, ms; 60 s unless given. */
  readonly betterWithinMs?: number;
  /**
   * Starts the next provider when one exceeds its own p95; the slower of the two is broken off. Off unless given: both
   * may be billed, which is about one call more in twenty.
   */
  readonly isHedging?: boolean;
  /** Reuses the description of a picture that hardly differs from one of the same camera. On unless `false`. */
  readonly reusesDescriptions?: boolean;
  /** How far apart such pictures may be, ms; 10 min unless given. */
  readonly reuseWithinMs?: number;
  /** Not awaited by the chain; what it throws is its own affair. */
  readonly onSent?: (record: SentRecord) => void;
  /** One line when a provider is not asked for a while, one when it is asked again. */
  readonly log?: Logger;
  /** 0..1; for jitter. */
  readonly random?: () => number;
}

export interface ChainAnswer {
  readonly first: Description;
  readonly attempts: readonly ProviderAttempt[];
  /** The event whose description was reused, its picture being nearly the same; `null` for an answer of its own. */
  readonly sameAs: string | null;
  /**
   * There when only the local describer made it in time and a provider may still answer. Never rejects. The attempts
   * of one that failed too are in `attempts`; its `description` is then `undefined`.
   */
  readonly better?: Promise<LateAnswer>;
}

export interface LateAnswer {
  readonly description: Description | undefined;
  /** Those after the ones of the first answer. */
  readonly attempts: readonly ProviderAttempt[];
}

export type BreakerState = 'closed' | 'open' | 'half_open';

export interface ChainStats {
  /** Searches for a better description that go on now, and how many there may be. */
  readonly late: number;
  readonly lateCapacity: number;
  /** Broken off because there were too many, since the start. */
  readonly lateDropped: number;
  /** Descriptions reused, since the start. */
  readonly reused: number;
}

/** For the API and the metrics. */
export interface ProviderState {
  readonly name: string;
  readonly type: string;
  readonly model: string | null;
  readonly isLocal: boolean;
  readonly breaker: BreakerState;
  /** Why it is not asked, `null` while it is. */
  readonly openBecause: VisionFault | null;
  /** When it will be asked again; epoch ms. */
  readonly openUntil: number | null;
  readonly lastError: { readonly fault: VisionFault; readonly message: string; readonly at: number } | null;
  /** Of the last 100 descriptions, ms; `null` before the first. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** Since the start. */
  readonly calls: number;
  readonly described: number;
  readonly failures: Readonly<Partial<Record<VisionFault, number>>>;
}

/** The providers in their order, under one deadline. */
export interface DescribeChain extends AsyncDisposable {
  /**
   * @throws VisionError with all attempts when nothing described the event (`budget` when only money was missing), an
   *   `AbortError` when the signal aborts
   */
  describe(input: DescribeInput, signal: AbortSignal): Promise<ChainAnswer>;
  states(): ProviderState[];
  stats(): ChainStats;
}
