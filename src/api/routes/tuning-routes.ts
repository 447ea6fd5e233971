import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { idParams } from '../query-values.ts';
import { costly } from '../request-limits.ts';
import { toTuningWire, tuningSchema } from '../tuning-wire.ts';
import { cameraNotFound } from './camera-routes.ts';

/** What of a camera's settings would have kept false motion away. */
export function registerTuningRoutes(app: ApiApp, { cameras, tuning }: ApiServices): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/cameras/:id/proposals`,
    config: costly,
    schema: {
      tags: ['cameras'],
      summary: 'What would have prevented the events that are marked as false motion',
      description:
        'From the stored motion of the last week: which events each change would have removed, and which true ones it would have cost. Nothing is changed.',
      params: idParams,
      response: { 200: tuningSchema, ...errorResponses(404, 429, 503) },
    },
    async handler(request, reply) {
      const { id } = request.params;
      const found = cameras.get(id);
      if (found === undefined) throw cameraNotFound(id);
      return reply.send(toTuningWire(found.camera, await tuning.propose(found.camera)));
    },
  });
}
