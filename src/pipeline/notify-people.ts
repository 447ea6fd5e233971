import type { Camera } from '../core/camera.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { LiveFeed } from '../core/live-feed.ts';
import type { Logger } from '../core/log.ts';
import type { Metrics } from '../core/metrics.ts';
import type { UserNotification } from '../core/user-notification.ts';
import type { NotificationStore } from '../store/notification-store.ts';
import type { CameraNews } from './camera-news.ts';
import { wordNews } from './notification-words.ts';

/** News that wait for a database that is away; beyond that the oldest are given up, and counted. */
const mostWaiting = 200;

export interface NotifyPeopleContext {
  readonly store: NotificationStore;
  readonly live: LiveFeed;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** Names of the targets that are told too. */
  readonly deliveryTargets: readonly string[];
  readonly onDeliveriesDue: () => void;
}

/** Tells people of cameras: a stored notification with its deliveries in one transaction, then whoever is connected. */
export class PeopleNotifier {
  readonly #context: NotifyPeopleContext;
  #waiting: UserNotification[] = [];

  constructor(context: NotifyPeopleContext) {
    this.#context = context;
  }

  add(news: CameraNews, { id, name }: Pick<Camera, 'id' | 'name'>): void {
    this.#waiting.push({
      ...wordNews(news, name),
      id: createId(),
      cameraId: id,
      cameraName: name,
      createdAt: this.#context.clock.now(),
      readAt: null,
    });
    if (this.#waiting.length <= mostWaiting) return;
    this.#waiting.shift();
    this.#context.metrics.countError('notify', 'OVERLOAD');
  }

  /** Stores what waits, oldest first; what the database does not take now waits on. To be called every few seconds. */
  async flush(): Promise<void> {
    const { store, live, metrics, log, deliveryTargets, onDeliveriesDue } = this.#context;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      try {
        await store.add(next, deliveryTargets);
      } catch (error) {
        const code = error instanceof AppError ? error.code : 'INTERNAL';
        metrics.countError('notify', code);
        if (error instanceof AppError && error.isRetryable) return;
        // E.g. its camera was deleted meanwhile.
        log.error(
          { stage: 'notify', type: next.type, error: messageOf(error) },
          'a notification was not stored',
        );
        this.#waiting.shift();
        continue;
      }
      this.#waiting.shift();
      live.publish({ type: 'NOTIFICATION_CREATED', notification: next });
      if (deliveryTargets.length > 0) onDeliveriesDue();
    }
  }
}
