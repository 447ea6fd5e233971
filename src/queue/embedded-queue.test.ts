import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  applyOperation,
  drainAll,
  job,
  leaseNow,
  operations,
  QueueModel,
} from '../../test/support/queue-model.ts';
import { createStop, type StopController } from '../core/stop.ts';
import { createEmbeddedQueue } from './embedded-queue.ts';
import type { Lease } from './job-queue.ts';

test('a capacity that is no whole number from 1 is refused', () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) {
    expect(() => createEmbeddedQueue({ capacity })).toThrow(/expected a whole number from 1/);
  }
  expect(createEmbeddedQueue().capacity).toBe(50);
});

test('with one camera the 51st job makes the oldest give way', async () => {
  const queue = createEmbeddedQueue();
  const jobs = Array.from({ length: 51 }, (_, index) => job('door', index));
  const results = jobs.map((each) => queue.enqueue(each));
  expect(results.slice(0, 50).every(({ kind }) => kind === 'accepted')).toBe(true);
  expect(results[50]).toEqual({ kind: 'dropped', job: jobs[0] });
  expect(queue.depth()).toBe(50);
  expect(await drainAll(queue)).toEqual(jobs.slice(1));
});

test('the camera with the most waiting jobs gives way, not the one that asks', () => {
  const queue = createEmbeddedQueue({ capacity: 5 });
  const quiet = job('quiet', 1);
  const noisy = [2, 3, 4, 5].map((startedAt) => job('noisy', startedAt));
  for (const each of [quiet, ...noisy]) queue.enqueue(each);
  expect(queue.enqueue(job('quiet', 6))).toEqual({ kind: 'dropped', job: noisy[0] });
  expect(queue.enqueue(job('new', 7))).toEqual({ kind: 'dropped', job: noisy[1] });
});

test('of cameras with equally many jobs the one with the oldest job gives way', () => {
  const queue = createEmbeddedQueue({ capacity: 3 });
  const [first, second, third] = [job('a', 30), job('b', 10), job('c', 20)];
  for (const each of [first, second, third]) queue.enqueue(each);
  expect(queue.enqueue(job('d', 40))).toEqual({ kind: 'dropped', job: second });
});

test('a job that is itself the oldest is the one that gives way', async () => {
  const queue = createEmbeddedQueue({ capacity: 1 });
  const fresh = job('door', 1000);
  const stale = job('door', 1);
  queue.enqueue(fresh);
  expect(queue.enqueue(stale)).toEqual({ kind: 'dropped', job: stale });
  expect(await drainAll(queue)).toEqual([fresh]);
});

test('jobs on loan do not count towards the bound', async () => {
  const queue = createEmbeddedQueue({ capacity: 2 });
  queue.enqueue(job('door'));
  await leaseNow(queue);
  expect([job('door'), job('door')].map((each) => queue.enqueue(each).kind)).toEqual([
    'accepted',
    'accepted',
  ]);
  expect([queue.depth(), queue.leased()]).toEqual([2, 1]);
});

test('a job of an event that waits or runs already is coalesced', async () => {
  const queue = createEmbeddedQueue();
  const first = job('door');
  queue.enqueue(first);
  expect(queue.enqueue({ ...first, startedAt: 5 })).toEqual({ kind: 'coalesced' });
  const lease = await leaseNow(queue);
  expect(queue.enqueue(first)).toEqual({ kind: 'coalesced' });
  expect([queue.depth(), queue.leased()]).toEqual([0, 1]);
  lease.complete();
  expect(queue.enqueue(first)).toEqual({ kind: 'accepted' });
});

test('cameras take turns, each first in first out', async () => {
  const queue = createEmbeddedQueue();
  const [a1, a2, a3] = [job('a'), job('a'), job('a')];
  const [b1, c1] = [job('b'), job('c')];
  for (const each of [a1, a2, a3, b1, c1]) queue.enqueue(each);
  expect(await drainAll(queue)).toEqual([a1, b1, c1, a2, a3]);
});

test('a retry comes back to the head of its line with one attempt counted, a release as it was', async () => {
  const queue = createEmbeddedQueue();
  const [first, second, third] = [job('door'), job('door'), job('door')];
  for (const each of [first, second, third]) queue.enqueue(each);
  const one = await leaseNow(queue);
  const two = await leaseNow(queue);
  one.retry();
  two.release();
  expect(await drainAll(queue)).toEqual([{ ...first, attempts: 1 }, second, third]);
});

test('a lease that is disposed unanswered is delivered again', async () => {
  const queue = createEmbeddedQueue();
  const only = job('door');
  queue.enqueue(only);
  {
    await using lease = await leaseNow(queue);
    expect(lease.job).toBe(only);
  }
  expect(await drainAll(queue)).toEqual([{ ...only, attempts: 1 }]);
});

test('only the first answer counts', async () => {
  const queue = createEmbeddedQueue();
  queue.enqueue(job('door'));
  const completed = await leaseNow(queue);
  completed.complete();
  completed.retry();
  completed.release();
  await completed[Symbol.asyncDispose]();
  expect([queue.depth(), queue.leased()]).toEqual([0, 0]);

  queue.enqueue(job('door'));
  const returned = await leaseNow(queue);
  returned.retry();
  const again = await leaseNow(queue);
  returned.complete();
  expect(queue.leased()).toBe(1);
  again.complete();
});

test('a job that comes back to a full queue pushes nothing out, and the next arrival does not let it grow', async () => {
  const queue = createEmbeddedQueue({ capacity: 2 });
  const jobs = [1, 2, 3].map((startedAt) => job('door', startedAt));
  queue.enqueue(jobs[0] ?? job('door'));
  const lease = await leaseNow(queue);
  for (const each of jobs.slice(1)) expect(queue.enqueue(each).kind).toBe('accepted');
  lease.release();
  expect(queue.depth()).toBe(3);
  expect(queue.enqueue(job('door', 4))).toEqual({ kind: 'dropped', job: jobs[0] });
  expect(queue.depth()).toBe(3);
});

test('those who wait for a job are served in the order in which they came', async () => {
  const queue = createEmbeddedQueue();
  const served: number[] = [];
  const stop = createStop();
  const waits = [0, 1, 2].map(async (index) => {
    await queue.lease(stop);
    served.push(index);
  });
  for (const camera of ['a', 'b', 'c']) queue.enqueue(job(camera));
  expect([queue.depth(), queue.leased()]).toEqual([0, 3]);
  await Promise.all(waits);
  expect(served).toEqual([0, 1, 2]);
});

test('a job that comes back goes straight to whoever waits for one', async () => {
  const queue = createEmbeddedQueue();
  queue.enqueue(job('door'));
  const lease = await leaseNow(queue);
  const waiting = queue.lease(createStop());
  lease.retry();
  expect((await waiting)?.job.attempts).toBe(1);
});

test('drain: what waits is still given, then nobody waits any longer', async () => {
  const queue = createEmbeddedQueue();
  const stop = createStop();
  const waiting = queue.lease(stop);
  stop.requestDrain();
  expect(await waiting).toBeUndefined();
  const left = job('door');
  queue.enqueue(left);
  expect((await queue.lease(stop))?.job).toEqual(left);
  expect(await queue.lease(stop)).toBeUndefined();
});

test('abort: nothing is given any longer, and what waits stays', async () => {
  const queue = createEmbeddedQueue();
  const stop = createStop();
  const waiting = queue.lease(stop);
  stop.requestAbort();
  expect(await waiting).toBeUndefined();
  queue.enqueue(job('door'));
  expect(await queue.lease(stop)).toBeUndefined();
  expect([queue.depth(), queue.leased()]).toEqual([1, 0]);
});

test('one who stopped waiting takes no job from those who still wait', async () => {
  const queue = createEmbeddedQueue();
  const gone = createStop();
  const abandoned = queue.lease(gone);
  const patient = queue.lease(createStop());
  gone.requestAbort();
  const only = job('door');
  queue.enqueue(only);
  expect(await abandoned).toBeUndefined();
  expect((await patient)?.job).toEqual(only);
});

test('a removed job is not given, one on loan is not touched', async () => {
  const queue = createEmbeddedQueue();
  const [first, second] = [job('door'), job('door')];
  queue.enqueue(first);
  queue.enqueue(second);
  const lease = await leaseNow(queue);
  expect(queue.remove(second.eventId)).toBe(true);
  expect(queue.remove(second.eventId)).toBe(false);
  expect(queue.remove(first.eventId)).toBe(false);
  expect([queue.depth(), queue.leased()]).toEqual([0, 1]);
  lease.retry();
  expect(queue.depth()).toBe(1);
});

test('whatever happens: bounded, fair, first in first out, nothing lost or doubled, the right one dropped', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), operations, async (capacity, steps) => {
      const queue = createEmbeddedQueue({ capacity });
      const model = new QueueModel(capacity);
      for (const [index, step] of steps.entries()) {
        await applyOperation(step, queue, model, index);
        expect(queue.depth()).toBe(model.waiting.length);
        expect(queue.leased()).toBe(model.onLoan.length);
        expect(queue.depth()).toBeLessThanOrEqual(capacity + model.mostOnLoan);
      }
      for (const { lease } of model.onLoan) lease?.complete();
      const left = await drainAll(queue);
      expect(left.map(({ eventId }) => eventId).toSorted()).toEqual(
        model.waiting.map(({ eventId }) => eventId).toSorted(),
      );
    }),
    { numRuns: 500 },
  );
});

test('however leases and jobs arrive, each job goes to exactly one of those who wait', async () => {
  const steps = fc.array(fc.constantFrom('enqueue', 'lease', 'give up'), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(steps, async (plan) => {
      const queue = createEmbeddedQueue({ capacity: 100 });
      const enqueued: string[] = [];
      const leases: Promise<Lease | undefined>[] = [];
      const stops: StopController[] = [];
      for (const step of plan) {
        if (step === 'enqueue') {
          const next = job('door');
          enqueued.push(next.eventId);
          queue.enqueue(next);
        } else if (step === 'lease') {
          const stop = createStop();
          stops.push(stop);
          leases.push(queue.lease(stop));
        } else {
          stops.find(({ abort }) => !abort.aborted)?.requestAbort();
        }
      }
      for (const stop of stops) stop.requestAbort();
      const given = (await Promise.all(leases)).filter((lease) => lease !== undefined);
      expect(queue.leased()).toBe(given.length);
      const left = await drainAll(queue);
      expect([...given.map((lease) => lease.job.eventId), ...left.map(({ eventId }) => eventId)]).toEqual(
        enqueued,
      );
    }),
    { numRuns: 300 },
  );
});
