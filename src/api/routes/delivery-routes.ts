import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { redact } from '../../core/redact.ts';
import { toWireTime, wireTime } from '../../core/wire-values.ts';
import type { Delivery } from '../../store/event-store.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { pageFields, pagePlace, pageQuery } from '../paging.ts';
import { emptyBody, idParams } from '../query-values.ts';

const status = z.enum(['pending', 'sent', 'dead']);

const deliverySchema = z
  .object({
    id: z.string(),
    event_id: z.string().nullable().meta({ description: 'null when it is of a notification' }),
    notification_id: z.string().nullable().meta({ description: 'null when it is of an event' }),
    target: z.string(),
    type: z.string(),
    status: status.meta({ description: 'dead: given up; it can be sent again' }),
    attempts: z.int(),
    next_attempt_at: wireTime,
    last_error: z.string().nullable(),
    created_at: wireTime,
    updated_at: wireTime,
  })
  .meta({ id: 'Delivery' });

const listSchema = z
  .object({
    deliveries: z.array(deliverySchema),
    total_count: z.int(),
    ...pageFields,
  })
  .meta({ id: 'DeliveryList' });

export function registerDeliveryRoutes(app: ApiApp, { store, clock }: ApiServices): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/deliveries`,
    schema: {
      tags: ['deliveries'],
      summary: 'What was told to whom, newest first',
      querystring: z.strictObject({
        status: status.optional(),
        ...pageQuery,
      }),
      response: { 200: listSchema, ...errorResponses(422, 503) },
    },
    async handler(request, reply) {
      const { status, limit, offset } = request.query;
      const page = await store.deliveries.list({
        ...(status === undefined ? {} : { status }),
        limit,
        offset,
      });
      return reply.send({
        deliveries: page.deliveries.map(toDeliveryWire),
        total_count: page.totalCount,
        ...pagePlace(request.query, page.deliveries.length, page.totalCount),
      });
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/deliveries/:id/retry`,
    schema: {
      tags: ['deliveries'],
      summary: 'Send again what was given up or waits',
      params: idParams,
      body: emptyBody,
      response: { 200: deliverySchema, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const delivery = await store.deliveries.retry(id, clock.now());
      if (delivery === undefined) {
        throw new AppError('DELIVERY_NOT_FOUND', `There is no delivery "${id}" that waits or was given up.`);
      }
      return reply.send(toDeliveryWire(delivery));
    },
  });
}

function toDeliveryWire(delivery: Delivery): z.output<typeof deliverySchema> {
  return {
    id: delivery.id,
    event_id: delivery.eventId,
    notification_id: delivery.notificationId,
    target: delivery.target,
    type: delivery.type,
    status: delivery.status,
    attempts: delivery.attempts,
    next_attempt_at: toWireTime(delivery.nextAttemptAt),
    last_error: delivery.lastError === null ? null : redact(delivery.lastError),
    created_at: toWireTime(delivery.createdAt),
    updated_at: toWireTime(delivery.updatedAt),
  };
}
