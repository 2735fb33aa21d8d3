/** Manual retries, and leases that are given back before their attempt began. */
import type { Lease, LeaseKey, RetryRequest, RetryResult } from '../../ports/ledger.ts';
import { endedState } from './ended-state.ts';
import { type EngineContext, type LiveRow, isOwner, liveQuery } from './engine-context.ts';
import { countWaiting } from './engine-memory.ts';
import { FALLBACK_EXHAUSTED, FALLBACK_SUCCEEDED, FALLBACK_WAITING } from './engine-settle.ts';
import type { LaneRow } from './lanes.ts';
import { HANDED_OVER, LANE_DELETED, LANE_DISABLED, WAITING, lanesOf, triggerCode } from './rows.ts';
import { command, query } from './statements.ts';

const MANUAL = triggerCode('manual');

export function retrying(context: EngineContext): (request: RetryRequest) => RetryResult {
  const { db, lanes } = context;
  const matched = query<{ lanes: string }>(db, 'select lanes from event where seq = ? and tenant = ?');
  const live = liveQuery(db);
  const retryWaiting = waitingRetrier(context);
  const retryEnded = endedRetrier(context);

  return (request) => {
    const event = matched.get(request.event, request.tenant);
    const lane = lanes.find(request.lane);
    if (event === undefined || lane === undefined || !lanesOf(event.lanes).includes(request.lane)) {
      return { kind: 'not_found' };
    }
    if (lane.state === LANE_DELETED) return { kind: 'deleted' };
    if (lane.state === LANE_DISABLED) return { kind: 'disabled' };
    const row = live.get(request.event, request.lane);
    if (row !== undefined && (row.state !== WAITING || row.trigger === MANUAL)) return { kind: 'in_flight' };
    const leases = row === undefined ? retryEnded(request) : retryWaiting(request, row);
    if (request.slotReserved) return { kind: 'accepted', lease: leaseOf(context, request, { lane, lease: leases }) };
    countWaiting(context.counters, request.event, request.lane, 1);
    lanes.wake(lane, request.nowMs);
    return { kind: 'accepted', lease: null };
  };
}

function leaseOf(
  { epoch }: EngineContext,
  { tenant, event, lane }: RetryRequest,
  given: { readonly lane: LaneRow; readonly lease: number },
): Lease {
  return { tenant, event, lane, lease: given.lease, epoch, trigger: 'manual', version: given.lane.version };
}

/** Takes a waiting delivery out of its schedule, which a failure of the manual attempt brings back. */
function waitingRetrier({ db, counters, epoch }: EngineContext): (request: RetryRequest, row: LiveRow) => number {
  const update = command(
    db,
    `update live set state = ?, due = ?, leases = ?, epoch = ?, trigger = 1, fallback = ${FALLBACK_WAITING}, fallback_due = ?
     where event = ? and lane = ?`,
  );
  return ({ slotReserved, nowMs }, row) => {
    const leases = slotReserved ? row.leases + 1 : row.leases;
    const state = slotReserved ? HANDED_OVER : WAITING;
    update.run(state, nowMs, leases, slotReserved ? epoch : row.epoch, row.due, row.event, row.lane);
    countWaiting(counters, row.event, row.lane, -1);
    return leases;
  };
}

/** Puts an ended delivery on its way again. Numbers of attempts and leases go on where they had stopped. */
function endedRetrier(context: EngineContext): (request: RetryRequest) => number {
  const { db, attempts, epoch } = context;
  const insert = command(
    db,
    `insert into live (event, lane, state, due, tries, spent, leases, epoch, trigger, fallback)
     values (?, ?, ?, ?, ?, 0, ?, ?, 1, ?)`,
  );
  const reopen = command(db, 'delete from closed where event = ? and lane = ?');
  return ({ event, lane, nowMs, slotReserved }) => {
    const log = attempts.ofDelivery(event, lane);
    const isSucceeded = endedState(db, { event, lane, log }) === 'succeeded';
    const tries = log.reduce((last, attempt) => Math.max(last, attempt.n), 0);
    const leases = log.reduce((last, attempt) => Math.max(last, attempt.lease), 0) + (slotReserved ? 1 : 0);
    insert.run(
      event,
      lane,
      slotReserved ? HANDED_OVER : WAITING,
      nowMs,
      tries,
      leases,
      slotReserved ? epoch : 0,
      isSucceeded ? FALLBACK_SUCCEEDED : FALLBACK_EXHAUSTED,
    );
    reopen.run(event, lane);
    return leases;
  };
}

/** A lease that is no longer its owner's is passed over: there is nothing to give back. */
export function releasing(
  context: EngineContext,
): (input: { readonly leases: readonly LeaseKey[]; readonly nowMs: number }) => null {
  const { db, lanes, counters } = context;
  const live = liveQuery(db);
  const release = command(db, 'update live set state = 0, due = ? where event = ? and lane = ?');
  return ({ leases, nowMs }) => {
    for (const lease of [...leases].sort((a, b) => a.event - b.event || a.lane - b.lane)) {
      const row = live.get(lease.event, lease.lane);
      const lane = lanes.find(lease.lane);
      if (row === undefined || lane === undefined || !isOwner(context, row, lease)) continue;
      // It was due before, and keeps its place in the lane's order by that; a clock that was put back doesn't hold it up.
      const dueMs = Math.min(row.due, nowMs);
      release.run(dueMs, row.event, row.lane);
      countWaiting(counters, row.event, row.lane, 1);
      lanes.wake(lane, dueMs);
    }
    return null;
  };
}
