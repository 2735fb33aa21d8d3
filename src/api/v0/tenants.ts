/** Tenants in 0.x, and a token for one (spec api-v0.md §4.2). Only the operator creates them here. */
import { tenantId } from '../../domain/ids.ts';
import type { StringMap } from '../../domain/json.ts';
import type { TenantUseCases } from '../../tenants/use-cases.ts';
import { readOptionalObject, stringMapMember } from '../body.ts';
import type { Credentials } from '../credentials.ts';
import { portalSchema, SUCCESS, successSchema, tenantSchema, tokenSchema } from '../entities.ts';
import { portalQuery, portalReply } from '../portal.ts';
import { tenantReply } from '../render.ts';
import { type AnyRoute, route, tenantOf } from '../route.ts';
import { putBodySchema } from '../tenants.ts';
import { withOwn } from './own-route.ts';

const COMMON = { generation: 'v0', tag: 'Tenants (0.x)' } as const;

export interface TenantRouteDepsV0 {
  readonly tenants: TenantUseCases;
  readonly credentials: Pick<Credentials, 'mint'>;
}

export function tenantRoutesV0(deps: TenantRouteDepsV0): AnyRoute[] {
  return [
    upsertTenant(deps),
    ...withOwn(getTenant()),
    ...withOwn(deleteTenant(deps)),
    mintToken(deps),
    openPortal(deps),
  ];
}

function upsertTenant({ tenants }: TenantRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'PUT',
    path: '/{tenant_id}',
    access: 'admin',
    createsTenant: true,
    operationId: 'upsertTenantV0',
    summary: 'Creates a tenant; replaces its metadata if any are sent',
    body: { schema: putBodySchema, isRequired: false, decode: decodeMetadata },
    replies: { 200: tenantSchema, 201: tenantSchema },
    errors: [404],
    async handle(call) {
      const id = tenantId(call.param('tenant_id'));
      // Most clients of 0.x send no body, ever: that changes nothing of a tenant which is there.
      const existing = call.body === undefined ? await tenants.find(id) : null;
      if (existing !== null) return { status: 200, body: tenantReply(existing) };
      const { tenant, created } = await tenants.put(id, call.body ?? null);
      return { status: created ? 201 : 200, body: tenantReply(tenant) };
    },
  });
}

const decodeMetadata = (bytes: Uint8Array): StringMap | null | undefined =>
  stringMapMember(readOptionalObject(bytes), 'metadata');

function getTenant(): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: '/{tenant_id}',
    access: 'tenant',
    operationId: 'readTenant',
    summary: 'Reads a tenant',
    replies: { 200: tenantSchema },
    handle: async (call) => ({ status: 200, body: tenantReply(tenantOf(call)) }),
  });
}

function deleteTenant({ tenants }: TenantRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'DELETE',
    path: '/{tenant_id}',
    access: 'tenant',
    operationId: 'removeTenant',
    summary: 'Deletes a tenant and its destinations',
    replies: { 200: successSchema },
    async handle(call) {
      await tenants.remove(tenantOf(call).id);
      return { status: 200, body: SUCCESS };
    },
  });
}

function mintToken({ credentials }: TenantRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: '/{tenant_id}/token',
    access: 'admin',
    operationId: 'issueTenantToken',
    summary: 'Issues a token for a tenant, valid for a day',
    replies: { 200: tokenSchema },
    async handle(call) {
      const { id } = tenantOf(call);
      return { status: 200, body: { tenant_id: id, token: await credentials.mint(id) } };
    },
  });
}

function openPortal({ credentials }: TenantRouteDepsV0): AnyRoute {
  return route({
    ...COMMON,
    method: 'GET',
    path: '/{tenant_id}/portal',
    access: 'admin',
    operationId: 'openTenantPortal',
    summary: 'Answers where a tenant finds its portal, with a token of its own',
    query: portalQuery,
    replies: { 200: portalSchema },
    errors: [400],
    handle: async (call) => ({ status: 200, body: await portalReply(call, credentials) }),
  });
}
