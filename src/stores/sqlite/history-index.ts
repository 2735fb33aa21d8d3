/**
 * History's six indexes: derived tables, filled behind a watermark each, in key order, by the writer between commits.
 *
 * A publish that wrote them inline would touch six random pages; a turn here sorts up to two thousand rows first and
 * touches each page once. The watermark moves in the same transaction as the rows, so there is nothing to repair.
 */
import type { DatabaseSync } from 'node:sqlite';
import { metaNumber, setMeta } from './meta.ts';
import { keptQuery } from './statements.ts';

/** Rows that one turn moves at most: what holds the writer for some milliseconds. */
const TURN_ROWS = 2_000;

interface IndexFill {
  readonly of: 'event' | 'attempt';
  readonly fill: string;
}

export type IndexTable =
  | 'event_by_tenant'
  | 'event_by_time'
  | 'attempt_by_tenant'
  | 'attempt_by_lane'
  | 'attempt_by_time'
  | 'attempt_by_event';

const INDEXES: Readonly<Record<IndexTable, IndexFill>> = {
  event_by_tenant: {
    of: 'event',
    fill: `insert into event_by_tenant (tenant, time, seq)
      select tenant, time, seq from event where seq > ? and seq <= ? order by tenant, time, seq`,
  },
  event_by_time: {
    of: 'event',
    fill: `insert into event_by_time (time, seq)
      select time, seq from event where seq > ? and seq <= ? order by time, seq`,
  },
  attempt_by_tenant: {
    of: 'attempt',
    fill: `insert into attempt_by_tenant (tenant, finished_at, seq)
      select tenant, finished_at, seq from attempt where seq > ? and seq <= ? order by tenant, finished_at, seq`,
  },
  attempt_by_lane: {
    of: 'attempt',
    fill: `insert into attempt_by_lane (lane, finished_at, seq)
      select lane, finished_at, seq from attempt where seq > ? and seq <= ? order by lane, finished_at, seq`,
  },
  attempt_by_time: {
    of: 'attempt',
    fill: `insert into attempt_by_time (finished_at, seq)
      select finished_at, seq from attempt where seq > ? and seq <= ? order by finished_at, seq`,
  },
  attempt_by_event: {
    of: 'attempt',
    fill: `insert into attempt_by_event (event, seq)
      select event, seq from attempt where seq > ? and seq <= ? order by event, seq`,
  },
};
const TABLES = Object.keys(INDEXES) as IndexTable[];
export const INDEX_COUNT = TABLES.length;

/** The last row that the index holds; it holds every row up to it. */
export function indexedTo(db: DatabaseSync, table: IndexTable): number {
  return metaNumber(db, watermarkName(table));
}

/** Fills index after index in turn. */
export interface HistoryIndexer {
  /**
   * Moves up to `TURN_ROWS` rows into the next index that lacks some. Called inside a transaction.
   * @returns false if no index lacked any
   */
  turn(db: DatabaseSync): boolean;
}

export function historyIndexer(): HistoryIndexer {
  let next = 0;
  return {
    turn(db) {
      for (let tried = 0; tried < TABLES.length; tried++) {
        const table = TABLES[next]!;
        next = (next + 1) % TABLES.length;
        if (fillIndex(db, table)) return true;
      }
      return false;
    },
  };
}

function fillIndex(db: DatabaseSync, table: IndexTable): boolean {
  const { of, fill } = INDEXES[table];
  const from = indexedTo(db, table);
  const to = lastOfTurn(db, of, from);
  if (to === null) return false;
  keptQuery(db, fill).all(from, to);
  setMeta(db, watermarkName(table), to);
  return true;
}

/** Numbers may have gaps, where something was deleted, so the turn's end is counted in rows. */
function lastOfTurn(db: DatabaseSync, of: IndexFill['of'], from: number): number | null {
  const row = keptQuery<{ last: number | null }>(
    db,
    `select max(seq) as last from (select seq from ${of} where seq > ? order by seq limit ?)`,
  ).get(from, TURN_ROWS);
  return row?.last ?? null;
}

function watermarkName(table: IndexTable): string {
  return `indexed:${table}`;
}
