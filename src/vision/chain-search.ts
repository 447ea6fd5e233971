import type { Clock } from '../core/clock.ts';
import type { Description } from '../core/event.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import { callProvider, notAsked, type CallContext, type CallOutcome } from './provider-call.ts';
import type { ProviderRecord } from './provider-record.ts';
import { timeShare } from './time-share.ts';
import { canHeal, VisionError } from './vision-error.ts';
import type { DescribeInput } from './vision-provider.ts';

export interface SearchOptions extends Omit<CallContext, 'onAttempt'> {
  /** In their order. */
  readonly candidates: readonly ProviderRecord[];
  readonly input: DescribeInput;
  /** Monotonic ms. */
  readonly deadline: number;
  /** Monotonic ms; until then a later answer is welcome. The deadline itself when nobody waits beyond it. */
  readonly lateEnd: number;
  readonly isHedging: boolean;
  /** 0..1. */
  readonly random: () => number;
}

export interface Search {
  /** All so far, in the order in which they ended. */
  readonly attempts: readonly ProviderAttempt[];
  readonly found: Description | undefined;
  /** Every candidate was tried once; ends by the deadline, or with the call of the one that was asked last. */
  readonly firstRound: Promise<void>;
  /** Beyond that, those that may have healed once more, until `lateEnd`. */
  readonly whole: Promise<Description | undefined>;
  /** Whether somebody is asked, or will be. */
  isOpen(): boolean;
  abort(): void;
}

interface Flight {
  readonly record: ProviderRecord;
  readonly startedAt: number;
  readonly controller: AbortController;
  readonly outcome: Promise<CallOutcome>;
}

/** Before somebody is asked once more. */
const pauseMs = 2000;
/** Less than this is not worth a late call. */
const leastLateMs = 2000;

/** Looks for a description among the providers: one after the other, each within its share of the time. */
export function startSearch(options: SearchOptions, signal: AbortSignal): Search {
  return new ProviderSearch(options, signal);
}

class ProviderSearch implements Search {
  readonly attempts: ProviderAttempt[] = [];
  readonly firstRound: Promise<void>;
  readonly whole: Promise<Description | undefined>;
  readonly #options: SearchOptions;
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #aborting = new AbortController();
  readonly #queue: ProviderRecord[];
  readonly #flights = new Set<Flight>();
  /** The last fault of each. */
  readonly #failures = new Map<ProviderRecord, VisionError>();
  #found: Description | undefined;
  #isOpen = true;

  constructor(options: SearchOptions, signal: AbortSignal) {
    this.#options = options;
    this.#clock = options.clock;
    this.#queue = [...options.candidates];
    this.#stop = AbortSignal.any([signal, this.#aborting.signal]);
    this.firstRound = this.#firstRound();
    this.whole = this.#whole();
  }

  get found(): Description | undefined {
    return this.#found;
  }

  isOpen(): boolean {
    return this.#isOpen;
  }

  abort(): void {
    this.#aborting.abort();
  }

  async #whole(): Promise<Description | undefined> {
    await this.firstRound;
    if (this.#isOpen) await this.#secondRound();
    this.#isOpen = false;
    return this.#found;
  }

  async #firstRound(): Promise<void> {
    try {
      while (!this.#stop.aborted && this.#found === undefined) {
        if (this.#flights.size === 0 && !this.#startNext()) break;
        const next = await this.#nextToEnd();
        if (next === 'hedge') {
          this.#startNext();
          continue;
        }
        this.#flights.delete(next.flight);
        this.#note(next.flight, next.outcome);
      }
    } finally {
      await this.#endFlights();
      // Decided once: whoever waits must be told of every call that is still made.
      this.#isOpen = this.#found === undefined && this.#again().length > 0;
    }
  }

  /** Once more, in their order, those whose fault may have healed meanwhile. */
  async #secondRound(): Promise<void> {
    for (const record of this.#again()) {
      const waitMs = this.#waitMs(record, pauseMs * (1 + 0.5 * this.#options.random()));
      if (this.#lateLeftMs() - waitMs < leastLateMs) continue;
      try {
        await this.#clock.sleep(waitMs, this.#stop);
      } catch {
        return;
      }
      const flight = this.#start(record, this.#lateLeftMs());
      if (flight === undefined) continue;
      this.#note(flight, await flight.outcome);
      if (this.#found !== undefined) return;
    }
  }

  #note({ record }: Flight, outcome: CallOutcome): void {
    if (outcome.kind === 'described') this.#found = outcome.description;
    else this.#failures.set(record, outcome.error);
  }

  /** Those that may be asked once more in time. */
  #again(): ProviderRecord[] {
    const { candidates, lateEnd, deadline } = this.#options;
    if (this.#stop.aborted || lateEnd <= deadline) return [];
    return candidates.filter((record) => {
      const failure = this.#failures.get(record);
      // An answer that can't be used was asked for twice already.
      if (failure === undefined || !canHeal(failure.fault) || failure.fault === 'bad_answer') return false;
      return this.#lateLeftMs() - this.#waitMs(record, pauseMs * 1.5) >= leastLateMs;
    });
  }

  /** The breaker knows of a `Retry-After` too. */
  #waitMs({ breaker }: ProviderRecord, leastMs: number): number {
    return Math.max(leastMs, breaker.opensInMs);
  }

  #lateLeftMs(): number {
    return this.#options.lateEnd - this.#clock.monotonic();
  }

  /** @returns false when nobody is left who can be asked */
  #startNext(): boolean {
    for (let record = this.#queue.shift(); record !== undefined; record = this.#queue.shift()) {
      const limitMs = this.#limitOf(record);
      if (limitMs <= 0) return false;
      const flight = this.#start(record, limitMs);
      if (flight !== undefined) {
        this.#flights.add(flight);
        return true;
      }
    }
    return false;
  }

  #limitOf(record: ProviderRecord): number {
    const now = this.#clock.monotonic();
    const { deadline, lateEnd } = this.#options;
    const others = this.#queue.filter(({ breaker }) => breaker.mayEnter).length;
    // Nobody waits for the place of the last one: it may take as long as its answer is welcome.
    if (others === 0) return lateEnd - now;
    if (now >= deadline) return Math.min(lateEnd - now, timeShare(lateEnd - now, others, record.usualMs));
    const leftMs = deadline - now;
    const shareMs = timeShare(leftMs, others, record.usualMs);
    if (shareMs < leftMs || lateEnd <= deadline) return shareMs;
    // Nobody else fits before the deadline: there is no use in breaking it off just then.
    return leftMs + (lateEnd - deadline) / (others + 1);
  }

  #start(record: ProviderRecord, limitMs: number): Flight | undefined {
    const refusal = this.#refusalOf(record);
    if (refusal !== undefined) {
      this.#failures.set(record, refusal);
      record.noteFailure(refusal);
      this.attempts.push(notAsked(record, refusal, this.#clock.now()));
      return undefined;
    }
    const controller = new AbortController();
    const outcome = callProvider(
      record,
      this.#options.input,
      limitMs,
      AbortSignal.any([controller.signal, this.#stop]),
      { ...this.#options, onAttempt: (attempt) => this.attempts.push(attempt) },
    );
    return { record, startedAt: this.#clock.monotonic(), controller, outcome };
  }

  /** Why it is not asked. Leave that it gives is used by the call that follows. */
  #refusalOf(record: ProviderRecord): VisionError | undefined {
    const { member, breaker } = record;
    if (!breaker.tryEnter()) {
      const seconds = Math.ceil(breaker.opensInMs / 1000);
      return new VisionError(
        'breaker_open',
        `${member.name}: not asked for ${seconds} s more, as it failed (${breaker.because ?? 'just now'})`,
      );
    }
    if (record.takeToken()) return undefined;
    return new VisionError(
      'throttled',
      `${member.name}: not asked, as its ${member.requestsPerMinute ?? 0} requests a minute are used up`,
    );
  }

  /** The next call to end, or `hedge` when the only one takes longer than it usually does and another may start. */
  async #nextToEnd(): Promise<{ readonly flight: Flight; readonly outcome: CallOutcome } | 'hedge'> {
    const ends = [...this.#flights].map(async (flight) => ({ flight, outcome: await flight.outcome }));
    const hedgeInMs = this.#hedgeInMs();
    if (hedgeInMs === undefined) return await Promise.race(ends);
    const timer = new AbortController();
    const hedge = this.#clock
      .sleep(hedgeInMs, AbortSignal.any([timer.signal, this.#stop]))
      .then(() => 'hedge' as const);
    // Broken off once a call has ended, or with the whole search, which ends the calls too.
    hedge.catch(() => undefined);
    try {
      return await Promise.race([...ends, hedge.catch(async () => await Promise.race(ends))]);
    } finally {
      timer.abort();
    }
  }

  #hedgeInMs(): number | undefined {
    const [only, ...others] = this.#flights;
    if (!this.#options.isHedging || only === undefined || others.length > 0) return undefined;
    const afterMs = only.record.hedgeAfterMs;
    if (afterMs === null || !this.#queue.some(({ breaker }) => breaker.mayEnter)) return undefined;
    return Math.max(0, only.startedAt + afterMs - this.#clock.monotonic());
  }

  async #endFlights(): Promise<void> {
    const flights = [...this.#flights];
    this.#flights.clear();
    for (const { controller, record } of flights) {
      controller.abort(
        new VisionError('superseded', `${record.member.name}: another provider was faster`, {
          isBillable: true,
        }),
      );
    }
    await Promise.all(flights.map(({ outcome }) => outcome));
  }
}
