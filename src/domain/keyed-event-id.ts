/**
 * The event id that an `Idempotency-Key` stands for: the same for the same tenant and key as long as the store lives, so
 * that repeats are found as any other repeat of an id, without a table of keys.
 */
import { createHmac } from 'node:crypto';
import { type EventId, eventId, type TenantId } from './ids.ts';

export type EventIdOfKey = (tenant: TenantId, key: string) => EventId;

/** The secret serves other purposes too: what is made for this one begins with a text that nothing else begins with. */
const LABEL = 'event id of an idempotency key\0';
/** 128 bits: enough that no two keys meet, and as long as other ids. */
const HEX_DIGITS = 32;

/** @param secret made with the store, so that it outlives the process */
export function keyedEventIds(secret: Uint8Array, prefix: string): EventIdOfKey {
  return (tenant, key) => {
    const mac = createHmac('sha256', secret).update(LABEL);
    for (const part of [tenant, key]) {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      mac.update(length).update(bytes);
    }
    return eventId(prefix + mac.digest('hex').slice(0, HEX_DIGITS));
  };
}
