/**
 * The path of a tenant's destinations, by generation of the API and credential.
 *
 * Ids that a URL can't carry, or that would lead elsewhere, are refused before anything is sent: `..` would climb, and on
 * the 0.x paths a tenant called `tenants` would be another route.
 */
import { InvalidRequestError } from './errors.ts';

/** `v0`: `/{tenant_id}/destinations`; `v1`: `/tenants/{tenant_id}/destinations`. */
export type ApiGeneration = 'v0' | 'v1';

/** First segments of the server's own routes, which no tenant has on the 0.x paths. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'healthz tenants publish retry topics destination-types destinations events attempts metrics config token portal dev ' +
    'openapi.json'
  ).split(' '),
);

export interface PathSettings {
  readonly api: ApiGeneration;
  /** Of the client. */
  readonly tenantId: string | null;
  readonly tenantJwt: string | null;
}

/** @param tenantId of the call, which wins over the client's; undefined if it has none */
export function destinationsPath({ api, tenantJwt, ...client }: PathSettings, tenantId: string | undefined): string {
  const tenant = tenantId ?? client.tenantId;
  if (tenant !== null) return pathOfTenant(api, tenant);
  if (tenantJwt === null) {
    throw new InvalidRequestError('tenantId is required with adminApiKey: give it to the call or to the client');
  }
  // The 0.x API has paths without a tenant for a tenant's token; v1 has none, so there the token is asked.
  return api === 'v0' ? '/destinations' : pathOfTenant(api, subjectOf(tenantJwt));
}

function pathOfTenant(api: ApiGeneration, tenant: string): string {
  const segment = encodeSegment('tenantId', tenant);
  if (api === 'v1') return `/tenants/${segment}/destinations`;
  if (RESERVED.has(tenant)) {
    throw new InvalidRequestError(`the tenant ${tenant} has the name of a route of the 0.x API: use api: 'v1' for it`);
  }
  return `/${segment}/destinations`;
}

/** @param name of the parameter, for the error */
export function encodeSegment(name: string, id: unknown): string {
  if (typeof id !== 'string' || id === '') throw new InvalidRequestError(`${name} is not a string, or empty`);
  if (id === '.' || id === '..') throw new InvalidRequestError(`${name} can't be ${id}, which means another path`);
  try {
    return encodeURIComponent(id);
  } catch {
    throw new InvalidRequestError(`${name} is not valid Unicode`);
  }
}

function subjectOf(jwt: string): string {
  try {
    const payload = (jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims === 'object' && claims !== null && 'sub' in claims && typeof claims.sub === 'string') {
      return claims.sub;
    }
  } catch {
    // What can't be read names no tenant.
  }
  throw new InvalidRequestError('tenantJwt names no tenant (claim `sub`): give tenantId');
}
