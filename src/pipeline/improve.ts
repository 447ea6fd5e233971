import { messageOf } from '../core/errors.ts';
import type { Description, VedetteEvent } from '../core/event.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { EventStore } from '../store/event-store.ts';
import type { DescribeChain, LateAnswer } from '../vision/describe-chain.ts';
import { isWanted } from '../vision/wanted-labels.ts';
import { promptVersionOf } from './describe.ts';

export interface ImproveContext {
  readonly store: Pick<EventStore, 'improve'>;
  readonly chain: DescribeChain;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Names of the targets that are told of an event which only the better description shows to be wanted. */
  readonly deliveryTargets: readonly string[];
  readonly onDeliveriesDue: () => void;
}

/** Waits, beside the worker, for a better description than the one that made it in time. Never throws. */
export type Improve = (event: VedetteEvent, first: FirstDescription, better: Promise<LateAnswer>) => void;

export interface FirstDescription {
  readonly description: Description;
  /** Nobody was told of it: it shows nothing that the camera's `labels` ask for. */
  readonly isUnwanted: boolean;
  /** Those of the camera. */
  readonly wantedLabels: readonly string[];
}

export interface Improver {
  readonly improve: Improve;
  /** Resolves when nothing is waited for any more; how many may wait at once is the chain's to bound. */
  settle(): Promise<void>;
}

/** Puts a better description in the place of the first one; the event is the same, and nobody outside is told
 * again: only where the camera's `labels` kept the first one from being told and this one has them. */
export function createImprover({
  store,
  chain,
  live,
  metrics,
  log,
  deliveryTargets,
  onDeliveriesDue,
}: ImproveContext): Improver {
  const waiting = new Set<Promise<void>>();

  async function enrich(
    event: VedetteEvent,
    first: FirstDescription,
    better: Promise<LateAnswer>,
  ): Promise<void> {
    try {
      const { description, attempts } = await better;
      const isWantedNow =
        first.isUnwanted && description !== undefined && isWanted(description.objects, first.wantedLabels);
      const improved = await store.improve({
        eventId: event.id,
        replaces: first.description.text,
        description,
        ...(isWantedNow ? { deliverTo: deliveryTargets } : {}),
        attempts,
        ...(description === undefined ? {} : { promptVersion: promptVersionOf(description, chain) }),
      });
      if (improved === undefined || description === undefined) return;
      log.info(
        { eventId: event.id, camera: event.cameraName, provider: description.provider },
        'a better description has come',
      );
      if (isWantedNow && deliveryTargets.length > 0) onDeliveriesDue();
      live.publish({ type: 'EVENT_UPDATED', event: improved });
    } catch (error) {
      metrics.countError('improve', 'INTERNAL');
      log.error(
        { eventId: event.id, stage: 'improve', error: messageOf(error) },
        'a better description could not be stored',
      );
    }
  }

  return {
    improve(event, first, better) {
      const work = enrich(event, first, better).finally(() => waiting.delete(work));
      waiting.add(work);
    },
    async settle() {
      await Promise.all(waiting);
    },
  };
}
