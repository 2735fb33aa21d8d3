/** What the product does to tenants and destinations, as the API and the command line call it. */
import type { Destination } from '../domain/destination.ts';
import type { DestinationId, TenantId } from '../domain/ids.ts';
import type { StringMap } from '../domain/json.ts';
import type { Tenant } from '../domain/tenant.ts';
import type { TenantPage, TenantQuery } from '../ports/directory.ts';
import type { Role } from '../ports/provider.ts';

export interface TenantUseCases {
  put(id: TenantId, metadata: StringMap | null): Promise<{ tenant: Tenant; created: boolean }>;
  /** @throws AppError `tenant_not_found` */
  get(id: TenantId): Promise<Tenant>;
  find(id: TenantId): Promise<Tenant | null>;
  list(query: TenantQuery): Promise<TenantPage>;
  /** @throws AppError `tenant_not_found` */
  remove(id: TenantId): Promise<void>;
}

/** A destination as replies show it: settings opened, masked by its type's rules. */
export interface DestinationView extends Omit<Destination, 'credentials'> {
  /** Masked; safe to show to whoever may read the destination. */
  readonly credentials: StringMap;
  readonly target: string;
  readonly targetUrl: string | null;
}

/** Instead of a changed destination: nothing is changed before somebody has authorised it there. */
export interface DestinationRedirect {
  readonly redirectUrl: string;
}

/** Every method but `create` throws AppError `destination_not_found`; all throw `tenant_not_found` for a tenant that is gone. */
export interface DestinationUseCases {
  /**
   * @throws AppError `invalid_request` with the sentences of spec api-v1.md §2.4, `destination_exists`,
   * `destination_quota`
   */
  create(tenant: TenantId, draft: DestinationRequest, role: Role): Promise<DestinationView>;
  get(tenant: TenantId, id: DestinationId): Promise<DestinationView>;
  /** By type (any of) and topics (all of), oldest first; null for no filter. */
  list(
    tenant: TenantId,
    filter: { types: readonly string[] | null; topics: readonly string[] | null },
  ): Promise<readonly DestinationView[]>;
  /** In bulk, for lists of attempts; what is gone is left out. */
  findMany(keys: readonly { tenant: TenantId; id: DestinationId }[]): Promise<readonly DestinationView[]>;
  patch(
    tenant: TenantId,
    id: DestinationId,
    patch: DestinationPatch,
    role: Role,
  ): Promise<DestinationView | DestinationRedirect>;
  setDisabled(tenant: TenantId, id: DestinationId, isDisabled: boolean): Promise<DestinationView>;
  remove(tenant: TenantId, id: DestinationId): Promise<void>;
}

/** A create request whose JSON shape has been checked. Null and absent are the same here. */
export interface DestinationRequest {
  readonly id: string | null;
  readonly type: string | null;
  /** `'*'` has become `['*']`. */
  readonly topics: readonly string[] | null;
  /** The object's text as it was sent. */
  readonly filter: string | null;
  readonly config: StringMap | null;
  readonly credentials: StringMap | null;
  readonly deliveryMetadata: StringMap | null;
  readonly metadata: StringMap | null;
  readonly createdAtMs: number | null;
  readonly updatedAtMs: number | null;
  readonly disabledAtMs: number | null;
}

/** Absent: keep. Null: as spec api-v1.md §9.4 says per field. In the maps a null value removes its key (RFC 7396). */
export interface DestinationPatch {
  readonly type?: string | null;
  readonly topics?: readonly string[] | null;
  readonly filter?: string | null;
  readonly config?: MapPatch | null;
  readonly credentials?: MapPatch | null;
  readonly deliveryMetadata?: MapPatch | null;
  readonly metadata?: MapPatch | null;
  readonly disabledAtMs?: number | null;
}

export type MapPatch = Readonly<Record<string, string | null>>;
