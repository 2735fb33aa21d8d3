/** What the engine's operations share. */
import type { DatabaseSync } from 'node:sqlite';
import type { LeaseKey } from '../../ports/ledger.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { Counters } from './engine-memory.ts';
import type { EventKeys } from './event-key.ts';
import type { Lanes } from './lanes.ts';
import { WAITING } from './rows.ts';
import { type Query, query } from './statements.ts';

export interface EngineContext {
  readonly db: DatabaseSync;
  /** The life of the store that this process is. */
  readonly epoch: number;
  readonly counters: Counters;
  readonly eventKeys: EventKeys;
  readonly lanes: Lanes;
  readonly attempts: AttemptLog;
}

export interface LiveRow {
  readonly event: number;
  readonly lane: number;
  readonly state: number;
  readonly due: number;
  readonly tries: number;
  readonly spent: number;
  readonly leases: number;
  readonly epoch: number;
  readonly trigger: number;
  readonly fallback: number | null;
  readonly fallback_due: number | null;
}

export function liveQuery(db: DatabaseSync): Query<LiveRow> {
  return query(
    db,
    `select event, lane, state, due, tries, spent, leases, epoch, trigger, fallback, fallback_due from live
     where event = ? and lane = ?`,
  );
}

/** Whether the lease is the delivery's current one: the fence before every change by its owner. */
export function isOwner({ epoch }: EngineContext, row: LiveRow, lease: LeaseKey): boolean {
  return row.state !== WAITING && row.leases === lease.lease && row.epoch === lease.epoch && epoch === lease.epoch;
}
