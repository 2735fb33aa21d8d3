/**
 * Rows of 0.x's list of events: one for each event and destination that has had an attempt, with the outcome of the latest.
 * History knows events and attempts; the pairs are made here, by walking the events of the window in batches.
 *
 * What a request may walk is bounded. Past the bound a page ends early with a cursor to go on from, and `count` is what
 * was counted so far.
 */
import type { EventRecord } from '../../domain/event.ts';
import type { DestinationId } from '../../domain/ids.ts';
import type { History, Scope } from '../../ports/history.ts';
import type { RowPosition } from './cursor.ts';

/** Events read at a time: each comes with its data. */
const BATCH_EVENTS = 100;
const ATTEMPT_PAGE = 1_000;
/** Attempts of a batch that are looked at, in pages; the latest of each pair come first. */
const ATTEMPT_PAGES_MAX = 100;
/** Events that one request walks to fill its page. */
const WALK_EVENTS_MAX = 10_000;
/** Events that the first page walks to count the rows behind it. */
const COUNT_EVENTS_MAX = 1_000;

export interface RowQuery {
  readonly scope: Scope;
  readonly gteMs: number;
  readonly lteMs: number;
  readonly topics: readonly string[] | null;
  readonly destinationIds: readonly DestinationId[] | null;
  /** Of the latest attempt; null for both. */
  readonly succeeded: boolean | null;
  readonly limit: number;
  /** Where the page begins, and which way it lies from there; null for the first page. */
  readonly from: { readonly toward: 'next' | 'prev'; readonly position: RowPosition } | null;
}

export interface EventRow {
  readonly event: EventRecord;
  readonly destinationId: DestinationId;
  readonly succeeded: boolean;
}

export interface RowPage {
  /** Newest first. */
  readonly rows: readonly EventRow[];
  /** Rows from the first of this page on, this page's included. */
  readonly counted: number;
  /** Where to go on in the direction that was walked; null at the end. */
  readonly more: RowPosition | null;
}

type RowHistory = Pick<History, 'listEvents' | 'listAttempts'>;

export async function pageOfRows(history: RowHistory, query: RowQuery): Promise<RowPage> {
  const isBackward = query.from?.toward === 'prev';
  const rows: EventRow[] = [];
  let counted = 0;
  let walked = 0;
  let at = query.from?.position ?? null;
  for (;;) {
    const isFull = counted > query.limit;
    if (isFull && (query.from !== null || walked >= COUNT_EVENTS_MAX)) break;
    if (walked >= WALK_EVENTS_MAX) {
      return { rows: inOrder(rows, isBackward), counted, more: counted > rows.length ? lastPlace(rows) : at };
    }
    const batch = await nextBatch(history, query, at, isBackward);
    for (const row of batch.rows) {
      counted += 1;
      if (rows.length < query.limit) rows.push(row);
    }
    walked += batch.walked;
    if (batch.end === null) break;
    at = batch.end;
  }
  return { rows: inOrder(rows, isBackward), counted, more: counted > rows.length ? lastPlace(rows) : null };
}

const inOrder = (rows: EventRow[], isBackward: boolean): EventRow[] => (isBackward ? rows.toReversed() : rows);

function lastPlace(rows: readonly EventRow[]): RowPosition | null {
  const last = rows.at(-1);
  return last === undefined ? null : placeOf(last);
}

export const placeOf = ({ event, destinationId }: EventRow): RowPosition => ({
  timeMs: event.time.ms,
  seq: event.seq,
  destination: destinationId,
});

/** The next events with their rows, in the order of the walk; `end` is where the following batch begins. */
async function nextBatch(
  history: RowHistory,
  query: RowQuery,
  at: RowPosition | null,
  isBackward: boolean,
): Promise<{ readonly rows: readonly EventRow[]; readonly walked: number; readonly end: RowPosition | null }> {
  const page = await history.listEvents({
    scope: query.scope,
    direction: isBackward ? 'asc' : 'desc',
    limit: BATCH_EVENTS,
    cursor: at === null ? null : { toward: 'next', timeMs: at.timeMs, seq: firstSeq(at, isBackward) },
    time: { gteMs: query.gteMs, lteMs: query.lteMs },
    topics: query.topics,
    destinationIds: query.destinationIds,
    ids: null,
  });
  const rows = (await rowsOf(history, query, page.rows)).filter((row) => at === null || isPast(row, at, isBackward));
  const last = page.rows.at(-1);
  const end = last === undefined || !page.hasMore ? null : { timeMs: last.time.ms, seq: last.seq, destination: null };
  return { rows: isBackward ? rows.toReversed().sort(oldestFirst) : rows, walked: page.rows.length, end };
}

/** A position inside an event is passed once more, for the rest of its rows. */
function firstSeq({ seq, destination }: RowPosition, isBackward: boolean): number {
  if (destination === null) return seq;
  return isBackward ? seq - 1 : seq + 1;
}

function isPast({ event, destinationId }: EventRow, at: RowPosition, isBackward: boolean): boolean {
  if (at.destination === null || event.seq !== at.seq || event.time.ms !== at.timeMs) return true;
  return isBackward ? destinationId < at.destination : destinationId > at.destination;
}

const oldestFirst = (one: EventRow, other: EventRow): number =>
  one.event.time.ms - other.event.time.ms || one.event.seq - other.event.seq;

/** The rows of these events: events in the given order, the destinations of each by their ids. */
async function rowsOf(history: RowHistory, query: RowQuery, events: readonly EventRecord[]): Promise<EventRow[]> {
  const latest = await latestAttempts(history, query, events);
  return events.flatMap((event) =>
    [...(latest.get(keyOf(event.tenant, event.seq)) ?? [])]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([destinationId, { succeeded }]) => ({ event, destinationId, succeeded }))
      .filter(({ succeeded }) => query.succeeded === null || succeeded === query.succeeded),
  );
}

interface Outcome {
  readonly succeeded: boolean;
  readonly isLate: boolean;
}

const keyOf = (tenant: number, event: number): string => `${tenant}/${event}`;

async function latestAttempts(
  history: RowHistory,
  query: Pick<RowQuery, 'scope' | 'destinationIds'>,
  events: readonly EventRecord[],
): Promise<ReadonlyMap<string, ReadonlyMap<DestinationId, Outcome>>> {
  const latest = new Map<string, Map<DestinationId, Outcome>>(
    events.map((event) => [keyOf(event.tenant, event.seq), new Map<DestinationId, Outcome>()]),
  );
  let cursor: Parameters<History['listAttempts']>[0]['cursor'] = null;
  for (let pages = 0; events.length > 0 && pages < ATTEMPT_PAGES_MAX; pages += 1) {
    const page = await history.listAttempts({
      scope: query.scope,
      direction: 'desc',
      limit: ATTEMPT_PAGE,
      cursor,
      time: {},
      topics: null,
      destinationIds: query.destinationIds,
      eventIds: events.map(({ id }) => id),
      destinationTypes: null,
      succeeded: null,
      includeEvent: false,
    });
    for (const { key, destinationId, succeeded } of page.rows) {
      const ofEvent = latest.get(keyOf(key.tenant, key.event));
      const known = ofEvent?.get(destinationId);
      // A late attempt counts for nothing, unless there is no other.
      if (known === undefined || (known.isLate && key.kind !== 'late')) {
        ofEvent?.set(destinationId, { succeeded, isLate: key.kind === 'late' });
      }
    }
    const last = page.rows.at(-1);
    if (!page.hasMore || last === undefined) break;
    cursor = { toward: 'next', timeMs: last.finishedAtMs, seq: last.seq };
  }
  return latest;
}
