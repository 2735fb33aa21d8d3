/** Publishing an event, as the API calls it. */
import type { EventTime } from '../domain/event.ts';
import type { DestinationId, EventId, TenantId } from '../domain/ids.ts';
import type { StringMap } from '../domain/json.ts';

/** A publish request whose shape and limits have been checked (api/publish.ts). */
export interface PublishRequest {
  readonly tenantId: TenantId;
  /** Null: it follows from the idempotency key, or is generated. */
  readonly id: EventId | null;
  /** What the id follows from when none is given. */
  readonly idempotencyKey: string | null;
  readonly destinationId: DestinationId | null;
  /** Empty when none was given. */
  readonly topic: string;
  /** Null: now. */
  readonly time: EventTime | null;
  readonly eligibleForRetry: boolean;
  readonly metadata: StringMap;
  /** The exact bytes of the object that was published; owned by the callee from here on. */
  readonly data: Uint8Array;
}

export interface Published {
  readonly id: EventId;
  readonly duplicate: boolean;
  /** The id was published before with other content, and `PUBLISH_ID_CONFLICT=accept`. */
  readonly conflict: boolean;
  readonly destinationIds: readonly DestinationId[];
  /** Why nothing was stored. */
  readonly reason: 'tenant_not_found' | null;
}

export interface PublishUseCase {
  /**
   * Resolves once the event and its deliveries are durable.
   * @throws AppError `event_id_conflict`, `tenant_not_found` (with `PUBLISH_UNKNOWN_TENANT=reject`), `overloaded`
   */
  publish(request: PublishRequest): Promise<Published>;
}
