/** A lane's part in one claim: its due deliveries, read in pages along `live_due`, and where the lane is left. */
import type { EngineContext } from './engine-context.ts';
import { WAITING } from './rows.ts';
import { query } from './statements.ts';

/** Pages begin small, since most turns need one row and a look at the next, and double. */
export const FIRST_PAGE = 2;
export const PAGE_MAX = 64;

export interface DueDelivery {
  readonly event: number;
  readonly due: number;
  readonly state: number;
  readonly leases: number;
  readonly trigger: number;
}

export interface ReadyLane {
  readonly number: number;
  readonly version: number;
  readonly hold_until: number | null;
  readonly turn: number;
}

export interface LaneVisit {
  readonly row: ReadyLane;
  /** Slots that it may still take. */
  free: number;
  /** Place among the servings of this claim; 0 while not served. */
  servedAt: number;
  readonly page: DueDelivery[];
  pageSize: number;
  isRead: boolean;
  lastDue: number;
  lastEvent: number;
}

export function visitOf(row: ReadyLane, free: number): LaneVisit {
  return { row, free, servedAt: 0, page: [], pageSize: FIRST_PAGE, isRead: false, lastDue: -1, lastEvent: 0 };
}

/** Answers the lane's next waiting delivery, due or not. Leased ones are stepped over: at most the lane's cap of them. */
export function waitingPeek({ db, counters }: EngineContext): (lane: LaneVisit) => DueDelivery | null {
  const stored = query<DueDelivery>(
    db,
    `select event, due, state, leases, trigger from live
     where lane = ? and state < 2 and (due, event) > (?, ?) order by due, event limit ?`,
  );
  return (lane) => {
    while (lane.page.length === 0 && !lane.isRead) {
      const rows = stored.all(lane.row.number, lane.lastDue, lane.lastEvent, lane.pageSize);
      counters.claimLooked += rows.length;
      const last = rows.at(-1);
      if (last !== undefined) {
        lane.lastDue = last.due;
        lane.lastEvent = last.event;
      }
      lane.isRead = rows.length < lane.pageSize;
      lane.pageSize = Math.min(2 * lane.pageSize, PAGE_MAX);
      for (const row of rows) if (row.state === WAITING) lane.page.push(row);
    }
    return lane.page[0] ?? null;
  };
}
