/**
 * What the store does in the background, in chunks: recovery of leases that died with an earlier process, and the
 * removal of deleted destinations' deliveries.
 */
import type { RecoverResult } from '../../ports/ledger.ts';
import type { EngineContext, LiveRow } from './engine-context.ts';
import { countWaiting } from './engine-memory.ts';
import { WAITING, kindCode } from './rows.ts';
import { command, query } from './statements.ts';

const INTERRUPTED = kindCode('interrupted');
interface Chunk {
  /** A call is one commit: a few hundred. */
  readonly limit: number;
  readonly nowMs: number;
}

/** Walks over what was there when the store was opened, once, and counts on the way what waits. */
export function recovering(context: EngineContext): (chunk: Chunk) => RecoverResult {
  const { db, counters, epoch } = context;
  const walk = query<LiveRow>(
    db,
    `select event, lane, state, due, tries, spent, leases, epoch, trigger, fallback, fallback_due from live
     where (event, lane) > (?, ?) and event <= ? order by event, lane limit ?`,
  );
  const recoverOne = recoverer(context);
  return ({ limit, nowMs }) => {
    if (counters.isWalked) return { recovered: 0, done: true };
    const rows = walk.all(counters.walkEvent, counters.walkLane, counters.walkEnd, limit);
    let recovered = 0;
    for (const row of rows) {
      counters.walkEvent = row.event;
      counters.walkLane = row.lane;
      if (row.state !== WAITING && row.epoch !== epoch) {
        recoverOne(row, nowMs);
        recovered += 1;
      } else if (row.state === WAITING) {
        counters.waiting += 1;
      }
    }
    if (rows.length < limit) counters.isWalked = true;
    return { recovered, done: counters.isWalked };
  };
}

/** The outcome is unknown, so the attempt counts in no budget and no streak, and is made again at once. */
function recoverer({ db, counters, lanes, attempts }: EngineContext): (row: LiveRow, nowMs: number) => void {
  const update = command(db, 'update live set state = 0, due = ?, tries = ? where event = ? and lane = ?');
  return (row, nowMs) => {
    const lane = lanes.find(row.lane);
    if (lane === undefined) throw new RangeError('a delivery has a lane that never was');
    attempts.append({
      event: row.event,
      lane: row.lane,
      tenant: lane.tenant,
      n: row.tries + 1,
      kind: INTERRUPTED,
      trigger: row.trigger,
      lease: row.leases,
      succeeded: 0,
      code: 'interrupted',
      started_at: nowMs,
      finished_at: nowMs,
      response: null,
    });
    update.run(nowMs, row.tries + 1, row.event, row.lane);
    countWaiting(counters, row.event, row.lane, 1);
    lanes.wake(lane, nowMs);
  };
}

/**
 * Removes what waits in deleted lanes. What is leased is left to its settle or to recovery: an attempt that is under
 * way may still succeed, and the delivery then tells so.
 */
export function removingDeleted(context: EngineContext): (chunk: Chunk) => number {
  const { db, counters, lanes } = context;
  const deletedLane = query<{ number: number }>(
    db,
    'select number from lane where state = 3 and (wake_at is not null or turn is not null) and number > 0 limit 1',
  );
  const waiting = query<{ event: number }>(
    db,
    'select event from live where lane = ? and state < 2 and due > -1 and state = 0 order by due, event limit ?',
  );
  const remove = command(db, 'delete from live where event = ? and lane = ?');
  const close = command(
    db,
    "insert or replace into closed (event, lane, state, reason, at) values (?, ?, 'cancelled', 'deleted', ?)",
  );
  const removeFrom = (lane: number, limit: number, nowMs: number): number => {
    const events = waiting.all(lane, limit);
    for (const { event } of events) {
      remove.run(event, lane);
      close.run(event, lane, nowMs);
      countWaiting(counters, event, lane, -1);
    }
    if (events.length < limit) lanes.sleep(lane, null);
    return events.length;
  };
  return ({ limit, nowMs }) => {
    let removed = 0;
    for (let next = deletedLane.get(); next !== undefined && removed < limit; next = deletedLane.get()) {
      removed += removeFrom(next.number, limit - removed, nowMs);
    }
    return removed;
  };
}
