/** Events, their deliveries and retries in 0.x (spec api-v0.md §4.6). */
import { z } from 'zod';
import type { AttemptIds } from '../../domain/attempt-id.ts';
import type { EventRecord } from '../../domain/event.ts';
import { type DestinationId, destinationId, eventId } from '../../domain/ids.ts';
import { AppError } from '../../lib/errors.ts';
import type { RetryUseCase } from '../../delivery/use-cases.ts';
import type { Clock } from '../../ports/clock.ts';
import type { History } from '../../ports/history.ts';
import type { DestinationUseCases } from '../../tenants/use-cases.ts';
import { pathScope } from '../attempts.ts';
import { SUCCESS, successSchema } from '../entities.ts';
import { type AnyRoute, type Call, route, tenantOf } from '../route.ts';
import { deliverySchemaV0, eventPageSchemaV0, eventSchemaV0 } from './entities.ts';
import { EVENT_LIST_PARAMETERS, eventPageReply, NO_EVENTS, readEventList } from './event-list.ts';
import { pageOfRows } from './event-rows.ts';
import { withOwn } from './own-route.ts';
import { deliveryReplyV0, eventReplyV0 } from './render.ts';

/** Deliveries of an event are not paged: the newest, of all its destinations. */
const DELIVERIES_MAX = 1_000;
const COMMON = { generation: 'v0', access: 'tenant', tag: 'Events (0.x)' } as const;
const OF_DESTINATION = '/{tenant_id}/destinations/{destination_id}/events';

export interface EventRouteDepsV0 {
  readonly history: Pick<History, 'listEvents' | 'listAttempts' | 'findEvent'>;
  readonly destinations: Pick<DestinationUseCases, 'get'>;
  readonly retry: RetryUseCase;
  readonly attemptIds: AttemptIds;
  readonly clock: Pick<Clock, 'now'>;
}

/** Without a tenant in the path, `/events` and `/events/{event_id}` are v1's. */
export function eventRoutesV0(deps: EventRouteDepsV0): AnyRoute[] {
  return [
    listEvents(deps),
    getEvent(deps),
    ...[listDestinationEvents(deps), getDestinationEvent(deps), listDeliveries(deps), retryEvent(deps)].flatMap(
      withOwn,
    ),
  ];
}

const pathDestination = (call: Call<unknown>): DestinationId => destinationId(call.param('destination_id'));

function listEvents(deps: EventRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: '/{tenant_id}/events',
    operationId: 'listTenantEvents',
    summary: 'Lists events by destination, with the outcome of the latest attempt; the last hour if not told otherwise',
    query: EVENT_LIST_PARAMETERS,
    replies: { 200: eventPageSchemaV0 },
    errors: [400, 422],
    handle: async (call) => ({ status: 200, body: await listOf(deps, call, null) }),
  });
}

function listDestinationEvents(deps: EventRouteDepsV0): AnyRoute {
  const { destination_id: _path, ...query } = EVENT_LIST_PARAMETERS;
  return route({
    ...COMMON,
    method: 'GET',
    path: OF_DESTINATION,
    operationId: 'listTenantEventsByDestination',
    summary: 'Lists the events of a destination, also of one that is gone',
    query,
    replies: { 200: eventPageSchemaV0 },
    errors: [400, 422],
    handle: async (call) => ({ status: 200, body: await listOf(deps, call, [pathDestination(call)]) }),
  });
}

async function listOf(
  { history, clock }: EventRouteDepsV0,
  call: Call<unknown>,
  destinations: readonly DestinationId[] | null,
): Promise<z.input<typeof eventPageSchemaV0>> {
  const list = readEventList(call.query, pathScope(call), clock.now(), destinations);
  return list.rows === null ? NO_EVENTS : eventPageReply(await pageOfRows(history, list.rows), list);
}

function getEvent(deps: EventRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: '/{tenant_id}/events/{event_id}',
    operationId: 'getTenantEvent',
    summary: 'Reads an event; it has succeeded once it has at any destination',
    replies: { 200: eventSchemaV0 },
    async handle(call) {
      const event = await findEvent(deps, call);
      const hasSucceeded = await hasAttempt(deps, call, event, true);
      const succeeded = hasSucceeded || ((await hasAttempt(deps, call, event, false)) ? false : null);
      return { status: 200, body: eventReplyV0(event, '', succeeded) };
    },
  });
}

function getDestinationEvent(deps: EventRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: `${OF_DESTINATION}/{event_id}`,
    operationId: 'getTenantEventByDestination',
    summary: 'Reads an event with the outcome of its latest attempt at a destination',
    replies: { 200: eventSchemaV0 },
    async handle(call) {
      const event = await findEvent(deps, call);
      const [latest = null] = await attemptsOf(deps, call, event, { destinations: [pathDestination(call)], limit: 1 });
      return { status: 200, body: eventReplyV0(event, pathDestination(call), latest?.succeeded ?? null) };
    },
  });
}

function listDeliveries(deps: EventRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: '/{tenant_id}/events/{event_id}/deliveries',
    operationId: 'listTenantEventDeliveries',
    summary: `Lists the attempts of an event, newest first, at most ${DELIVERIES_MAX}`,
    query: { destination_id: { schema: z.string(), description: 'Only at this destination.' } },
    replies: { 200: z.array(deliverySchemaV0) },
    async handle(call) {
      const event = await findEvent(deps, call);
      const destinations = call.query.repeated('destination_id')?.map(destinationId) ?? null;
      const attempts = await attemptsOf(deps, call, event, { destinations, limit: DELIVERIES_MAX });
      return { status: 200, body: attempts.map((attempt) => deliveryReplyV0(attempt, deps.attemptIds)) };
    },
  });
}

function retryEvent({ destinations, retry }: EventRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'POST',
    path: `${OF_DESTINATION}/{event_id}/retry`,
    operationId: 'retryTenantEvent',
    summary: 'Makes one attempt of an event at a destination that it matched',
    replies: { 202: successSchema },
    errors: [400, 409, 410],
    async handle(call) {
      // The destination is looked for first: an unknown one is told as such, whatever the event.
      await destinations.get(tenantOf(call).id, pathDestination(call));
      await retry.retry(pathScope(call), eventId(call.param('event_id')), pathDestination(call));
      return { status: 202, body: SUCCESS };
    },
  });
}

/** Only ever the path's tenant's, or the token's. */
async function findEvent({ history }: EventRouteDepsV0, call: Call<unknown>): Promise<EventRecord> {
  const event = await history.findEvent(pathScope(call), eventId(call.param('event_id')));
  return event ?? Promise.reject(new AppError('event_not_found', 'event not found'));
}

async function hasAttempt(
  deps: EventRouteDepsV0,
  call: Call<unknown>,
  event: EventRecord,
  succeeded: boolean,
): Promise<boolean> {
  const found = await attemptsOf(deps, call, event, { destinations: null, limit: 1, succeeded });
  return found.length > 0;
}

async function attemptsOf(
  { history }: EventRouteDepsV0,
  call: Call<unknown>,
  event: EventRecord,
  query: {
    readonly destinations: readonly DestinationId[] | null;
    readonly limit: number;
    readonly succeeded?: boolean;
  },
) {
  const page = await history.listAttempts({
    scope: pathScope(call),
    direction: 'desc',
    limit: query.limit,
    cursor: null,
    time: {},
    topics: null,
    destinationIds: query.destinations,
    eventIds: [event.id],
    destinationTypes: null,
    succeeded: query.succeeded ?? null,
    includeEvent: false,
  });
  return page.rows.filter((attempt) => attempt.key.event === event.seq);
}
