/**
 * What the engine knows without asking its tables: counters that a failed batch takes back, and caches that can be lost.
 */
import type { DatabaseSync } from 'node:sqlite';
import { nextAttemptSeq } from './attempt-log.ts';
import { query } from './statements.ts';

/** Plain values only: a batch copies them before it begins and puts them back if it fails. */
export interface Counters {
  nextEvent: number;
  nextAttempt: number;
  /** Waiting deliveries of those that recovery has looked at or that came after the store was opened. */
  waiting: number;
  /** Recovery's walk over `live`: the last key looked at, and the last event of the walk. */
  walkEvent: number;
  walkLane: number;
  walkEnd: number;
  isWalked: boolean;
  /** Fair turn: the start tag of the tenant that was served last. */
  virtual: number;
  claimLooked: number;
  claimLeased: number;
}

export function countersOf(db: DatabaseSync): Counters {
  const number = (sql: string): number => query<{ value: number | null }>(db, sql).get()?.value ?? 0;
  const walkEnd = number('select max(event) as value from live');
  return {
    nextEvent: number('select max(seq) as value from event') + 1,
    nextAttempt: nextAttemptSeq(db),
    waiting: 0,
    walkEvent: 0,
    walkLane: 0,
    walkEnd,
    isWalked: walkEnd === 0,
    virtual: number('select min(tag) as value from tenant where tag is not null'),
    claimLooked: 0,
    claimLeased: 0,
  };
}

/** Counts a delivery that began or ceased to wait, unless recovery's walk is still to come upon it and count it then. */
export function countWaiting(counters: Counters, event: number, lane: number, change: 1 | -1): void {
  const isAhead =
    !counters.isWalked &&
    event <= counters.walkEnd &&
    (event > counters.walkEvent || (event === counters.walkEvent && lane > counters.walkLane));
  if (!isAhead) counters.waiting += change;
}
