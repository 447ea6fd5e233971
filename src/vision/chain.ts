import type { Clock } from '../core/clock.ts';
import type { Description } from '../core/event.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import { startSearch, type Search } from './chain-search.ts';
import type { ChainAnswer, ChainOptions, ChainStats, DescribeChain, LateAnswer } from './describe-chain.ts';
import { DuplicateMemory, type EventLook } from './duplicate-memory.ts';
import { lookOfEvent } from './event-look.ts';
import { runLocal, type LocalOutcome } from './local-run.ts';
import { nobodyDescribed } from './nobody-described.ts';
import { notAsked } from './provider-call.ts';
import { ProviderRecord } from './provider-record.ts';
import { VisionError } from './vision-error.ts';
import type { DescribeInput } from './vision-provider.ts';

const defaultBetterWithinMs = 60_000;
/** How long the calls wait for the detector's hints: at most this share of the time left, and so long. */
const hintShare = 0.35;
const longestHintWaitMs = 1500;
/** What is found must be on the event by the deadline: so much of the time is left for storing it. */
const storingShare = 0.03;
/** Searches for a better description at the same time; each holds the pictures of one event. */
const lateCapacity = 16;

/**
 * The providers as one, under one deadline that counts from the event's start.
 *
 * The detector looks first: what it sees are the hints for the others, and its own sentence is at hand from then on.
 * Then the providers in their order, each within its share of the time. When none has made it by the deadline the
 * local sentence is the answer, and the search goes on for a better one.
 */
export function createChain(options: ChainOptions): DescribeChain {
  return new ProviderChain(options);
}

/** Who may be asked about one event. */
interface LineUp {
  readonly candidates: readonly ProviderRecord[];
  readonly local: ProviderRecord | undefined;
  /** Asked only when the local describer fails: the user has put them behind it. */
  readonly after: readonly ProviderRecord[];
  /** Of those that may not. */
  readonly attempts: readonly ProviderAttempt[];
}

interface Times {
  /** Monotonic ms. */
  readonly deadline: number;
  readonly lateEnd: number;
}

type Remember = (description: Description) => void;

class ProviderChain implements DescribeChain {
  readonly #options: ChainOptions;
  readonly #clock: Clock;
  readonly #records: readonly ProviderRecord[];
  readonly #memory: DuplicateMemory;
  readonly #closing = new AbortController();
  readonly #late = new Set<Promise<LateAnswer>>();
  #lateDropped = 0;
  #reused = 0;
  #closed: Promise<void> | undefined;

  constructor(options: ChainOptions) {
    this.#options = options;
    this.#clock = options.clock;
    const { reuseWithinMs: withinMs } = options;
    this.#memory = new DuplicateMemory(withinMs === undefined ? {} : { withinMs });
    this.#records = options.providers.map((member) => new ProviderRecord(member, options.clock));
  }

  states() {
    return this.#records.map((record) => record.state());
  }

  stats(): ChainStats {
    return { late: this.#late.size, lateCapacity, lateDropped: this.#lateDropped, reused: this.#reused };
  }

  async describe(given: DescribeInput, signal: AbortSignal): Promise<ChainAnswer> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    stop.throwIfAborted();
    const times = this.#times(given.startedAt);
    const lineUp = this.#lineUp(given);
    const local = this.#startLocal(given, lineUp.local, stop);
    if (lineUp.candidates.length === 0) return await this.#withoutSearch(given, lineUp, local, stop);

    const input = await this.#withHints(given, local, times, stop);
    const look = await this.#lookOf(input);
    const reused = this.#reuse(input, look, lineUp.attempts);
    if (reused !== undefined) return reused;

    const remember: Remember = (description) => {
      if (look === undefined) return;
      this.#memory.remember(input.cameraId, look, { eventId: input.eventId, description });
    };
    const hasFallback = lineUp.local !== undefined;
    const search = this.#search(
      lineUp.candidates,
      input,
      hasFallback ? times : { ...times, lateEnd: times.deadline },
      stop,
    );
    const leftMs = times.deadline - this.#clock.monotonic();
    await (hasFallback ? this.#orAfter(search.firstRound, leftMs) : search.firstRound);
    const outcome =
      search.found === undefined && hasFallback && local !== undefined ? await local : undefined;
    stop.throwIfAborted();
    const attempts = [...lineUp.attempts, ...search.attempts];
    // It may have come while the local describer was waited for.
    if (search.found !== undefined) {
      remember(search.found);
      return { first: search.found, attempts, sameAs: null };
    }
    if (outcome?.kind === 'described') {
      const better = this.#goOn(search, remember);
      const first = { first: outcome.description, attempts: [...attempts, outcome.attempt], sameAs: null };
      return better === undefined ? first : { ...first, better };
    }
    return await this.#withoutLocal(input, lineUp, search, outcome, remember, stop);
  }

  /** An event that is already late (it waited for a restart) gets a whole deadline from now on. */
  #times(startedAt: number): Times {
    const { deadlineMs, betterWithinMs = defaultBetterWithinMs } = this.#options;
    const now = this.#clock.monotonic();
    const ageMs = this.#clock.now() - startedAt;
    const counted = ageMs >= 0 && ageMs < deadlineMs * (1 - storingShare) ? ageMs : 0;
    return {
      deadline: now + deadlineMs * (1 - storingShare) - counted,
      lateEnd: now + Math.max(deadlineMs, betterWithinMs) - counted,
    };
  }

  /** No provider that would take a private camera's pictures away, whatever fails. */
  #lineUp({ isLocalOnly }: DescribeInput): LineUp {
    const localAt = this.#records.findIndex(({ member }) => member.type === 'local');
    const isAllowed = ({ member }: ProviderRecord): boolean => !isLocalOnly || member.isLocal;
    return {
      candidates: (localAt < 0 ? this.#records : this.#records.slice(0, localAt)).filter(isAllowed),
      local: this.#records[localAt],
      after: localAt < 0 ? [] : this.#records.slice(localAt + 1).filter(isAllowed),
      attempts: this.#records
        .filter((record) => !isAllowed(record))
        .map((record) => notAsked(record, tooPrivate(record.member.name), this.#clock.now())),
    };
  }

  /** The detector's own account. Without a `local` provider it serves for the hints only. */
  #startLocal(
    input: DescribeInput,
    record: ProviderRecord | undefined,
    stop: AbortSignal,
  ): Promise<LocalOutcome> | undefined {
    const provider = record?.member ?? this.#options.eye;
    return provider === undefined ? undefined : runLocal(provider, record, input, this.#clock, stop);
  }

  async #withHints(
    given: DescribeInput,
    local: Promise<LocalOutcome> | undefined,
    { deadline }: Times,
    stop: AbortSignal,
  ): Promise<DescribeInput> {
    if (local === undefined) return given;
    const waitMs = Math.min(longestHintWaitMs, (deadline - this.#clock.monotonic()) * hintShare);
    const outcome = await this.#orAfter(local, waitMs);
    stop.throwIfAborted();
    if (outcome?.kind !== 'described') return given;
    const { detections, text } = outcome.description;
    return { ...given, hints: { detections, sentence: text } };
  }

  async #lookOf(input: DescribeInput): Promise<EventLook | undefined> {
    if (this.#options.reusesDescriptions === false) return undefined;
    try {
      return await lookOfEvent(input);
    } catch {
      // A picture that can't be read is reported by whoever is to send it.
      return undefined;
    }
  }

  #reuse(
    input: DescribeInput,
    look: EventLook | undefined,
    attempts: readonly ProviderAttempt[],
  ): ChainAnswer | undefined {
    const known = look === undefined ? undefined : this.#memory.find(input.cameraId, look);
    // Whoever asks again for the same event wants another answer than the one it has.
    if (known === undefined || known.eventId === input.eventId) return undefined;
    this.#reused += 1;
    const detections = input.hints?.detections ?? [];
    const first: Description = { ...known.description, detections, costUsd: 0, usage: null };
    return { first, attempts, sameAs: known.eventId };
  }

  #search(
    candidates: readonly ProviderRecord[],
    input: DescribeInput,
    { deadline, lateEnd }: Times,
    stop: AbortSignal,
  ): Search {
    const { ledger, onSent, log, isHedging = false, random = Math.random } = this.#options;
    return startSearch(
      { candidates, input, deadline, lateEnd, isHedging, random, clock: this.#clock, ledger, onSent, log },
      stop,
    );
  }

  async #withoutSearch(
    input: DescribeInput,
    lineUp: LineUp,
    local: Promise<LocalOutcome> | undefined,
    stop: AbortSignal,
  ): Promise<ChainAnswer> {
    const outcome = lineUp.local === undefined ? undefined : await local;
    stop.throwIfAborted();
    if (outcome?.kind === 'described') {
      return { first: outcome.description, attempts: [...lineUp.attempts, outcome.attempt], sameAs: null };
    }
    return await this.#lastResort(input, lineUp, lineUp.attempts, outcome, stop);
  }

  /** Late is better than never. */
  async #withoutLocal(
    input: DescribeInput,
    lineUp: LineUp,
    search: Search,
    outcome: LocalOutcome | undefined,
    remember: Remember,
    stop: AbortSignal,
  ): Promise<ChainAnswer> {
    const found = await search.whole;
    stop.throwIfAborted();
    const attempts = [...lineUp.attempts, ...search.attempts];
    if (found === undefined) return await this.#lastResort(input, lineUp, attempts, outcome, stop);
    remember(found);
    return { first: found, attempts, sameAs: null };
  }

  /** @throws VisionError when those behind the local describer fail too */
  async #lastResort(
    input: DescribeInput,
    { after }: LineUp,
    before: readonly ProviderAttempt[],
    outcome: LocalOutcome | undefined,
    stop: AbortSignal,
  ): Promise<ChainAnswer> {
    const attempts = outcome === undefined ? before : [...before, outcome.attempt];
    const deadline = this.#clock.monotonic() + this.#options.deadlineMs;
    const search = this.#search(after, input, { deadline, lateEnd: deadline }, stop);
    const found = await search.whole;
    stop.throwIfAborted();
    const all = [...attempts, ...search.attempts];
    if (found === undefined) {
      throw nobodyDescribed(all, outcome?.kind === 'failed' ? outcome.error : undefined);
    }
    return { first: found, attempts: all, sameAs: null };
  }

  #goOn(search: Search, remember: Remember): Promise<LateAnswer> | undefined {
    if (!search.isOpen()) return undefined;
    const taken = search.attempts.length;
    if (this.#late.size >= lateCapacity) {
      this.#lateDropped += 1;
      search.abort();
    }
    const better = search.whole.then((description) => {
      if (description !== undefined) remember(description);
      return { description, attempts: search.attempts.slice(taken) };
    });
    this.#late.add(better);
    void better.finally(() => this.#late.delete(better));
    return better;
  }

  /** What comes of it within `ms`; the work itself goes on. */
  async #orAfter<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
    const timer = new AbortController();
    const late = this.#clock.sleep(Math.max(0, ms), timer.signal).then(
      () => undefined,
      async () => await work,
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      timer.abort();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#late);
    await Promise.all(this.#records.map(async ({ member }) => await member[Symbol.asyncDispose]()));
  }
}

function tooPrivate(name: string): VisionError {
  return new VisionError('privacy', `${name}: not asked, as this camera's pictures stay on this machine`);
}
