import { AppError } from '../core/errors.ts';
import type { Stop } from '../core/stop.ts';
import type { EnqueueResult, Job, JobQueue, Lease } from './job-queue.ts';

/** A waiting job. `arrival` is kept for life, so that a job that comes back finds its old place. */
interface Entry {
  readonly job: Job;
  readonly arrival: number;
}

interface Lessee {
  give(lease: Lease | undefined): void;
}

/**
 * The queue of one process. It lives in memory only: that no job is lost in a crash is the store's work, which keeps
 * a row for each.
 *
 * Decisions that the port leaves open:
 * - "Oldest" means the earliest `startedAt` (then the earliest arrival): that job's deadline is the nearest to lost.
 *   Lines are in the order of arrival all the same.
 * - The job that arrives is counted with its camera before one is chosen to give way: of two cameras with equally many
 *   waiting jobs, the one that asks for more pays. Between further equals the camera with the oldest job pays.
 * - A job that comes back from a lease is always taken in: it pushes no waiting job out and is not lost. The depth may
 *   so exceed the capacity, by no more jobs than were on loan at once; while it does, each arrival makes one job give
 *   way, and it shrinks again as jobs are leased.
 * - A job that comes back stands before all jobs of its camera that arrived after it, also when several come back in
 *   another order. Its camera keeps its turn; one that had nothing else waiting gets the last turn.
 */
export function createEmbeddedQueue({ capacity = 50 }: { readonly capacity?: number } = {}): JobQueue {
  if (!Number.isInteger(capacity) || capacity < 1) {
    throw new AppError(
      'CONFIG_INVALID',
      `queue capacity: received ${capacity}, expected a whole number from 1`,
    );
  }
  return new EmbeddedQueue(capacity);
}

class EmbeddedQueue implements JobQueue {
  readonly capacity: number;
  /** Waiting jobs by camera, never an empty line. The order of the keys is the order of turns, the first is next. */
  readonly #lines = new Map<string, Entry[]>();
  readonly #waiting = new Set<string>();
  readonly #onLoan = new Set<string>();
  /** In the order in which they came. While anybody stands here no job waits. */
  readonly #lessees = new Set<Lessee>();
  #arrivals = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  enqueue(job: Job): EnqueueResult {
    if (this.#waiting.has(job.eventId) || this.#onLoan.has(job.eventId)) return { kind: 'coalesced' };
    const isFull = this.#waiting.size >= this.capacity;
    this.#arrivals += 1;
    this.#add({ job, arrival: this.#arrivals });
    if (!isFull) return { kind: 'accepted' };
    const dropped = this.#chooseToDrop();
    this.#take(dropped);
    return { kind: 'dropped', job: dropped.job };
  }

  async lease(stop: Stop): Promise<Lease | undefined> {
    if (stop.abort.aborted) return undefined;
    const next = this.#takeNext();
    if (next !== undefined) return this.#lend(next);
    if (stop.drain.aborted) return undefined;
    return await new Promise<Lease | undefined>((resolve) => {
      const giveUp = (): void => {
        lessee.give(undefined);
      };
      const lessee: Lessee = {
        give: (lease) => {
          this.#lessees.delete(lessee);
          stop.drain.removeEventListener('abort', giveUp);
          stop.abort.removeEventListener('abort', giveUp);
          resolve(lease);
        },
      };
      stop.drain.addEventListener('abort', giveUp);
      stop.abort.addEventListener('abort', giveUp);
      this.#lessees.add(lessee);
    });
  }

  remove(eventId: string): boolean {
    if (!this.#waiting.has(eventId)) return false;
    for (const line of this.#lines.values()) {
      const entry = line.find(({ job }) => job.eventId === eventId);
      if (entry !== undefined) this.#take(entry);
    }
    return true;
  }

  depth(): number {
    return this.#waiting.size;
  }

  leased(): number {
    return this.#onLoan.size;
  }

  /** Puts the job into its place in its camera's line, or into the hands of who has waited longest for one. */
  #add(entry: Entry): void {
    const [lessee] = this.#lessees;
    if (lessee !== undefined) {
      lessee.give(this.#lend(entry));
      return;
    }
    const line = this.#lines.get(entry.job.cameraId);
    if (line === undefined) {
      this.#lines.set(entry.job.cameraId, [entry]);
    } else {
      const later = line.findIndex(({ arrival }) => arrival > entry.arrival);
      line.splice(later === -1 ? line.length : later, 0, entry);
    }
    this.#waiting.add(entry.job.eventId);
  }

  /** Takes a waiting job out of its line; its camera keeps its turn as long as it has others. */
  #take(entry: Entry): void {
    const line = this.#lines.get(entry.job.cameraId) ?? [];
    const rest = line.filter((other) => other !== entry);
    if (rest.length === 0) this.#lines.delete(entry.job.cameraId);
    else this.#lines.set(entry.job.cameraId, rest);
    this.#waiting.delete(entry.job.eventId);
  }

  /** The first job of the camera whose turn it is; that camera's next turn is the last. */
  #takeNext(): Entry | undefined {
    for (const [cameraId, [first, ...rest]] of this.#lines) {
      this.#lines.delete(cameraId);
      if (first === undefined) continue;
      if (rest.length > 0) this.#lines.set(cameraId, rest);
      this.#waiting.delete(first.job.eventId);
      return first;
    }
    return undefined;
  }

  #chooseToDrop(): Entry {
    const candidates = [...this.#lines.values()].map((line) => ({
      count: line.length,
      oldest: line.reduce((oldest, entry) => (isOlder(entry, oldest) ? entry : oldest)),
    }));
    return candidates.reduce((chosen, other) =>
      other.count > chosen.count || (other.count === chosen.count && isOlder(other.oldest, chosen.oldest))
        ? other
        : chosen,
    ).oldest;
  }

  #lend({ job, arrival }: Entry): Lease {
    this.#onLoan.add(job.eventId);
    let isAnswered = false;
    const answer = (comesBack: Job | undefined): void => {
      if (isAnswered) return;
      isAnswered = true;
      this.#onLoan.delete(job.eventId);
      if (comesBack !== undefined) this.#add({ job: comesBack, arrival });
    };
    const retry = (): void => {
      answer({ ...job, attempts: job.attempts + 1 });
    };
    return {
      job,
      complete: () => {
        answer(undefined);
      },
      retry,
      release: () => {
        answer(job);
      },
      [Symbol.asyncDispose]: async () => {
        retry();
      },
    };
  }
}

function isOlder(a: Entry, b: Entry): boolean {
  return a.job.startedAt < b.job.startedAt || (a.job.startedAt === b.job.startedAt && a.arrival < b.arrival);
}
