import type { Selectable, Transaction } from 'kysely';
import type { UserNotification } from '../core/user-notification.ts';
import type { DatabaseSchema, NotificationTable } from './database-schema.ts';
import { addDeliveries } from './event-operations.ts';
import type { NotificationPage, NotificationQuery } from './notification-store.ts';
import type { OpenDatabase } from './open-database.ts';

/** Older ones give way, read or not. */
const mostNotifications = 1000;

/** Notification and deliveries in one transaction that is on the disk when it resolves; what is there already stays. */
export async function addNotification(
  { durably }: OpenDatabase,
  now: number,
  notification: UserNotification,
  deliverTo: readonly string[],
): Promise<void> {
  await durably(async (transaction) => {
    const { numInsertedOrUpdatedRows: added = 0n } = await transaction
      .insertInto('notifications')
      .values({
        id: notification.id,
        type: notification.type,
        camera_id: notification.cameraId,
        camera_name: notification.cameraName,
        title: notification.title,
        message: notification.message,
        details_json: JSON.stringify(notification.details),
        created_at: notification.createdAt,
        read_at: notification.readAt,
      })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirstOrThrow();
    if (added === 0n) return;
    const of = { event_id: null, notification_id: notification.id, type: notification.type };
    await addDeliveries(transaction, now, of, deliverTo);
    await removeOldest(transaction);
  });
}

export async function getNotification(
  { database }: OpenDatabase,
  id: string,
): Promise<UserNotification | undefined> {
  const row = await database.selectFrom('notifications').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toNotification(row);
}

export async function listNotifications(
  { database }: OpenDatabase,
  { onlyUnread = false, limit, offset }: NotificationQuery,
): Promise<NotificationPage> {
  const { total, unread } = await database
    .selectFrom('notifications')
    .select((count) => [
      count.fn.countAll<number>().as('total'),
      count.fn.countAll<number>().filterWhere('read_at', 'is', null).as('unread'),
    ])
    .executeTakeFirstOrThrow();
  let matching = database.selectFrom('notifications').selectAll();
  if (onlyUnread) matching = matching.where('read_at', 'is', null);
  const rows = await matching
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute();
  return {
    notifications: rows.map(toNotification),
    totalCount: onlyUnread ? unread : total,
    unreadCount: unread,
  };
}

/** The time of the first reading stays. */
export async function markNotificationRead(
  open: OpenDatabase,
  id: string,
  now: number,
): Promise<UserNotification | undefined> {
  await open.database
    .updateTable('notifications')
    .set({ read_at: now })
    .where('id', '=', id)
    .where('read_at', 'is', null)
    .execute();
  return getNotification(open, id);
}

export async function markAllNotificationsRead({ database }: OpenDatabase, now: number): Promise<number> {
  const { numUpdatedRows } = await database
    .updateTable('notifications')
    .set({ read_at: now })
    .where('read_at', 'is', null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}

export async function camerasToldLost({ database }: OpenDatabase): Promise<string[]> {
  const rows = await database
    .selectFrom('notifications')
    .select(['camera_id', 'type'])
    .where('type', 'in', ['camera.lost', 'camera.recovered'])
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const newest = new Map(rows.map((row) => [row.camera_id, row.type]));
  return [...newest].filter(([, type]) => type === 'camera.lost').map(([cameraId]) => cameraId);
}

async function removeOldest(transaction: Transaction<DatabaseSchema>): Promise<void> {
  const oldestKept = await transaction
    .selectFrom('notifications')
    .select(['created_at', 'id'])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .offset(mostNotifications)
    .limit(1)
    .executeTakeFirst();
  if (oldestKept === undefined) return;
  await transaction
    .deleteFrom('notifications')
    .where((row) =>
      row.or([
        row('created_at', '<', oldestKept.created_at),
        row.and([row('created_at', '=', oldestKept.created_at), row('id', '<=', oldestKept.id)]),
      ]),
    )
    .execute();
}

function toNotification(row: Selectable<NotificationTable>): UserNotification {
  return {
    id: row.id,
    type: row.type,
    cameraId: row.camera_id,
    cameraName: row.camera_name,
    title: row.title,
    message: row.message,
    // Written by this file.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    details: JSON.parse(row.details_json) as UserNotification['details'],
    createdAt: row.created_at,
    readAt: row.read_at,
  };
}
