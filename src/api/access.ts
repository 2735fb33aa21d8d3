/**
 * Who may call a route, and for which tenant: the decision procedure of spec api-v1.md §3.2, the same for every route.
 * The order is part of the contract: a foreign tenant is 403 before anybody looks whether it exists.
 */
import { checkId } from '../domain/id-rules.ts';
import { tenantId } from '../domain/ids.ts';
import type { Tenant } from '../domain/tenant.ts';
import { AppError } from '../lib/errors.ts';
import type { TenantUseCases } from '../tenants/use-cases.ts';
import type { Credential, Credentials } from './credentials.ts';

/** `none`: everybody. `any`: operator or tenant. `tenant`: the same, and the path's tenant exists. `admin`: the operator. */
export type Access = 'none' | 'any' | 'tenant' | 'admin';

export type Caller = { readonly role: 'admin' } | { readonly role: 'tenant'; readonly tenant: Tenant };

/** What the gate found out, for the handler. */
export interface Admission {
  readonly caller: Caller;
  /** The path's tenant where the route requires one; else null. */
  readonly tenant: Tenant | null;
}

export interface AccessRule {
  readonly access: Access;
  /** True if the path names a tenant that has to exist. */
  readonly requiresTenant: boolean;
  /** 0.x only: a placeholder in the path stands for the token's own tenant. */
  readonly takesPlaceholder?: boolean;
}

export interface AdmitRequest {
  readonly authorization: string | undefined;
  /** The path's `tenant_id`, if its route has one. */
  readonly pathTenant: string | null;
}

export interface AdmitDeps {
  readonly credentials: Credentials;
  readonly tenants: Pick<TenantUseCases, 'find'>;
}

export const OPERATOR: Admission = { caller: { role: 'admin' }, tenant: null };

/**
 * Admits a request or throws. Answers without a promise in the usual case of the operator's key on a route without a
 * tenant, which is publish.
 *
 * @throws AppError `unauthorized`, `forbidden`, `tenant_not_found`
 */
export function admit(rule: AccessRule, request: AdmitRequest, deps: AdmitDeps): Admission | Promise<Admission> {
  if (rule.access === 'none') return OPERATOR;
  const credential = deps.credentials.read(request.authorization);
  if (!(credential instanceof Promise) && credential.kind === 'admin' && !rule.requiresTenant) return OPERATOR;
  return decide(rule, request.pathTenant, credential, deps.tenants);
}

async function decide(
  rule: AccessRule,
  pathTenant: string | null,
  credential: Credential | Promise<Credential>,
  tenants: Pick<TenantUseCases, 'find'>,
): Promise<Admission> {
  const found = await credential;
  if (found.kind === 'none') throw new AppError('unauthorized', 'unauthorized');
  if (found.kind === 'admin') {
    if (!rule.requiresTenant || pathTenant === null) return OPERATOR;
    const tenant = await findTenant(tenants, pathTenant);
    if (tenant === null) throw new AppError('tenant_not_found', 'tenant not found');
    return { caller: { role: 'admin' }, tenant };
  }
  if (rule.access === 'admin') throw new AppError('forbidden', 'forbidden');
  if (pathTenant !== null && pathTenant !== found.subject) throw new AppError('forbidden', 'forbidden');
  const tenant = await findTenant(tenants, found.subject);
  // A token outlives its tenant: then it is no credential, for any route.
  if (tenant === null) throw new AppError('unauthorized', 'unauthorized');
  return { caller: { role: 'tenant', tenant }, tenant: rule.requiresTenant ? tenant : null };
}

/** What can't be an id is no tenant's, and not every store can look for it. */
export async function findTenant(tenants: Pick<TenantUseCases, 'find'>, id: string): Promise<Tenant | null> {
  return checkId(id) === null ? tenants.find(tenantId(id)) : null;
}
