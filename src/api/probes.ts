/** Health, for people and orchestrators. `/healthz` answers as the original does; the other two are ours. */
import type { z } from 'zod';
import { formatMs } from '../domain/instant.ts';
import type { Clock } from '../ports/clock.ts';
import { healthSchema, probeSchema } from './entities.ts';
import { type AnyRoute, route } from './route.ts';

export interface Health {
  /** False while starting or stopping, or while the store doesn't answer: send no traffic. */
  readonly isReady: boolean;
  /** Parts of the process by name; false once one has failed. Free of details, since anybody may read it. */
  readonly workers: Readonly<Record<string, boolean>>;
}

export interface ProbeRouteDeps {
  health(): Health;
  readonly clock: Pick<Clock, 'now'>;
}

export function probeRoutes(deps: ProbeRouteDeps): AnyRoute[] {
  return [healthz(deps), livez(), readyz(deps)];
}

function healthz({ health, clock }: ProbeRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/healthz',
    isAtRoot: true,
    access: 'none',
    tag: 'Health',
    operationId: 'getHealth',
    summary: 'Tells how each part of the process is',
    replies: { 200: healthSchema, 503: healthSchema },
    // Clients of 0.x take `OK` and no JSON.
    asText: (status) => (status === 200 ? 'OK' : 'failed'),
    async handle() {
      const workers = Object.entries(health().workers);
      const isHealthy = workers.every(([, isWorking]) => isWorking);
      const body: HealthReply = {
        status: statusOf(isHealthy),
        timestamp: formatMs(clock.now()),
        workers: Object.fromEntries(workers.map(([name, isWorking]) => [name, { status: statusOf(isWorking) }])),
      };
      return { status: isHealthy ? 200 : 503, body };
    },
  });
}

type HealthReply = z.input<typeof healthSchema>;
type ProbeReply = z.input<typeof probeSchema>;
const statusOf = (isHealthy: boolean): HealthReply['status'] => (isHealthy ? 'healthy' : 'failed');
const OK: ProbeReply = { status: 'ok' };
const FAILED: ProbeReply = { status: 'failed' };

/** Answering at all is the answer: the event loop turns. */
function livez(): AnyRoute {
  return route({
    method: 'GET',
    path: '/livez',
    isAtRoot: true,
    access: 'none',
    tag: 'Health',
    operationId: 'getLiveness',
    summary: 'Answers while the process is alive',
    replies: { 200: probeSchema },
    handle: async () => ({ status: 200, body: OK }),
  });
}

function readyz({ health }: ProbeRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/readyz',
    isAtRoot: true,
    access: 'none',
    tag: 'Health',
    operationId: 'getReadiness',
    summary: 'Tells whether requests should be sent here',
    replies: { 200: probeSchema, 503: probeSchema },
    async handle() {
      return health().isReady ? { status: 200, body: OK } : { status: 503, body: FAILED };
    },
  });
}
