/** Reads what senders need of events, on any connection. */
import type { DatabaseSync } from 'node:sqlite';
import type { EventPayload } from '../../domain/event.ts';
import type { EventSeq } from '../../domain/ids.ts';
import { type PayloadRow, payloadOf } from './rows.ts';
import { keptQuery } from './statements.ts';

/** How many a call may ask for; by the port. */
export const PAYLOADS_MAX = 256;

/** An event that is gone is left out. */
export function loadPayloads(db: DatabaseSync, events: readonly EventSeq[]): ReadonlyMap<EventSeq, EventPayload> {
  const one = keptQuery<PayloadRow>(db, 'select id, topic, time, time_nanos, metadata, data from event where seq = ?');
  const found = new Map<EventSeq, EventPayload>();
  for (const seq of events.slice(0, PAYLOADS_MAX)) {
    const row = one.get(seq);
    if (row !== undefined) found.set(seq, payloadOf(row));
  }
  return found;
}
