/**
 * Ledger: events and deliveries on their way. Each call is one durable commit, or part of one that it shares with
 * others; when it resolves, what it answers is on disk. The contract in whole: architecture §4, docs/adr/0002-ports.md.
 *
 * Rules that every driver keeps and test/conformance/ledger.ts asserts:
 * - An event and its deliveries commit together or not at all; at most one delivery per (event, lane).
 * - Attempt numbers of a delivery are 1..n without gaps, given in the commit that records the attempt.
 * - Only the owner of a delivery's current lease changes its state; anyone else's settle is appended as `late`.
 * - Claim's cost follows what it returns: not the waiting deliveries, not the waiting lanes.
 * - Claim skips lanes that are not active, and lanes that asked to be left alone until later.
 * - A call that rejects has written nothing: a driver that can't tell whether a commit happened finds out first.
 */
import type { AttemptOutcome, AttemptTrigger } from '../domain/attempt.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import type { EventPayload, NewEvent, Unmatched } from '../domain/event.ts';
import type { DestinationId, EventSeq, LaneNumber, TenantNumber } from '../domain/ids.ts';
import type { RetryPolicy } from '../domain/retry-schedule.ts';

export interface Ledger {
  accept(request: AcceptRequest): Promise<AcceptResult>;
  claim(request: ClaimRequest): Promise<ClaimResult>;
  /** Idempotent by lease: a repeat answers what the first one did. */
  settle(request: SettleRequest): Promise<SettleResult>;
  /** Gives back leases whose attempt did not begin: the delivery is due again, and no attempt is recorded. */
  release(leases: readonly LeaseKey[], nowMs: number): Promise<void>;
  retry(request: RetryRequest): Promise<RetryResult>;
  /** What waits in memory only until its attempt is read here. At most 256 a call; an event that is gone is left out. */
  loadPayloads(events: readonly EventSeq[]): Promise<ReadonlyMap<EventSeq, EventPayload>>;
  /**
   * Looks at up to `limit` deliveries that this life of the store has not yet looked at, and recovers those whose
   * lease died with an earlier life: an `interrupted` attempt is recorded, and they are due at once.
   */
  recover(limit: number, nowMs: number): Promise<RecoverResult>;
  /** Ends up to `limit` deliveries of deleted lanes as cancelled. @returns how many; less than `limit` when none is left */
  removeDeleted(limit: number, nowMs: number): Promise<number>;
  stats(): Promise<LedgerStats>;
}

export interface AcceptRequest {
  readonly tenant: TenantNumber;
  /**
   * The version of the roster that `matched` was computed from. Null: match inside the commit, with the pure
   * `matchEvent`; `matched` and `unmatched` are then ignored and nothing is handed over.
   */
  readonly directoryVersion: number | null;
  readonly event: NewEvent;
  readonly matched: readonly Match[];
  /** At most `UNMATCHED_MAX`; kept only if nothing matched. */
  readonly unmatched: readonly Unmatched[];
}

export interface Match {
  readonly lane: LaneNumber;
  /** The dispatcher holds a free slot for it: lease it in this commit unless something stored comes first. */
  readonly slotReserved: boolean;
}

export type AcceptResult =
  | {
      readonly kind: 'accepted';
      readonly event: EventSeq;
      /** Of the reserved slots, those that are used now; the rest are to be given back. */
      readonly leases: readonly Lease[];
      /** How many of its deliveries wait in the store. */
      readonly stored: number;
      /** Which destinations it goes to; null: those of `matched`. */
      readonly destinationIds: readonly DestinationId[] | null;
    }
  | {
      readonly kind: 'duplicate';
      /** True if the digest differs from the first publish's: nothing was changed. */
      readonly conflict: boolean;
      /** As recorded the first time. */
      readonly destinationIds: readonly DestinationId[];
    }
  /** The tenant's directory version has moved (or the tenant is gone): match again. Nothing was written. */
  | { readonly kind: 'stale' };

/** The right to make one attempt of one delivery. */
export interface LeaseKey {
  readonly tenant: TenantNumber;
  readonly event: EventSeq;
  readonly lane: LaneNumber;
  /** How many leases the delivery has had, this one included. */
  readonly lease: number;
  /** The life of the store (embedded: of the process) that took it. */
  readonly epoch: number;
}

export interface Lease extends LeaseKey {
  readonly trigger: AttemptTrigger;
  /** The destination's version when the lease was taken: the sender is the one of this version or newer. */
  readonly version: number;
}

export interface ClaimRequest {
  readonly nowMs: number;
  /** How many leases the dispatcher can take: 1 to 1,024. */
  readonly room: number;
  /** Slots that are free in the process, at least `room`; `reserved` of them are for tenants that hold few. */
  readonly free: number;
  readonly reserved: number;
  /** Leases a lane may hold at a time. */
  readonly laneCap: number;
  /** Slots taken per lane, lanes without any left out; never more entries than the process has slots. */
  readonly busy: ReadonlyMap<LaneNumber, number>;
}

export interface ClaimResult {
  /** Oldest due first within a lane, lanes in turn within a tenant, tenants in a fair turn, each while `mayTakeSlot`. */
  readonly leases: readonly Lease[];
  /** True if due deliveries remain that lacked room, a share, a free slot of their lane, or this claim's share of wake-ups. */
  readonly hasMore: boolean;
  /** When the next sleeping lane is due; null if none sleeps. Nothing needs to ask before then. */
  readonly nextDueMs: number | null;
}

export interface SettleRequest {
  readonly lease: LeaseKey;
  readonly trigger: AttemptTrigger;
  readonly outcome: AttemptOutcome;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly policy: RetryPolicy;
  /** In [0, 1), for jitter. */
  readonly random: number;
}

export interface SettleResult {
  /** The attempt's number. */
  readonly number: number;
  /** `late`: the lease was lost, the attempt is in the log and nothing else changed. */
  readonly state: DeliveryState | 'late';
  /** Set when `state` is `waiting`. */
  readonly dueMs: number | null;
  /** The lane's consecutive failures after this attempt; a success makes it 0. */
  readonly streak: number;
}

export interface RetryRequest {
  readonly tenant: TenantNumber;
  readonly event: EventSeq;
  readonly lane: LaneNumber;
  readonly nowMs: number;
  readonly slotReserved: boolean;
}

export type RetryResult =
  /** Exactly one manual attempt follows; at once if `lease` is set, else claimed in its turn. */
  | { readonly kind: 'accepted'; readonly lease: Lease | null }
  /** Never matched, or no such event. */
  | { readonly kind: 'not_found' }
  /** An attempt is under way or a manual one already waits. */
  | { readonly kind: 'in_flight' }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'deleted' };

export interface RecoverResult {
  readonly recovered: number;
  /** True once every delivery has been looked at. */
  readonly done: boolean;
}

/** Gauges for /metrics. Exact, and cheap to ask. */
export interface LedgerStats {
  /** Deliveries in the store that are not leased; exact once recovery is done. */
  readonly waiting: number;
  /** Of the oldest due delivery that waits, 0 if none; looks at the first 1,000 ready lanes. */
  readonly oldestDueAgeMs: number;
  readonly commits: number;
  readonly commitSecondsSum: number;
  /** Rows written by everything but the filling of History's indexes, and by that; null where there are no rows. */
  readonly rowsChanged: number | null;
  readonly indexRowsChanged: number | null;
  /** Frames in the write-ahead log that are not checkpointed; null where there is none. */
  readonly walFrames: number | null;
  /** Lanes and deliveries that claims have looked at, beside `leased` that they returned: their ratio stays flat. */
  readonly claimLooked: number;
  readonly claimLeased: number;
}
