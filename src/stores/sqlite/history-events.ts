/** Events in the log: lists by time, and one by its id. */
import type { DatabaseSync } from 'node:sqlite';
import type { EventRecord } from '../../domain/event.ts';
import {
  type DestinationId,
  type EventId,
  type EventSeq,
  eventSeq,
  type LaneNumber,
  laneNumber,
  type TenantNumber,
} from '../../domain/ids.ts';
import type { Page } from '../../ports/directory.ts';
import type { EventQuery, Scope } from '../../ports/history.ts';
import { indexedTo, type IndexTable } from './history-index.ts';
import { namesIn } from './history-names.ts';
import { collectPage, type Sliced } from './history-page.ts';
import { type EventIds, eventsOfIds, STREAMS_MAX, streamsOf, tenantsIn } from './history-scope.ts';
import { compareIn, type Position, SLICE_ROWS, type Sources, type Walk, walkOf } from './history-walk.ts';
import { lanesOf } from './rows.ts';
import { keptQuery } from './statements.ts';

export interface HistoryReader {
  readonly db: DatabaseSync;
  readonly eventIds: EventIds;
}

export function* listEvents(reader: HistoryReader, query: EventQuery): Sliced<Page<EventRecord>> {
  const { db } = reader;
  const walk = walkOf(query);
  const tenants = tenantsIn(db, query.scope);
  const names = namesIn(db);
  const topics = query.topics === null ? null : new Set(query.topics);
  const destinations = query.destinationIds === null ? null : new Set(query.destinationIds);
  const cells = keptQuery<{ tenant: number; topic: string; lanes: string }>(
    db,
    'select tenant, topic, lanes from event where seq = ?',
  );

  const sources = yield* sourcesOf(reader, query, walk, tenants);
  return yield* collectPage({
    walk,
    sources,
    limit: query.limit,
    read({ seq }) {
      const row = cells.get(seq);
      if (row === undefined || (tenants !== null && !tenants.has(row.tenant))) return null;
      if (topics !== null && !topics.has(row.topic)) return null;
      if (destinations !== null && !names.matchedIds(row.lanes).some((id) => destinations.has(id))) return null;
      return names.event(seq);
    },
    bytesOf: (event) => event.data.length + event.matchedDestinationIds.length * 32,
  });
}

function* sourcesOf(
  reader: HistoryReader,
  query: EventQuery,
  walk: Walk,
  tenants: ReadonlySet<number> | null,
): Sliced<Sources> {
  const { db } = reader;
  if (query.ids !== null) return yield* sourcesOfIds(reader, { ...query, ids: query.ids }, walk, tenants);
  const owners = tenants !== null && tenants.size <= STREAMS_MAX ? tenants : null;
  const table: IndexTable = owners === null ? 'event_by_time' : 'event_by_tenant';
  const from = indexedTo(db, table);
  return {
    streams: owners === null ? streamsOf(db, walk, 'events', [null]) : streamsOf(db, walk, 'eventsOfTenant', owners),
    indexedTo: from,
    loose: yield* looseEvents(db, from, tenants, walk),
  };
}

function* sourcesOfIds(
  reader: HistoryReader,
  query: EventQuery & { readonly ids: readonly EventId[] },
  walk: Walk,
  tenants: ReadonlySet<number> | null,
): Sliced<Sources> {
  const { db } = reader;
  const position = keptQuery<Position>(db, 'select time as timeMs, seq from event where seq = ?');
  const loose: Position[] = [];
  for (const id of new Set(query.ids)) {
    for (const seq of eventsOfIds({ ...reader, scope: query.scope, tenants, ids: [id] })) {
      const found = position.get(seq);
      if (found !== undefined) loose.push(found);
    }
    yield;
  }
  return { streams: [], indexedTo: 0, loose: loose.sort(compareIn(walk.isAscending)) };
}

/** What the index does not hold yet, up to the last row of now. */
function* looseEvents(
  db: DatabaseSync,
  from: number,
  tenants: ReadonlySet<number> | null,
  walk: Walk,
): Sliced<readonly Position[]> {
  const newest = keptQuery<{ last: number | null }>(db, 'select max(seq) as last from event').get()?.last ?? 0;
  const slice = keptQuery<Position & { tenant: number }>(
    db,
    'select time as timeMs, seq, tenant from event where seq > ? and seq <= ? order by seq limit ?',
  );
  const loose: Position[] = [];
  for (let after = from; after < newest;) {
    const rows = slice.all(after, newest, SLICE_ROWS);
    for (const { timeMs, seq, tenant } of rows)
      if (tenants === null || tenants.has(tenant)) loose.push({ timeMs, seq });
    after = rows.at(-1)?.seq ?? newest;
    yield;
  }
  return loose.sort(compareIn(walk.isAscending));
}

/** Of several tenants' events of one id the newest. */
export function findEvent(reader: HistoryReader, scope: Scope, id: EventId): EventRecord | null {
  const tenants = tenantsIn(reader.db, scope);
  const seqs = eventsOfIds({ ...reader, scope, tenants, ids: [id] });
  if (seqs.length === 0) return null;
  return namesIn(reader.db).event(newestOf(seqs));
}

function newestOf(seqs: readonly EventSeq[]): EventSeq {
  return eventSeq(seqs.reduce((newest, seq) => Math.max(newest, seq), 0));
}

/** The lane that a matched event had for a destination id, or null. */
export function matchedLane(
  { db, eventIds }: HistoryReader,
  asked: { readonly tenant: TenantNumber; readonly event: EventId; readonly destination: DestinationId },
): LaneNumber | null {
  const seq = eventIds.find(asked.tenant, asked.event);
  if (seq === null) return null;
  const row = keptQuery<{ lanes: string }>(db, 'select lanes from event where seq = ?').get(seq);
  if (row === undefined) return null;
  const names = namesIn(db);
  const lane = lanesOf(row.lanes).find((number) => names.lane(number).destinationId === asked.destination);
  return lane === undefined ? null : laneNumber(lane);
}
