import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { DecoderTurns } from './decoder-turns.ts';

const never = new AbortController().signal;

/** Lets everything go on that is not held back. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

test('never more at a time than there are turns, in the order of asking, and everybody has one', async () => {
  const takers = fc.array(fc.record({ rounds: fc.nat(4), leavesEarly: fc.boolean() }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), takers, async (count, all) => {
      const turns = new DecoderTurns(count, new FakeClock());
      const served: number[] = [];
      let busy = 0;
      let most = 0;
      const work = all.map(async ({ rounds, leavesEarly }, taker) => {
        const order = new AbortController();
        const taking = turns.take(order.signal);
        if (leavesEarly) order.abort();
        const giveBack = await taking;
        if (!leavesEarly) {
          busy += 1;
          most = Math.max(most, busy);
          served.push(taker);
          for (let round = 0; round < rounds; round += 1) await Promise.resolve();
          busy -= 1;
        }
        giveBack();
      });
      await Promise.all(work);
      expect(most).toBeLessThanOrEqual(count);
      expect(served).toEqual([...all.keys()].filter((taker) => all[taker]?.leavesEarly === false));
      // All of them are free again.
      for (let turn = 0; turn < count; turn += 1) await turns.take(never);
    }),
  );
});

test('a turn that is not given back is passed on after five seconds, once', async () => {
  const clock = new FakeClock();
  const turns = new DecoderTurns(1, clock);
  const giveBack = await turns.take(never);
  const taken: string[] = [];
  void turns.take(never).then(() => taken.push('second'));
  void turns.take(never).then(() => taken.push('third'));
  await clock.advance(4_999);
  await settle();
  expect(taken).toEqual([]);
  await clock.advance(1);
  await settle();
  expect(taken).toEqual(['second']);
  giveBack();
  await settle();
  expect(taken).toEqual(['second']);
});
