/**
 * The log of attempts as the engine needs it: appended to by every settle, and read back only where a delivery has no
 * live row any more (a late or repeated settle, a manual retry). Reads take the filled part of `attempt_by_event` and
 * then the rows behind its watermark, which History's filling keeps to a fraction of a second's worth.
 */
import type { DatabaseSync } from 'node:sqlite';
import { metaNumber } from './meta.ts';
import { ATTEMPT_COLUMNS, type AttemptRow } from './rows.ts';
import { command, keptQuery, query } from './statements.ts';

/** The watermark of `attempt_by_event` in `meta`. */
export const ATTEMPTS_INDEXED = 'indexed:attempt_by_event';

/** A row to be, without the `seq` that the log gives it. */
export type NewAttempt = Omit<AttemptRow, 'seq'>;

export interface AttemptLog {
  append(attempt: NewAttempt): void;
  /** The attempts of one delivery, oldest first. */
  ofDelivery(event: number, lane: number): readonly AttemptRow[];
}

/** @param numbers gives the rows' `seq`; the engine takes it back when a batch fails */
export function attemptLog(db: DatabaseSync, numbers: { nextAttempt: number }): AttemptLog {
  const insert = command(
    db,
    `insert into attempt (seq, event, lane, tenant, n, kind, trigger, lease, succeeded, code, started_at, finished_at, response)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return {
    append(row) {
      insert.run(
        numbers.nextAttempt,
        row.event,
        row.lane,
        row.tenant,
        row.n,
        row.kind,
        row.trigger,
        row.lease,
        row.succeeded,
        row.code,
        row.started_at,
        row.finished_at,
        row.response,
      );
      numbers.nextAttempt += 1;
    },
    ofDelivery: (event, lane) => attemptsOfDelivery(db, event, lane),
  };
}

function attemptsOfDelivery(db: DatabaseSync, event: number, lane: number): readonly AttemptRow[] {
  const indexed = metaNumber(db, ATTEMPTS_INDEXED);
  const filled = keptQuery<AttemptRow>(
    db,
    `select ${ATTEMPT_COLUMNS} from attempt_by_event join attempt on attempt.seq = attempt_by_event.seq
     where attempt_by_event.event = ? and attempt_by_event.seq <= ? and attempt.lane = ? order by attempt_by_event.seq`,
  ).all(event, indexed, lane);
  const tail = keptQuery<AttemptRow>(
    db,
    `select ${ATTEMPT_COLUMNS} from attempt where seq > ? and event = ? and lane = ? order by seq`,
  ).all(indexed, event, lane);
  return [...filled, ...tail];
}

/** The number that the next attempt appended gets. */
export function nextAttemptSeq(db: DatabaseSync): number {
  return (query<{ last: number | null }>(db, 'select max(seq) as last from attempt').get()?.last ?? 0) + 1;
}
