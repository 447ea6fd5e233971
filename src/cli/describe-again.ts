import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { ServiceRefusal, type ServiceClient } from './service-client.ts';

/** Events in the queue of the service at the same time: few, so that what its cameras see now never waits long. */
const lanes = 4;
const lookEveryMs = 500;
/** An event that takes longer is left to the service: it is stored there, and not lost. */
const waitForOneMs = 5 * 60_000;
/** A longer wait is the limit of one event, not a service that is asked too fast. */
const longestPauseMs = 60_000;
const mostTries = 5;
const pauseMs = 2000;

const eventSchema = z.object({
  description_status: z.enum(['pending', 'done', 'failed', 'skipped']),
  description_reason: z.string().nullable(),
});

type EventState = z.output<typeof eventSchema>;

/** How many came to which end. */
export interface DescribeTally {
  described: number;
  /** By reason. */
  readonly undescribed: Map<string, number>;
  /** Described three times within the hour already. */
  tooOften: number;
  /** Deleted meanwhile, or without a picture. */
  gone: number;
  /** Still in the queue of the service. */
  waiting: number;
  /** Not asked for: the money is used up. */
  left: number;
}

export interface DescribeAgainOptions {
  readonly client: ServiceClient;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (ended: number) => void;
}

/**
 * Has the service describe these events, a few at a time, and waits for each. What was asked for goes on in the service
 * when the signal aborts.
 *
 * @throws what the client throws when the service goes away or refuses for good
 */
export async function describeAgain(
  ids: readonly string[],
  { client, clock, signal, onProgress }: DescribeAgainOptions,
): Promise<DescribeTally> {
  const tally: DescribeTally = {
    described: 0,
    undescribed: new Map(),
    tooOften: 0,
    gone: 0,
    waiting: 0,
    left: 0,
  };
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const waiting = [...ids];
  let isMoneySpent = false;
  let ended = 0;

  async function runLane(): Promise<void> {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      if (isMoneySpent) tally.left += 1;
      else count(await describeOne(id));
      ended += 1;
      onProgress(ended);
    }
  }

  function count(end: EventState | 'too_often' | 'gone'): void {
    if (end === 'too_often') tally.tooOften += 1;
    else if (end === 'gone') tally.gone += 1;
    else if (end.description_status === 'done') tally.described += 1;
    else if (end.description_status === 'pending') tally.waiting += 1;
    else {
      const reason = end.description_reason ?? end.description_status;
      tally.undescribed.set(reason, (tally.undescribed.get(reason) ?? 0) + 1);
      if (reason === 'budget') isMoneySpent = true;
    }
  }

  async function describeOne(id: string): Promise<EventState | 'too_often' | 'gone'> {
    const path = `/events/${encodeURIComponent(id)}`;
    try {
      let state = await patiently(() => client.call('POST', `${path}/describe`, eventSchema, stop));
      const until = clock.monotonic() + waitForOneMs;
      while (state.description_status === 'pending' && clock.monotonic() < until) {
        await clock.sleep(lookEveryMs, stop);
        state = await patiently(() => client.call('GET', path, eventSchema, stop));
      }
      return state;
    } catch (error) {
      if (!(error instanceof ServiceRefusal)) throw error;
      if (error.status === 404) return 'gone';
      if (error.status === 429) return 'too_often';
      throw error;
    }
  }

  /** Waits and asks again when the service says that it can't just now. */
  async function patiently<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof ServiceRefusal) || ![429, 503].includes(error.status)) throw error;
        const pause = error.retryAfterMs ?? pauseMs;
        if (attempt === mostTries || pause > longestPauseMs) throw error;
        await clock.sleep(pause, stop);
      }
    }
  }

  const running = Array.from({ length: Math.min(lanes, ids.length) }, async () => {
    try {
      await runLane();
    } catch (error) {
      // The other lanes have nobody to tell any more.
      failed.abort();
      throw error;
    }
  });
  const ends = await Promise.allSettled(running);
  const first = ends.find((end) => end.status === 'rejected');
  // The lane that failed first aborted the others: theirs are aborts only.
  const cause = ends.find((end) => end.status === 'rejected' && !isOwnAbort(end.reason)) ?? first;
  if (cause?.status === 'rejected') throw cause.reason;
  return tally;
}

function isOwnAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError';
}
