/** Attempts in the log: lists by the time they ended, and one by its key. */
import type { DatabaseSync } from 'node:sqlite';
import type { AttemptKey, AttemptRecord } from '../../domain/attempt.ts';
import { eventId } from '../../domain/ids.ts';
import type { Page } from '../../ports/directory.ts';
import type { AttemptQuery, Scope } from '../../ports/history.ts';
import type { HistoryReader } from './history-events.ts';
import { indexedTo, type IndexTable } from './history-index.ts';
import { type Names, namesIn } from './history-names.ts';
import { collectPage, type Sliced } from './history-page.ts';
import { eventsOfIds, lanesOfIds, STREAMS_MAX, streamsOf, tenantsIn } from './history-scope.ts';
import { compareIn, type Position, SLICE_ROWS, type Sources, type Stream, type Walk, walkOf } from './history-walk.ts';
import { ATTEMPT_COLUMNS, type AttemptRow, attemptRecordOf, kindCode } from './rows.ts';
import { keptQuery } from './statements.ts';

interface NamedAttemptRow extends AttemptRow {
  readonly event_id: string;
  readonly topic: string;
}

const NAMED_ATTEMPT = `select ${ATTEMPT_COLUMNS}, event.id as event_id, event.topic
  from attempt join event on event.seq = attempt.event`;

export function* listAttempts(reader: HistoryReader, query: AttemptQuery): Sliced<Page<AttemptRecord>> {
  const { db } = reader;
  const walk = walkOf(query);
  const tenants = tenantsIn(db, query.scope);
  const names = namesIn(db);
  const takes = filterOf(query, tenants, names);
  const sources = yield* sourcesOf(reader, query, walk, tenants);
  return yield* collectPage({
    walk,
    sources,
    limit: query.limit,
    read({ seq }) {
      const row = keptQuery<NamedAttemptRow>(db, `${NAMED_ATTEMPT} where attempt.seq = ?`).get(seq);
      return row !== undefined && takes(row) ? recordOf(row, names, query.includeEvent) : null;
    },
    // A response is capped at some KiB where it is read.
    bytesOf: ({ event }) => 4_096 + (event === null ? 0 : event.data.length + event.matchedDestinationIds.length * 32),
  });
}

export function findAttempt(
  reader: HistoryReader,
  asked: { readonly scope: Scope; readonly key: AttemptKey; readonly includeEvent: boolean },
): AttemptRecord | null {
  const { db } = reader;
  const { key } = asked;
  const tenants = tenantsIn(db, asked.scope);
  if (tenants !== null && !tenants.has(key.tenant)) return null;
  const wanted = [key.event, key.tenant, key.lane, key.lease, kindCode(key.kind)];
  const where = 'attempt.tenant = ? and attempt.lane = ? and attempt.lease = ? and attempt.kind = ?';
  const row =
    keptQuery<NamedAttemptRow>(
      db,
      `${NAMED_ATTEMPT} join attempt_by_event on attempt_by_event.seq = attempt.seq
        where attempt_by_event.event = ? and ${where}`,
    ).get(...wanted) ??
    keptQuery<NamedAttemptRow>(
      db,
      // The plus sign keeps the planner on the range of seq.
      `${NAMED_ATTEMPT} where attempt.seq > ? and +attempt.event = ? and ${where}`,
    ).get(indexedTo(db, 'attempt_by_event'), ...wanted);
  return row === undefined ? null : recordOf(row, namesIn(db), asked.includeEvent);
}

function recordOf(row: NamedAttemptRow, names: Names, includeEvent: boolean): AttemptRecord {
  const lane = names.lane(row.lane);
  return attemptRecordOf(row, {
    tenantId: names.tenantId(row.tenant),
    eventId: eventId(row.event_id),
    destinationId: lane.destinationId,
    destinationType: lane.type,
    topic: row.topic,
    event: includeEvent ? names.event(row.event) : null,
  });
}

function filterOf(
  query: AttemptQuery,
  tenants: ReadonlySet<number> | null,
  names: Names,
): (row: NamedAttemptRow) => boolean {
  const topics = setOf(query.topics);
  const destinations = setOf<string>(query.destinationIds);
  const types = setOf(query.destinationTypes);
  return (row) => {
    if (tenants !== null && !tenants.has(row.tenant)) return false;
    if (query.succeeded !== null && query.succeeded !== (row.succeeded === 1)) return false;
    if (topics !== null && !topics.has(row.topic)) return false;
    if (destinations !== null && !destinations.has(names.lane(row.lane).destinationId)) return false;
    return types === null || types.has(names.lane(row.lane).type);
  };
}

function setOf<Value>(values: readonly Value[] | null): ReadonlySet<Value> | null {
  return values === null ? null : new Set(values);
}

function* sourcesOf(
  reader: HistoryReader,
  query: AttemptQuery,
  walk: Walk,
  tenants: ReadonlySet<number> | null,
): Sliced<Sources> {
  const { db } = reader;
  if (query.eventIds !== null) return yield* sourcesOfEvents(reader, query, walk, tenants);
  const lanes = query.destinationIds === null ? null : lanesOfIds(db, tenants, query.destinationIds);
  if (lanes !== null) {
    const wanted = new Set(lanes);
    return yield* withLoose(db, 'attempt_by_lane', walk, {
      streams: streamsOf(db, walk, 'attemptsOfLane', wanted),
      takes: (row) => wanted.has(row.lane),
    });
  }
  if (tenants !== null && tenants.size <= STREAMS_MAX) {
    return yield* withLoose(db, 'attempt_by_tenant', walk, {
      streams: streamsOf(db, walk, 'attemptsOfTenant', tenants),
      takes: (row) => tenants.has(row.tenant),
    });
  }
  return yield* withLoose(db, 'attempt_by_time', walk, {
    streams: streamsOf(db, walk, 'attempts', [null]),
    takes: (row) => tenants === null || tenants.has(row.tenant),
  });
}

/** Attempts of some events have no index by time; there are as many as those events were sent, and they are sorted here. */
function* sourcesOfEvents(
  reader: HistoryReader,
  query: AttemptQuery,
  walk: Walk,
  tenants: ReadonlySet<number> | null,
): Sliced<Sources> {
  const { db } = reader;
  const wanted = new Set<number>();
  for (const id of new Set(query.eventIds)) {
    for (const seq of eventsOfIds({ ...reader, scope: query.scope, tenants, ids: [id] })) wanted.add(seq);
    yield;
  }
  const { loose, indexedTo: last } = yield* withLoose(db, 'attempt_by_event', walk, {
    streams: [],
    takes: (row) => wanted.has(row.event),
  });
  const slice = keptQuery<Position>(
    db,
    `select attempt.finished_at as timeMs, attempt.seq from attempt_by_event
      join attempt on attempt.seq = attempt_by_event.seq
      where attempt_by_event.event = ? and attempt_by_event.seq > ? and attempt_by_event.seq <= ?
      order by attempt_by_event.seq limit ?`,
  );
  const all = [...loose];
  for (const event of wanted) {
    for (let after = 0; after < last;) {
      const rows = slice.all(event, after, last, SLICE_ROWS);
      all.push(...rows);
      after = rows.length < SLICE_ROWS ? last : rows.at(-1)!.seq;
      yield;
    }
  }
  return { streams: [], indexedTo: last, loose: all.sort(compareIn(walk.isAscending)) };
}

interface LooseRow extends Position {
  readonly tenant: number;
  readonly lane: number;
  readonly event: number;
}

/** Adds what the index does not hold yet, up to the last row of now. */
function* withLoose(
  db: DatabaseSync,
  table: IndexTable,
  walk: Walk,
  source: { readonly streams: readonly Stream[]; takes(row: LooseRow): boolean },
): Sliced<Sources> {
  const from = indexedTo(db, table);
  const newest = keptQuery<{ last: number | null }>(db, 'select max(seq) as last from attempt').get()?.last ?? 0;
  const slice = keptQuery<LooseRow>(
    db,
    `select finished_at as timeMs, seq, tenant, lane, event from attempt
      where seq > ? and seq <= ? order by seq limit ?`,
  );
  const loose: Position[] = [];
  for (let after = from; after < newest;) {
    const rows = slice.all(after, newest, SLICE_ROWS);
    for (const row of rows) if (source.takes(row)) loose.push({ timeMs: row.timeMs, seq: row.seq });
    after = rows.at(-1)?.seq ?? newest;
    yield;
  }
  return { streams: source.streams, indexedTo: from, loose: loose.sort(compareIn(walk.isAscending)) };
}
