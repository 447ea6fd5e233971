import { z } from 'zod';
import { cameraTemplates } from '../../cameras/camera-templates.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import {
  cameraTemplateSchema,
  discoverBodySchema,
  discoveredSchema,
  toDiscoveredWire,
  toTemplateWire,
} from '../camera-setup-wire.ts';
import { errorResponses } from '../error-reply.ts';
import { costly } from '../request-limits.ts';

const templatesSchema = z
  .object({ templates: z.array(cameraTemplateSchema), total_count: z.int() })
  .meta({ id: 'CameraTemplateList' });

const tags = ['cameras'];

/** What helps to find the address of a camera before there is one. */
export function registerCameraSetupRoutes(app: ApiApp, { cameras }: ApiServices): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/cameras/templates`,
    schema: {
      tags,
      summary: 'Usual addresses of common makers',
      response: { 200: templatesSchema },
    },
    async handler(_request, reply) {
      const templates = cameraTemplates.map(toTemplateWire);
      return reply.send({ templates, total_count: templates.length });
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/cameras/discover`,
    config: costly,
    schema: {
      tags,
      summary: 'Find ONVIF cameras on the network',
      description:
        'With a user name and a password each camera is asked for its streams. The password is used now; it is neither stored nor shown.',
      body: discoverBodySchema,
      response: { 200: discoveredSchema, ...errorResponses(400, 422, 429) },
    },
    async handler(request, reply) {
      const { timeout_ms: timeoutMs, host, username, password } = request.body;
      const found = await cameras.discover({
        timeoutMs,
        host: host ?? null,
        username: username ?? null,
        password: password ?? null,
      });
      return reply.send(toDiscoveredWire(found));
    },
  });
}
