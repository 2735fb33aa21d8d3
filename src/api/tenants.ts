/** Tenants: create or replace, read, delete, list, and a token for one (spec api-v1.md §9.2, §9.3). */
import { z } from 'zod';
import { tenantId } from '../domain/ids.ts';
import type { StringMap } from '../domain/json.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { TenantQuery } from '../ports/directory.ts';
import type { TenantUseCases } from '../tenants/use-cases.ts';
import { readOptionalObject, stringMapMember } from './body.ts';
import type { Credentials } from './credentials.ts';
import { portalSchema, SUCCESS, successSchema, tenantPageSchema, tenantSchema, tokenSchema } from './entities.ts';
import { badRequest } from './errors.ts';
import { type Pagination, pagination, readCursor, readCursorTexts, readDirection } from './page.ts';
import { portalQuery, portalReply } from './portal.ts';
import type { Query } from './query.ts';
import { tenantReply } from './render.ts';
import { type AnyRoute, route, tenantOf } from './route.ts';

const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 100;

export const putBodySchema = z
  .object({ metadata: z.record(z.string(), z.unknown()).nullable().optional() })
  .meta({ id: 'TenantPut', description: 'Replaces the metadata; missing, null or empty clears it.' });

export interface TenantRouteDeps {
  readonly tenants: TenantUseCases;
  readonly credentials: Pick<Credentials, 'mint'>;
}

export function tenantRoutes(deps: TenantRouteDeps): AnyRoute[] {
  return [listTenants(deps), putTenant(deps), getTenant(), deleteTenant(deps), mintToken(deps), openPortal(deps)];
}

function putTenant({ tenants }: TenantRouteDeps): AnyRoute {
  return route({
    method: 'PUT',
    path: '/tenants/{tenant_id}',
    access: 'any',
    tag: 'Tenants',
    operationId: 'putTenant',
    summary: 'Creates a tenant, or replaces its metadata',
    body: { schema: putBodySchema, isRequired: false, decode: decodeMetadata },
    replies: { 200: tenantSchema, 201: tenantSchema },
    async handle(call) {
      const { tenant, created } = await tenants.put(tenantId(call.param('tenant_id')), call.body);
      return { status: created ? 201 : 200, body: tenantReply(tenant) };
    },
  });
}

function decodeMetadata(bytes: Uint8Array): StringMap | null {
  const metadata = stringMapMember(readOptionalObject(bytes), 'metadata') ?? null;
  return metadata === null || Object.keys(metadata).length === 0 ? null : metadata;
}

function getTenant(): AnyRoute {
  return route({
    method: 'GET',
    path: '/tenants/{tenant_id}',
    access: 'tenant',
    tag: 'Tenants',
    operationId: 'getTenant',
    summary: 'Reads a tenant',
    replies: { 200: tenantSchema },
    handle: async (call) => ({ status: 200, body: tenantReply(tenantOf(call)) }),
  });
}

function deleteTenant({ tenants }: TenantRouteDeps): AnyRoute {
  return route({
    method: 'DELETE',
    path: '/tenants/{tenant_id}',
    access: 'tenant',
    tag: 'Tenants',
    operationId: 'deleteTenant',
    summary: 'Deletes a tenant and its destinations',
    replies: { 200: successSchema },
    async handle(call) {
      await tenants.remove(tenantOf(call).id);
      return { status: 200, body: SUCCESS };
    },
  });
}

function listTenants({ tenants }: TenantRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/tenants',
    access: 'any',
    tag: 'Tenants',
    operationId: 'listTenants',
    summary: 'Lists tenants, newest first; a tenant sees itself alone',
    query: {
      id: { schema: z.array(z.string()), description: 'Any of these.' },
      limit: { schema: z.int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT), description: 'Rows of a page.' },
      dir: { schema: z.enum(['asc', 'desc']).default('desc'), description: 'By time of creation.' },
      next: { schema: z.string(), description: 'Cursor of the following page.' },
      prev: { schema: z.string(), description: 'Cursor of the page before.' },
    },
    replies: { 200: tenantPageSchema },
    errors: [400, 422],
    async handle(call) {
      if (call.caller.role === 'tenant') return { status: 200, body: ownList(call.caller.tenant) };
      const query = readTenantQuery(call.query);
      const page = await tenants.list(query);
      return {
        status: 200,
        body: {
          models: page.rows.map(tenantReply),
          pagination: pagination(page, tenantPosition, { ...query, orderBy: 'created_at', kind: 'tnt' }),
          count: page.count,
        },
      };
    },
  });
}

const tenantPosition = (tenant: Tenant) => ({ timeMs: tenant.createdAtMs, seq: tenant.number });

/** Whatever a tenant asks for, it gets itself. */
function ownList(tenant: Tenant): z.input<typeof tenantPageSchema> {
  const envelope: Pagination<'created_at'> = {
    order_by: 'created_at',
    dir: 'desc',
    limit: LIMIT_DEFAULT,
    next: null,
    prev: null,
  };
  return { models: [tenantReply(tenant)], pagination: envelope, count: 1 };
}

function readTenantQuery(query: Query): TenantQuery {
  const cursors = readCursorTexts(query);
  const direction = readDirection(query);
  const limit = readLimit(query);
  return {
    ids: query.list('id')?.map(tenantId) ?? null,
    direction,
    limit,
    cursor: readCursor(cursors, 'tnt', 'invalid cursor: '),
  };
}

/** Unlike the lists of events and attempts, a limit out of range is an error here. */
function readLimit(query: Query): number {
  const text = query.scalar('limit');
  if (text === null) return LIMIT_DEFAULT;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest('invalid limit: must be an integer');
  const limit = Number(text);
  if (limit < 1 || limit > LIMIT_MAX) throw badRequest(`invalid limit: must be between 1 and ${LIMIT_MAX}`);
  return limit;
}

function mintToken({ credentials }: TenantRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/tenants/{tenant_id}/token',
    access: 'admin',
    tag: 'Tenants',
    operationId: 'getTenantToken',
    summary: 'Issues a token for a tenant, valid for a day',
    replies: { 200: tokenSchema },
    async handle(call) {
      const { id } = tenantOf(call);
      return { status: 200, body: { tenant_id: id, token: await credentials.mint(id) } };
    },
  });
}

function openPortal({ credentials }: TenantRouteDeps): AnyRoute {
  return route({
    method: 'GET',
    path: '/tenants/{tenant_id}/portal',
    access: 'admin',
    tag: 'Tenants',
    operationId: 'getTenantPortal',
    summary: 'Answers where a tenant finds its portal, with a token of its own',
    query: portalQuery,
    replies: { 200: portalSchema },
    errors: [400],
    handle: async (call) => ({ status: 200, body: await portalReply(call, credentials) }),
  });
}
