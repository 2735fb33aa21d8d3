/** Destinations in 0.x: the seven operations of the first clients' documentation, with and without a tenant in the path. */
import { z } from 'zod';
import { destinationId } from '../../domain/ids.ts';
import { AppError } from '../../lib/errors.ts';
import type { Provider } from '../../ports/provider.ts';
import type { DestinationUseCases } from '../../tenants/use-cases.ts';
import { destinationSchema, SUCCESS, successSchema, updatedSchema } from '../entities.ts';
import { destinationReply, updatedReply } from '../render.ts';
import { type AnyRoute, type Call, route, tenantOf } from '../route.ts';
import { createBodySchemaV0, decodeCreateV0, decodePatchV0, patchBodySchemaV0, typeOf } from './destination-body.ts';
import { withOwn } from './own-route.ts';

const LIST_PATH = '/{tenant_id}/destinations';
const ONE_PATH = `${LIST_PATH}/{destination_id}`;
/** What the seven have in common. */
const COMMON = { generation: 'v0', access: 'tenant', takesPlaceholder: true, tag: 'Destinations (0.x)' } as const;

export interface DestinationRouteDepsV0 {
  readonly destinations: DestinationUseCases;
  readonly providers: readonly Pick<Provider, 'type'>[];
}

export function destinationRoutesV0(deps: DestinationRouteDepsV0): AnyRoute[] {
  return [
    listDestinations(deps),
    createDestination(deps),
    getDestination(deps),
    updateDestination(deps),
    deleteDestination(deps),
    switchDestination(deps, 'enable'),
    switchDestination(deps, 'disable'),
  ].flatMap(withOwn);
}

const pathDestination = (call: Call<unknown>) => destinationId(call.param('destination_id'));

function listDestinations({ destinations }: DestinationRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: LIST_PATH,
    operationId: 'listTenantDestinations',
    summary: 'Lists all destinations of a tenant, oldest first',
    query: {
      type: { schema: z.array(z.string()), description: 'Of any of these types.' },
      topics: { schema: z.array(z.string()), description: 'Subscribed to all of these; `*` for those that take all.' },
    },
    replies: { 200: z.array(destinationSchema) },
    async handle(call) {
      const topics = call.query.repeated('topics');
      const filter = {
        types: call.query.repeated('type')?.map(typeOf) ?? null,
        topics: topics === null || topics.every((topic) => topic === '') ? null : topics,
      };
      const views = await destinations.list(tenantOf(call).id, filter);
      return { status: 200, body: views.map(destinationReply) };
    },
  });
}

function createDestination({ destinations, providers }: DestinationRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'POST',
    path: LIST_PATH,
    operationId: 'createTenantDestination',
    summary: 'Creates a destination',
    body: { schema: createBodySchemaV0, isRequired: true, decode: decodeCreateV0 },
    replies: { 201: destinationSchema },
    async handle(call) {
      try {
        const view = await destinations.create(tenantOf(call).id, call.body, call.caller.role);
        return { status: 201, body: destinationReply(view) };
      } catch (error) {
        throw namingTypes(error, call.body.type, providers);
      }
    },
  });
}

/** An unknown type is told with those that there are. */
function namingTypes(error: unknown, type: string | null, providers: DestinationRouteDepsV0['providers']): unknown {
  const isAboutType = error instanceof AppError && error.message.startsWith('no provider registered');
  if (!isAboutType || providers.some((provider) => provider.type === type)) return error;
  const types = providers.map((provider) => provider.type).join(', ');
  return new AppError(error.code, error.message, { fields: { type: `one of: ${types}` }, cause: error });
}

function getDestination({ destinations }: DestinationRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: ONE_PATH,
    operationId: 'getTenantDestination',
    summary: 'Reads a destination',
    replies: { 200: destinationSchema },
    async handle(call) {
      const view = await destinations.get(tenantOf(call).id, pathDestination(call));
      return { status: 200, body: destinationReply(view) };
    },
  });
}

function updateDestination({ destinations }: DestinationRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'PATCH',
    path: ONE_PATH,
    operationId: 'updateTenantDestination',
    summary: 'Changes a destination',
    body: { schema: patchBodySchemaV0, isRequired: true, decode: decodePatchV0 },
    replies: { 200: updatedSchema },
    errors: [409],
    async handle(call) {
      const result = await destinations.patch(tenantOf(call).id, pathDestination(call), call.body, call.caller.role);
      return { status: 200, body: updatedReply(result) };
    },
  });
}

function deleteDestination({ destinations }: DestinationRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'DELETE',
    path: ONE_PATH,
    operationId: 'deleteTenantDestination',
    summary: 'Deletes a destination; what waits for it is cancelled',
    replies: { 200: successSchema },
    async handle(call) {
      await destinations.remove(tenantOf(call).id, pathDestination(call));
      return { status: 200, body: SUCCESS };
    },
  });
}

function switchDestination({ destinations }: DestinationRouteDepsV0, name: 'enable' | 'disable'): AnyRoute {
  return route({
    ...COMMON,
    method: 'PUT',
    path: `${ONE_PATH}/${name}`,
    operationId: `${name}TenantDestination`,
    summary:
      name === 'enable' ? 'Enables a destination; what waited goes on' : 'Disables a destination; events are held',
    replies: { 200: destinationSchema },
    async handle(call) {
      const view = await destinations.setDisabled(tenantOf(call).id, pathDestination(call), name === 'disable');
      return { status: 200, body: destinationReply(view) };
    },
  });
}
