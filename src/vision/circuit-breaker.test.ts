import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

const second = 1000;
const minute = 60 * second;

function withFailures(count: number) {
  const clock = new FakeClock();
  const breaker = new CircuitBreaker(clock);
  for (let call = 0; call < count; call += 1) breaker.failed('network');
  return { clock, breaker };
}

test('it opens with the fifth failure in a row, and not before', () => {
  expect(withFailures(4).breaker.tryEnter()).toBe(true);
  const { breaker } = withFailures(5);
  expect([breaker.state, breaker.because, breaker.opensInMs, breaker.tryEnter()]).toEqual([
    'open',
    'network',
    minute,
    false,
  ]);
});

test('it opens when half of six calls within a minute failed', async () => {
  const { breaker, clock } = withFailures(2);
  for (let call = 0; call < 3; call += 1) breaker.succeeded();
  expect(breaker.state).toBe('closed');
  breaker.failed('overloaded');
  expect(breaker.state).toBe('open');
  const slow = new CircuitBreaker(clock);
  for (let call = 0; call < 12; call += 1) {
    if (call % 3 === 0) slow.failed('overloaded');
    else slow.succeeded();
    await clock.advance(15 * second);
  }
  expect(slow.state).toBe('closed');
});

test('failures of more than a minute ago are forgotten', async () => {
  const { breaker, clock } = withFailures(3);
  await clock.advance(61 * second);
  for (let call = 0; call < 5; call += 1) breaker.succeeded();
  breaker.failed('network');
  expect(breaker.state).toBe('closed');
});

test('after a minute one call is let through; its success closes, its failure opens for another minute', async () => {
  const { breaker, clock } = withFailures(5);
  await clock.advance(minute);
  expect([breaker.state, breaker.tryEnter(), breaker.tryEnter()]).toEqual(['half_open', true, false]);
  expect(breaker.failed('timeout')).toBe(minute);
  expect(breaker.opensInMs).toBe(minute);
  await clock.advance(minute);
  expect(breaker.tryEnter()).toBe(true);
  expect(breaker.succeeded()).toBe(true);
  expect([breaker.state, breaker.because, breaker.tryEnter(), breaker.tryEnter()]).toEqual([
    'closed',
    null,
    true,
    true,
  ]);
  // The past is forgotten with it.
  expect(breaker.failed('network')).toBe(0);
});

test('a probe that was broken off leaves its place to another', async () => {
  const { breaker, clock } = withFailures(5);
  await clock.advance(minute);
  breaker.tryEnter();
  breaker.left();
  expect([breaker.state, breaker.tryEnter()]).toEqual(['half_open', true]);
});

test('the answer of a call from before does not close it', () => {
  const { breaker } = withFailures(5);
  expect(breaker.succeeded()).toBe(false);
  expect(breaker.state).toBe('open');
});

test.for([
  ['auth', 10 * minute],
  ['quota', 15 * minute],
] as const)('%s opens it at once, and for longer', ([fault, forMs]) => {
  const breaker = new CircuitBreaker(new FakeClock());
  expect(breaker.failed(fault)).toBe(forMs);
  expect(breaker.because).toBe(fault);
});

test('a wait that is asked for is kept, but not an absurd one', () => {
  const breaker = new CircuitBreaker(new FakeClock());
  expect(breaker.failed('rate_limit', 7 * second)).toBe(7 * second);
  expect(breaker.failed('rate_limit', 86_400 * second)).toBe(10 * minute);
  // A shorter one does not make it shorter.
  breaker.failed('rate_limit', second);
  expect(breaker.opensInMs).toBe(10 * minute);
});

test('whatever happens, nobody is let in while it is open, and it always opens up again', async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('call' as const), isGood: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 100_000 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = new FakeClock();
      const breaker = new CircuitBreaker(clock);
      for (const each of steps) {
        if (each.kind === 'wait') {
          await clock.advance(each.ms);
          continue;
        }
        expect(breaker.mayEnter).toBe(breaker.state !== 'open');
        if (!breaker.tryEnter()) continue;
        if (each.isGood) breaker.succeeded();
        else breaker.failed('network');
      }
      await clock.advance(minute);
      expect(breaker.tryEnter()).toBe(true);
    }),
  );
});
