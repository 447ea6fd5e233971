import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { eventWireSchema, toEventWire } from '../../core/event-wire.ts';
import type { VedetteEvent } from '../../core/event.ts';
import { explainEvent } from '../../core/explain-motion.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { DrawnPictures } from '../drawn-pictures.ts';
import { errorResponses } from '../error-reply.ts';
import { eventWithAttemptsSchema, toEventWithAttempts } from '../event-provenance-wire.ts';
import { eventBodySchema, toSubmittedEvent } from '../event-submission.ts';
import { jpegResponse, replyWithDrawnPicture, replyWithStoredPicture } from '../picture-reply.ts';
import { idParams } from '../query-values.ts';
import { unlimited } from '../request-limits.ts';

/** Drawing one takes about a tenth of a second of a core. */
const keptHeatMaps = 12;

const frameParams = z.object({ id: z.string(), number: z.string() });

export function registerEventRoutes(app: ApiApp, services: ApiServices): void {
  const { store, events, cameras, clock } = services;
  const heatMaps = new DrawnPictures(keptHeatMaps);

  const existing = async (id: string): Promise<VedetteEvent> => {
    const event = await store.events.get(id);
    if (event === undefined) throw eventNotFound(id);
    return event;
  };

  app.route({
    method: 'POST',
    url: `${apiPrefix}/events`,
    schema: {
      tags: ['events'],
      summary: 'Hand in an event',
      description:
        'With a description it is stored as described; with only a picture it is captured and described by the pipeline, ' +
        'as those of the cameras are. With an `Idempotency-Key` header, repeats answer the first event again.',
      body: eventBodySchema,
      response: { 201: eventWireSchema, ...errorResponses(400, 404, 409, 413, 415, 422, 503) },
    },
    async handler(request, reply) {
      const { camera_id: cameraId } = request.body;
      const submitted = toSubmittedEvent(
        request.body,
        headerOf(request.headers['idempotency-key']),
        clock.now(),
      );
      if (cameras.get(cameraId) === undefined) {
        throw new AppError(
          'CAMERA_NOT_FOUND',
          `There is no camera "${cameraId}". GET ${apiPrefix}/cameras lists them.`,
        );
      }
      const result = await events.submit(submitted);
      if (result.kind === 'conflict') {
        throw new AppError(
          'IDEMPOTENCY_CONFLICT',
          'This Idempotency-Key was used before with another request. Use a new key for a new event.',
        );
      }
      if (result.kind === 'repeated') void reply.header('idempotency-replayed', 'true');
      return reply
        .code(201)
        .header('location', `${apiPrefix}/events/${result.event.id}`)
        .send(toEventWire(result.event));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/:id`,
    schema: {
      tags: ['events'],
      summary: 'One event with its pictures, why it fired, and who was asked to describe it',
      params: idParams,
      response: { 200: eventWithAttemptsSchema, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const event = await existing(request.params.id);
      const [attempts, evidence] = await Promise.all([
        store.events.attempts(event.id),
        store.events.evidence([event.id]),
      ]);
      return reply.send(toEventWithAttempts(event, attempts, evidence.get(event.id)));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/:id/thumbnail`,
    config: unlimited,
    schema: {
      tags: ['events'],
      summary: 'The small picture of an event',
      params: idParams,
      response: { 200: jpegResponse, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const { id, thumbnailPath } = await existing(request.params.id);
      if (thumbnailPath === null) throw new AppError('PICTURE_NOT_FOUND', `The event ${id} has no picture.`);
      return replyWithStoredPicture(
        request,
        reply,
        `${id}-thumbnail`,
        await events.readPicture(thumbnailPath),
      );
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/:id/frames/:number`,
    config: unlimited,
    schema: {
      tags: ['events'],
      summary: 'A full picture of an event',
      params: frameParams,
      response: { 200: jpegResponse, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const { id, frames } = await existing(request.params.id);
      const frame = frames.find(({ number }) => String(number) === request.params.number);
      if (frame === undefined) {
        throw new AppError(
          'PICTURE_NOT_FOUND',
          `The event ${id} has the pictures 1 to ${frames.length}, no other.`,
        );
      }
      return replyWithStoredPicture(
        request,
        reply,
        `${id}-${frame.number}`,
        await events.readPicture(frame.path),
      );
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/:id/heatmap`,
    schema: {
      tags: ['events'],
      summary: 'Where something moved and how long, drawn over the best picture of an event',
      description:
        'The redder, the longer; the line is the way of the subject that was followed longest, from the ring to the arrow.',
      params: idParams,
      response: { 200: jpegResponse, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const event = await existing(request.params.id);
      const evidence = (await store.events.evidence([event.id])).get(event.id);
      const [best] = event.frames;
      if (evidence === undefined || best === undefined) {
        const why = best === undefined ? 'it has no picture' : explainEvent(event, evidence);
        throw new AppError('PICTURE_NOT_FOUND', `The event ${event.id} has no heat map: ${why}`);
      }
      // What is drawn follows from these: pictures of an event never change, and its heat only with further frames.
      const name = `${event.id}-heatmap-${evidence.frames}`;
      return replyWithDrawnPicture(request, reply, {
        name,
        isFinal: event.endedAt !== null,
        draw: () => heatMaps.get(name, () => events.drawHeatMap(best.path, evidence)),
      });
    },
  });

  app.route({
    method: 'DELETE',
    url: `${apiPrefix}/events/:id`,
    schema: {
      tags: ['events'],
      summary: 'Delete an event and its pictures',
      params: idParams,
      response: { 204: z.undefined().meta({ description: 'Deleted' }), ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      if (!(await events.delete(request.params.id))) throw eventNotFound(request.params.id);
      return reply.code(204).send();
    },
  });
}

export function eventNotFound(id: string): AppError {
  return new AppError('EVENT_NOT_FOUND', `There is no event "${id}". It may have been deleted.`);
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
