/**
 * Who may call a route of 0.x (spec api-v0.md §9.6): its statuses are not v1's. What isn't a caller's is 401 here, and a
 * token of a tenant that is gone is still a token, which finds nothing.
 */
import type { Tenant } from '../../domain/tenant.ts';
import { AppError } from '../../lib/errors.ts';
import { type AccessRule, type AdmitDeps, type AdmitRequest, type Admission, findTenant, OPERATOR } from '../access.ts';
import { badRequest } from '../errors.ts';

/** What clients that were given no tenant send for one, literally: it stands for the token's own. */
const PLACEHOLDER = '{tenant_id}';
const BEARER = /^Bearer ./;

/** @throws AppError `bad_request`, `unauthorized`, `tenant_not_found` */
export async function admitV0(rule: AccessRule, request: AdmitRequest, deps: AdmitDeps): Promise<Admission> {
  const { authorization = '', pathTenant } = request;
  const credential = await deps.credentials.read(request.authorization);
  if (credential.kind === 'none') {
    if (authorization === '' || BEARER.test(authorization)) throw unauthorized();
    throw badRequest('the Authorization header must hold the word Bearer and a token');
  }
  if (credential.kind === 'admin') {
    // Who has the operator's key means no tenant by the placeholder, nor is there to be one of that name.
    if (pathTenant === PLACEHOLDER && rule.access === 'admin') throw tenantNotFound();
    if (!rule.requiresTenant) return OPERATOR;
    if (pathTenant === null || pathTenant === PLACEHOLDER) throw tenantNotFound();
    return { caller: { role: 'admin' }, tenant: await existing(deps, pathTenant) };
  }
  const isOwn =
    pathTenant === null ||
    pathTenant === credential.subject ||
    (pathTenant === PLACEHOLDER && rule.takesPlaceholder === true);
  if (rule.access === 'admin' || !isOwn) throw unauthorized();
  // What needs no tenant answers everybody the same, so that nobody has to exist.
  if (!rule.requiresTenant) return OPERATOR;
  const tenant = await existing(deps, credential.subject);
  return { caller: { role: 'tenant', tenant }, tenant };
}

async function existing(deps: AdmitDeps, id: string): Promise<Tenant> {
  return (await findTenant(deps.tenants, id)) ?? Promise.reject(tenantNotFound());
}

const unauthorized = (): AppError => new AppError('unauthorized', 'unauthorized');
const tenantNotFound = (): AppError => new AppError('tenant_not_found', 'tenant not found');
