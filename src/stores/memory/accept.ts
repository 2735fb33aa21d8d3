/** Accept: an event and its deliveries in one commit, or the answer that it has been there before. */
import type { NewEvent } from '../../domain/event.ts';
import { filterRoot } from '../../domain/filter.ts';
import { eventSeq } from '../../domain/ids.ts';
import { compileRoster, matchEvent } from '../../domain/roster.ts';
import { UNMATCHED_MAX } from '../../domain/event.ts';
import type { AcceptRequest, AcceptResult, Lease, Match } from '../../ports/ledger.ts';
import { rosterOf } from './directory.ts';
import { advanceTag, isActive, lease, newDelivery, store } from './schedule.ts';
import { type EventRow, type LaneRow, liveTenant, type MemoryState, type TenantRow } from './state.ts';

type Matched = Pick<AcceptRequest, 'matched' | 'unmatched'>;

export function accept(state: MemoryState, request: AcceptRequest): AcceptResult {
  const tenant = liveTenant(state, request.tenant);
  if (tenant === null) return { kind: 'stale' };
  const known = tenant.events.get(request.event.id);
  if (known !== undefined) {
    const conflict = !sameBytes(known.event.digest, request.event.digest);
    if (conflict || known.deliveries.size > 0) return { kind: 'duplicate', conflict, destinationIds: idsOf(known) };
  }
  const { directoryVersion, event } = request;
  if (directoryVersion !== null && directoryVersion !== tenant.directoryVersion) return { kind: 'stale' };
  const match = directoryVersion === null ? matchInside(tenant, event) : request;
  // Looked up before anything is written: a call that rejects has written nothing.
  const lanes = match.matched.map((one) => ({ lane: laneOf(state, tenant, one.lane), slotReserved: one.slotReserved }));
  const row = known ?? append(state, tenant, event);
  const leases: Lease[] = [];
  let stored = 0;
  for (const { lane, slotReserved } of lanes) {
    if (row.deliveries.has(lane.number)) continue;
    const delivery = newDelivery(row, lane, event.acceptedAtMs);
    row.deliveries.set(lane.number, delivery);
    // What a repeat gains is stored: the body and time that were kept are those of the first publish.
    if (slotReserved && known === undefined && isFree(lane, event.acceptedAtMs)) {
      leases.push(lease(state, delivery, 'handed'));
      advanceTag(state, lane);
    } else {
      store(state, delivery, event.acceptedAtMs, event.acceptedAtMs);
      stored += 1;
    }
  }
  row.unmatched = row.deliveries.size > 0 ? [] : match.unmatched.slice(0, UNMATCHED_MAX);
  const destinationIds = directoryVersion === null ? idsOf(row) : null;
  return { kind: 'accepted', event: row.seq, leases, stored, destinationIds };
}

/** Nothing may overtake what the lane has stored and could send, nor reach a destination that asked for quiet. */
function isFree(lane: LaneRow, nowMs: number): boolean {
  if (!isActive(lane) || (lane.holdUntilMs ?? 0) > nowMs || lane.claimed > 0) return false;
  const first = lane.waiting.peek();
  return first === undefined || first.dueMs > nowMs;
}

function matchInside(tenant: TenantRow, event: NewEvent): Matched {
  const { matched, unmatched } = matchEvent(compileRoster(rosterOf(tenant)), event, () => filterRoot(event));
  return { matched: matched.map(({ lane }): Match => ({ lane, slotReserved: false })), unmatched };
}

function append(state: MemoryState, tenant: TenantRow, event: NewEvent): EventRow {
  const seq = eventSeq(state.events.length + 1);
  // The bytes are the caller's to use again once this returns.
  const kept = { ...event, data: event.data.slice(), digest: event.digest.slice() };
  const row: EventRow = { seq, tenant, event: kept, deliveries: new Map(), unmatched: [] };
  state.events.push(row);
  tenant.events.set(event.id, row);
  return row;
}

function laneOf(state: MemoryState, tenant: TenantRow, number: LaneRow['number']): LaneRow {
  const lane = state.lanes[number - 1];
  if (lane === undefined || lane.tenant !== tenant) throw new Error(`lane ${number} is not of tenant ${tenant.number}`);
  return lane;
}

function idsOf(row: EventRow) {
  return [...row.deliveries.values()].map((delivery) => delivery.lane.destinationId);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, place) => byte === b[place]);
}
