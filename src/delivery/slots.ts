/**
 * Who may send now: slots of the process, shared between lanes and tenants.
 *
 * A lane holds at most its cap, a tenant its share (domain/slot-share.ts). While the store has due deliveries, new
 * events may take no more than half of all slots, so that retries and backlogs keep moving.
 */
import type { LaneNumber, TenantNumber } from '../domain/ids.ts';
import { mayTakeSlot, reservedSlots } from '../domain/slot-share.ts';

export interface SlotLimits {
  /** Slots of the process. */
  readonly processMax: number;
  /** Slots of one lane. */
  readonly laneMax: number;
  /**
   * Bytes of payloads in memory beyond which a new event waits in the store instead. What is claimed is counted and not
   * held back: it is bounded by the slots.
   */
  readonly payloadBytesMax: number;
}

/** One slot, taken. */
export interface Slot {
  readonly tenant: TenantNumber;
  readonly lane: LaneNumber;
  readonly payloadBytes: number;
  readonly isHandedOver: boolean;
}

export interface Slots {
  /** Takes a slot for a new event, or answers null. */
  reserve(tenant: TenantNumber, lane: LaneNumber, payloadBytes: number): Slot | null;
  /** Takes a slot for a delivery that was claimed, unless its lane has filled up in the meantime. */
  occupy(tenant: TenantNumber, lane: LaneNumber): Slot | null;
  /** Counts the payload of a claimed delivery, known only once it is read. */
  load(slot: Slot, payloadBytes: number): Slot;
  free(slot: Slot): void;
  /** Slots that are free. */
  room(): number;
  /** A copy of the slots taken per lane; lanes without any are left out. */
  busy(): ReadonlyMap<LaneNumber, number>;
  /** Tells whether the store has due deliveries, as the last claim saw it. */
  setBacklog(hasBacklog: boolean): void;
  readonly taken: number;
}

export function deliverySlots(limits: SlotLimits): Slots {
  const byLane = new Map<LaneNumber, number>();
  const byTenant = new Map<TenantNumber, number>();
  const reserved = reservedSlots(limits.processMax);
  let taken = 0;
  let handedOver = 0;
  let payloadBytes = 0;
  let hasBacklog = false;

  function take(slot: Slot): Slot {
    byLane.set(slot.lane, (byLane.get(slot.lane) ?? 0) + 1);
    byTenant.set(slot.tenant, (byTenant.get(slot.tenant) ?? 0) + 1);
    taken += 1;
    payloadBytes += slot.payloadBytes;
    if (slot.isHandedOver) handedOver += 1;
    return slot;
  }

  return {
    reserve(tenant, lane, bytes) {
      const left = limits.processMax - taken;
      if (left <= 0 || (byLane.get(lane) ?? 0) >= limits.laneMax) return null;
      if (!mayTakeSlot({ held: byTenant.get(tenant) ?? 0, free: left, reserved })) return null;
      if (hasBacklog && handedOver * 2 >= limits.processMax) return null;
      if (payloadBytes + bytes > limits.payloadBytesMax) return null;
      return take({ tenant, lane, payloadBytes: bytes, isHandedOver: true });
    },
    occupy(tenant, lane) {
      if (taken >= limits.processMax || (byLane.get(lane) ?? 0) >= limits.laneMax) return null;
      return take({ tenant, lane, payloadBytes: 0, isHandedOver: false });
    },
    load(slot, bytes) {
      payloadBytes += bytes - slot.payloadBytes;
      return { ...slot, payloadBytes: bytes };
    },
    free(slot) {
      decrement(byLane, slot.lane);
      decrement(byTenant, slot.tenant);
      taken -= 1;
      payloadBytes -= slot.payloadBytes;
      if (slot.isHandedOver) handedOver -= 1;
    },
    room: () => Math.max(0, limits.processMax - taken),
    busy: () => new Map(byLane),
    setBacklog(value) {
      hasBacklog = value;
    },
    get taken() {
      return taken;
    },
  };
}

function decrement<Key>(counts: Map<Key, number>, key: Key): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
