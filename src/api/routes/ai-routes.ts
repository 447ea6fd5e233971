import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import {
  providerListBody,
  providerListSchema,
  providerTestSchema,
  toProviderChanges,
  toProviderListWire,
  toProviderTestWire,
  type ProviderListWire,
} from '../ai-wire.ts';
import { errorResponses } from '../error-reply.ts';
import { emptyBody } from '../query-values.ts';

const tags = ['vision'];

/** Each one sends a picture, and may cost money. */
const paid = { rateLimit: { max: 10, timeWindow: 60_000 } } as const;

export function registerAiRoutes(app: ApiApp, { ai: { providers } }: Pick<ApiServices, 'ai'>): void {
  const listed = (): ProviderListWire => toProviderListWire(providers.list(), providers.adapters);

  app.route({
    method: 'GET',
    url: `${apiPrefix}/ai/providers`,
    schema: {
      tags,
      summary: 'Who is asked to describe events, in which order, and how they do',
      response: { 200: providerListSchema },
    },
    async handler(_request, reply) {
      return reply.send(listed());
    },
  });

  app.route({
    method: 'PUT',
    url: `${apiPrefix}/ai/providers`,
    schema: {
      tags,
      summary: 'Replace the list of providers',
      description:
        'In force at once; calls under way end as they began. Fields that are left out take their defaults; only the key ' +
        'stays. 409 when the configuration file lists the providers: then they are changed there.',
      body: providerListBody(providers.adapters),
      response: { 200: providerListSchema, ...errorResponses(400, 409, 422, 503) },
    },
    async handler(request, reply) {
      await providers.replace(toProviderChanges(request.body, providers.adapters, providers.list()));
      return reply.send(listed());
    },
  });

  app.route({
    method: 'POST',
    url: `${apiPrefix}/ai/providers/:name/test`,
    config: paid,
    schema: {
      tags,
      summary: 'Have one provider describe a built-in picture',
      description:
        'Asks this provider alone, within its own timeout; counted and paid like any call. Answers 200 either way; `ok` ' +
        'says how it went.',
      params: z.object({ name: z.string() }),
      body: emptyBody,
      response: { 200: providerTestSchema, ...errorResponses(404, 429, 503) },
    },
    async handler(request, reply) {
      const { name } = request.params;
      const gone = new AbortController();
      const onClose = (): void => {
        gone.abort();
      };
      reply.raw.once('close', onClose);
      try {
        const result = await providers.test(name, gone.signal);
        if (result === undefined) throw providerNotFound(name);
        return await reply.send(toProviderTestWire(result));
      } finally {
        reply.raw.off('close', onClose);
      }
    },
  });
}

function providerNotFound(name: string): AppError {
  return new AppError(
    'PROVIDER_NOT_FOUND',
    `There is no provider "${name}". GET ${apiPrefix}/ai/providers lists them.`,
  );
}
