/**
 * Topics and destination types under a tenant's path (spec api-v0.md §4.5). The tenant need not exist, and clients of 0.x
 * refuse a whole answer for one kind of field that they don't know, so that such fields are left out or simplified.
 */
import { z } from 'zod';
import { AppError } from '../../lib/errors.ts';
import type { Provider } from '../../ports/provider.ts';
import { destinationTypeReply, type DestinationTypeReply } from '../render.ts';
import { type AnyRoute, route } from '../route.ts';
import { typeOf } from './destination-body.ts';
import { destinationTypeSchemaV0 } from './entities.ts';

const COMMON = { generation: 'v0', method: 'GET', access: 'any', tag: 'Catalogue (0.x)' } as const;

export interface CatalogueRouteDepsV0 {
  readonly topics: readonly string[];
  /** In the order to show. */
  readonly providers: readonly Provider[];
}

/** Without a tenant these are v1's. */
export function catalogueRoutesV0(deps: CatalogueRouteDepsV0): AnyRoute[] {
  return [listTopics(deps), listDestinationTypes(deps), getDestinationType(deps)];
}

function listTopics({ topics }: CatalogueRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    path: '/{tenant_id}/topics',
    operationId: 'listTenantTopics',
    summary: 'Lists the configured topics; none means any',
    replies: { 200: z.array(z.string()) },
    handle: async () => ({ status: 200, body: [...topics] }),
  });
}

function listDestinationTypes({ providers }: CatalogueRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    path: '/{tenant_id}/destination-types',
    operationId: 'listTenantDestinationTypes',
    summary: 'Lists the types of destinations and their settings',
    replies: { 200: z.array(destinationTypeSchemaV0) },
    handle: async () => ({ status: 200, body: providers.map(typeReply) }),
  });
}

function getDestinationType({ providers }: CatalogueRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    path: '/{tenant_id}/destination-types/{type}',
    operationId: 'getTenantDestinationType',
    summary: 'Reads a type of destination',
    replies: { 200: destinationTypeSchemaV0 },
    errors: [404],
    async handle(call) {
      const provider = providers.find(({ type }) => type === typeOf(call.param('type')));
      if (provider === undefined) throw new AppError('destination_type_not_found', 'destination type not found');
      return { status: 200, body: typeReply(provider) };
    },
  });
}

type TypeReplyV0 = z.input<typeof destinationTypeSchemaV0>;

function typeReply(provider: Provider): TypeReplyV0 {
  const reply = destinationTypeReply(provider);
  return {
    ...reply,
    config_fields: reply.config_fields.flatMap(fieldReply),
    credential_fields: reply.credential_fields.flatMap(fieldReply),
  };
}

function fieldReply(field: DestinationTypeReply['config_fields'][number]): TypeReplyV0['config_fields'] {
  if (field.type === 'key_value_map') return [];
  return [{ ...field, type: field.type === 'checkbox' ? 'checkbox' : 'text' }];
}
