import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { eventWireSchema, toEventWire } from '../../core/event-wire.ts';
import type { SentRequest } from '../../store/event-store.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { sentListSchema, sentPictureName, toSentListWire } from '../event-provenance-wire.ts';
import { jpegResponse, replyWithStoredPicture } from '../picture-reply.ts';
import { emptyBody, idParams } from '../query-values.ts';
import { unlimited } from '../request-limits.ts';
import { eventNotFound } from './event-routes.ts';

const tags = ['events'];

/** How an event comes by its description: asking for another one, and what was sent for it. */
export function registerEventDescriptionRoutes(app: ApiApp, { store, events }: ApiServices): void {
  const sentFor = async (id: string): Promise<SentRequest[]> => {
    const sent = await store.events.sentRequests(id);
    if (sent.length === 0 && (await store.events.get(id)) === undefined) throw eventNotFound(id);
    return sent;
  };

  app.route({
    method: 'POST',
    url: `${apiPrefix}/events/:id/describe`,
    schema: {
      tags,
      summary: 'Describe an event again, now',
      description:
        'Answers the event as pending; a description that is there stays until another one comes. At most 3 times an hour ' +
        'for one event.',
      params: idParams,
      body: emptyBody,
      response: { 202: eventWireSchema, ...errorResponses(404, 429, 503) },
    },
    async handler(request, reply) {
      const event = await events.describe(request.params.id);
      if (event === undefined) throw eventNotFound(request.params.id);
      return reply.code(202).header('location', `${apiPrefix}/events/${event.id}`).send(toEventWire(event));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/:id/sent`,
    schema: {
      tags,
      summary: 'Exactly what providers were sent for an event',
      params: idParams,
      response: { 200: sentListSchema, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      return reply.send(toSentListWire(id, await sentFor(id)));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/events/:id/sent/:picture`,
    config: unlimited,
    schema: {
      tags,
      summary: 'A picture as it was sent',
      params: z.object({ id: z.string(), picture: z.string() }),
      response: { 200: jpegResponse, ...errorResponses(404, 503) },
    },
    async handler(request, reply) {
      const { id, picture: wanted } = request.params;
      const sent = await sentFor(id);
      // Looked up by name among those that are stored: no path is made of what a client says.
      const picture = sent
        .flatMap(({ pictures }) => pictures)
        .find((candidate) => sentPictureName(id, candidate) === wanted);
      if (picture === undefined) {
        throw new AppError(
          'PICTURE_NOT_FOUND',
          `No picture of that name was sent for the event ${id}. GET ${apiPrefix}/events/${id}/sent lists them.`,
        );
      }
      return replyWithStoredPicture(
        request,
        reply,
        `${id}-${wanted}`,
        await events.readPicture(picture.path),
      );
    },
  });
}
