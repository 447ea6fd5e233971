import { z } from 'zod';
import type { ApiApp } from '../api-app.ts';
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
  app.get('/ws', { websocket: true, schema: { querystring: query } }, (socket, request) => {
    liveClients.accept(socket, request.query.since);
  });
}
