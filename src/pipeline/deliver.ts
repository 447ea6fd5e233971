import type { Clock } from '../core/clock.ts';
import { AppError, isAbort, messageOf } from '../core/errors.ts';
import { toEventWire } from '../core/event-wire.ts';
import { toNotificationWire } from '../core/notification-wire.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { Stop } from '../core/stop.ts';
import { nextAttemptAt } from '../notify/delivery-schedule.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { Delivery, Store } from '../store/event-store.ts';

/** How often the outbox is looked at when nobody says that something is due. */
const pollMs = 5000;
const batchSize = 20;

export interface DeliverContext {
  readonly store: Pick<Store, 'events' | 'notifications' | 'deliveries'>;
  readonly notifiers: readonly Notifier[];
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Deliverer {
  /** Look at the outbox now. */
  wake(): void;
  run(stop: Stop): Promise<void>;
}

/**
 * Sends what stands in the outbox. Every target has its own line: one that is down or slow delays only itself.
 */
export function createDeliverer(context: DeliverContext): Deliverer {
  let wakers = new Set<() => void>();
  return {
    wake: () => {
      const woken = wakers;
      wakers = new Set();
      for (const waker of woken) waker();
    },
    async run(stop) {
      await Promise.all(
        context.notifiers.map((notifier) =>
          runTarget(notifier, context, stop, (waker) => {
            wakers.add(waker);
          }),
        ),
      );
    },
  };
}

async function runTarget(
  notifier: Notifier,
  context: DeliverContext,
  stop: Stop,
  onWake: (waker: () => void) => void,
): Promise<void> {
  const { clock, log, metrics } = context;
  while (!stop.drain.aborted) {
    const pause = new AbortController();
    onWake(() => {
      pause.abort();
    });
    try {
      const due = await context.store.deliveries.due(notifier.name, clock.now(), batchSize);
      for (const delivery of due) {
        if (stop.drain.aborted) return;
        await deliver(delivery, notifier, context, stop.abort);
      }
      if (due.length === batchSize) continue;
    } catch (error) {
      if (stop.abort.aborted) return;
      metrics.countError('deliver', error instanceof AppError ? error.code : 'INTERNAL');
      log.error(
        { stage: 'deliver', target: notifier.name, error: messageOf(error) },
        'the outbox could not be worked on',
      );
    }
    await clock.sleep(pollMs, AbortSignal.any([pause.signal, stop.drain])).catch((error: unknown) => {
      if (!isAbort(error)) throw error;
    });
  }
}

async function deliver(
  delivery: Delivery,
  notifier: Notifier,
  context: DeliverContext,
  abort: AbortSignal,
): Promise<void> {
  const { store, clock, log, metrics } = context;
  const { eventId, notificationId, type } = delivery;
  const payload = await payloadOf(delivery, store);
  if (payload === undefined) {
    await store.deliveries.markFailed(delivery.id, 'what it was of was deleted', null, clock.now());
    return;
  }
  try {
    await notifier.notify(
      {
        idempotencyKey: delivery.id,
        type,
        createdAt: delivery.createdAt,
        payload,
      },
      abort,
    );
  } catch (error) {
    if (abort.aborted) return;
    const isRetryable = error instanceof AppError && error.isRetryable;
    const next = isRetryable
      ? nextAttemptAt({
          createdAt: delivery.createdAt,
          attempts: delivery.attempts + 1,
          now: clock.now(),
          ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
        })
      : null;
    metrics.countError('deliver', 'DELIVERY_FAILED');
    log.warn(
      {
        eventId,
        notificationId,
        target: notifier.name,
        attempts: delivery.attempts + 1,
        nextAttemptAt: next,
        error: messageOf(error),
      },
      next === null ? 'delivery given up; it can be sent again by hand' : 'delivery failed',
    );
    await store.deliveries.markFailed(delivery.id, messageOf(error), next, clock.now());
    return;
  }
  await store.deliveries.markSent(delivery.id, clock.now());
  log.info({ eventId, notificationId, type, target: notifier.name }, 'delivered');
}

/** As it is now; `undefined` when it is gone. */
async function payloadOf(
  { eventId, notificationId }: Delivery,
  { events, notifications }: DeliverContext['store'],
): Promise<unknown> {
  if (eventId !== null) {
    const event = await events.get(eventId);
    return event === undefined ? undefined : toEventWire(event);
  }
  const notification = notificationId === null ? undefined : await notifications.get(notificationId);
  return notification === undefined ? undefined : toNotificationWire(notification);
}
