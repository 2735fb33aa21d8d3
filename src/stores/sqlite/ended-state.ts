/** How a delivery without a live row has ended. */
import type { DatabaseSync } from 'node:sqlite';
import { type AttemptRow, kindCode } from './rows.ts';
import { keptQuery } from './statements.ts';

const SETTLED = kindCode('settled');

export type EndedState = 'succeeded' | 'exhausted' | 'cancelled';

/** @param log the attempts of the delivery, oldest first */
export function endedState(
  db: DatabaseSync,
  { event, lane, log }: { readonly event: number; readonly lane: number; readonly log: readonly AttemptRow[] },
): EndedState {
  const closed = keptQuery<{ state: EndedState }>(db, 'select state from closed where event = ? and lane = ?').get(
    event,
    lane,
  );
  if (closed !== undefined) return closed.state;
  return log.findLast((attempt) => attempt.kind === SETTLED)?.succeeded === 1 ? 'succeeded' : 'exhausted';
}
