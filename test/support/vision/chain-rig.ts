import { afterEach } from 'vitest';
import type { Description } from '../../../src/core/event.ts';
import type { ProviderAttempt, VisionFault } from '../../../src/core/vision.ts';
import { createChain } from '../../../src/vision/chain.ts';
import type { ChainAnswer, ChainOptions, DescribeChain } from '../../../src/vision/describe-chain.ts';
import type { Reservation, SpendLedger } from '../../../src/vision/spend-ledger.ts';
import { VisionError } from '../../../src/vision/vision-error.ts';
import type { ChainMember, DescribeInput } from '../../../src/vision/vision-provider.ts';
import { FakeClock } from '../../fakes/fake-clock.ts';

export const { signal } = new AbortController();
export const second = 1000;
/** Of the 5 s so much is left for storing what was found. */
export const answeredBy = 5 * second - 150;

export interface Call {
  readonly at: number;
  readonly input: DescribeInput;
  readonly signal: AbortSignal;
}

export interface Scripted extends ChainMember {
  readonly calls: readonly Call[];
}

export type Act = (call: number, signal: AbortSignal) => Promise<string>;

function descriptionOf(name: string, text: string, costUsd: number): Description {
  return {
    text,
    title: null,
    confidence: 80,
    objects: ['person'],
    actions: [],
    isNothingOfInterest: false,
    detections: [{ label: 'person', score: 0.8, box: [0.1, 0.1, 0.2, 0.5] }],
    provider: name,
    model: `${name}-1`,
    costUsd,
    usage: { inputTokens: 1000, outputTokens: 100 },
  };
}

export const answers: Act = () => Promise.resolve('A person at the door.');

export const hangs: Act = (_call, stop) =>
  new Promise((_resolve, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason as Error));
  });

export function fails(fault: VisionFault, retryAfterMs?: number): Act {
  return () =>
    Promise.reject(
      new VisionError(fault, `it said ${fault}`, retryAfterMs === undefined ? {} : { retryAfterMs }),
    );
}

/** Does the first thing in the first call, and so on; the last from then on. */
export function inTurn(...acts: readonly Act[]): Act {
  return (call, stop) => (acts[Math.min(call, acts.length) - 1] ?? answers)(call, stop);
}

export function shown(attempts: readonly ProviderAttempt[]): string[] {
  return attempts.map(({ provider, outcome }) => `${provider} ${outcome}`);
}

/** Keeps count as the real one does: what is reserved or spent never exceeds the cap. */
export class CountingLedger implements SpendLedger {
  readonly settled = new Map<string, ProviderAttempt>();
  readonly reserved = new Map<string, number>();
  readonly doubly: string[] = [];
  readonly #capUsd: number;

  constructor(capUsd = Number.POSITIVE_INFINITY) {
    this.#capUsd = capUsd;
  }

  get spentUsd(): number {
    return [...this.reserved].reduce(
      (sum, [id, estimate]) => sum + (this.settled.has(id) ? (this.settled.get(id)?.costUsd ?? 0) : estimate),
      0,
    );
  }

  reserve({ estimateUsd }: { readonly estimateUsd: number | null }): Promise<Reservation> {
    const spentUsd = this.spentUsd;
    if (spentUsd + (estimateUsd ?? 0) > this.#capUsd) {
      return Promise.resolve({ kind: 'over_budget', cap: 'daily', spentUsd, capUsd: this.#capUsd });
    }
    const id = `r${this.reserved.size + 1}`;
    this.reserved.set(id, estimateUsd ?? 0);
    return Promise.resolve({ kind: 'reserved', id });
  }

  settle(id: string, attempt: ProviderAttempt): Promise<void> {
    if (this.settled.has(id)) this.doubly.push(id);
    this.settled.set(id, attempt);
    return Promise.resolve();
  }
}

/** Chains of scripted providers, and the clock by which they live; both are new for every test. */
export interface ChainRig {
  readonly clock: FakeClock;
  /** For the next run of a property. */
  renewClock: () => void;
  /** A provider behind the port that does as the test says; it charges a cent, and estimates two. */
  member: (name: string, act: Act, more?: Partial<ChainMember>) => Scripted;
  localEye: (act?: Act) => Scripted;
  after: (ms: number, text?: string) => Act;
  chainOf: (providers: readonly ChainMember[], more?: Partial<ChainOptions>) => DescribeChain;
  inputAt: (startedAt?: number, more?: Partial<DescribeInput>) => DescribeInput;
  answerOf: (work: Promise<ChainAnswer>) => Promise<ChainAnswer & { readonly ms: number }>;
  errorOf: (work: Promise<unknown>) => Promise<VisionError>;
  /** Lets the clock run from wake to wake until it is settled; says how much time that took. */
  run: <T>(work: Promise<T>) => Promise<{ readonly result: PromiseSettledResult<T>; readonly ms: number }>;
}

/** To be called once, beside the tests of a file. */
export function chainRig(): ChainRig {
  let clock = new FakeClock();
  const chains: DescribeChain[] = [];

  afterEach(async () => {
    for (const chain of chains.splice(0)) await chain[Symbol.asyncDispose]();
    clock = new FakeClock();
  });

  function member(name: string, act: Act, more: Partial<ChainMember> = {}): Scripted {
    const calls: Call[] = [];
    const send = async (input: DescribeInput, stop: AbortSignal): Promise<Description> => {
      calls.push({ at: clock.monotonic(), input, signal: stop });
      const text = await act(calls.length, stop);
      return descriptionOf(name, text, more.isFree === true ? 0 : 0.01);
    };
    return {
      name,
      type: name,
      model: `${name}-1`,
      isLocal: false,
      isFree: false,
      requestsPerMinute: null,
      timeoutMs: 60 * second,
      calls,
      prepare: (input) =>
        Promise.resolve({
          request: { promptVersion: '1', system: 's', prompt: 'p', pictures: [] },
          estimateUsd: more.isFree === true ? 0 : 0.02,
          costOf: () => 0.01,
          send: async (stop) => await send(input, stop),
        }),
      describe: send,
      [Symbol.asyncDispose]: () => Promise.resolve(),
      ...more,
    };
  }

  function after(ms: number, text = 'A person at the door.'): Act {
    return async (_call, stop) => {
      await clock.sleep(ms, stop);
      return text;
    };
  }

  function localEye(act: Act = () => Promise.resolve('A person walks to the right.')): Scripted {
    return member('local', act, { isLocal: true, isFree: true });
  }

  function chainOf(providers: readonly ChainMember[], more: Partial<ChainOptions> = {}): DescribeChain {
    const chain = createChain({
      providers,
      clock,
      deadlineMs: 5 * second,
      reusesDescriptions: false,
      random: () => 0.5,
      ...more,
    });
    chains.push(chain);
    return chain;
  }

  function inputAt(startedAt = clock.now(), more: Partial<DescribeInput> = {}): DescribeInput {
    return {
      eventId: 'event-1',
      cameraId: 'camera-1',
      cameraName: 'Yard',
      startedAt,
      frames: [{ capturedAt: startedAt, jpeg: new Uint8Array(), regions: [] }],
      motion: null,
      isLocalOnly: false,
      ...more,
    };
  }

  /** Lets the clock run from wake to wake until it is settled; says how much time that took. */

  async function run<T>(
    work: Promise<T>,
  ): Promise<{ readonly result: PromiseSettledResult<T>; readonly ms: number }> {
    const begin = clock.monotonic();
    const ended: { readonly result: PromiseSettledResult<T>; readonly ms: number }[] = [];
    void Promise.allSettled([work]).then(([result]) => ended.push({ result, ms: clock.monotonic() - begin }));
    for (let turn = 0; turn < 10_000; turn += 1) {
      await clock.advance(0);
      const [end] = ended;
      if (end !== undefined) return end;
      await clock.advance(clock.nextWakeInMs ?? 0);
    }
    throw new Error('nothing moves any more');
  }

  async function answerOf(work: Promise<ChainAnswer>): Promise<ChainAnswer & { readonly ms: number }> {
    const { result, ms } = await run(work);
    if (result.status === 'rejected') throw result.reason;
    return { ...result.value, ms };
  }

  async function errorOf(work: Promise<unknown>): Promise<VisionError> {
    const { result } = await run(work);
    if (result.status === 'rejected' && result.reason instanceof VisionError) return result.reason;
    throw new Error(`expected a VisionError, got ${JSON.stringify(result)}`);
  }

  return {
    get clock() {
      return clock;
    },
    renewClock() {
      clock = new FakeClock();
    },
    member,
    localEye,
    after,
    chainOf,
    inputAt,
    answerOf,
    errorOf,
    run,
  };
}
