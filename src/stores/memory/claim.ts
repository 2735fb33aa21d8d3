/**
 * Claim: wakes sleeping lanes whose time has come, then gives leases one by one: the ready tenant with the lowest tag,
 * of that tenant the ready lane whose turn it is, of that lane the delivery that has been due longest.
 *
 * What is looked at is bounded by what the request holds (room, busy lanes), never by what waits: lanes without a free
 * slot and tenants beyond their share are set aside once a claim and put back where they were.
 */
import type { LaneNumber } from '../../domain/ids.ts';
import { mayTakeSlot } from '../../domain/slot-share.ts';
import type { ClaimRequest, ClaimResult, Lease } from '../../ports/ledger.ts';
import { advanceTag, lease, reschedule, takeTurn } from './schedule.ts';
import type { LaneRow, MemoryState, TenantRow } from './state.ts';

/** A claim wakes at most so many sleeping lanes for each lease that it may give. */
const WAKES_PER_ROOM = 2;

export function claim(state: MemoryState, request: ClaimRequest): ClaimResult {
  const { nowMs, room } = request;
  wake(state, nowMs, WAKES_PER_ROOM * room);
  const round = claimRound(state, request);
  while (round.leases.length < room) {
    const tenant = state.readyTenants.peek();
    if (tenant === undefined) break;
    if (round.isBeyondShare(tenant)) round.setAside(tenant);
    else if (!round.serve(tenant)) round.setAside(tenant);
  }
  round.putBack();
  state.claimLeased += round.leases.length;
  const next = state.sleepers.peek();
  return {
    leases: round.leases,
    hasMore: state.readyTenants.size > 0 || (next !== undefined && next.wakeMs <= nowMs),
    nextDueMs: next?.wakeMs ?? null,
  };
}

function wake(state: MemoryState, nowMs: number, most: number): void {
  for (let woken = 0; woken < most; woken += 1) {
    const lane = state.sleepers.peek();
    if (lane === undefined || lane.wakeMs > nowMs) return;
    state.claimLooked += 1;
    reschedule(state, lane, nowMs);
  }
}

/** The bookkeeping of one claim. */
function claimRound(state: MemoryState, request: ClaimRequest) {
  const { nowMs, free, reserved, laneCap, busy } = request;
  const leases: Lease[] = [];
  const taken = new Map<LaneNumber, number>(busy);
  const held = new Map<TenantRow, number>();
  const tenantsAside: TenantRow[] = [];
  const lanesAside: LaneRow[] = [];
  for (const [number, slots] of busy) {
    const tenant = state.lanes[number - 1]?.tenant;
    if (tenant !== undefined) held.set(tenant, (held.get(tenant) ?? 0) + slots);
  }

  const give = (lane: LaneRow): void => {
    const delivery = lane.waiting.peek()!;
    state.virtualTime = Math.max(state.virtualTime, lane.tenant.tag);
    leases.push(lease(state, delivery, 'claimed'));
    taken.set(lane.number, (taken.get(lane.number) ?? 0) + 1);
    held.set(lane.tenant, (held.get(lane.tenant) ?? 0) + 1);
    takeTurn(state, lane);
    advanceTag(state, lane);
    reschedule(state, lane, nowMs);
  };
  /** Gives one lease to the tenant's next lane that can take it; false if none can. */
  const serve = (tenant: TenantRow): boolean => {
    for (;;) {
      const lane = tenant.ready.peek();
      if (lane === undefined) return false;
      state.claimLooked += 1;
      // The clock may have been set back since the lane became ready: it sleeps again.
      reschedule(state, lane, nowMs);
      if (!tenant.ready.has(lane)) continue;
      if ((taken.get(lane.number) ?? 0) < laneCap) {
        give(lane);
        return true;
      }
      tenant.ready.remove(lane);
      lanesAside.push(lane);
    }
  };
  return {
    leases,
    serve,
    isBeyondShare: (tenant: TenantRow): boolean =>
      !mayTakeSlot({ held: held.get(tenant) ?? 0, free: free - leases.length, reserved }),
    setAside(tenant: TenantRow): void {
      state.readyTenants.remove(tenant);
      tenantsAside.push(tenant);
    },
    putBack(): void {
      for (const lane of lanesAside) {
        lane.tenant.ready.put(lane);
        // Its other lanes may have emptied in the meantime, and the tenant have left the ready ones.
        state.readyTenants.put(lane.tenant);
      }
      for (const tenant of tenantsAside) if (tenant.ready.size > 0) state.readyTenants.put(tenant);
    },
  };
}
