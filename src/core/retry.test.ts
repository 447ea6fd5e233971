import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fakes/fake-clock.ts';
import { AppError, isAbort } from './errors.ts';
import { retryWithDelays } from './retry.ts';

const delaysMs = [2000, 4000, 8000];
const unavailable = (): AppError => new AppError('STORE_UNAVAILABLE', 'the database is locked');

/** Fails `failures` times, then answers the number of the attempt that succeeded. */
function failing(failures: number, error: () => unknown = unavailable) {
  const calls: number[] = [];
  const call = async (attempt: number): Promise<number> => {
    calls.push(attempt);
    if (calls.length <= failures) throw error();
    return attempt;
  };
  return { call, calls };
}

test('a call that succeeds is made once, without a wait', async () => {
  const clock = new FakeClock();
  const { call, calls } = failing(0);
  expect(await retryWithDelays(call, { delaysMs, clock })).toBe(1);
  expect(calls).toEqual([1]);
  expect(clock.slept).toEqual([]);
});

test('a retryable failure is tried again after each delay in turn', async () => {
  const clock = new FakeClock();
  const startedAt = clock.monotonic();
  const retries: unknown[][] = [];
  const { call, calls } = failing(3);
  const result = retryWithDelays(call, { delaysMs, clock, onRetry: (...failure) => retries.push(failure) });
  await clock.advance(1999);
  expect(calls).toEqual([1]);
  await clock.advance(1);
  expect(calls).toEqual([1, 2]);
  await clock.advance(12_000);
  expect(await result).toBe(4);
  expect(clock.slept).toEqual([2000, 4000, 8000]);
  expect(retries).toEqual([
    [unavailable(), 2000, 1],
    [unavailable(), 4000, 2],
    [unavailable(), 8000, 3],
  ]);
  expect(clock.monotonic() - startedAt).toBe(14_000);
});

test('when the delays are used up the last failure is thrown', async () => {
  const clock = new FakeClock();
  let count = 0;
  const { call, calls } = failing(99, () => new AppError('STORE_UNAVAILABLE', `failure ${(count += 1)}`));
  const caught = retryWithDelays(call, { delaysMs, clock }).catch((error: unknown) => error);
  await clock.advance(60_000);
  expect(await caught).toMatchObject({ message: 'failure 4' });
  expect(calls).toEqual([1, 2, 3, 4]);
});

test('a failure that cannot heal is thrown at once', async () => {
  const clock = new FakeClock();
  for (const error of [new AppError('STORE_CORRUPT', 'malformed'), new TypeError('a fault of ours')]) {
    const { call, calls } = failing(1, () => error);
    await expect(retryWithDelays(call, { delaysMs, clock })).rejects.toBe(error);
    expect(calls).toEqual([1]);
  }
  expect(clock.slept).toEqual([]);
});

test('the caller may decide what can heal', async () => {
  const clock = new FakeClock();
  const { call } = failing(1, () => new TypeError('a network failure'));
  const result = retryWithDelays(call, {
    delaysMs,
    clock,
    isRetryable: (error) => error instanceof TypeError,
  });
  await clock.advance(2000);
  expect(await result).toBe(2);
});

test('an abort ends the wait, and no further attempt is made', async () => {
  const clock = new FakeClock();
  const controller = new AbortController();
  const { call, calls } = failing(99);
  const caught = retryWithDelays(call, { delaysMs, clock, signal: controller.signal }).catch(
    (error: unknown) => error,
  );
  await clock.waitForSleepers();
  controller.abort();
  expect(isAbort(await caught)).toBe(true);
  expect(clock.sleeperCount).toBe(0);
  await clock.advance(60_000);
  expect(calls).toEqual([1]);
});

test('an abort thrown by the call is not retried, whatever the caller calls retryable', async () => {
  const clock = new FakeClock();
  const aborted = new DOMException('aborted', 'AbortError');
  const { call, calls } = failing(1, () => aborted);
  await expect(retryWithDelays(call, { delaysMs, clock, isRetryable: () => true })).rejects.toBe(aborted);
  expect(calls).toEqual([1]);
});
