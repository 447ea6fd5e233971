import type { Stop } from '../core/stop.ts';

/** The wish to describe one event. Holds references only. */
export interface Job {
  /** Of the event; one job per event. */
  readonly eventId: string;
  readonly cameraId: string;
  /** Of the frame that opened the episode, epoch ms: the deadline counts from here. */
  readonly startedAt: number;
  /** How often a worker has had it so far. */
  readonly attempts: number;
}

export type EnqueueResult =
  | { readonly kind: 'accepted' }
  /** A job for the same event waits or runs already. */
  | { readonly kind: 'coalesced' }
  /** Accepted, and another job gave way for it (it may be the same one when it is itself the oldest). */
  | { readonly kind: 'dropped'; readonly job: Job };

/**
 * A job on loan to one worker. Exactly one of the answers counts, the first. Disposing it unanswered is a `retry`:
 * nothing that a worker forgets is lost.
 */
export interface Lease extends AsyncDisposable {
  readonly job: Job;
  /** The job is done, whichever way; it is gone. */
  complete(): void;
  /** The job goes back to the head of its camera's line with one attempt counted. */
  retry(): void;
  /** The job goes back as if it had never been leased. */
  release(): void;
}

/**
 * Waiting jobs, bounded and fair: cameras take turns; within one camera first in, first out. When it is full the
 * oldest job of the camera with the most waiting jobs gives way (guarantees 2 and 3).
 */
export interface JobQueue {
  enqueue(job: Job): EnqueueResult;
  /** Waits for a job; `undefined` once `stop.abort` fires, or once `stop.drain` has fired and nothing waits. */
  lease(stop: Stop): Promise<Lease | undefined>;
  /** Takes a waiting job out, e.g. because its event was deleted. A leased one is not touched. */
  remove(eventId: string): boolean;
  /** Jobs waiting, without the leased ones. */
  depth(): number;
  /** Jobs on loan. */
  leased(): number;
  readonly capacity: number;
}
