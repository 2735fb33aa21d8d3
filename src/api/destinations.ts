/** Destinations of a tenant (spec api-v1.md §9.4). */
import { z } from 'zod';
import { destinationId } from '../domain/ids.ts';
import type { DestinationUseCases } from '../tenants/use-cases.ts';
import { createBodySchema, decodeCreate, decodePatch, patchBodySchema } from './destination-body.ts';
import { destinationSchema, SUCCESS, successSchema, updatedSchema } from './entities.ts';
import { destinationReply, updatedReply } from './render.ts';
import { type AnyRoute, type Call, route, tenantOf } from './route.ts';

const LIST_PATH = '/tenants/{tenant_id}/destinations';
const ONE_PATH = `${LIST_PATH}/{destination_id}`;

export interface DestinationRouteDeps {
  readonly destinations: DestinationUseCases;
}

export function destinationRoutes(deps: DestinationRouteDeps): AnyRoute[] {
  return [
    listDestinations(deps),
    createDestination(deps),
    getDestination(deps),
    patchDestination(deps),
    deleteDestination(deps),
    switchDestination(deps, 'enable'),
    switchDestination(deps, 'disable'),
  ];
}

const pathDestination = (call: Call<unknown>) => destinationId(call.param('destination_id'));

function listDestinations({ destinations }: DestinationRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: LIST_PATH,
    access: 'tenant',
    tag: 'Destinations',
    operationId: 'listDestinations',
    summary: 'Lists all destinations of a tenant, oldest first',
    query: {
      type: { schema: z.array(z.string()), description: 'Of any of these types.' },
      topics: { schema: z.array(z.string()), description: 'Subscribed to all of these.' },
    },
    replies: { 200: z.array(destinationSchema) },
    async handle(call) {
      const topics = call.query.list('topics');
      const filter = {
        types: call.query.list('type'),
        // An empty value is no filter here, unlike elsewhere.
        topics: topics === null || topics.every((topic) => topic === '') ? null : topics,
      };
      const views = await destinations.list(tenantOf(call).id, filter);
      return { status: 200, body: views.map(destinationReply) };
    },
  });
}

function createDestination({ destinations }: DestinationRouteDeps): AnyRoute {
  return route({
    method: 'POST',
    path: LIST_PATH,
    access: 'tenant',
    tag: 'Destinations',
    operationId: 'createDestination',
    summary: 'Creates a destination',
    body: { schema: createBodySchema, isRequired: true, decode: decodeCreate },
    replies: { 201: destinationSchema },
    errors: [400, 403],
    async handle(call) {
      const view = await destinations.create(tenantOf(call).id, call.body, call.caller.role);
      return { status: 201, body: destinationReply(view) };
    },
  });
}

function getDestination({ destinations }: DestinationRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: ONE_PATH,
    access: 'tenant',
    tag: 'Destinations',
    operationId: 'getDestination',
    summary: 'Reads a destination',
    replies: { 200: destinationSchema },
    async handle(call) {
      const view = await destinations.get(tenantOf(call).id, pathDestination(call));
      return { status: 200, body: destinationReply(view) };
    },
  });
}

function patchDestination({ destinations }: DestinationRouteDeps): AnyRoute {
  return route({
    method: 'PATCH',
    path: ONE_PATH,
    access: 'tenant',
    tag: 'Destinations',
    operationId: 'patchDestination',
    summary: 'Changes a destination',
    body: { schema: patchBodySchema, isRequired: true, decode: decodePatch },
    replies: { 200: updatedSchema },
    errors: [409],
    async handle(call) {
      const result = await destinations.patch(tenantOf(call).id, pathDestination(call), call.body, call.caller.role);
      return { status: 200, body: updatedReply(result) };
    },
  });
}

function deleteDestination({ destinations }: DestinationRouteDeps): AnyRoute {
  return route({
    method: 'DELETE',
    path: ONE_PATH,
    access: 'tenant',
    tag: 'Destinations',
    operationId: 'deleteDestination',
    summary: 'Deletes a destination; what waits for it is cancelled',
    replies: { 200: successSchema },
    async handle(call) {
      await destinations.remove(tenantOf(call).id, pathDestination(call));
      return { status: 200, body: SUCCESS };
    },
  });
}

function switchDestination({ destinations }: DestinationRouteDeps, name: 'enable' | 'disable'): AnyRoute {
  return route({
    method: 'PUT',
    path: `${ONE_PATH}/${name}`,
    access: 'tenant',
    tag: 'Destinations',
    operationId: `${name}Destination`,
    summary:
      name === 'enable' ? 'Enables a destination; what waited goes on' : 'Disables a destination; events are held',
    replies: { 200: destinationSchema },
    async handle(call) {
      const view = await destinations.setDisabled(tenantOf(call).id, pathDestination(call), name === 'disable');
      return { status: 200, body: destinationReply(view) };
    },
  });
}
