/**
 * A destination: where a tenant wants events sent, and the switch of its lane.
 *
 * The lane is the destination's queue of waiting deliveries. Disabling, enabling or deleting a destination writes the
 * lane's row and the tenant's directory version, never a delivery, however long the backlog.
 */
import type { DestinationId, LaneNumber, TenantId, TenantNumber } from './ids.ts';
import type { StringMap } from './json.ts';

/** A credential as the store holds it: sealed text, opened only at the sending seam and where a reply masks it. */
export type SealedMap = Readonly<Record<string, string>>;

export interface DestinationSettings {
  readonly topics: readonly string[];
  /** JSON text of an object as the tenant wrote it, so that no digit is lost; it has compiled once. Null matches all. */
  readonly filter: string | null;
  readonly config: StringMap;
  readonly credentials: SealedMap;
  /** Merged below the event's own metadata at each attempt. Null when unset; never empty. */
  readonly deliveryMetadata: StringMap | null;
  readonly metadata: StringMap | null;
  readonly updatedAtMs: number;
  /** Null while enabled. */
  readonly disabledAtMs: number | null;
}

export interface Destination extends DestinationSettings {
  readonly lane: LaneNumber;
  readonly tenant: TenantNumber;
  readonly tenantId: TenantId;
  /** Unique within its tenant. */
  readonly id: DestinationId;
  readonly type: string;
  readonly createdAtMs: number;
  /** Moved by every write of the destination or its switch; the sender in use is always that of the newest version. */
  readonly version: number;
}
