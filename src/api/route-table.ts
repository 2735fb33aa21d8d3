/** All routes of both generations, in the order of the document. */
import { attemptRoutes, type AttemptRouteDeps } from './attempts.ts';
import { type CatalogueRouteDeps, catalogueRoutes } from './catalogue.ts';
import { type DestinationRouteDeps, destinationRoutes } from './destinations.ts';
import { type EventRouteDeps, eventRoutes } from './events.ts';
import { openApiRoute } from './openapi.ts';
import { type ProbeRouteDeps, probeRoutes } from './probes.ts';
import { type PublishingRouteDeps, publishingRoutes } from './publishing.ts';
import type { AnyRoute } from './route.ts';
import { type TenantRouteDeps, tenantRoutes } from './tenants.ts';
import { type RouteDepsV0, routeTableV0 } from './v0/route-table.ts';

export type RouteDeps = TenantRouteDeps &
  DestinationRouteDeps &
  PublishingRouteDeps &
  EventRouteDeps &
  AttemptRouteDeps &
  CatalogueRouteDeps &
  ProbeRouteDeps &
  RouteDepsV0;

export function routeTable(deps: RouteDeps): readonly AnyRoute[] {
  const routes = [
    ...publishingRoutes(deps),
    ...eventRoutes(deps),
    ...attemptRoutes(deps),
    ...tenantRoutes(deps),
    ...destinationRoutes(deps),
    ...catalogueRoutes(deps),
    ...probeRoutes(deps),
    ...routeTableV0(deps),
  ];
  return [...routes, openApiRoute(routes)];
}
