/**
 * Where a lane stands between claims: *ready* in its tenant's rotation while its first delivery is due, *asleep* until
 * it is, or in neither while it has nothing waiting or is not active. Every change of a lane ends in `reschedule`.
 *
 *   nothing ──store──► asleep ──due──► ready ──claim──► ready | asleep | nothing
 *      ▲                  │              │
 *      └── disable, delete, nothing left ┘
 */
import { heap } from './heap.ts';
import type { DeliveryRow, EventRow, LaneRow, MemoryState } from './state.ts';

/** A heap of deliveries, oldest due first; equal times in order of acceptance. */
export const waitingHeap = () =>
  heap<DeliveryRow>((a, b) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.event.seq < b.event.seq));

export function isActive(lane: LaneRow): boolean {
  return lane.destination !== null && lane.destination.disabledAtMs === null;
}

/** When the lane's next delivery may go: its due time, or later if the destination asked to be left alone. */
function nextWakeMs(lane: LaneRow): number | null {
  const first = lane.waiting.peek();
  if (first === undefined || !isActive(lane)) return null;
  return Math.max(first.dueMs, lane.holdUntilMs ?? 0);
}

/** Puts the lane where it belongs. `nowMs` is null where the caller has no clock: what is due then sleeps until a claim. */
export function reschedule(state: MemoryState, lane: LaneRow, nowMs: number | null): void {
  if (lane.destination === null && lane.waiting.size > 0) state.doomed.add(lane);
  const wakeMs = nextWakeMs(lane);
  const isReady = lane.tenant.ready.has(lane);
  if (wakeMs !== null && nowMs !== null && wakeMs <= nowMs) {
    lane.readyAtMs = isReady ? Math.max(lane.readyAtMs, nowMs) : nowMs;
    if (!isReady) makeReady(state, lane);
  } else if (wakeMs !== null && isReady && nowMs === null && wakeMs <= lane.readyAtMs) {
    return;
  } else {
    leaveReady(state, lane);
    state.sleepers.remove(lane);
    if (wakeMs === null) return;
    lane.wakeMs = wakeMs;
    state.sleepers.put(lane);
  }
}

function makeReady(state: MemoryState, lane: LaneRow): void {
  const tenant = lane.tenant;
  state.sleepers.remove(lane);
  takeTurn(state, lane);
  if (state.readyTenants.has(tenant)) return;
  tenant.tag = Math.max(tenant.tag, state.virtualTime);
  state.readyTenants.put(tenant);
}

/** Puts the lane at the end of its tenant's rotation. */
export function takeTurn(state: MemoryState, lane: LaneRow): void {
  state.turns += 1;
  lane.turn = state.turns;
  lane.tenant.ready.put(lane);
}

function leaveReady(state: MemoryState, lane: LaneRow): void {
  const tenant = lane.tenant;
  if (tenant.ready.remove(lane) && tenant.ready.size === 0) state.readyTenants.remove(tenant);
}

/** Counts one lease of the tenant; what is handed over counts while it has ready lanes beside. */
export function advanceTag(state: MemoryState, lane: LaneRow): void {
  const tenant = lane.tenant;
  if (!state.readyTenants.has(tenant)) return;
  tenant.tag += 1;
  state.readyTenants.put(tenant);
}

/** Makes the delivery wait in its lane, due at `dueMs`. */
export function store(state: MemoryState, delivery: DeliveryRow, dueMs: number, nowMs: number): void {
  const lane = delivery.lane;
  if (delivery.stage === 'claimed') lane.claimed -= 1;
  if (delivery.stage !== 'waiting') state.waiting += 1;
  delivery.stage = 'waiting';
  delivery.dueMs = dueMs;
  state.live.add(delivery);
  lane.waiting.put(delivery);
  reschedule(state, lane, nowMs);
}

/** Takes the right to make the delivery's next attempt; the caller reschedules the lane if it was waiting. */
export function lease(state: MemoryState, delivery: DeliveryRow, stage: 'claimed' | 'handed') {
  if (delivery.lane.waiting.remove(delivery)) state.waiting -= 1;
  if (stage === 'claimed') delivery.lane.claimed += 1;
  delivery.stage = stage;
  delivery.leases += 1;
  delivery.epoch = state.epoch;
  state.live.add(delivery);
  return {
    tenant: delivery.event.tenant.number,
    event: delivery.event.seq,
    lane: delivery.lane.number,
    lease: delivery.leases,
    epoch: delivery.epoch,
    trigger: delivery.trigger,
    version: delivery.lane.destination?.version ?? 0,
  };
}

/** Ends the delivery; the caller reschedules the lane if it was waiting. */
export function end(state: MemoryState, delivery: DeliveryRow, stage: 'succeeded' | 'exhausted' | 'cancelled'): void {
  if (delivery.lane.waiting.remove(delivery)) state.waiting -= 1;
  if (delivery.stage === 'claimed') delivery.lane.claimed -= 1;
  delivery.stage = stage;
  delivery.trigger = 'schedule';
  delivery.fallback = null;
  state.live.delete(delivery);
}

/** A delivery that is neither waiting nor leased yet: `store` or `lease` comes next. */
export function newDelivery(event: EventRow, lane: LaneRow, dueMs: number): DeliveryRow {
  return {
    event,
    lane,
    stage: 'handed',
    dueMs,
    tries: 0,
    spent: 0,
    leases: 0,
    epoch: 0,
    trigger: 'schedule',
    fallback: null,
    results: new Map(),
  };
}
