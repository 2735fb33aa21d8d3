/**
 * Accept: an event, its key and its deliveries, in the commit that makes all of it durable.
 *
 * A repeat is told from the event's own row, so it needs no second table. Only an event that matched nothing can gain
 * deliveries by being published again; it keeps its body and its time.
 */
import { FAN_OUT_MAX, type Unmatched } from '../../domain/event.ts';
import { filterRoot } from '../../domain/filter.ts';
import { type DestinationId, eventSeq } from '../../domain/ids.ts';
import { compileRoster, matchEvent } from '../../domain/roster.ts';
import type { AcceptRequest, AcceptResult, Lease, Match } from '../../ports/ledger.ts';
import { destinationIdsOf, rosterOfNumber } from './directory-queries.ts';
import type { EngineContext } from './engine-context.ts';
import { countWaiting } from './engine-memory.ts';
import type { LaneRow } from './lanes.ts';
import { HANDED_OVER, WAITING, lanesOf, mapJson, unmatchedJson } from './rows.ts';
import { command, query } from './statements.ts';

const STALE: AcceptResult = { kind: 'stale' };

interface TenantState {
  readonly directory_version: number;
  readonly deleted_at: number | null;
  readonly tag: number | null;
}

interface KnownEvent {
  readonly seq: number;
  readonly digest: Uint8Array;
  readonly lanes: string;
}

interface Matching {
  readonly matched: readonly Match[];
  readonly unmatched: readonly Unmatched[];
  /** Null: those that the caller knows. */
  readonly destinationIds: readonly DestinationId[] | null;
}

export function accepting(context: EngineContext): (request: AcceptRequest) => AcceptResult {
  const { db, eventKeys, lanes } = context;
  const tenantState = query<TenantState>(db, 'select directory_version, deleted_at, tag from tenant where number = ?');
  const events = eventWriter(context);
  const deliver = deliveryWriter(context);

  return (request) => {
    const { tenant, event, directoryVersion } = request;
    const state = tenantState.get(tenant);
    if (state === undefined || state.deleted_at !== null) return STALE;
    const key = eventKeys.of(tenant, event.id);
    const known = events.find(key, request);
    if (known !== null) {
      const conflict = Buffer.compare(known.digest, event.digest) !== 0;
      const recorded = lanesOf(known.lanes);
      if (conflict || recorded.length > 0) {
        return { kind: 'duplicate', conflict, destinationIds: destinationIdsOf(db, recorded) };
      }
    }
    if (directoryVersion !== null && directoryVersion !== state.directory_version) return STALE;
    const matching: Matching =
      directoryVersion === null
        ? matchInside(context, request)
        : { matched: request.matched, unmatched: request.unmatched, destinationIds: null };
    if (matching.matched.length > FAN_OUT_MAX) throw new RangeError('an event matches more destinations than it may');
    if (known !== null) events.rematch(known.seq, matching);
    const seq = known === null ? events.insert(key, request, matching) : known.seq;
    // What a repeat gains is read from the store: the time that was kept is the first publish's.
    const { leases, stored } = deliver(seq, request, { matched: matching.matched, mayHandOver: known === null });
    if (state.tag !== null && leases.length > 0) lanes.advanceTag(tenant, state.tag, leases.length);
    return { kind: 'accepted', event: eventSeq(seq), leases, stored, destinationIds: matching.destinationIds };
  };
}

/** The way out for a publisher whose tenant's destinations change faster than it can match. Hands nothing over. */
function matchInside({ db }: EngineContext, { tenant, event }: AcceptRequest): Matching {
  const roster = rosterOfNumber(db, tenant);
  if (roster === null) return { matched: [], unmatched: [], destinationIds: [] };
  const { matched, unmatched } = matchEvent(compileRoster(roster), event, () => filterRoot(event));
  return {
    matched: matched.map(({ lane }) => ({ lane, slotReserved: false })),
    unmatched,
    destinationIds: matched.map(({ id }) => id),
  };
}

interface EventWriter {
  find(key: number, request: AcceptRequest): KnownEvent | null;
  /** @returns the new event's number */
  insert(key: number, request: AcceptRequest, matching: Matching): number;
  rematch(seq: number, matching: Matching): void;
}

function eventWriter({ db, counters }: EngineContext): EventWriter {
  const keyed = query<{ seq: number }>(db, 'select seq from event_key where hash = ?');
  const known = query<KnownEvent>(db, 'select seq, digest, lanes from event where seq = ? and tenant = ? and id = ?');
  const insertEvent = command(
    db,
    `insert into event (seq, tenant, id, topic, accepted_at, time, time_nanos, digest, eligible, destination_id, lanes,
       no_match, metadata, data)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertKey = command(db, 'insert into event_key (hash, seq) values (?, ?)');
  const rematch = command(db, 'update event set lanes = ?, no_match = ? where seq = ?');

  return {
    find(key, { tenant, event }) {
      // Nearly every key is new: one seek, and no list for it.
      if (keyed.get(key) === undefined) return null;
      for (const { seq } of keyed.all(key)) {
        const row = known.get(seq, tenant, event.id);
        if (row !== undefined) return row;
      }
      return null;
    },
    insert(key, { tenant, event }, matching) {
      const seq = counters.nextEvent;
      counters.nextEvent += 1;
      insertEvent.run(
        seq,
        tenant,
        event.id,
        event.topic,
        event.acceptedAtMs,
        event.time.ms,
        event.time.nanos,
        event.digest,
        event.eligibleForRetry ? 1 : 0,
        event.destinationId,
        lanesJson(matching),
        noMatchJson(matching),
        mapJson(event.metadata),
        event.data,
      );
      insertKey.run(key, seq);
      return seq;
    },
    rematch: (seq, matching) => void rematch.run(lanesJson(matching), noMatchJson(matching), seq),
  };
}

const lanesJson = ({ matched }: Matching): string => `[${matched.map(({ lane }) => lane).join(',')}]`;
const noMatchJson = ({ matched, unmatched }: Matching): string | null =>
  matched.length > 0 || unmatched.length === 0 ? null : unmatchedJson(unmatched);

type DeliveryWriter = (
  event: number,
  request: AcceptRequest,
  given: { readonly matched: readonly Match[]; readonly mayHandOver: boolean },
) => { readonly leases: readonly Lease[]; readonly stored: number };

function deliveryWriter({ db, counters, epoch, lanes }: EngineContext): DeliveryWriter {
  const insert = command(
    db,
    `insert into live (event, lane, state, due, tries, spent, leases, epoch) values (?, ?, ?, ?, 0, 0, ?, ?)`,
  );
  const storedDue = query<{ event: number }>(
    db,
    'select event from live where lane = ? and state < 2 and due <= ? limit 1',
  );

  const mayLease = (row: LaneRow, nowMs: number): boolean =>
    !isHeld(row, nowMs) && storedDue.get(row.number, nowMs) === undefined;

  return (event, { tenant, event: { acceptedAtMs } }, { matched, mayHandOver }) => {
    const leases: Lease[] = [];
    for (const { lane, slotReserved } of matched) {
      const row = lanes.find(lane);
      if (row === undefined) throw new RangeError('an event was matched to a lane that never was');
      if (slotReserved && mayHandOver && mayLease(row, acceptedAtMs)) {
        insert.run(event, lane, HANDED_OVER, acceptedAtMs, 1, epoch);
        leases.push({
          tenant,
          event: eventSeq(event),
          lane,
          lease: 1,
          epoch,
          trigger: 'schedule',
          version: row.version,
        });
        continue;
      }
      insert.run(event, lane, WAITING, acceptedAtMs, 0, 0);
      countWaiting(counters, event, lane, 1);
      lanes.wake(row, acceptedAtMs);
    }
    return { leases, stored: matched.length - leases.length };
  };
}

const isHeld = (lane: LaneRow, nowMs: number): boolean => lane.hold_until !== null && lane.hold_until > nowMs;
