import type { CameraState } from './camera.ts';
import type { VedetteEvent } from './event.ts';
import type { UserNotification } from './user-notification.ts';

/** What happens now, for whoever is connected. */
export type LiveMessage =
  | { readonly type: 'EVENT_CREATED' | 'EVENT_UPDATED'; readonly event: VedetteEvent }
  | { readonly type: 'EVENT_DELETED'; readonly eventId: string }
  | { readonly type: 'NOTIFICATION_CREATED'; readonly notification: UserNotification }
  | {
      readonly type: 'CAMERA_STATUS_CHANGED';
      readonly cameraId: string;
      readonly cameraName: string;
      readonly state: CameraState;
    };

export interface SequencedMessage {
  /** Grows by one with each message; starts from the clock, so that it also grows over restarts. */
  readonly seq: number;
  /** Epoch ms. */
  readonly timestamp: number;
  readonly message: LiveMessage;
}

export type Replay =
  | { readonly kind: 'complete'; readonly messages: readonly SequencedMessage[] }
  /** What was missed is no longer kept, or the sequence is not of this feed: the client must load everything anew. */
  | { readonly kind: 'reload' };

/** Hands messages to subscribers and keeps the last `capacity` of them for clients that reconnect. */
export class LiveFeed {
  readonly #now: () => number;
  readonly #capacity: number;
  readonly #kept: SequencedMessage[] = [];
  readonly #subscribers = new Set<(message: SequencedMessage) => void>();
  #seq: number;

  constructor({ now, capacity = 1000 }: { readonly now: () => number; readonly capacity?: number }) {
    this.#now = now;
    this.#capacity = capacity;
    this.#seq = now() * 1000;
  }

  /** Of the newest message; a client that has seen it has missed nothing. */
  get seq(): number {
    return this.#seq;
  }

  publish(message: LiveMessage): void {
    this.#seq += 1;
    const sequenced = { seq: this.#seq, timestamp: this.#now(), message };
    this.#kept.push(sequenced);
    if (this.#kept.length > this.#capacity) this.#kept.shift();
    for (const subscriber of this.#subscribers) subscriber(sequenced);
  }

  /** Calls back with every message from now on, synchronously: the callback must not block or throw. Returns the way out. */
  subscribe(subscriber: (message: SequencedMessage) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
    };
  }

  /** What came after `seq`. */
  since(seq: number): Replay {
    if (seq === this.#seq) return { kind: 'complete', messages: [] };
    const oldest = this.#kept[0]?.seq;
    if (oldest === undefined || seq < oldest - 1 || seq > this.#seq) return { kind: 'reload' };
    return { kind: 'complete', messages: this.#kept.filter((kept) => kept.seq > seq) };
  }
}
