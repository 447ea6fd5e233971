import { z } from 'zod';
import type { ApiApp } from '../api-app.ts';
import { routeNotFound } from '../error-reply.ts';
import type { LiveClients } from '../live-clients.ts';

const query = z.strictObject({
  since: z
    .string('one whole number')
    .regex(/^\d{1,16}$/, 'the seq of a message')
    .transform(Number)
    .refine(Number.isSafeInteger, 'the seq of a message')
    .optional(),
});

export function registerLiveRoute(app: ApiApp, liveClients: LiveClients): void {
  app.route({
    method: 'GET',
    url: '/ws',
    schema: { hide: true, querystring: query },
    handler: (request) => {
      throw routeNotFound(request);
    },
    wsHandler: (socket, request) => {
      liveClients.accept(socket, request.query.since);
    },
  });
}
