/** The age of the oldest delivery that is due and waits, for the gauge. */
import type { DatabaseSync } from 'node:sqlite';
import { keptQuery } from './statements.ts';

/** At most so many ready lanes are looked at: with more of them waiting, the age of one of these says enough. */
const LANES_LOOKED_AT = 1_000;

export function oldestDue(db: DatabaseSync, nowMs: number): number {
  const lanes = keptQuery<{ number: number }>(
    db,
    'select number from lane where turn is not null and state = 0 limit ?',
  ).all(LANES_LOOKED_AT);
  const first = keptQuery<{ due: number }>(
    db,
    'select due from live where lane = ? and state < 2 and state = 0 and due <= ? order by due limit 1',
  );
  // Lanes that claim has not yet woken sleep until their first delivery is due.
  let oldest =
    keptQuery<{ wake_at: number | null }>(
      db,
      'select min(wake_at) as wake_at from lane where wake_at is not null and state = 0',
    ).get()?.wake_at ?? nowMs;
  for (const { number } of lanes) oldest = Math.min(oldest, first.get(number, nowMs)?.due ?? nowMs);
  return Math.max(0, nowMs - oldest);
}
