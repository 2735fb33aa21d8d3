/**
 * Directory: tenants and destinations, and who gets an event.
 *
 * Every write of a tenant's destinations (create, change, disable, enable, delete) moves the tenant's directory
 * version in the same commit; `Ledger.accept` compares it, so that a match against an old roster never commits.
 * No method writes a delivery. Nothing here knows of HTTP, encryption or destination types: credentials come sealed.
 */
import type { Destination, DestinationSettings } from '../domain/destination.ts';
import type { DestinationId, LaneNumber, TenantId } from '../domain/ids.ts';
import type { StringMap } from '../domain/json.ts';
import type { Roster } from '../domain/roster.ts';
import type { Tenant } from '../domain/tenant.ts';

export interface Directory {
  /**
   * Creates the tenant, or replaces its metadata. An id whose tenant was deleted becomes a new tenant with a new
   * number. Two first calls at once create one tenant, and `created` is true for exactly one of them.
   */
  putTenant(id: TenantId, metadata: StringMap | null, nowMs: number): Promise<{ tenant: Tenant; created: boolean }>;
  findTenant(id: TenantId): Promise<Tenant | null>;
  listTenants(query: TenantQuery): Promise<TenantPage>;
  /**
   * Marks the tenant and all its destinations deleted, destroying their settings and credentials. Null if there is none.
   * @returns the lanes that ended
   */
  deleteTenant(id: TenantId, nowMs: number): Promise<readonly LaneNumber[] | null>;

  /** At most `maxPerTenant` live destinations; disabled ones count. */
  createDestination(draft: DestinationDraft, maxPerTenant: number): Promise<CreateDestinationResult>;
  findDestination(tenant: TenantId, id: DestinationId): Promise<Destination | null>;
  /** The live destinations, oldest first; equal times in order of creation. */
  listDestinations(tenant: TenantId): Promise<readonly Destination[]>;
  /** The destination of a lane, or null once it is deleted. */
  findLane(lane: LaneNumber): Promise<Destination | null>;
  /** Writes new settings if the version is still the given one: a read, a change and a write don't lose another's. */
  updateDestination(lane: LaneNumber, version: number, settings: DestinationSettings): Promise<UpdateResult>;
  /**
   * Sets the switch. Idempotent: disabling what is disabled keeps its first time. Leaves `updatedAtMs`.
   * Null if there is no such live destination.
   */
  setDisabled(tenant: TenantId, id: DestinationId, disabledAtMs: number | null): Promise<Destination | null>;
  /** Marks it deleted, destroying settings and credentials; its waiting deliveries read as cancelled at once. */
  deleteDestination(tenant: TenantId, id: DestinationId): Promise<LaneNumber | null>;

  /** What matching needs of a live tenant, or null. One consistent snapshot: version and destinations agree. */
  roster(tenant: TenantId): Promise<Roster | null>;
}

export interface TenantQuery {
  /** Null for all. */
  readonly ids: readonly TenantId[] | null;
  readonly direction: 'asc' | 'desc';
  /** 1 to 100. */
  readonly limit: number;
  readonly cursor: PageCursor | null;
}

/** A position between two rows of a list ordered by (time, number): strictly after it, or strictly before. */
export interface PageCursor {
  readonly toward: 'next' | 'prev';
  readonly timeMs: number;
  readonly seq: number;
}

/**
 * A page in the requested direction, whichever way it was reached. `hasMore` tells whether rows follow on the side
 * that was walked toward: after the last for `next` and no cursor, before the first for `prev`.
 */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly hasMore: boolean;
}

export interface TenantPage extends Page<Tenant> {
  /** Live tenants that satisfy `ids`, whatever the page. */
  readonly count: number;
}

export interface DestinationDraft extends DestinationSettings {
  readonly tenantId: TenantId;
  readonly id: DestinationId;
  readonly type: string;
  readonly createdAtMs: number;
}

export type CreateDestinationResult =
  | { readonly kind: 'created'; readonly destination: Destination }
  | { readonly kind: 'tenant_not_found' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'quota' };

export type UpdateResult =
  | { readonly kind: 'updated'; readonly destination: Destination }
  | { readonly kind: 'stale' }
  | { readonly kind: 'not_found' };
