/**
 * Rows of the embedded store and what they mean in the domain. Row types never leave this folder.
 *
 * How a delivery's state is read: its `live` row if there is one (waiting while not leased, pending or waiting by its
 * tries); else its `closed` row; else the last of its attempts of kind `settled`. Attempts of other kinds tell nothing.
 */
import type { AttemptKind, AttemptRecord, AttemptTrigger } from '../../domain/attempt.ts';
import type { Destination } from '../../domain/destination.ts';
import type { EventPayload, EventRecord, Unmatched, UnmatchedReason } from '../../domain/event.ts';
import {
  type DestinationId,
  type EventId,
  type TenantId,
  destinationId,
  eventId,
  eventSeq,
  laneNumber,
  tenantId,
  tenantNumber,
} from '../../domain/ids.ts';
import type { StringMap } from '../../domain/json.ts';
import type { Tenant } from '../../domain/tenant.ts';

/** Values of `lane.state`. */
export const LANE_ACTIVE = 0;
export const LANE_DISABLED = 2;
export const LANE_DELETED = 3;

/** Values of `live.state`. */
export const WAITING = 0;
export const CLAIMED = 1;
export const HANDED_OVER = 2;

/** Values of `live.trigger` and `attempt.trigger` are places in this list. */
const TRIGGERS: readonly AttemptTrigger[] = ['schedule', 'manual'];
/** Values of `attempt.kind` are places in this list. */
const KINDS: readonly AttemptKind[] = ['settled', 'late', 'interrupted'];

export const triggerOf = (code: number): AttemptTrigger => TRIGGERS[code] ?? 'schedule';
export const triggerCode = (trigger: AttemptTrigger): number => TRIGGERS.indexOf(trigger);
export const kindOf = (code: number): AttemptKind => KINDS[code] ?? 'settled';
export const kindCode = (kind: AttemptKind): number => KINDS.indexOf(kind);

export interface TenantRow {
  readonly number: number;
  readonly id: string;
  readonly metadata: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly destinations: number;
}

export function tenantOf(row: TenantRow, topics: readonly string[]): Tenant {
  return {
    number: tenantNumber(row.number),
    id: tenantId(row.id),
    metadata: mapOf(row.metadata),
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    destinationsCount: row.destinations,
    topics,
  };
}

/** A lane joined with its destination and its tenant's id. */
export interface DestinationRow {
  readonly lane: number;
  readonly tenant: number;
  readonly tenant_id: string;
  readonly destination_id: string;
  readonly type: string;
  readonly version: number;
  readonly topics: string;
  readonly filter: string | null;
  readonly config: string;
  readonly credentials: string;
  readonly delivery_metadata: string | null;
  readonly metadata: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly disabled_at: number | null;
}

export function destinationOf(row: DestinationRow): Destination {
  return {
    lane: laneNumber(row.lane),
    tenant: tenantNumber(row.tenant),
    tenantId: tenantId(row.tenant_id),
    id: destinationId(row.destination_id),
    type: row.type,
    version: row.version,
    topics: topicsOf(row.topics),
    filter: row.filter,
    config: JSON.parse(row.config) as StringMap,
    credentials: JSON.parse(row.credentials) as StringMap,
    deliveryMetadata: mapOf(row.delivery_metadata),
    metadata: mapOf(row.metadata),
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    disabledAtMs: row.disabled_at,
  };
}

/** Columns of an `EventRow`, of a table or alias called `event`. */
export const EVENT_COLUMNS =
  'event.seq, event.tenant, event.id, event.topic, event.accepted_at, event.time, event.time_nanos, event.eligible, ' +
  'event.destination_id, event.lanes, event.no_match, event.metadata, event.data';

export interface PayloadRow {
  readonly id: string;
  readonly topic: string;
  readonly time: number;
  readonly time_nanos: number;
  readonly metadata: string | null;
  readonly data: Uint8Array;
}

export interface EventRow extends PayloadRow {
  readonly seq: number;
  readonly tenant: number;
  readonly accepted_at: number;
  readonly eligible: number;
  readonly destination_id: string | null;
  readonly lanes: string;
  readonly no_match: string | null;
}

export function payloadOf(row: PayloadRow): EventPayload {
  return {
    id: eventId(row.id),
    topic: row.topic,
    time: { ms: row.time, nanos: row.time_nanos },
    metadata: mapOf(row.metadata) ?? {},
    data: row.data,
  };
}

/** @param names what the row has only numbers of; destination ids in the order of `row.lanes` */
export function eventRecordOf(
  row: EventRow,
  names: { readonly tenantId: TenantId; readonly matchedDestinationIds: readonly DestinationId[] },
): EventRecord {
  return {
    ...payloadOf(row),
    seq: eventSeq(row.seq),
    tenant: tenantNumber(row.tenant),
    tenantId: names.tenantId,
    acceptedAtMs: row.accepted_at,
    eligibleForRetry: row.eligible === 1,
    destinationId: row.destination_id === null ? null : destinationId(row.destination_id),
    matchedDestinationIds: names.matchedDestinationIds,
    unmatched: unmatchedOf(row.no_match),
  };
}

/** Columns of an `AttemptRow`, of a table or alias called `attempt`. */
export const ATTEMPT_COLUMNS =
  'attempt.seq, attempt.event, attempt.lane, attempt.tenant, attempt.n, attempt.kind, attempt.trigger, attempt.lease, ' +
  'attempt.succeeded, attempt.code, attempt.started_at, attempt.finished_at, attempt.response';

export interface AttemptRow {
  readonly seq: number;
  readonly event: number;
  readonly lane: number;
  readonly tenant: number;
  readonly n: number;
  readonly kind: number;
  readonly trigger: number;
  readonly lease: number;
  readonly succeeded: number;
  readonly code: string;
  readonly started_at: number;
  readonly finished_at: number;
  readonly response: Uint8Array | null;
}

export function attemptRecordOf(
  row: AttemptRow,
  names: {
    readonly tenantId: TenantId;
    readonly eventId: EventId;
    readonly destinationId: DestinationId;
    readonly destinationType: string;
    readonly topic: string;
    readonly event: EventRecord | null;
  },
): AttemptRecord {
  return {
    ...names,
    key: {
      kind: kindOf(row.kind),
      tenant: tenantNumber(row.tenant),
      event: eventSeq(row.event),
      lane: laneNumber(row.lane),
      lease: row.lease,
    },
    seq: row.seq,
    number: row.n,
    trigger: triggerOf(row.trigger),
    succeeded: row.succeeded === 1,
    code: row.code,
    response: row.response === null ? null : (JSON.parse(utf8.decode(row.response)) as AttemptRecord['response']),
    startedAtMs: row.started_at,
    finishedAtMs: row.finished_at,
  };
}

const utf8 = new TextDecoder();

export const lanesOf = (json: string): readonly number[] => JSON.parse(json) as number[];
export const topicsOf = (json: string): readonly string[] => JSON.parse(json) as string[];

/** A map that is null when unset or empty, so that the two can't be told apart later. */
export function mapJson(map: StringMap | null): string | null {
  if (map === null) return null;
  const json = JSON.stringify(map);
  return json === '{}' ? null : json;
}

function mapOf(json: string | null): StringMap | null {
  return json === null ? null : (JSON.parse(json) as StringMap);
}

export function unmatchedJson(unmatched: readonly Unmatched[]): string {
  return JSON.stringify(unmatched.map(({ destinationId: id, reason }) => [id, reason]));
}

function unmatchedOf(json: string | null): readonly Unmatched[] {
  if (json === null) return [];
  return (JSON.parse(json) as [string, UnmatchedReason][]).map(([id, reason]) => ({
    destinationId: destinationId(id),
    reason,
  }));
}
