import type { Clock } from '../core/clock.ts';
import type { EventTimings, VedetteEvent } from '../core/event.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { ProviderAttempt } from '../core/vision.ts';
import type { EventStore, FinishOutcome } from '../store/event-store.ts';
import { retryStore, retryWhileFull } from './store-retry.ts';

export interface FinishContext {
  readonly store: EventStore;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Names of the targets that every described event is delivered to. */
  readonly deliveryTargets: readonly string[];
  /** Told when deliveries may have become due. */
  readonly onDeliveriesDue: () => void;
}

export interface FinishInput {
  readonly eventId: string;
  readonly startedAt: number;
  readonly cameraName: string;
  readonly outcome: FinishOutcome;
  /** Who was asked, in order. */
  readonly attempts?: readonly ProviderAttempt[];
  /** Milliseconds from `startedAt`, as far as they were passed. */
  readonly timings: Partial<EventTimings>;
}

/** The end of every event, whatever it came from: one transaction, then everybody is told. */
export type Finish = (input: FinishInput, signal: AbortSignal) => Promise<VedetteEvent | undefined>;

export function createFinish(context: FinishContext): Finish {
  const { store, live, metrics, clock, log } = context;
  return async ({ eventId, startedAt, cameraName, outcome, attempts = [], timings }, signal) => {
    const elapsed = (): number => clock.now() - startedAt;
    const total = elapsed();
    const isDescribed = outcome.status === 'done';
    const isUnwanted = isDescribed && outcome.isUnwanted === true;
    const request = {
      eventId,
      outcome,
      attempts,
      timings: { ...timings, stored: total, total },
      deliverTo: isDescribed && !isUnwanted ? context.deliveryTargets : [],
    };
    const event = await retryWhileFull(
      'finish',
      context,
      () => retryStore('finish', eventId, context, () => store.finish(request), signal),
      signal,
    );
    if (event === undefined) return undefined;
    if (isUnwanted) metrics.countDropped(cameraName, 'labels');
    metrics.countProcessed(isDescribed ? 'success' : 'failure');
    if (isDescribed) {
      metrics.recordLatency('stored', elapsed());
      metrics.recordLatency('total', elapsed());
      if (request.deliverTo.length > 0) context.onDeliveriesDue();
    }
    log.info(
      {
        eventId,
        camera: cameraName,
        status: outcome.status,
        ...(isUnwanted ? { toldNobody: 'labels' } : {}),
        totalMs: Math.round(elapsed()),
      },
      'event stored',
    );
    live.publish({ type: 'EVENT_UPDATED', event });
    return event;
  };
}
