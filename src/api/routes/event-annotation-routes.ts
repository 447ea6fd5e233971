import { z } from 'zod';
import { eventWireSchema, toEventWire } from '../../core/event-wire.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { idParams } from '../query-values.ts';
import { eventNotFound } from './event-routes.ts';

const annotationBody = z
  .strictObject({
    user_feedback: z
      .enum(['correct', 'wrong', 'false_motion'])
      .nullish()
      .meta({ description: 'Whether the description is right, or nothing moved at all; null takes it back' }),
    note: z
      .string()
      .trim()
      .min(1)
      .max(2000)
      .nullish()
      .meta({ description: 'Found by searches; null takes it away' }),
    starred: z.boolean().nullish().meta({ description: 'Worth keeping; null is false' }),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: 'at least one of user_feedback, note, starred',
  })
  .meta({ id: 'EventAnnotation' });

const annotatedEventSchema = z
  .object({
    ...eventWireSchema.shape,
    proposals_url: z
      .string()
      .nullable()
      .meta({ description: 'What would have prevented it; null unless it is marked as false motion' }),
  })
  .meta({ id: 'AnnotatedEvent' });

/** What people say of an event. */
export function registerEventAnnotationRoutes(app: ApiApp, { events }: ApiServices): void {
  app.route({
    method: 'PATCH',
    url: `${apiPrefix}/events/:id`,
    schema: {
      tags: ['events'],
      summary: 'Give feedback on an event, write a note, star it',
      description: 'What is left out stays as it is.',
      params: idParams,
      body: annotationBody,
      response: { 200: annotatedEventSchema, ...errorResponses(400, 404, 413, 415, 422, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const { user_feedback: userFeedback, note, starred } = request.body;
      const event = await events.annotate(id, {
        ...(userFeedback !== undefined && { userFeedback }),
        ...(note !== undefined && { note }),
        ...(starred !== undefined && { isStarred: starred === true }),
      });
      if (event === undefined) throw eventNotFound(id);
      const isFalse = event.userFeedback === 'false_motion' && event.source === 'motion';
      return reply.send({
        ...toEventWire(event),
        proposals_url: isFalse ? `${apiPrefix}/cameras/${event.cameraId}/proposals` : null,
      });
    },
  });
}
