/**
 * What a memory store remembers: its disk. A store object opened over a state that another one has used starts a new
 * epoch, as a process that starts over a file does; the older object's leases and calls are then without effect.
 *
 * Nothing is ever taken out but what waits: deliveries that have ended stay as rows, since their attempts, leases and
 * results are asked for later. It serves tests and short-lived processes, not years.
 */
import type { AttemptKind, AttemptOutcome, AttemptTrigger } from '../../domain/attempt.ts';
import type { Fallback } from '../../domain/delivery.ts';
import type { Destination } from '../../domain/destination.ts';
import type { NewEvent, Unmatched } from '../../domain/event.ts';
import type { DestinationId, EventId, EventSeq, LaneNumber, TenantId, TenantNumber } from '../../domain/ids.ts';
import type { StringMap } from '../../domain/json.ts';
import type { SettleResult } from '../../ports/ledger.ts';
import { type Heap, heap } from './heap.ts';

/** One life of a tenant id. */
export interface TenantRow {
  readonly number: TenantNumber;
  readonly id: TenantId;
  metadata: StringMap | null;
  readonly createdAtMs: number;
  updatedAtMs: number;
  isDeleted: boolean;
  directoryVersion: number;
  /** The live destinations' lanes, in order of creation. */
  readonly lanes: Map<DestinationId, LaneRow>;
  readonly events: Map<EventId, EventRow>;
  /** Lanes with a due delivery, by turn. */
  readonly ready: Heap<LaneRow>;
  /** Fair tag: the virtual time at which the tenant's next lease starts. */
  tag: number;
}

export interface LaneRow {
  readonly number: LaneNumber;
  readonly tenant: TenantRow;
  readonly destinationId: DestinationId;
  readonly type: string;
  /** Null once deleted: settings and credentials are gone. */
  destination: Destination | null;
  streak: number;
  holdUntilMs: number | null;
  /** What waits, by (due, event). */
  readonly waiting: Heap<DeliveryRow>;
  /** Deliveries that claims have leased and that have not come back. */
  claimed: number;
  /** Place among the tenant's ready lanes. */
  turn: number;
  /** While ready: until what time its first delivery was seen to be due. */
  readyAtMs: number;
  /** While asleep. */
  wakeMs: number;
}

export interface EventRow {
  readonly seq: EventSeq;
  readonly tenant: TenantRow;
  readonly event: NewEvent;
  /** The lanes that it matched, in order; empty while nothing has. */
  readonly deliveries: Map<LaneNumber, DeliveryRow>;
  unmatched: readonly Unmatched[];
}

/** `handed`: leased without having waited. It stands in nobody's way; a `claimed` one keeps its lane's fast path shut. */
export type DeliveryStage = 'waiting' | 'claimed' | 'handed' | 'succeeded' | 'exhausted' | 'cancelled';

export interface DeliveryRow {
  readonly event: EventRow;
  readonly lane: LaneRow;
  stage: DeliveryStage;
  dueMs: number;
  tries: number;
  spent: number;
  leases: number;
  /** Of the last lease. */
  epoch: number;
  trigger: AttemptTrigger;
  fallback: Fallback | null;
  /** What settles were answered, by lease: a repeat is answered the same. */
  readonly results: Map<number, SettleResult>;
}

export interface AttemptRow {
  readonly seq: number;
  readonly kind: AttemptKind;
  readonly delivery: DeliveryRow;
  readonly lease: number;
  readonly number: number;
  readonly trigger: AttemptTrigger;
  readonly outcome: AttemptOutcome;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

export interface MemoryState {
  readonly attemptIdKey: Uint8Array;
  /** The life of the store: moved by each opening. */
  epoch: number;
  /** By number, the deleted ones too; a number is a place in the list plus one, so none is used again. */
  readonly tenants: TenantRow[];
  readonly lanes: LaneRow[];
  readonly events: EventRow[];
  readonly attempts: AttemptRow[];
  readonly liveTenants: Map<TenantId, TenantRow>;
  /** Deliveries that have not ended, in order of acceptance. */
  readonly live: Set<DeliveryRow>;
  /** Deleted lanes with deliveries to end. */
  readonly doomed: Set<LaneRow>;
  readonly sleepers: Heap<LaneRow>;
  readonly readyTenants: Heap<TenantRow>;
  /** The tag of the lease that was given last: where a tenant that becomes ready starts. */
  virtualTime: number;
  turns: number;
  waiting: number;
  commits: number;
  claimLooked: number;
  claimLeased: number;
  /** The latest time that a call has told. */
  seenMs: number;
}

export function memoryState(randomBytes: (size: number) => Uint8Array): MemoryState {
  return {
    attemptIdKey: randomBytes(32),
    epoch: 0,
    tenants: [],
    lanes: [],
    events: [],
    attempts: [],
    liveTenants: new Map(),
    live: new Set(),
    doomed: new Set(),
    sleepers: heap((a, b) => a.wakeMs < b.wakeMs || (a.wakeMs === b.wakeMs && a.number < b.number)),
    readyTenants: heap((a, b) => a.tag < b.tag || (a.tag === b.tag && a.number < b.number)),
    virtualTime: 0,
    turns: 0,
    waiting: 0,
    commits: 0,
    claimLooked: 0,
    claimLeased: 0,
    seenMs: 0,
  };
}

/** A live tenant's row by its number, or null. */
export function liveTenant(state: MemoryState, number: TenantNumber): TenantRow | null {
  const row = state.tenants[number - 1];
  return row === undefined || row.isDeleted ? null : row;
}
