/**
 * Claim: which due deliveries are leased next, by start-time fair tags.
 *
 * Tenants are taken by tag, least first, and each lease moves its tenant's tag one further; within a tenant its ready
 * lanes come in turn, within a lane the oldest due first. Everything is read in small pages along an index, so the cost
 * follows what is returned: a lane without a free slot and a tenant above its share are stepped over, and there are
 * never more of these than the process has slots.
 *
 * A tenant above its share of the process's slots (domain/slot-share.ts) is stepped over.
 */
import { eventSeq, laneNumber, tenantNumber } from '../../domain/ids.ts';
import { mayTakeSlot } from '../../domain/slot-share.ts';
import type { ClaimRequest, ClaimResult, Lease } from '../../ports/ledger.ts';
import { type Turn, turnsOf } from './claim-turns.ts';
import type { EngineContext } from './engine-context.ts';
import { countWaiting } from './engine-memory.ts';
import { CLAIMED, triggerOf } from './rows.ts';
import { command, query } from './statements.ts';

/** A claim wakes so many sleeping lanes for each lease that it may give; more would only wait. */
const WAKES_PER_SLOT = 2;
/** Which tenant a lane is of never changes; what is beyond this is asked again. */
const TENANTS_KEPT = 10_000;

export function claiming(context: EngineContext): (request: ClaimRequest) => ClaimResult {
  const { db, counters, epoch } = context;
  const wakeSleepers = waking(context);
  const heldByTenant = slotCounter(context);
  const turns = turnsOf(context);
  const lease = command(
    db,
    `update live set state = ${CLAIMED}, leases = leases + 1, epoch = ? where event = ? and lane = ?`,
  );
  const nextWake = query<{ wake_at: number | null }>(
    db,
    'select min(wake_at) as wake_at from lane where wake_at is not null and state = 0',
  );
  const anyReady = query<{ tag: number }>(db, 'select tag from tenant where tag is not null and tag >= 0 limit 1');

  const leased = ({ tenant, lane, due }: Turn): Lease => {
    lease.run(epoch, due.event, lane.number);
    countWaiting(counters, due.event, lane.number, -1);
    return {
      tenant: tenantNumber(tenant),
      event: eventSeq(due.event),
      lane: laneNumber(lane.number),
      lease: due.leases + 1,
      epoch,
      trigger: triggerOf(due.trigger),
      version: lane.version,
    };
  };

  return (request) => {
    const { nowMs, room } = request;
    wakeSleepers(nowMs, WAKES_PER_SLOT * room);
    const held = heldByTenant(request.busy);
    const queue = turns(request);
    const leases: Lease[] = [];
    while (leases.length < room) {
      const free = request.free - leases.length;
      const turn = queue.next((tenant) =>
        mayTakeSlot({ held: held.get(tenant) ?? 0, free, reserved: request.reserved }),
      );
      if (turn === null) break;
      leases.push(leased(turn));
      held.set(turn.tenant, (held.get(turn.tenant) ?? 0) + 1);
    }
    queue.end();
    counters.claimLeased += leases.length;
    const nextDueMs = nextWake.get()?.wake_at ?? null;
    const hasSleeper = nextDueMs !== null && nextDueMs <= nowMs;
    return { leases, hasMore: hasSleeper || anyReady.get() !== undefined, nextDueMs };
  };
}

/** Makes sleepers ready whose time has come, each once; those that are to be left alone sleep on. */
function waking({ db, counters, lanes }: EngineContext): (nowMs: number, limit: number) => void {
  const sleepers = query<{ number: number; tenant: number; hold_until: number | null }>(
    db,
    `select number, tenant, hold_until from lane where wake_at is not null and state = 0 and wake_at <= ?
     order by wake_at limit ?`,
  );
  return (nowMs, limit) => {
    const turnOf = new Map<number, number>();
    for (const lane of sleepers.all(nowMs, limit)) {
      counters.claimLooked += 1;
      if (lane.hold_until !== null && lane.hold_until > nowMs) {
        lanes.sleep(lane.number, lane.hold_until);
        continue;
      }
      const last = turnOf.get(lane.tenant);
      const turn = (last ?? lanes.lastTurn(lane.tenant)) + 1;
      turnOf.set(lane.tenant, turn);
      lanes.makeReady(lane.number, turn);
      if (last === undefined) lanes.beginTurns(lane.tenant);
    }
  };
}

/** Sums the slots taken per lane up to those of their tenants. */
function slotCounter({ lanes }: EngineContext): (busy: ClaimRequest['busy']) => Map<number, number> {
  const tenantOfLane = new Map<number, number>();
  const tenantOf = (lane: number): number | undefined => {
    const kept = tenantOfLane.get(lane);
    if (kept !== undefined) return kept;
    const tenant = lanes.find(lane)?.tenant;
    if (tenant === undefined) return undefined;
    if (tenantOfLane.size >= TENANTS_KEPT) tenantOfLane.clear();
    tenantOfLane.set(lane, tenant);
    return tenant;
  };
  return (busy) => {
    const held = new Map<number, number>();
    for (const [lane, slots] of busy) {
      const tenant = tenantOf(lane);
      if (tenant !== undefined) held.set(tenant, (held.get(tenant) ?? 0) + slots);
    }
    return held;
  };
}
