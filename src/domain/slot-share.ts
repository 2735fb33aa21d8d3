/**
 * Who may take one more of the process's slots. While more than a reserve is free anybody may; of the reserve a tenant
 * gets one more only while it holds less than what is left. So a tenant alone can use nearly all slots, and whatever
 * hangs, whoever comes next finds one.
 */

/** An eighth of the slots is kept for tenants that hold few. With fewer than eight slots none is. */
export const reservedSlots = (slots: number): number => Math.floor(slots / 8);

export interface SlotClaim {
  /** What the tenant holds. */
  readonly held: number;
  /** What is free in the process. */
  readonly free: number;
  readonly reserved: number;
}

export function mayTakeSlot({ held, free, reserved }: SlotClaim): boolean {
  return free > reserved || held < free;
}
