import { expect, test } from 'vitest';
import { createScriptedChain, scriptedDescription } from '../../test/fakes/scripted-chain.ts';
import { silentLog } from '../core/log.ts';
import type { ChainAnswer, ChainStats, DescribeChain, LateAnswer } from '../vision/describe-chain.ts';
import type { DescribeInput } from '../vision/vision-provider.ts';
import { createReloadableChain } from './reloadable-chain.ts';

const { signal } = new AbortController();

const input: DescribeInput = {
  eventId: 'event-1',
  cameraId: 'camera-1',
  cameraName: 'Yard',
  startedAt: 0,
  frames: [],
  motion: null,
  isLocalOnly: false,
};

/** A chain that answers when the test lets it, and notes when it is disposed of. */
interface HeldChain extends DescribeChain {
  readonly name: string;
  disposals: number;
  answer(more?: Partial<ChainAnswer>): void;
}

function held(name: string, stats: Partial<ChainStats> = {}): HeldChain {
  const answers: ((answer: ChainAnswer) => void)[] = [];
  const breakOff: ((error: Error) => void)[] = [];
  const chain = createScriptedChain(
    () =>
      new Promise<ChainAnswer>((resolve, reject) => {
        answers.push(resolve);
        breakOff.push(reject);
      }),
  );
  return {
    ...chain,
    name,
    disposals: 0,
    stats: () => ({ late: 0, lateCapacity: 16, lateDropped: 0, reused: 0, ...stats }),
    answer(more = {}) {
      answers.shift()?.({ first: scriptedDescription(name), attempts: [], sameAs: null, ...more });
    },
    [Symbol.asyncDispose]() {
      this.disposals += 1;
      for (const each of breakOff) each(Object.assign(new Error('broken off'), { name: 'AbortError' }));
      return Promise.resolve();
    },
  };
}

function chainOf(...generations: readonly HeldChain[]) {
  const waiting = [...generations];
  return createReloadableChain(() => {
    const next = waiting.shift();
    if (next === undefined) throw new Error('the test has no more chains');
    return next;
  }, silentLog());
}

/** Lets every promise that can go on go on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

test('calls under way end on the old chain, which is disposed of then; new ones go to the new chain', async () => {
  const [old, next] = [held('old'), held('new')];
  await using chain = chainOf(old, next);
  const first = chain.describe(input, signal);
  chain.reload();
  const second = chain.describe(input, signal);
  expect(old.disposals).toBe(0);
  next.answer();
  expect((await second).first.text).toBe('new');
  expect(old.disposals).toBe(0);
  old.answer();
  expect((await first).first.text).toBe('old');
  await turns();
  expect([old.disposals, next.disposals]).toEqual([1, 0]);
});

test('a chain is kept as long as it looks for a better description', async () => {
  const [old, next] = [held('old'), held('new')];
  await using chain = chainOf(old, next);
  const call = chain.describe(input, signal);
  const better = Promise.withResolvers<LateAnswer>();
  old.answer({ better: better.promise });
  await call;
  chain.reload();
  await turns();
  expect(old.disposals).toBe(0);
  better.resolve({ description: undefined, attempts: [] });
  await turns();
  expect(old.disposals).toBe(1);
});

test('a chain whose last call fails is disposed of too', async () => {
  const failing = createScriptedChain(() => Promise.reject(new Error('no')));
  let disposals = 0;
  const old: DescribeChain = {
    ...failing,
    [Symbol.asyncDispose]: () => {
      disposals += 1;
      return Promise.resolve();
    },
  };
  const chains = [old, held('new')];
  await using chain = createReloadableChain(() => chains.shift() ?? held('none'), silentLog());
  const call = chain.describe(input, signal);
  chain.reload();
  await expect(call).rejects.toThrow('no');
  await turns();
  expect(disposals).toBe(1);
});

test('an idle chain is disposed of at once; what fails to be built leaves the old one', async () => {
  const [old, next] = [held('old'), held('new')];
  await using chain = chainOf(old, next);
  chain.reload();
  expect(old.disposals).toBe(1);
  expect(() => {
    chain.reload();
  }).toThrow('no more chains');
  const call = chain.describe(input, signal);
  next.answer();
  expect((await call).first.text).toBe('new');
});

test('of many old chains that are still busy the oldest is broken off', async () => {
  const chains = Array.from({ length: 7 }, (_, index) => held(`chain ${index}`));
  await using chain = chainOf(...chains);
  const outcomes: Promise<string>[] = [];
  for (let index = 0; index < 6; index += 1) {
    outcomes.push(
      chain.describe(input, signal).then(
        ({ first }) => first.text,
        (error: Error) => error.name,
      ),
    );
    chain.reload();
  }
  expect(chains.map(({ disposals }) => disposals)).toEqual([1, 1, 0, 0, 0, 0, 0]);
  for (const each of chains) each.answer();
  expect(await Promise.all(outcomes)).toEqual([
    'AbortError',
    'AbortError',
    'chain 2',
    'chain 3',
    'chain 4',
    'chain 5',
  ]);
});

test('what was counted stays counted when a chain goes', async () => {
  const old = held('old', { late: 1, lateDropped: 2, reused: 3 });
  const next = held('new', { late: 1, lateDropped: 10, reused: 20 });
  await using chain = chainOf(old, next);
  chain.reload();
  await turns();
  expect(chain.stats()).toEqual({ late: 1, lateCapacity: 16, lateDropped: 12, reused: 23 });
});

test('disposing ends all chains, busy ones too, once', async () => {
  const [old, next] = [held('old'), held('new')];
  const chain = chainOf(old, next);
  const outcomes = [chain.describe(input, signal)];
  chain.reload();
  outcomes.push(chain.describe(input, signal));
  const ends = Promise.allSettled(outcomes);
  await Promise.all([chain[Symbol.asyncDispose](), chain[Symbol.asyncDispose]()]);
  chain.reload();
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await chain[Symbol.asyncDispose]();
  expect([old.disposals, next.disposals]).toEqual([1, 1]);
});
