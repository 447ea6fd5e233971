import * as fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { AppError } from '../core/errors.ts';
import type { Description } from '../core/event.ts';
import type { ProviderAttempt, VisionFault } from '../core/vision.ts';
import { createChain } from './chain.ts';
import type { ChainAnswer, ChainOptions, DescribeChain, SentRecord } from './describe-chain.ts';
import type { Reservation, SpendLedger } from './spend-ledger.ts';
import { VisionError } from './vision-error.ts';
import type { ChainMember, DescribeInput } from './vision-provider.ts';

// One long file: all of these share the scripted providers, the ledger and the clock below.

const { signal } = new AbortController();
const second = 1000;
/** Of the 5 s so much is left for storing what was found. */
const answeredBy = 5 * second - 150;

interface Call {
  readonly at: number;
  readonly input: DescribeInput;
  readonly signal: AbortSignal;
}

interface Scripted extends ChainMember {
  readonly calls: readonly Call[];
}

type Act = (call: number, signal: AbortSignal) => Promise<string>;

let clock = new FakeClock();
const chains: DescribeChain[] = [];

afterEach(async () => {
  for (const chain of chains.splice(0)) await chain[Symbol.asyncDispose]();
  clock = new FakeClock();
});

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

/** A provider behind the port that does as the test says; it charges a cent, and estimates two. */
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

const answers: Act = () => Promise.resolve('A person at the door.');

function after(ms: number, text = 'A person at the door.'): Act {
  return async (_call, stop) => {
    await clock.sleep(ms, stop);
    return text;
  };
}

const hangs: Act = (_call, stop) =>
  new Promise((_resolve, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason as Error));
  });

function fails(fault: VisionFault, retryAfterMs?: number): Act {
  return () =>
    Promise.reject(
      new VisionError(fault, `it said ${fault}`, retryAfterMs === undefined ? {} : { retryAfterMs }),
    );
}

/** Does the first thing in the first call, and so on; the last from then on. */
function inTurn(...acts: readonly Act[]): Act {
  return (call, stop) => (acts[Math.min(call, acts.length) - 1] ?? answers)(call, stop);
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

function shown(attempts: readonly ProviderAttempt[]): string[] {
  return attempts.map(({ provider, outcome }) => `${provider} ${outcome}`);
}

/** Keeps count as the real one does: what is reserved or spent never exceeds the cap. */
class CountingLedger implements SpendLedger {
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

test('the first provider that answers describes the event, with the hints of the detector', async () => {
  const [openai, claude, local] = [member('openai', after(800)), member('claude', answers), localEye()];
  const { first, attempts, better, sameAs, ms } = await answerOf(
    chainOf([openai, claude, local]).describe(inputAt(), signal),
  );
  expect(first).toMatchObject({ text: 'A person at the door.', provider: 'openai' });
  expect([shown(attempts), better, sameAs, ms]).toEqual([['openai described'], undefined, null, 800]);
  expect(claude.calls).toHaveLength(0);
  expect(openai.calls[0]?.input.hints).toEqual({
    detections: [{ label: 'person', score: 0.8, box: [0.1, 0.1, 0.2, 0.5] }],
    sentence: 'A person walks to the right.',
  });
});

test.for(['rate_limit', 'quota', 'overloaded', 'auth', 'refusal', 'bad_request', 'network'] as const)(
  'after %s the next one is asked at once',
  async (fault) => {
    const [openai, claude] = [member('openai', fails(fault)), member('claude', answers)];
    const { first, attempts, ms } = await answerOf(
      chainOf([openai, claude, localEye()]).describe(inputAt(), signal),
    );
    expect([first.provider, shown(attempts), ms]).toEqual([
      'claude',
      [`openai ${fault}`, 'claude described'],
      0,
    ]);
    expect(openai.calls).toHaveLength(1);
  },
);

test('one that hangs costs its share of the time, and the last may go on after the local sentence is out', async () => {
  const [openai, claude] = [member('openai', hangs), member('claude', after(6 * second))];
  const { first, attempts, better, ms } = await answerOf(
    chainOf([openai, claude, localEye()]).describe(inputAt(), signal),
  );
  expect([first.text, ms]).toEqual(['A person walks to the right.', answeredBy]);
  expect(shown(attempts)).toEqual(['openai timeout', 'local described']);
  expect(claude.calls[0]?.at).toBe(answeredBy / 2);
  const late = await run(better ?? Promise.reject(new Error('nothing better is waited for')));
  expect(late).toMatchObject({
    result: { value: { description: { provider: 'claude' }, attempts: [{ outcome: 'described' }] } },
    ms: answeredBy / 2 + 6 * second - answeredBy,
  });
});

test('the time is counted from the event, not from the call', async () => {
  const openai = member('openai', hangs);
  const chain = chainOf([openai, localEye()]);
  const { ms } = await answerOf(chain.describe(inputAt(clock.now() - 3 * second), signal));
  expect(ms).toBe(answeredBy - 3 * second);
});

test('an event that waited for a restart gets a whole deadline', async () => {
  const chain = chainOf([member('openai', hangs), localEye()]);
  const { ms } = await answerOf(chain.describe(inputAt(clock.now() - 3600 * second), signal));
  expect(ms).toBe(answeredBy);
});

const deaf: Act = () => new Promise(() => undefined);

test('a client that does not heed its signal is left behind', async () => {
  const chain = chainOf([member('openai', deaf), member('claude', answers), localEye()]);
  const { attempts, ms } = await answerOf(chain.describe(inputAt(), signal));
  expect([shown(attempts), ms]).toEqual([['openai timeout', 'claude described'], answeredBy / 2]);
});

test('without a local describer the last error is thrown, with all attempts, by the deadline', async () => {
  const chain = chainOf([member('openai', fails('auth')), member('claude', hangs)]);
  const begin = clock.monotonic();
  const error = await errorOf(chain.describe(inputAt(), signal));
  expect(error).toMatchObject({ code: 'DESCRIBE_TIMEOUT', fault: 'timeout', isRetryable: true });
  expect(shown(error.attempts)).toEqual(['openai auth', 'claude timeout']);
  expect(clock.monotonic() - begin).toBe(answeredBy);
});

test('what may heal decides whether the event is worth another try', async () => {
  const healing = chainOf([member('openai', fails('overloaded')), member('claude', fails('auth'))]);
  expect((await errorOf(healing.describe(inputAt(), signal))).isRetryable).toBe(true);
  const hopeless = chainOf([member('openai', fails('refusal')), member('claude', fails('auth'))]);
  expect((await errorOf(hopeless.describe(inputAt(), signal))).isRetryable).toBe(false);
});

test('a wait that is asked for is kept, and a better description comes after it', async () => {
  const openai = member('openai', inTurn(fails('rate_limit', 10 * second), answers));
  const { first, better, ms } = await answerOf(chainOf([openai, localEye()]).describe(inputAt(), signal));
  expect([first.provider, ms]).toEqual(['local', 0]);
  const late = await run(better ?? Promise.reject(new Error('nothing better is waited for')));
  expect(late).toMatchObject({
    result: { value: { description: { provider: 'openai' }, attempts: [{ outcome: 'described' }] } },
    ms: 10 * second,
  });
  expect(openai.calls.map(({ at }) => at)).toEqual([0, 10 * second]);
});

test('nobody is asked again for a wait that is too long, or for what does not heal', async () => {
  for (const act of [fails('rate_limit', 86_400 * second), fails('auth'), fails('quota'), fails('refusal')]) {
    const openai = member('openai', act);
    const { better } = await answerOf(chainOf([openai, localEye()]).describe(inputAt(), signal));
    expect(better).toBeUndefined();
    await clock.advance(120 * second);
    expect(openai.calls).toHaveLength(1);
  }
});

test('the search for a better description ends after 60 s, and says what was tried', async () => {
  const chain = chainOf([member('openai', hangs), localEye()]);
  const { better } = await answerOf(chain.describe(inputAt(), signal));
  expect(chain.stats().late).toBe(1);
  const late = await run(better ?? Promise.reject(new Error('nothing better is waited for')));
  expect(late).toMatchObject({
    result: { value: { description: undefined, attempts: [{ outcome: 'timeout', costUsd: 0.02 }] } },
    ms: 60 * second - answeredBy,
  });
  expect(chain.stats()).toMatchObject({ late: 0, lateDropped: 0 });
});

test('no more searches for better descriptions go on than there is room for', async () => {
  const chain = chainOf([member('openai', hangs), localEye()]);
  const { lateCapacity } = chain.stats();
  const all = Array.from({ length: lateCapacity + 1 }, (_, index) =>
    chain.describe(inputAt(clock.now(), { eventId: `event-${index}` }), signal),
  );
  const { result } = await run(Promise.all(all));
  expect(result.status).toBe('fulfilled');
  await clock.advance(0);
  expect(chain.stats()).toMatchObject({ late: lateCapacity, lateDropped: 1 });
});

test('an answer that can not be used is asked for once more, and both calls are accounted for', async () => {
  const ledger = new CountingLedger();
  const openai = member('openai', inTurn(fails('bad_answer'), answers));
  const chain = chainOf([openai, localEye()], { ledger });
  const { first, attempts } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, shown(attempts)]).toEqual(['openai', ['openai bad_answer', 'openai described']]);
  expect(ledger.settled.size).toBe(2);
});

test('it is not asked for a third time, nor when there is no time for it', async () => {
  const twice = member('openai', fails('bad_answer'));
  await answerOf(chainOf([twice, localEye()]).describe(inputAt(), signal));
  expect(twice.calls).toHaveLength(2);
  const slow = member('slow', async (call, stop) => {
    await clock.sleep(2 * second, stop);
    return await fails('bad_answer')(call, stop);
  });
  const claude = member('claude', answers);
  const { attempts } = await answerOf(chainOf([slow, claude, localEye()]).describe(inputAt(), signal));
  expect(shown(attempts)).toEqual(['slow bad_answer', 'claude described']);
});

test('pictures of a private camera go to nobody outside, whatever fails', async () => {
  const [openai, ollama] = [member('openai', answers), member('ollama', fails('network'), { isLocal: true })];
  const local = localEye(() => Promise.reject(new AppError('DETECTION_FAILED', 'the model failed')));
  const chain = chainOf([openai, ollama, local, member('claude', answers)]);
  const error = await errorOf(chain.describe(inputAt(clock.now(), { isLocalOnly: true }), signal));
  expect(openai.calls).toHaveLength(0);
  expect(shown(error.attempts)).toEqual([
    'openai privacy',
    'claude privacy',
    'ollama network',
    'ollama network',
    'local overloaded',
  ]);
});

test('a private camera without a provider on this machine is told so', async () => {
  const chain = chainOf([member('openai', answers)]);
  const error = await errorOf(chain.describe(inputAt(clock.now(), { isLocalOnly: true }), signal));
  expect(error).toMatchObject({ fault: 'privacy', isRetryable: false });
});

test('over the cap free providers go on; without one the event lacks the money', async () => {
  const ollama = member('ollama', answers, { isFree: true });
  const free = chainOf([member('openai', answers), ollama], { ledger: new CountingLedger(0.01) });
  const { first, attempts } = await answerOf(free.describe(inputAt(), signal));
  expect([first.provider, shown(attempts)]).toEqual(['ollama', ['openai budget', 'ollama described']]);
  const openai = member('openai', answers);
  const paid = chainOf([openai], { ledger: new CountingLedger(0.01) });
  const error = await errorOf(paid.describe(inputAt(), signal));
  expect(error).toMatchObject({ fault: 'budget', isRetryable: false });
  expect(error.message).toContain('daily cap of $0.01');
  expect(openai.calls).toHaveLength(0);
});

test('a ledger that fails lets nobody spend', async () => {
  const broken: SpendLedger = {
    reserve: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'the disk is full')),
    settle: () => Promise.resolve(),
  };
  const openai = member('openai', answers);
  const { first, attempts } = await answerOf(
    chainOf([openai, localEye()], { ledger: broken }).describe(inputAt(), signal),
  );
  expect([first.provider, shown(attempts)]).toEqual(['local', ['openai budget', 'local described']]);
  expect(openai.calls).toHaveLength(0);
});

test('a ledger that hangs costs the share of the time, and what it grants later is given back', async () => {
  const grant = Promise.withResolvers<Reservation>();
  const settled: ProviderAttempt[] = [];
  const slow: SpendLedger = {
    reserve: () => grant.promise,
    settle: (_id, attempt) => {
      settled.push(attempt);
      return Promise.resolve();
    },
  };
  const chain = chainOf([member('openai', answers), localEye()], {
    ledger: slow,
    betterWithinMs: 5 * second,
  });
  const { first, ms } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, ms]).toEqual(['local', answeredBy]);
  await clock.advance(second);
  grant.resolve({ kind: 'reserved', id: 'late' });
  await clock.advance(0);
  expect(settled).toMatchObject([{ outcome: 'aborted', costUsd: 0 }]);
});

test('calls that were broken off are settled at their estimate, refused ones at nothing', async () => {
  const ledger = new CountingLedger();
  const chain = chainOf([member('openai', hangs), member('claude', fails('rate_limit')), localEye()], {
    ledger,
    betterWithinMs: 5 * second,
  });
  await answerOf(chain.describe(inputAt(), signal));
  expect([...ledger.settled.values()].map(({ provider, costUsd }) => [provider, costUsd])).toEqual([
    ['openai', 0.02],
    ['claude', 0],
  ]);
});

test('after five failures in a row it is not asked for 60 s, and then by one event only', async () => {
  const openai = member('openai', inTurn(...Array.from({ length: 5 }, () => fails('network')), after(100)));
  const chain = chainOf([openai, member('claude', answers), localEye()]);
  for (let event = 0; event < 8; event += 1) await answerOf(chain.describe(inputAt(), signal));
  expect(openai.calls).toHaveLength(5);
  expect(chain.states()[0]).toMatchObject({
    breaker: 'open',
    openBecause: 'network',
    openUntil: clock.now() + 60 * second,
    lastError: { fault: 'network', message: 'it said network' },
    failures: { network: 5, breaker_open: 3 },
  });
  await clock.advance(60 * second);
  const { result } = await run(Promise.all([1, 2, 3].map(() => chain.describe(inputAt(), signal))));
  expect(result).toMatchObject({ value: [{ first: { provider: 'openai' } }, {}, {}] });
  expect(openai.calls).toHaveLength(6);
  expect(chain.states()[0]).toMatchObject({ breaker: 'closed', openUntil: null, described: 1, calls: 6 });
});

test('a wrong key keeps it from being asked for ten minutes', async () => {
  const openai = member('openai', fails('auth'));
  const chain = chainOf([openai, localEye()]);
  await answerOf(chain.describe(inputAt(), signal));
  await clock.advance(599 * second);
  const { attempts } = await answerOf(chain.describe(inputAt(), signal));
  expect(shown(attempts)).toEqual(['openai breaker_open', 'local described']);
  await clock.advance(2 * second);
  await answerOf(chain.describe(inputAt(), signal));
  expect(openai.calls).toHaveLength(2);
});

test('refusals say nothing against a provider', async () => {
  const openai = member('openai', fails('refusal'));
  const chain = chainOf([openai, localEye()]);
  for (let event = 0; event < 10; event += 1) await answerOf(chain.describe(inputAt(), signal));
  expect(openai.calls).toHaveLength(10);
});

test('the user’s own limit sends further events to the next one', async () => {
  const openai = member('openai', answers, { requestsPerMinute: 1 });
  const chain = chainOf([openai, member('claude', answers), localEye()]);
  await answerOf(chain.describe(inputAt(), signal));
  const { first, attempts } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, shown(attempts)]).toEqual(['claude', ['openai throttled', 'claude described']]);
});

async function warmUp(chain: DescribeChain): Promise<void> {
  for (let event = 0; event < 20; event += 1) await answerOf(chain.describe(inputAt(), signal));
}

const slowAtLast = inTurn(...Array.from({ length: 20 }, () => after(500)), after(2 * second));

test('when hedging, the next one starts at the p95 of the one before; the slower is broken off', async () => {
  const ledger = new CountingLedger();
  const [openai, claude] = [member('openai', slowAtLast), member('claude', after(300))];
  const chain = chainOf([openai, claude, localEye()], { isHedging: true, ledger });
  await warmUp(chain);
  const { first, attempts, ms } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, ms, shown(attempts)]).toEqual([
    'claude',
    800,
    ['claude described', 'openai superseded'],
  ]);
  expect(openai.calls.at(-1)?.signal.aborted).toBe(true);
  expect(attempts[1]).toMatchObject({ costUsd: 0.02, latencyMs: 800 });
  expect(ledger.settled.size).toBe(ledger.reserved.size);
});

test('when not hedging, nobody is asked twice at a time', async () => {
  const [openai, claude] = [member('openai', slowAtLast), member('claude', after(300))];
  const chain = chainOf([openai, claude, localEye()]);
  await warmUp(chain);
  const { first } = await answerOf(chain.describe(inputAt(), signal));
  expect(first.provider).toBe('openai');
  expect(claude.calls).toHaveLength(0);
});

test('the time is shared out among as many as there is room for', async () => {
  const quick = inTurn(...Array.from({ length: 5 }, () => after(300)), hangs);
  for (const [act, firstMs] of [
    [hangs, answeredBy / 2],
    [quick, answeredBy / 3],
  ] as const) {
    const openai = member('openai', act);
    const chain = chainOf([openai, member('claude', hangs), member('gemini', hangs), localEye()]);
    for (let event = 0; event < (act === quick ? 5 : 0); event += 1) {
      await answerOf(chain.describe(inputAt(), signal));
    }
    const { attempts, ms } = await answerOf(chain.describe(inputAt(), signal));
    expect(attempts[0]).toMatchObject({ outcome: 'timeout', latencyMs: Math.round(firstMs) });
    expect(Math.round(ms)).toBe(answeredBy);
  }
});

test('one after which nobody fits is not broken off at the deadline: its answer is the better one', async () => {
  const [openai, claude] = [member('openai', after(3.5 * second)), member('claude', answers)];
  const chain = chainOf([openai, claude, localEye()]);
  const { first, better, ms } = await answerOf(chain.describe(inputAt(clock.now() - 2 * second), signal));
  expect([first.provider, ms]).toEqual(['local', answeredBy - 2 * second]);
  const late = await run(better ?? Promise.reject(new Error('nothing better is waited for')));
  expect(late).toMatchObject({ result: { value: { description: { provider: 'openai' } } }, ms: 650 });
  expect(claude.calls).toHaveLength(0);
});

test('those behind the local describer are asked only when it fails', async () => {
  const behind = member('openai', answers);
  const works = chainOf([localEye(), behind]);
  expect((await answerOf(works.describe(inputAt(), signal))).first.provider).toBe('local');
  expect(behind.calls).toHaveLength(0);
  const broken = localEye(() => Promise.reject(new AppError('MODEL_UNAVAILABLE', 'no model')));
  const { first, attempts } = await answerOf(chainOf([broken, behind]).describe(inputAt(), signal));
  expect([first.provider, shown(attempts)]).toEqual(['openai', ['local bad_request', 'openai described']]);
});

test('an eye that is no provider gives hints, but no description', async () => {
  const openai = member('openai', fails('auth'));
  const chain = chainOf([openai], { eye: localEye() });
  expect((await errorOf(chain.describe(inputAt(), signal))).fault).toBe('auth');
  expect(openai.calls[0]?.input.hints?.sentence).toBe('A person walks to the right.');
});

test('a detector that is slow is not waited for long', async () => {
  const openai = member('openai', answers);
  const chain = chainOf([openai, localEye(after(4 * second))]);
  const { first, ms } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, ms]).toEqual(['openai', 1.5 * second]);
  expect(openai.calls[0]?.input.hints).toBeUndefined();
});

test('when the detector fails a late description is better than none', async () => {
  const broken = localEye(() => Promise.reject(new AppError('DETECTION_FAILED', 'out of memory')));
  const chain = chainOf([member('openai', after(20 * second)), broken]);
  const { first, ms } = await answerOf(chain.describe(inputAt(), signal));
  expect([first.provider, ms]).toEqual(['openai', 20 * second]);
});

test('an abort ends everything, and is no failure of the provider', async () => {
  const stop = new AbortController();
  const openai = member('openai', hangs);
  const chain = chainOf([openai, localEye()]);
  const work = chain.describe(inputAt(), stop.signal);
  const aborting = clock.sleep(second).then(() => stop.abort());
  const { result } = await run(Promise.allSettled([work, aborting]));
  expect(result).toMatchObject({ value: [{ status: 'rejected', reason: { name: 'AbortError' } }, {}] });
  expect(openai.calls[0]?.signal.aborted).toBe(true);
  expect(chain.states()[0]).toMatchObject({ breaker: 'closed', lastError: null, failures: { aborted: 1 } });
});

test('closing the chain ends the searches for better descriptions', async () => {
  const chain = chainOf([member('openai', hangs), localEye()]);
  const { better } = await answerOf(chain.describe(inputAt(), signal));
  await chain[Symbol.asyncDispose]();
  expect(await better).toMatchObject({ description: undefined, attempts: [{ outcome: 'aborted' }] });
  await expect(chain.describe(inputAt(), signal)).rejects.toMatchObject({ name: 'AbortError' });
});

test('what is sent is shown before it leaves, and who looks at it can not stop it', async () => {
  const sent: SentRecord[] = [];
  const openai = member('openai', answers);
  const chain = chainOf([openai, localEye()], {
    onSent: (record) => {
      sent.push(record);
      expect(openai.calls).toHaveLength(0);
      throw new Error('the disk is full');
    },
  });
  const { first, attempts } = await answerOf(chain.describe(inputAt(), signal));
  expect(first.provider).toBe('openai');
  expect(sent).toMatchObject([{ eventId: 'event-1', provider: 'openai', startedAt: attempts[0]?.startedAt }]);
});

async function doorScene(shade: string): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"><rect width="640" height="360" fill="#565"/><rect x="60" y="90" width="120" height="200" fill="#987"/><rect x="420" y="40" width="90" height="280" fill="#234"/><g transform="translate(250 120)"><rect width="80" height="200" fill="${shade}"/><circle cx="40" cy="30" r="25" fill="#fca"/></g></svg>`;
  return await sharp(Buffer.from(svg)).jpeg().toBuffer();
}

async function doorInput(
  eventId: string,
  more: Partial<DescribeInput> = {},
  shade = '#b22',
): Promise<DescribeInput> {
  const capturedAt = clock.now();
  const box = [250 / 640, 120 / 360, 80 / 640, 200 / 360] as const;
  const frames = [{ capturedAt, jpeg: await doorScene(shade), regions: [{ box, area: 0.05 }] }];
  return inputAt(capturedAt, { eventId, frames, bestCapturedAt: capturedAt, ...more });
}

test('a picture that hardly differs from one of minutes ago costs nothing: its description is used again', async () => {
  const openai = member('openai', answers);
  const chain = chainOf([openai, localEye()], { reusesDescriptions: true });
  const once = await chain.describe(await doorInput('event-1'), signal);
  expect([once.sameAs, once.first.costUsd]).toEqual([null, 0.01]);
  await clock.advance(180 * second);
  const again = await chain.describe(await doorInput('event-2'), signal);
  expect(again).toMatchObject({
    sameAs: 'event-1',
    attempts: [],
    first: { text: 'A person at the door.', provider: 'openai', costUsd: 0, usage: null },
  });
  expect(openai.calls).toHaveLength(1);
  expect(chain.stats().reused).toBe(1);
});

test('an event that is described again is not given its own old text', async () => {
  const openai = member('openai', answers);
  const chain = chainOf([openai, localEye()], { reusesDescriptions: true });
  await chain.describe(await doorInput('event-1'), signal);
  const again = await chain.describe(await doorInput('event-1'), signal);
  expect(again.sameAs).toBeNull();
  expect(openai.calls).toHaveLength(2);
});

test('not so on another camera, for another subject, much later, or for what the local describer said', async () => {
  const openai = member('openai', inTurn(answers, answers, answers, answers, fails('refusal')));
  const chain = chainOf([openai, localEye()], { reusesDescriptions: true, reuseWithinMs: 60 * second });
  await chain.describe(await doorInput('event-1'), signal);
  await chain.describe(await doorInput('event-2', { cameraId: 'camera-2' }), signal);
  await chain.describe(
    await doorInput('event-3', { hints: { detections: [], sentence: null } }, '#fff'),
    signal,
  );
  await clock.advance(61 * second);
  await chain.describe(await doorInput('event-4'), signal);
  expect(openai.calls).toHaveLength(4);
  await chain.describe(await doorInput('event-5', { cameraId: 'camera-3' }), signal);
  await chain.describe(await doorInput('event-6', { cameraId: 'camera-3' }), signal);
  expect(openai.calls).toHaveLength(6);
  expect(chain.stats().reused).toBe(0);
});

const faults = [
  'rate_limit',
  'quota',
  'overloaded',
  'auth',
  'refusal',
  'bad_request',
  'bad_answer',
  'network',
] as const;

const behaviour = fc.oneof(
  fc.record({ kind: fc.constant('answers' as const), ms: fc.integer({ min: 0, max: 8000 }) }),
  fc.record({
    kind: fc.constant('fails' as const),
    fault: fc.constantFrom(...faults),
    ms: fc.integer({ min: 0, max: 4000 }),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant('hangs' as const) }),
);

test('whatever the providers do, the event is described in time and every call is settled once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(behaviour, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.integer({ min: 0, max: 4500 }),
      async (scripts, isHedging, ageMs) => {
        clock = new FakeClock();
        const ledger = new CountingLedger(0.2);
        const members = scripts.map((script, index) =>
          member(
            `p${index}`,
            inTurn(
              ...script.map((step): Act => async (call, stop) => {
                if (step.kind === 'hangs') return await hangs(call, stop);
                await clock.sleep(step.ms, stop);
                return step.kind === 'answers'
                  ? 'Good.'
                  : await fails(step.fault, step.retryAfterMs)(call, stop);
              }),
            ),
          ),
        );
        const chain = chainOf([...members, localEye()], { ledger, isHedging });
        for (let event = 0; event < 6; event += 1) {
          const input = inputAt(clock.now() - ageMs, { eventId: `event-${event}` });
          const { first, attempts, better, ms } = await answerOf(chain.describe(input, signal));
          // Sums of fractions of milliseconds.
          expect(ms).toBeLessThan(answeredBy - ageMs + 0.01);
          expect(['Good.', 'A person walks to the right.']).toContain(first.text);
          const late = better === undefined ? undefined : (await run(better)).result;
          const all = [...attempts, ...(late?.status === 'fulfilled' ? late.value.attempts : [])];
          const paid = all.filter(({ outcome, provider }) => outcome === 'described' && provider !== 'local');
          // Two may come in at the same moment when two are asked at the same time.
          expect(paid.length).toBeLessThanOrEqual(isHedging ? 2 : 1);
          expect(ledger.settled.size).toBe(ledger.reserved.size);
        }
        expect(ledger.doubly).toEqual([]);
        expect(ledger.spentUsd).toBeLessThanOrEqual(0.2);
        expect(chain.stats().late).toBe(0);
        await chain[Symbol.asyncDispose]();
      },
    ),
    { numRuns: 60 },
  );
});
