import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { TokenBucket } from './token-bucket.ts';

test('some calls may come at once, and the full number within the minute', async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, 60);
  const taken: number[] = [];
  for (let ms = 0; ms < 60_000; ms += 100) {
    while (bucket.tryTake()) taken.push(ms);
    await clock.advance(100);
  }
  expect(taken.filter((ms) => ms === 0)).toHaveLength(10);
  expect(taken.length).toBe(60);
});

test('never more than allowed within any minute, and never none at all', async () => {
  const waits = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 20, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 120 }), waits, async (perMinute, gaps) => {
      const clock = new FakeClock();
      const bucket = new TokenBucket(clock, perMinute);
      const taken: number[] = [];
      for (const gap of gaps) {
        await clock.advance(gap);
        for (let tries = 0; tries < 30 && bucket.tryTake(); tries += 1) taken.push(clock.monotonic());
      }
      for (const [index, at] of taken.entries()) {
        const within = taken.slice(index).filter((other) => other < at + 60_000);
        expect(within.length).toBeLessThanOrEqual(perMinute);
      }
      await clock.advance(60_000);
      expect(bucket.tryTake()).toBe(true);
    }),
    { numRuns: 50 },
  );
});
