import { z } from 'zod';
import { notificationTypes, type UserNotification } from './user-notification.ts';
import { nullableTime, toWireTime, wireTime } from './wire-values.ts';

/** A notification as it leaves: in answers of the API, in live messages and to webhooks. */
export const notificationWireSchema = z
  .object({
    id: z.string(),
    type: z.enum(notificationTypes),
    camera_id: z.string(),
    camera_name: z.string().meta({ description: 'As it was called then' }),
    title: z.string(),
    message: z.string().meta({ description: 'What it means and what to do' }),
    details: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .meta({ description: 'cause, since, losses, condition, … by type' }),
    created_at: wireTime,
    read_at: nullableTime,
  })
  .meta({ id: 'Notification' });

export type NotificationWire = z.output<typeof notificationWireSchema>;

export function toNotificationWire(notification: UserNotification): NotificationWire {
  return {
    id: notification.id,
    type: notification.type,
    camera_id: notification.cameraId,
    camera_name: notification.cameraName,
    title: notification.title,
    message: notification.message,
    details: { ...notification.details },
    created_at: toWireTime(notification.createdAt),
    read_at: notification.readAt === null ? null : toWireTime(notification.readAt),
  };
}
