/** A route of 0.x twice: under a tenant's id, and without it for who brings a tenant's token (spec api-v0.md §2.3). */
import type { AnyRoute } from '../route.ts';

/** @param declared has a path that begins with `/{tenant_id}` and an operation id with `Tenant` in it */
export function withOwn(declared: AnyRoute): AnyRoute[] {
  const { takesPlaceholder: _none, ...rest } = declared;
  const own: AnyRoute = {
    ...rest,
    path: declared.path.replace('/{tenant_id}', '') || '/',
    operationId: declared.operationId.replace('Tenant', 'Own'),
    summary: `${declared.summary} (the tenant is the token's)`,
  };
  return [declared, own];
}
