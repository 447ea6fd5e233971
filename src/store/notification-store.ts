import type { UserNotification } from '../core/user-notification.ts';

export interface NotificationQuery {
  readonly onlyUnread?: boolean;
  /** 1–500. */
  readonly limit: number;
  readonly offset: number;
}

export interface NotificationPage {
  /** Newest first. */
  readonly notifications: readonly UserNotification[];
  /** Of those that were asked for. */
  readonly totalCount: number;
  readonly unreadCount: number;
}

/** What people are told beside events: the last 1,000. */
export interface NotificationStore {
  /**
   * With one delivery for each target in the same transaction, durable when this resolves. Adding the same id again
   * changes nothing, so a call whose answer was lost can be made again.
   */
  add(notification: UserNotification, deliverTo: readonly string[]): Promise<void>;
  get(id: string): Promise<UserNotification | undefined>;
  list(query: NotificationQuery): Promise<NotificationPage>;
  /** `undefined` when there is none. */
  markRead(id: string, now: number): Promise<UserNotification | undefined>;
  /** Answers how many were unread. */
  markAllRead(now: number): Promise<number>;
  /** Ids of the cameras of which the last thing that was told is that they are lost. */
  toldLost(): Promise<string[]>;
}
