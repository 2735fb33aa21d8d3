/**
 * Finds events by their public id. The key's upper 26 bits are of the id alone and its lower 26 of tenant and id, so
 * that one seek finds a tenant's event and a range of 2^26 every tenant's event of an id. Both are keyed with a secret
 * of the store: nobody can choose ids that fall together.
 */
import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { type EventId, type EventSeq, type TenantNumber, eventSeq } from '../../domain/ids.ts';
import { keptQuery } from './statements.ts';

/** 2^26: what one half of a key can be. */
const HALF = 0x4000000;
/** Of an id that more lives of tenants share, the newest are found. */
const SAME_ID_MAX = 10_000;

export interface EventKeys {
  of(tenant: TenantNumber, id: EventId): number;
  /** The least key of the id; the greatest is `HALF - 1` more. */
  leastOf(id: EventId): number;
}

export function eventKeys(key: Uint8Array): EventKeys {
  const secret = Buffer.from(key).toString('hex');
  // The parts have fixed places (a letter, a number that ends at ':'), so that no two inputs read the same.
  const half = (text: string): number => hash('sha256', secret + text, 'buffer').readUInt32BE(0) >>> 6;
  const leastOf = (id: EventId): number => half(`i:${id}`) * HALF;
  return { of: (tenant, id) => leastOf(id) + half(`t${tenant}:${id}`), leastOf };
}

/** Answers the event of a tenant's id, or null. */
export function findEventSeq(
  db: DatabaseSync,
  eventKeyKey: Uint8Array,
  { tenant, id }: { readonly tenant: TenantNumber; readonly id: EventId },
): EventSeq | null {
  const row = keptQuery<{ seq: number }>(
    db,
    `select event_key.seq from event_key join event on event.seq = event_key.seq
     where event_key.hash = ? and event.tenant = ? and event.id = ?`,
  ).get(keysOf(eventKeyKey).of(tenant, id), tenant, id);
  return row === undefined ? null : eventSeq(row.seq);
}

/** Answers every tenant's event of an id, newest first. */
export function findEventSeqsOfId(db: DatabaseSync, eventKeyKey: Uint8Array, id: EventId): readonly EventSeq[] {
  const least = keysOf(eventKeyKey).leastOf(id);
  return keptQuery<{ seq: number }>(
    db,
    `select event_key.seq from event_key join event on event.seq = event_key.seq
     where event_key.hash >= ? and event_key.hash < ? and event.id = ? order by event_key.seq desc limit ${SAME_ID_MAX}`,
  )
    .all(least, least + HALF, id)
    .map((row) => eventSeq(row.seq));
}

const made = new WeakMap<Uint8Array, EventKeys>();

function keysOf(key: Uint8Array): EventKeys {
  let keys = made.get(key);
  if (keys === undefined) made.set(key, (keys = eventKeys(key)));
  return keys;
}
