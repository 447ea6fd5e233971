import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { notificationWireSchema, toNotificationWire } from '../../core/notification-wire.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { pageFields, pagePlace, pageQuery } from '../paging.ts';
import { emptyBody, idParams } from '../query-values.ts';

const listSchema = z
  .object({
    notifications: z.array(notificationWireSchema),
    total_count: z.int(),
    unread_count: z.int(),
    ...pageFields,
  })
  .meta({ id: 'NotificationList' });

export function registerNotificationRoutes(app: ApiApp, { store, clock }: ApiServices): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/notifications`,
    schema: {
      tags: ['notifications'],
      summary: 'What you were told beside events, newest first',
      querystring: z.strictObject({
        unread: z.enum(['true', 'false']).optional().meta({ description: 'true: only what nobody has read' }),
        ...pageQuery,
      }),
      response: { 200: listSchema, ...errorResponses(422, 503) },
    },
    async handler(request, reply) {
      const { unread, limit, offset } = request.query;
      const page = await store.notifications.list({ onlyUnread: unread === 'true', limit, offset });
      return reply.send({
        notifications: page.notifications.map(toNotificationWire),
        total_count: page.totalCount,
        unread_count: page.unreadCount,
        ...pagePlace(request.query, page.notifications.length, page.totalCount),
      });
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/notifications/:id/read`,
    schema: {
      tags: ['notifications'],
      summary: 'Mark one as read',
      params: idParams,
      body: emptyBody,
      response: { 200: notificationWireSchema, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const notification = await store.notifications.markRead(id, clock.now());
      if (notification === undefined) {
        throw new AppError('NOTIFICATION_NOT_FOUND', `There is no notification "${id}".`);
      }
      return reply.send(toNotificationWire(notification));
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/notifications/read-all`,
    schema: {
      tags: ['notifications'],
      summary: 'Mark all as read',
      body: emptyBody,
      response: { 200: z.object({ marked: z.int() }), ...errorResponses(503) },
    },
    async handler(_request, reply) {
      return reply.send({ marked: await store.notifications.markAllRead(clock.now()) });
    },
  });
}
