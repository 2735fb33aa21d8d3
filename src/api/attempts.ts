/** Attempts: of all, of one destination, and single ones (spec api-v1.md §9.5, §9.9). */
import { z } from 'zod';
import type { AttemptIds } from '../domain/attempt-id.ts';
import type { AttemptRecord } from '../domain/attempt.ts';
import { destinationId, eventId } from '../domain/ids.ts';
import { AppError } from '../lib/errors.ts';
import type { Page } from '../ports/directory.ts';
import type { History, Scope } from '../ports/history.ts';
import type { DestinationUseCases, DestinationView } from '../tenants/use-cases.ts';
import { attemptPageSchema, attemptSchema } from './entities.ts';
import { LOG_LIST_PARAMETERS, type LogListQuery, readLogList, rowScope } from './log-list.ts';
import { pagination } from './page.ts';
import type { Query } from './query.ts';
import { type AttemptReply, attemptReply, type Includes } from './render.ts';
import { type AnyRoute, type Call, type Parameter, route, tenantOf } from './route.ts';

export interface AttemptRouteDeps {
  readonly history: Pick<History, 'listAttempts' | 'findAttempt'>;
  readonly destinations: Pick<DestinationUseCases, 'findMany'>;
  readonly attemptIds: AttemptIds;
}

export function attemptRoutes(deps: AttemptRouteDeps): AnyRoute[] {
  return [listAttempts(deps), getAttempt(deps), listDestinationAttempts(deps), getDestinationAttempt(deps)];
}

const include: Parameter = {
  schema: z.array(z.enum(['event', 'event.data', 'response_data', 'detail', 'destination'])),
  description: 'What to show beside the attempts; `event.data` implies `event`.',
};
const ownParameters = {
  event_id: { schema: z.array(z.string()), description: 'Any of these.' },
  destination_type: { schema: z.array(z.string()), description: 'Any of these.' },
  status: { schema: z.enum(['success', 'failed']), description: 'Anything else matches nothing.' },
  include,
};

function listAttempts(deps: AttemptRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/attempts',
    access: 'any',
    tag: 'Attempts',
    operationId: 'listAttempts',
    summary: 'Lists attempts by the time when they ended',
    query: { ...ownParameters, ...LOG_LIST_PARAMETERS },
    replies: { 200: attemptPageSchema },
    errors: [400, 403, 422],
    handle: (call) => listPage(deps, call.query, readLogList(call.query, call.caller, 'att', null)),
  });
}

function listDestinationAttempts(deps: AttemptRouteDeps): AnyRoute {
  const { tenant_id: _tenant, destination_id: _destination, ...parameters } = LOG_LIST_PARAMETERS;
  return route({
    method: 'GET',
    path: '/tenants/{tenant_id}/destinations/{destination_id}/attempts',
    access: 'tenant',
    tag: 'Attempts',
    operationId: 'listDestinationAttempts',
    summary: 'Lists the attempts at a destination, also at one that is gone',
    query: { ...ownParameters, ...parameters },
    replies: { 200: attemptPageSchema },
    errors: [400, 422],
    handle(call) {
      const query = readLogList(call.query, call.caller, 'att', pathScope(call));
      const destinationIds = [destinationId(call.param('destination_id'))];
      return listPage(deps, call.query, { ...query, destinationIds });
    },
  });
}

function getAttempt(deps: AttemptRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/attempts/{attempt_id}',
    access: 'any',
    tag: 'Attempts',
    operationId: 'getAttempt',
    summary: 'Reads an attempt',
    query: { include, tenant_id: { schema: z.string(), description: "The operator's: only of this tenant." } },
    replies: { 200: attemptSchema },
    errors: [404],
    handle: async (call) => ({ status: 200, body: await readOne(deps, call, rowScope(call.query, call.caller), null) }),
  });
}

function getDestinationAttempt(deps: AttemptRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/tenants/{tenant_id}/destinations/{destination_id}/attempts/{attempt_id}',
    access: 'tenant',
    tag: 'Attempts',
    operationId: 'getDestinationAttempt',
    summary: 'Reads an attempt at a destination',
    query: { include },
    replies: { 200: attemptSchema },
    handle: async (call) => ({
      status: 200,
      body: await readOne(deps, call, pathScope(call), call.param('destination_id')),
    }),
  });
}

/** The operator sees what earlier tenants of this id did, a tenant only what it did itself. */
export function pathScope(call: Call<unknown>): Scope {
  const { id, number } = tenantOf(call);
  return call.caller.role === 'admin' ? { kind: 'ids', ids: [id] } : { kind: 'tenant', tenant: number };
}

function readIncludes(query: Query): Includes {
  const names = new Set(query.list('include'));
  const eventData = names.has('event.data');
  return {
    event: eventData || names.has('event'),
    eventData,
    responseData: names.has('response_data'),
    detail: names.has('detail'),
    destination: names.has('destination'),
  };
}

async function listPage(
  deps: AttemptRouteDeps,
  query: Query,
  list: LogListQuery,
): Promise<{ status: 200; body: z.input<typeof attemptPageSchema> }> {
  const includes = readIncludes(query);
  const status = query.scalar('status');
  const page: Page<AttemptRecord> =
    status !== null && status !== 'success' && status !== 'failed'
      ? { rows: [], hasMore: false }
      : await deps.history.listAttempts({
          ...list,
          eventIds: query.list('event_id')?.map(eventId) ?? null,
          destinationTypes: query.list('destination_type'),
          succeeded: status === null ? null : status === 'success',
          includeEvent: includes.event,
        });
  return {
    status: 200,
    body: {
      models: await renderAll(deps, page.rows, includes),
      pagination: pagination(page, attemptPosition, { ...list, orderBy: 'time', kind: 'att' }),
    },
  };
}

const attemptPosition = (attempt: AttemptRecord) => ({ timeMs: attempt.finishedAtMs, seq: attempt.seq });

async function readOne(
  deps: AttemptRouteDeps,
  call: Call<unknown>,
  scope: Scope,
  destination: string | null,
): Promise<AttemptReply> {
  const includes = readIncludes(call.query);
  const key = deps.attemptIds.decode(call.param('attempt_id'));
  const attempt = key === null ? null : await deps.history.findAttempt(scope, key, { event: includes.event });
  if (attempt === null || (destination !== null && attempt.destinationId !== destination)) {
    throw new AppError('attempt_not_found', 'attempt not found');
  }
  const [rendered] = await renderAll(deps, [attempt], includes);
  if (rendered === undefined) throw new Error('an attempt was lost while it was rendered');
  return rendered;
}

/** Destinations as they are now, fetched together; one that is gone, or was created anew, is left out. */
async function renderAll(
  deps: AttemptRouteDeps,
  attempts: readonly AttemptRecord[],
  includes: Includes,
): Promise<AttemptReply[]> {
  const byLane = new Map<number, DestinationView>();
  if (includes.destination) {
    const keys = new Map(
      attempts.map((attempt) => [attempt.key.lane, { tenant: attempt.tenantId, id: attempt.destinationId }]),
    );
    for (const view of await deps.destinations.findMany([...keys.values()])) byLane.set(view.lane, view);
  }
  return attempts.map((attempt) =>
    attemptReply(attempt, deps.attemptIds, includes, byLane.get(attempt.key.lane) ?? null),
  );
}
