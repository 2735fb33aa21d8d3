/**
 * The HTTP API: the routes of v1 and 0.x on Fastify 5. One table (route-table.ts) makes the handlers and the OpenAPI document; what
 * comes before the router is in request-head.ts and wire-errors.ts.
 */
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { RetryUseCase } from '../delivery/use-cases.ts';
import type { AttemptIds } from '../domain/attempt-id.ts';
import type { Clock } from '../ports/clock.ts';
import type { History } from '../ports/history.ts';
import type { Provider } from '../ports/provider.ts';
import type { PublishUseCase } from '../publish/use-cases.ts';
import type { DestinationUseCases, TenantUseCases } from '../tenants/use-cases.ts';
import { type Answers, answers } from './answers.ts';
import { connectionsOf } from './connections.ts';
import { type Cors, cors } from './cors.ts';
import { type AuthSettings, credentials } from './credentials.ts';
import { mount, readBodiesRaw } from './mount.ts';
import type { Health } from './probes.ts';
import { faultOfHead } from './request-head.ts';
import { routeTable } from './route-table.ts';
import { answerWireErrors } from './wire-errors.ts';

/** Head and body together: a slow sender holds a connection and memory. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Above the 60 s of common load balancers, which otherwise send into a connection that we are closing. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** How often slow requests are looked for; they live longer by at most this. */
const CONNECTION_CHECK_MS = 1_000;
/** An id of 255 bytes, each percent-encoded, fits several times; longer ones are unknown without being looked at. */
const PARAM_MAX_LENGTH = 4_096;

export interface ApiDeps {
  readonly tenants: TenantUseCases;
  readonly destinations: DestinationUseCases;
  readonly publish: PublishUseCase;
  readonly retry: RetryUseCase;
  readonly history: History;
  /** Destination types in the order to show. */
  readonly providers: readonly Provider[];
  readonly attemptIds: AttemptIds;
  readonly auth: AuthSettings;
  /** Of the pages that may call from a browser. */
  readonly corsOrigins: readonly string[];
  /** Configured topics; empty: any. */
  readonly topics: readonly string[];
  readonly clock: Clock;
  health(): Health;
  /** One line per request that failed through our own fault. */
  log(line: Readonly<Record<string, unknown>>): void;
}

export interface ApiServer {
  /** @param port 0 picks a free one. @returns the port */
  listen(port: number, host: string): Promise<number>;
  /** Answers what is under way, closes what is idle, and resolves when no connection is left. Safe to call twice. */
  close(): Promise<void>;
  readonly app: FastifyInstance;
}

export function apiServer(deps: ApiDeps): ApiServer {
  const gateDeps = { credentials: credentials(deps.auth, deps.clock), tenants: deps.tenants };
  const routes = routeTable({ ...deps, ...gateDeps });
  const replies = answers({ routes, log: (line) => deps.log(line) });
  const app = fastifyApp(replies, cors(routes, deps.corsOrigins));
  mount(app, routes, { ...gateDeps, replies });
  answerWireErrors(app.server, deps.clock);
  const connections = connectionsOf(app.server, deps.clock.after);
  // Node would invite every body before any of our checks has run.
  app.server.on('checkContinue', (request, response) => {
    replies.expectBody(request);
    app.server.emit('request', request, response);
  });
  return {
    app,
    async listen(port, host) {
      await app.listen({ port, host });
      return (app.server.address() as AddressInfo).port;
    },
    async close() {
      replies.closeConnections();
      const closed = connections.end();
      await app.close();
      closed();
    },
  };
}

function fastifyApp(replies: Answers, pages: Cors): FastifyInstance {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAM_MAX_LENGTH },
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
      // Node would answer without a body; request-head.ts answers with one.
      requireHostHeader: false,
    },
    frameworkErrors: (error, request, reply) =>
      void replies.sendError(error, request as FastifyRequest, reply as unknown as FastifyReply),
  });
  readBodiesRaw(app);
  app.setErrorHandler((error, request, reply) => replies.sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) => replies.sendUnknownRoute(request, reply));
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ ...pages.headersOf(request.raw) });
    const fault = faultOfHead(request.raw);
    if (fault !== null || !request.is404) {
      done(fault ?? undefined);
      return;
    }
    // What is unknown is answered before its body is read.
    const preflight = pages.preflight(request.raw);
    if (preflight === null) replies.sendUnknownRoute(request, reply);
    else replies.sendEmpty(reply, 204, preflight);
  });
  return app;
}
