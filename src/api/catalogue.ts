/** What can be chosen from: topics and destination types (spec api-v1.md §9.11, §9.12). */
import { z } from 'zod';
import { AppError } from '../lib/errors.ts';
import type { Provider } from '../ports/provider.ts';
import { destinationTypeSchema } from './entities.ts';
import { destinationTypeReply } from './render.ts';
import { type AnyRoute, route } from './route.ts';

export interface CatalogueRouteDeps {
  readonly topics: readonly string[];
  /** In the order to show. */
  readonly providers: readonly Provider[];
}

export function catalogueRoutes(deps: CatalogueRouteDeps): AnyRoute[] {
  return [listTopics(deps), listDestinationTypes(deps), getDestinationType(deps)];
}

function listTopics({ topics }: CatalogueRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/topics',
    access: 'any',
    tag: 'Catalogue',
    operationId: 'listTopics',
    summary: 'Lists the configured topics; none means any',
    replies: { 200: z.array(z.string()) },
    handle: async () => ({ status: 200, body: [...topics] }),
  });
}

function listDestinationTypes({ providers }: CatalogueRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/destination-types',
    access: 'any',
    tag: 'Catalogue',
    operationId: 'listDestinationTypes',
    summary: 'Lists the types of destinations and their settings',
    replies: { 200: z.array(destinationTypeSchema) },
    handle: async () => ({ status: 200, body: providers.map(destinationTypeReply) }),
  });
}

function getDestinationType({ providers }: CatalogueRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/destination-types/{type}',
    access: 'any',
    tag: 'Catalogue',
    operationId: 'getDestinationType',
    summary: 'Reads a type of destination',
    replies: { 200: destinationTypeSchema },
    errors: [404],
    async handle(call) {
      const provider = providers.find(({ type }) => type === call.param('type'));
      if (provider === undefined) throw new AppError('destination_type_not_found', 'destination type not found');
      return { status: 200, body: destinationTypeReply(provider) };
    },
  });
}
