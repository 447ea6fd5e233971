import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  answeredBy,
  answers,
  chainRig,
  CountingLedger,
  fails,
  hangs,
  inTurn,
  second,
  shown,
  signal,
  type Act,
} from '../../test/support/vision/chain-rig.ts';
import { AppError } from '../core/errors.ts';
import type { DescribeChain, SentRecord } from './describe-chain.ts';

const rig = chainRig();
const { member, localEye, after, chainOf, inputAt, answerOf, errorOf, run } = rig;

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
  const { ms } = await answerOf(chain.describe(inputAt(rig.clock.now() - 3 * second), signal));
  expect(ms).toBe(answeredBy - 3 * second);
});

test('an event that waited for a restart gets a whole deadline', async () => {
  const chain = chainOf([member('openai', hangs), localEye()]);
  const { ms } = await answerOf(chain.describe(inputAt(rig.clock.now() - 3600 * second), signal));
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
  const begin = rig.clock.monotonic();
  const error = await errorOf(chain.describe(inputAt(), signal));
  expect(error).toMatchObject({ code: 'DESCRIBE_TIMEOUT', fault: 'timeout', isRetryable: true });
  expect(shown(error.attempts)).toEqual(['openai auth', 'claude timeout']);
  expect(rig.clock.monotonic() - begin).toBe(answeredBy);
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
    await rig.clock.advance(120 * second);
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
    chain.describe(inputAt(rig.clock.now(), { eventId: `event-${index}` }), signal),
  );
  const { result } = await run(Promise.all(all));
  expect(result.status).toBe('fulfilled');
  await rig.clock.advance(0);
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
    await rig.clock.sleep(2 * second, stop);
    return await fails('bad_answer')(call, stop);
  });
  const claude = member('claude', answers);
  const { attempts } = await answerOf(chainOf([slow, claude, localEye()]).describe(inputAt(), signal));
  expect(shown(attempts)).toEqual(['slow bad_answer', 'claude described']);
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
  const { first, better, ms } = await answerOf(chain.describe(inputAt(rig.clock.now() - 2 * second), signal));
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
  const aborting = rig.clock.sleep(second).then(() => stop.abort());
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
        rig.renewClock();
        const ledger = new CountingLedger(0.2);
        const members = scripts.map((script, index) =>
          member(
            `p${index}`,
            inTurn(
              ...script.map((step): Act => async (call, stop) => {
                if (step.kind === 'hangs') return await hangs(call, stop);
                await rig.clock.sleep(step.ms, stop);
                return step.kind === 'answers'
                  ? 'Good.'
                  : await fails(step.fault, step.retryAfterMs)(call, stop);
              }),
            ),
          ),
        );
        const chain = chainOf([...members, localEye()], { ledger, isHedging });
        for (let event = 0; event < 6; event += 1) {
          const input = inputAt(rig.clock.now() - ageMs, { eventId: `event-${event}` });
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
