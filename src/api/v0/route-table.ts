/** All routes of 0.x (spec api-v0.md §4). Publishing, and what else v1 has under the same paths, are v1's. */
import type { AnyRoute } from '../route.ts';
import { type CatalogueRouteDepsV0, catalogueRoutesV0 } from './catalogue.ts';
import { type DestinationRouteDepsV0, destinationRoutesV0 } from './destinations.ts';
import { type EventRouteDepsV0, eventRoutesV0 } from './events.ts';
import { type TenantRouteDepsV0, tenantRoutesV0 } from './tenants.ts';

export type RouteDepsV0 = DestinationRouteDepsV0 & TenantRouteDepsV0 & CatalogueRouteDepsV0 & EventRouteDepsV0;

export function routeTableV0(deps: RouteDepsV0): AnyRoute[] {
  return [...destinationRoutesV0(deps), ...tenantRoutesV0(deps), ...catalogueRoutesV0(deps), ...eventRoutesV0(deps)];
}
