import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { apiPrefix, type ApiApp } from './api-app.ts';
import { emptyBody } from './query-values.ts';
import { unlimited } from './request-limits.ts';

const docsPath = '/api/docs';

/**
 * What the pages of Swagger UI need beyond our own policy: it writes styles into its elements and draws icons from
 * data: addresses. Everything comes from this server.
 */
const docsPolicy =
  "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** Must run before the routes are added: it listens to them. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Vedette',
        version,
        description:
          'Cameras in, described and searchable events out. Live messages come by the WebSocket at `/ws`.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } as { name: string },
      },
      tags: [
        { name: 'events', description: 'What was seen' },
        { name: 'cameras', description: 'Who looks' },
        { name: 'vision', description: 'Who describes, and what it costs' },
        { name: 'notifications', description: 'What you were told beside events' },
        { name: 'deliveries', description: 'Who was told' },
        { name: 'system', description: 'How it is doing' },
      ],
    },
    transform: (document) => {
      const { schema, url } = jsonSchemaTransform(document);
      // A call without a body documents none, though an empty object is let through.
      if (document.schema.body === emptyBody) delete schema.body;
      return { schema, url };
    },
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document)),
  });
  await app.register(swaggerUi, {
    routePrefix: docsPath,
    // The badge of the online validator would send the document out of the house.
    uiConfig: { docExpansion: 'list', deepLinking: true, validatorUrl: null },
    staticCSP: docsPolicy,
    theme: {
      title: 'Vedette API',
      css: [{ filename: 'vedette.css', content: '.swagger-ui .topbar { display: none; }' }],
    },
  });
}

export function registerOpenApiRoute(app: ApiApp): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/openapi.json`,
    config: unlimited,
    schema: { hide: true },
    handler: (_request, reply) => reply.send(app.swagger()),
  });
}

/** Every schema with a name is made once for requests and once for answers; those that nothing points to are dropped. */
function withoutUnused<Document extends object>(document: Document): Document {
  const { components } = document as { components?: { schemas?: Record<string, unknown> } };
  const schemas = components?.schemas ?? {};
  for (;;) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    if (unused.length === 0) return document;
    for (const name of unused) delete schemas[name];
  }
}
