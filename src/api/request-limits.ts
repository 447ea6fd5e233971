import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../core/errors.ts';
import { isLoopback } from './bind-address.ts';
import { isReading } from './request-guard.ts';

const minuteMs = 60_000;

/** Clients whose requests are counted at the same time; the one unseen longest is forgotten first. */
const clientCapacity = 5000;

/**
 * Requests a minute. On this machine every program is the same client, and none is a stranger: the limit only stops
 * one that runs wild. Everybody else is anonymous.
 */
export function requestsPerMinute(address: string, isRead: boolean): number {
  if (isLoopback(address)) return isRead ? 6000 : 1200;
  return isRead ? 100 : 20;
}

/** For routes that a page asks for by the dozen, and for those that watchdogs ask for. */
export const unlimited = { rateLimit: false } as const;

/** For routes that connect to a camera and take a picture: each may cost a decoder seconds. */
export const costly = { rateLimit: { max: 30, timeWindow: minuteMs } } as const;

export async function registerRequestLimits(app: FastifyInstance): Promise<void> {
  await app.register(rateLimit, {
    cache: clientCapacity,
    timeWindow: minuteMs,
    keyGenerator: (request: FastifyRequest) => `${isReading(request) ? 'read' : 'write'} ${request.ip}`,
    max: (request: FastifyRequest) => requestsPerMinute(request.ip, isReading(request)),
    errorResponseBuilder: (_request, { max, ttl }) =>
      new AppError(
        'RATE_LIMITED',
        `More than ${max} such requests in a minute. Wait ${Math.max(1, Math.ceil(ttl / 1000))} s and go on more slowly.`,
        { retryAfterMs: ttl },
      ),
  });
}
