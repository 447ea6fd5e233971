import helmet from '@fastify/helmet';
import websocket from '@fastify/websocket';
import { fastify, type FastifyBaseLogger } from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Clock } from '../core/clock.ts';
import { AppError, isAbort, messageOf } from '../core/errors.ts';
import { createId } from '../core/ids.ts';
import type { Logger } from '../core/log.ts';
import { apiPrefix, type ApiApp } from './api-app.ts';
import type { ApiServices } from './api-services.ts';
import { assertLoopback, isLoopback, urlOf } from './bind-address.ts';
import { answerBrokenRequest, replyWithError, routeNotFound } from './error-reply.ts';
import { LiveClients } from './live-clients.ts';
import { registerOpenApi, registerOpenApiRoute } from './openapi.ts';
import { emptyQuery } from './query-values.ts';
import { assertTrustedRequest } from './request-guard.ts';
import { registerRequestLimits } from './request-limits.ts';
import { registerAiRoutes } from './routes/ai-routes.ts';
import { registerCameraRoutes } from './routes/camera-routes.ts';
import { registerCameraSetupRoutes } from './routes/camera-setup-routes.ts';
import { registerClipRoutes } from './routes/clip-routes.ts';
import { registerDeliveryRoutes } from './routes/delivery-routes.ts';
import { registerNotificationRoutes } from './routes/notification-routes.ts';
import { registerEventAnnotationRoutes } from './routes/event-annotation-routes.ts';
import { registerEventDescriptionRoutes } from './routes/event-description-routes.ts';
import { registerEventListRoutes } from './routes/event-list-routes.ts';
import { registerEventRoutes } from './routes/event-routes.ts';
import { registerHealthRoutes } from './routes/health-routes.ts';
import { registerLiveRoute } from './routes/live-route.ts';
import { registerLiveViewRoutes } from './routes/live-view-routes.ts';
import { registerMetricsRoutes } from './routes/metrics-routes.ts';
import { registerPageRoutes } from './routes/page-routes.ts';
import { registerRetentionRoutes } from './routes/retention-routes.ts';
import { registerTuningRoutes } from './routes/tuning-routes.ts';
import { registerSpendingRoutes } from './routes/spending-routes.ts';
import { validatorCompiler } from './validation.ts';
import { VideoViewers } from './video-viewers.ts';
import { WebSockets } from './web-sockets.ts';

const maxBodyBytes = 10 * 1024 * 1024;
/** Of a whole request, body included: longer only takes who holds a connection open on purpose. */
const requestTimeoutMs = 60_000;
/** What requests in flight are given when the server stops. */
const closeGraceMs = 3000;

export interface ApiServer extends AsyncDisposable {
  /** E.g. `http://127.0.0.1:8470`. */
  readonly url: string;
}

/**
 * Serves the API, the live messages and the page.
 *
 * @param options.port 0 for any free one
 * @throws AppError `ADDRESS_REFUSED` for an address that is not loopback, `ADDRESS_UNAVAILABLE` when it can't be had
 */
export async function createServer(
  services: ApiServices,
  options: { readonly host: string; readonly port: number },
): Promise<ApiServer> {
  assertLoopback(options.host);
  const sockets = new WebSockets({
    clock: services.clock,
    onCount: (count) => {
      services.setLiveClients(count);
    },
  });
  const live: LiveParts = {
    sockets,
    clients: new LiveClients({ ...services, sockets }),
    viewers: new VideoViewers({ ...services, sockets }),
  };
  try {
    const app = await createApp(services, live);
    const port = await listen(app, options);
    let closing: Promise<void> | undefined;
    return {
      url: urlOf(options.host, port),
      [Symbol.asyncDispose]: () => (closing ??= close(app, live, services)),
    };
  } catch (error) {
    await closeLive(live);
    throw error;
  }
}

/** What is connected by WebSocket. */
interface LiveParts {
  readonly sockets: WebSockets;
  readonly clients: LiveClients;
  readonly viewers: VideoViewers;
}

async function closeLive({ sockets, clients }: LiveParts): Promise<void> {
  clients[Symbol.dispose]();
  await sockets[Symbol.asyncDispose]();
}

async function createApp(services: ApiServices, live: LiveParts): Promise<ApiApp> {
  const { log } = services;
  const app: ApiApp = fastify({
    loggerInstance: warningsOf(log),
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: ({ headers }) => acceptedRequestId(headers['x-request-id']) ?? createId(),
    frameworkErrors: (error, request, reply) => {
      replyWithError(error, request, reply, log);
    },
    clientErrorHandler: answerBrokenRequest,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => {
    replyWithError(error, request, reply, log);
  });
  app.setNotFoundHandler((request, reply) => {
    replyWithError(routeNotFound(request), request, reply, log);
  });
  acceptOnlyJson(app);
  // Before whatever may refuse a request: its first hook is what lets it close the socket of an upgrade that is refused.
  await app.register(websocket, {
    options: { maxPayload: 4096 },
    // The clients are closed by `WebSockets`, with a reason.
    preClose: (done) => {
      done();
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  await app.register(helmet, {
    // Plain HTTP on loopback: nothing to upgrade to.
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        // What a script of the page puts together of the live video.
        mediaSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
  });
  app.addHook('onRequest', async (request) => {
    assertTrustedRequest(request);
  });
  await registerRequestLimits(app);
  // Unknown query keys are refused, also where there are no known ones.
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith(apiPrefix)) route.schema = { querystring: emptyQuery, ...route.schema };
  });
  await registerOpenApi(app, services.version);
  registerRetentionRoutes(app, services);
  registerEventListRoutes(app, services);
  registerEventRoutes(app, services);
  registerEventAnnotationRoutes(app, services);
  registerEventDescriptionRoutes(app, services);
  registerCameraSetupRoutes(app, services);
  registerTuningRoutes(app, services);
  registerClipRoutes(app, services);
  registerCameraRoutes(app, services);
  registerAiRoutes(app, services);
  registerSpendingRoutes(app, services);
  registerNotificationRoutes(app, services);
  registerDeliveryRoutes(app, services);
  registerMetricsRoutes(app, services);
  registerHealthRoutes(app, services);
  registerOpenApiRoute(app);
  registerLiveRoute(app, live.clients);
  registerLiveViewRoutes(app, services, live.viewers);
  await registerPageRoutes(app);
  await app.ready();
  return app;
}

/** Of the server's own lines only what is wrong: no line per request. */
function warningsOf(log: Logger): FastifyBaseLogger {
  return log.isLevelEnabled('info') ? log.child({}, { level: 'warn' }) : log;
}

function acceptedRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w.:-]{1,128}$/.test(header) ? header : undefined;
}

/** A message of the JSON parser quotes the body, which may hold a password: it is not repeated. */
function acceptOnlyJson(app: ApiApp): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.trim() === '') {
      done(null, undefined);
      return;
    }
    void parse(request, body, (error, value) => {
      if (error === null) done(null, value);
      else done(new AppError('BAD_REQUEST', 'The body is not valid JSON.'));
    });
  });
}

async function listen(app: ApiApp, { host, port }: { host: string; port: number }): Promise<number> {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  try {
    await app.listen({ host: bare, port });
  } catch (error) {
    await app.close();
    throw addressUnavailable(error, host, port);
  }
  const bound = app.addresses().filter((entry) => typeof entry === 'object');
  const foreign = bound.find(({ address }) => !isLoopback(address));
  if (foreign !== undefined) {
    await app.close();
    // A name that points elsewhere, e.g. "localhost" in a changed hosts file.
    assertLoopback(foreign.address);
  }
  return bound[0]?.port ?? port;
}

function addressUnavailable(error: unknown, host: string, port: number): AppError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there. Stop it, or choose another port with --port',
    EACCES: 'this user may not listen on that port. Choose one above 1023 with --port',
    EADDRNOTAVAIL: 'this machine has no such address. Use 127.0.0.1',
  };
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new AppError(
    'ADDRESS_UNAVAILABLE',
    `Could not listen on ${host}:${port}: ${reasons[code] ?? messageOf(error)}.`,
    { cause: error },
  );
}

async function close(app: ApiApp, live: LiveParts, { clock }: ApiServices): Promise<void> {
  await closeLive(live);
  const grace = new AbortController();
  const forced = closeAllAfterGrace(app, clock, grace.signal);
  await app.close();
  grace.abort();
  await forced;
}

async function closeAllAfterGrace(app: ApiApp, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(closeGraceMs, signal);
    app.server.closeAllConnections();
  } catch (error) {
    // Aborted: the requests in flight were done in time.
    if (!isAbort(error)) throw error;
  }
}
