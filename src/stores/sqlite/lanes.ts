/**
 * Lanes between their three places, and tenants in their fair turn.
 *
 *   nothing stored ──► asleep (wake_at) ──► ready (turn) ──► asleep, or nothing stored
 *                wake                claim's wake-up      claim found nothing more that is due
 *
 * Whatever is stored puts its lane to sleep until it is due, even if that is now: claim's wake-up is the only way to be
 * ready, and so the only thing to bound. The places are partial indexes over active lanes, so a lane that is switched
 * off keeps its place and is in none of them. A tenant has a tag exactly while it has a ready active lane.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Counters } from './engine-memory.ts';
import { command, query } from './statements.ts';

/** How far a tenant may run ahead of the others by what was handed over; it is not to pay for it for ever. */
export const LEAD_MAX = 256;
/** Tags of tenants that have just run out of ready lanes, kept so that running out is no way to the front. */
const FINISHED_MAX = 1_024;

export interface LaneRow {
  readonly number: number;
  readonly tenant: number;
  readonly destination_id: string;
  readonly state: number;
  readonly version: number;
  readonly streak: number;
  readonly hold_until: number | null;
  readonly wake_at: number | null;
  readonly turn: number | null;
}

export interface Lanes {
  find(lane: number): LaneRow | undefined;
  /** To be called with the row as it is, for every delivery of the lane that begins to wait. */
  wake(lane: LaneRow, dueMs: number): void;
  /** Writes what a settle found out about the destination. */
  setHealth(lane: number, streak: number, holdUntilMs: number | null): void;
  sleep(lane: number, wakeAtMs: number | null): void;
  makeReady(lane: number, turn: number): void;
  /** The last turn among the tenant's ready lanes, 0 if it has none. */
  lastTurn(tenant: number): number;
  /** Gives the tenant its tag if it has none. */
  beginTurns(tenant: number): void;
  /** Writes the tag, or takes it away if no lane of the tenant is ready. */
  setTag(tenant: number, tag: number | null): void;
  /** Takes the tenant's tag away if no lane of it is ready any more. */
  endTurns(tenant: number): void;
  /** Moves a tenant that has a tag behind others for leases that it got without waiting for its turn. */
  advanceTag(tenant: number, tag: number, leases: number): void;
}

export function lanes(db: DatabaseSync, counters: Counters): Lanes {
  const find = query<LaneRow>(
    db,
    'select number, tenant, destination_id, state, version, streak, hold_until, wake_at, turn from lane where number = ?',
  );
  const wakeAt = command(db, 'update lane set wake_at = ? where number = ?');
  const health = command(db, 'update lane set streak = ?, hold_until = ? where number = ?');
  const place = command(db, 'update lane set wake_at = ?, turn = ? where number = ?');
  const lastTurn = query<{ turn: number | null }>(
    db,
    'select max(turn) as turn from lane where tenant = ? and turn is not null and state = 0',
  );
  const anyReady = query<{ number: number }>(
    db,
    'select number from lane where tenant = ? and turn is not null and state = 0 limit 1',
  );
  const tagOf = query<{ tag: number | null }>(db, 'select tag from tenant where number = ?');
  const setTag = command(db, 'update tenant set tag = ? where number = ?');
  const finished = new Map<number, number>();

  const self: Lanes = {
    find: (lane) => find.get(lane),
    wake(lane, dueMs) {
      if (lane.turn !== null) return;
      const atMs = Math.max(dueMs, lane.hold_until ?? 0);
      if (lane.wake_at === null || atMs < lane.wake_at) wakeAt.run(atMs, lane.number);
    },
    setHealth: (lane, streak, holdUntilMs) => void health.run(streak, holdUntilMs, lane),
    sleep: (lane, wakeAtMs) => void place.run(wakeAtMs, null, lane),
    makeReady: (lane, turn) => void place.run(null, turn, lane),
    lastTurn: (tenant) => lastTurn.get(tenant)?.turn ?? 0,
    beginTurns(tenant) {
      if (tagOf.get(tenant)?.tag !== null) return;
      setTag.run(Math.max(counters.virtual, finished.get(tenant) ?? 0), tenant);
      finished.delete(tenant);
    },
    setTag(tenant, tag) {
      if (anyReady.get(tenant) !== undefined) {
        if (tag !== null) setTag.run(tag, tenant);
        return;
      }
      setTag.run(null, tenant);
      if (tag === null || tag <= counters.virtual) return;
      finished.delete(tenant);
      finished.set(tenant, tag);
      if (finished.size > FINISHED_MAX) for (const [oldest] of finished.entries().take(1)) finished.delete(oldest);
    },
    endTurns(tenant) {
      const tag = tagOf.get(tenant)?.tag;
      if (tag !== null && tag !== undefined && anyReady.get(tenant) === undefined) self.setTag(tenant, tag);
    },
    advanceTag(tenant, tag, leases) {
      const furthest = Math.max(tag, counters.virtual + LEAD_MAX);
      const next = Math.min(tag + leases, furthest);
      if (next !== tag) setTag.run(next, tenant);
    },
  };
  return self;
}
