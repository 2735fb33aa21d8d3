/** The store's reads on one connection, the same on a thread of their own and on the caller's. */
import type { DatabaseSync } from 'node:sqlite';
import { findDestination, findLane, findTenant, listDestinations, listTenants, roster } from './directory-queries.ts';
import { findEventSeq, findEventSeqsOfId } from './event-key.ts';
import { findAttempt, listAttempts } from './history-attempts.ts';
import { findEvent, type HistoryReader, listEvents, matchedLane } from './history-events.ts';
import type { Sliced } from './history-page.ts';
import { loadPayloads } from './payloads.ts';
import type { PointReads, ScanReads } from './threads-calls.ts';

export type PointReader = { readonly [Name in keyof PointReads]: (input: PointReads[Name][0]) => PointReads[Name][1] };
export type ScanReader = {
  readonly [Name in keyof ScanReads]: (input: ScanReads[Name][0]) => Sliced<ScanReads[Name][1]>;
};

export function pointReader(db: DatabaseSync, eventKeyKey: Uint8Array): PointReader {
  const history = historyReader(db, eventKeyKey);
  return {
    findTenant: ({ id }) => findTenant(db, id),
    findDestination: ({ tenant, id }) => findDestination(db, tenant, id),
    listDestinations: ({ tenant }) => listDestinations(db, tenant),
    findLane: ({ lane }) => findLane(db, lane),
    roster: ({ tenant }) => roster(db, tenant),
    loadPayloads: ({ events }) => loadPayloads(db, events),
    findEvent: ({ scope, id }) => findEvent(history, scope, id),
    matchedLane: (asked) => matchedLane(history, asked),
    findAttempt: (asked) => findAttempt(history, asked),
  };
}

export function scanReader(db: DatabaseSync, eventKeyKey: Uint8Array): ScanReader {
  const history = historyReader(db, eventKeyKey);
  return {
    // At most a hundred rows and a count of short index entries: one slice.
    *listTenants(query) {
      return listTenants(db, query);
    },
    listEvents: (query) => listEvents(history, query),
    listAttempts: (query) => listAttempts(history, query),
  };
}

function historyReader(db: DatabaseSync, eventKeyKey: Uint8Array): HistoryReader {
  return {
    db,
    eventIds: {
      find: (tenant, id) => findEventSeq(db, eventKeyKey, { tenant, id }),
      findAll: (id) => findEventSeqsOfId(db, eventKeyKey, id),
    },
  };
}
