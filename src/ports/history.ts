/**
 * History: what happened. Reads only: its rows are written by the Ledger's commits, and whatever a commit wrote is
 * seen by the next call here, indexed or not.
 *
 * Lists are ordered by (time, seq), where `seq` is the store's own order of commits: total, stable, never repeated.
 */
import type { AttemptKey, AttemptRecord } from '../domain/attempt.ts';
import type { EventRecord } from '../domain/event.ts';
import type { DestinationId, EventId, LaneNumber, TenantId, TenantNumber } from '../domain/ids.ts';
import type { Page, PageCursor } from './directory.ts';

export interface History {
  listEvents(query: EventQuery): Promise<Page<EventRecord>>;
  /** Of several tenants' events of one id the newest. */
  findEvent(scope: Scope, id: EventId): Promise<EventRecord | null>;
  /** The lane that a matched event had for a destination id, or null: an id created anew is another lane. */
  matchedLane(tenant: TenantNumber, event: EventId, destination: DestinationId): Promise<LaneNumber | null>;
  listAttempts(query: AttemptQuery): Promise<Page<AttemptRecord>>;
  findAttempt(scope: Scope, key: AttemptKey, include: { readonly event: boolean }): Promise<AttemptRecord | null>;
}

/** Whose rows a query sees. */
export type Scope =
  /** One life of one tenant: what its own credential may see. */
  | { readonly kind: 'tenant'; readonly tenant: TenantNumber }
  /** Every life of these ids, deleted ones included: the operator's view. */
  | { readonly kind: 'ids'; readonly ids: readonly TenantId[] }
  | { readonly kind: 'all' };

/** Bounds on time, all that are given applied together. */
export interface TimeRange {
  readonly gteMs?: number;
  readonly gtMs?: number;
  readonly lteMs?: number;
  readonly ltMs?: number;
}

interface ListQuery {
  readonly scope: Scope;
  readonly direction: 'asc' | 'desc';
  /** 1 to 1,000. */
  readonly limit: number;
  readonly cursor: PageCursor | null;
  readonly time: TimeRange;
  /** Null for all; an empty list matches nothing. */
  readonly topics: readonly string[] | null;
  readonly destinationIds: readonly DestinationId[] | null;
}

/** By the event's `time`. */
export interface EventQuery extends ListQuery {
  readonly ids: readonly EventId[] | null;
}

/** By the attempt's end. */
export interface AttemptQuery extends ListQuery {
  readonly eventIds: readonly EventId[] | null;
  readonly destinationTypes: readonly string[] | null;
  /** Null for both. */
  readonly succeeded: boolean | null;
  readonly includeEvent: boolean;
}
