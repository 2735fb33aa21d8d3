/**
 * An event: what was published, once.
 *
 * `data` is the publisher's bytes, sliced out of the request and never parsed and written again on the way: the store,
 * the signature, the wire and the API see the same bytes.
 */
import type { DestinationId, EventId, EventSeq, TenantId, TenantNumber } from './ids.ts';
import type { StringMap } from './json.ts';

/** An instant to the nanosecond: `ms` since the epoch sorts, `nanos` (0 to 999,999) is kept for display. */
export interface EventTime {
  readonly ms: number;
  readonly nanos: number;
}

/** What a sender needs of an event. */
export interface EventPayload {
  readonly id: EventId;
  readonly topic: string;
  readonly time: EventTime;
  readonly metadata: StringMap;
  readonly data: Uint8Array;
}

export interface NewEvent extends EventPayload {
  readonly acceptedAtMs: number;
  readonly eligibleForRetry: boolean;
  /** The one destination the publisher restricted the event to. */
  readonly destinationId: DestinationId | null;
  /** SHA-256 over what makes two publishes of one id the same event (publish/digest.ts). */
  readonly digest: Uint8Array;
}

/** Why a destination did not get an event. */
export type UnmatchedReason = 'topic' | 'filter' | 'disabled';

export interface Unmatched {
  readonly destinationId: DestinationId;
  readonly reason: UnmatchedReason;
}

/** How many destinations one event can match: the most that `MAX_DESTINATIONS_PER_TENANT` can be set to. */
export const FAN_OUT_MAX = 2_000;
/** How many reasons are kept of an event that matched nothing. */
export const UNMATCHED_MAX = 20;

/** An event as History tells it. */
export interface EventRecord extends EventPayload {
  readonly seq: EventSeq;
  /** The life of the tenant that it belongs to. */
  readonly tenant: TenantNumber;
  readonly tenantId: TenantId;
  readonly acceptedAtMs: number;
  readonly eligibleForRetry: boolean;
  readonly destinationId: DestinationId | null;
  /** As matched when it was accepted. */
  readonly matchedDestinationIds: readonly DestinationId[];
  /** Non-empty only when nothing matched. */
  readonly unmatched: readonly Unmatched[];
}
