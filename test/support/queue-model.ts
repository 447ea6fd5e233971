import { equal, ok } from 'node:assert/strict';
import * as fc from 'fast-check';
import { createStop } from '../../src/core/stop.ts';
import type { Job, JobQueue, Lease } from '../../src/queue/job-queue.ts';

let nextId = 0;

export function job(cameraId: string, startedAt = 0): Job {
  nextId += 1;
  return { eventId: `${cameraId}-${nextId}`, cameraId, startedAt, attempts: 0 };
}

export async function leaseNow(queue: JobQueue): Promise<Lease> {
  const lease = await queue.lease(createStop());
  if (lease === undefined) throw new Error('no lease was given');
  return lease;
}

/** Leases and completes until nothing waits. */
export async function drainAll(queue: JobQueue): Promise<Job[]> {
  const jobs: Job[] = [];
  while (queue.depth() > 0) {
    const lease = await leaseNow(queue);
    jobs.push(lease.job);
    lease.complete();
  }
  return jobs;
}

type Operation =
  | { readonly kind: 'enqueue'; readonly camera: number; readonly startedAt: number }
  | { readonly kind: 'repeat'; readonly pick: number }
  | { readonly kind: 'lease' }
  | { readonly kind: 'complete' | 'retry' | 'release' | 'remove'; readonly pick: number };

const pick = fc.nat(1000);
export const operations = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('enqueue' as const),
        camera: fc.nat(3),
        startedAt: fc.nat(5),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('lease' as const) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('complete' as const, 'retry' as const, 'release' as const),
        pick,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('repeat' as const, 'remove' as const), pick }),
    },
  ),
  { maxLength: 120 },
);

/** What the model knows of one job that is in the queue or on loan. */
interface Known {
  readonly arrival: number;
  readonly cameraId: string;
  readonly startedAt: number;
  readonly eventId: string;
  attempts: number;
  lease: Lease | undefined;
}

/** The promises of guarantees 2 and 3 said as plainly as possible, over a flat list without any lines or turns. */
export class QueueModel {
  known: Known[] = [];
  readonly capacity: number;
  /** By camera: leases that others have had since it began to wait or last had its turn. */
  readonly passedOver = new Map<string, number>();
  mostOnLoan = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get waiting(): Known[] {
    return this.known.filter(({ lease }) => lease === undefined);
  }

  get onLoan(): Known[] {
    return this.known.filter(({ lease }) => lease !== undefined);
  }

  waitingOf(cameraId: string): Known[] {
    return this.waiting.filter((each) => each.cameraId === cameraId);
  }

  /** Who must give way, by sorting every waiting job by the words of the guarantee. */
  expectedToDrop(): Known | undefined {
    const oldestOf = (cameraId: string): number =>
      Math.min(...this.waitingOf(cameraId).map(({ startedAt }) => startedAt));
    return this.waiting.toSorted(
      (a, b) =>
        this.waitingOf(b.cameraId).length - this.waitingOf(a.cameraId).length ||
        oldestOf(a.cameraId) - oldestOf(b.cameraId) ||
        a.startedAt - b.startedAt ||
        a.arrival - b.arrival,
    )[0];
  }

  forget(gone: Known): void {
    this.known = this.known.filter((each) => each !== gone);
    this.#clearTurns();
  }

  noteLease(given: Known, lease: Lease): void {
    given.lease = lease;
    this.mostOnLoan = Math.max(this.mostOnLoan, this.onLoan.length);
    this.passedOver.delete(given.cameraId);
    for (const cameraId of new Set(this.waiting.map((each) => each.cameraId))) {
      if (cameraId !== given.cameraId) {
        this.passedOver.set(cameraId, (this.passedOver.get(cameraId) ?? 0) + 1);
      }
    }
    this.#clearTurns();
  }

  #clearTurns(): void {
    for (const cameraId of this.passedOver.keys()) {
      if (this.waitingOf(cameraId).length === 0) this.passedOver.delete(cameraId);
    }
  }
}

const cameraCount = 4;

export async function applyOperation(
  operation: Operation,
  queue: JobQueue,
  model: QueueModel,
  arrival: number,
): Promise<void> {
  switch (operation.kind) {
    case 'enqueue': {
      const { camera, startedAt } = operation;
      const added: Known = {
        arrival,
        cameraId: `camera-${camera}`,
        startedAt,
        eventId: `event-${arrival}`,
        attempts: 0,
        lease: undefined,
      };
      const depthBefore = queue.depth();
      const result = queue.enqueue({
        eventId: added.eventId,
        cameraId: added.cameraId,
        startedAt,
        attempts: 0,
      });
      model.known.push(added);
      if (depthBefore < model.capacity) {
        equal(result.kind, 'accepted');
        return;
      }
      equal(queue.depth(), depthBefore);
      const victim = model.expectedToDrop();
      ok(victim !== undefined && result.kind === 'dropped', `answered ${result.kind}`);
      equal(result.job.eventId, victim.eventId);
      model.forget(victim);
      return;
    }
    case 'repeat': {
      const known = model.known[operation.pick % model.known.length];
      if (known === undefined) return;
      const result = queue.enqueue({
        eventId: known.eventId,
        cameraId: known.cameraId,
        startedAt: 0,
        attempts: 0,
      });
      equal(result.kind, 'coalesced');
      return;
    }
    case 'lease': {
      if (model.waiting.length === 0) return;
      const lease = await leaseNow(queue);
      const given = model.waiting.find(({ eventId }) => eventId === lease.job.eventId);
      ok(given !== undefined, `${lease.job.eventId} is given twice`);
      equal(lease.job.attempts, given.attempts);
      // First in, first out: nothing of the same camera that waits came earlier.
      const firstOfCamera = Math.min(...model.waitingOf(given.cameraId).map(({ arrival }) => arrival));
      equal(given.arrival, firstOfCamera);
      model.noteLease(given, lease);
      for (const count of model.passedOver.values())
        ok(count <= cameraCount - 1, `passed over ${count} times`);
      return;
    }
    case 'complete':
    case 'retry':
    case 'release': {
      const held = model.onLoan[operation.pick % model.onLoan.length];
      if (held?.lease === undefined) return;
      const { lease } = held;
      lease[operation.kind]();
      held.lease = undefined;
      if (operation.kind === 'complete') model.forget(held);
      if (operation.kind === 'retry') held.attempts += 1;
      return;
    }
    case 'remove': {
      const known = model.known[operation.pick % model.known.length];
      if (known === undefined) return;
      equal(queue.remove(known.eventId), known.lease === undefined);
      if (known.lease === undefined) model.forget(known);
    }
  }
}
