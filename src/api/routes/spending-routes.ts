import { z } from 'zod';
import { apiPrefix, type ApiApp } from '../api-app.ts';
import type { ApiServices } from '../api-services.ts';
import { errorResponses } from '../error-reply.ts';
import { queryInteger } from '../query-values.ts';
import { costly } from '../request-limits.ts';
import {
  budgetBodySchema,
  budgetSchema,
  estimateSchema,
  toBudget,
  toBudgetWire,
  toEstimateWire,
  toUsageWire,
  usageQuery,
  usageSchema,
} from '../spending-wire.ts';
import { validationError } from '../validation.ts';

const tags = ['vision'];
const dayMs = 86_400_000;
const usualDays = 30;
const mostDays = 400;

export function registerSpendingRoutes(
  app: ApiApp,
  { ai: { providers, budget }, store: { spending } }: Pick<ApiServices, 'ai' | 'store'>,
): void {
  app.route({
    method: 'GET',
    url: `${apiPrefix}/ai/usage`,
    schema: {
      tags,
      summary: 'Calls, tokens and cost by day and provider, and what the caps leave',
      querystring: usageQuery,
      response: { 200: usageSchema, ...errorResponses(422, 503) },
    },
    async handler(request, reply) {
      const summary = await spending.summary();
      const span = spanOf(request.query, summary.today.name);
      return reply.send(toUsageWire(await spending.usage(span), summary, span));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/ai/budget`,
    schema: { tags, summary: 'What may be spent', response: { 200: budgetSchema } },
    async handler(_request, reply) {
      return reply.send(toBudgetWire(budget));
    },
  });

  app.route({
    method: 'PUT',
    url: `${apiPrefix}/ai/budget`,
    schema: {
      tags,
      summary: 'Change what may be spent',
      description:
        'Counts from the next call on. 409 when the configuration file sets the budget: then it is changed there.',
      body: budgetBodySchema,
      response: { 200: budgetSchema, ...errorResponses(400, 409, 422, 503) },
    },
    async handler(request, reply) {
      await budget.replace(toBudget(request.body, budget.current()));
      return reply.send(toBudgetWire(budget));
    },
  });

  app.route({
    method: 'GET',
    url: `${apiPrefix}/ai/estimate`,
    // Pictures are made and shrunk for it.
    config: costly,
    schema: {
      tags,
      summary: 'What describing so many events costs at most',
      description:
        'By the prices of the models, for events of the usual size, when the first provider answers.',
      querystring: z.strictObject({ events: queryInteger(1, 1_000_000, 1) }),
      response: { 200: estimateSchema, ...errorResponses(422, 429, 503) },
    },
    async handler(request, reply) {
      const [estimates, summary] = await Promise.all([providers.estimate(), spending.summary()]);
      return reply.send(toEstimateWire(request.query.events, estimates, summary));
    },
  });
}

/** Days as they are written in order are in order. */
function spanOf(
  { from, to }: z.output<typeof usageQuery>,
  today: string,
): { readonly from: string; readonly to: string } {
  const last = to ?? (from !== undefined && from > today ? from : today);
  const first = from ?? dayBefore(last, usualDays);
  if (first > last) {
    throw validationError([
      { in: 'query', path: 'to', received: last, expected: 'a day that is not before from' },
    ]);
  }
  if (first < dayBefore(last, mostDays)) {
    throw validationError([
      {
        in: 'query',
        path: 'from',
        received: first,
        expected: `a day at most ${mostDays} days before the last one`,
      },
    ]);
  }
  return { from: first, to: last };
}

function dayBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * dayMs).toISOString().slice(0, 10);
}
