/** Something to tell one outside target. */
export interface Notification {
  /** Of the delivery; the same at every attempt, so that the receiver can tell repeats. */
  readonly idempotencyKey: string;
  /** E.g. `event.described`. */
  readonly type: string;
  readonly createdAt: number;
  /** JSON, in the form of the wire. */
  readonly payload: unknown;
}

/** A target outside, e.g. one webhook. Resolves when the target has taken the notification. */
export interface Notifier {
  /** Unique among the targets. */
  readonly name: string;
  /** @throws AppError `DELIVERY_FAILED`; `isRetryable` says whether trying again can help, `retryAfterMs` when it said so */
  notify(notification: Notification, signal: AbortSignal): Promise<void>;
}
