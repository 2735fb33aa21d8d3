/**
 * The turns of one claim: which tenant, which of its lanes, which of the lane's deliveries. Reads pages along the
 * indexes as far as they are needed, keeps in memory who comes next, and writes each lane and tenant that it visited
 * once, at the end.
 */
import { laneNumber } from '../../domain/ids.ts';
import type { ClaimRequest } from '../../ports/ledger.ts';
import {
  type DueDelivery,
  FIRST_PAGE,
  type LaneVisit,
  PAGE_MAX,
  type ReadyLane,
  visitOf,
  waitingPeek,
} from './claim-lanes.ts';
import type { EngineContext } from './engine-context.ts';
import { query } from './statements.ts';

export interface Turn {
  readonly tenant: number;
  readonly lane: ReadyLane;
  readonly due: DueDelivery;
}

export interface Turns {
  /** The next delivery in the fair order. A tenant that may take none is left out for the rest of the claim. */
  next(mayTake: (tenant: number) => boolean): Turn | null;
  /** Writes where the visited lanes and tenants stand now. */
  end(): void;
}

interface TenantRow {
  readonly number: number;
  readonly tag: number;
}

interface TenantVisit {
  readonly row: TenantRow;
  tag: number;
  /** Ready lanes not visited yet, and the last that was read. */
  readonly page: ReadyLane[];
  pageSize: number;
  isRead: boolean;
  lastTurn: number;
  lastLane: number;
  /** Visited lanes that may have more, in turn. */
  readonly again: LaneVisit[];
  readonly visited: LaneVisit[];
}

export function turnsOf(context: EngineContext): (request: ClaimRequest) => Turns {
  const { counters } = context;
  const peek = waitingPeek(context);
  const nextReadyLane = readyLaneReader(context);
  const placeLanes = placing(context, peek);
  const tenants = tenantReader(context);

  return ({ nowMs, busy, laneCap }) => {
    const queue = tenants();
    const virtual = counters.virtual;
    const visited: TenantVisit[] = [];
    let servings = 0;

    const nextLane = (tenant: TenantVisit): LaneVisit | null => {
      const row = nextReadyLane(tenant);
      if (row === null) return tenant.again.shift() ?? null;
      const lane = visitOf(row, laneCap - (busy.get(laneNumber(row.number)) ?? 0));
      tenant.visited.push(lane);
      return lane;
    };
    const serve = (tenant: TenantVisit): Turn | null => {
      for (let lane = nextLane(tenant); lane !== null; lane = nextLane(tenant)) {
        if (lane.free <= 0 || isHeld(lane.row, nowMs)) continue;
        const due = peek(lane);
        if (due === null || due.due > nowMs) continue;
        lane.page.shift();
        lane.free -= 1;
        servings += 1;
        lane.servedAt = servings;
        tenant.again.push(lane);
        return { tenant: tenant.row.number, lane: lane.row, due };
      }
      return null;
    };

    const visit = (tenant: TenantVisit): Turn | null => {
      if (tenant.visited.length === 0) visited.push(tenant);
      const turn = serve(tenant);
      if (turn === null) return null;
      // A tenant that could not be served for a while is not to catch up on all of it.
      const start = Math.max(tenant.tag, virtual);
      counters.virtual = Math.max(counters.virtual, start);
      tenant.tag = start + 1;
      return turn;
    };

    return {
      next(mayTake) {
        for (let tenant = queue.take(); tenant !== null; tenant = queue.take()) {
          if (!mayTake(tenant.row.number)) continue;
          const turn = visit(tenant);
          if (turn === null) continue;
          queue.putBack(tenant);
          return turn;
        }
        return null;
      },
      end() {
        for (const tenant of visited) placeLanes(tenant, nowMs);
      },
    };
  };
}

const isHeld = (lane: ReadyLane, nowMs: number): boolean => lane.hold_until !== null && lane.hold_until > nowMs;

interface TenantQueue {
  /** The tenant with the least tag; among equals one that had no turn yet. */
  take(): TenantVisit | null;
  putBack(tenant: TenantVisit): void;
}

/**
 * Many tenants may have one tag, and each page begins anew at the first of them (a row id is no part of an index's
 * bound), so pages go on doubling to the most leases that a claim gives.
 */
const TENANT_PAGE_MAX = 1_024;

/** Merges the tenants in the order of their stored tags with those that wait for their next turn in this claim. */
function tenantReader({ db, counters }: EngineContext): () => TenantQueue {
  const page = query<TenantRow>(
    db,
    'select number, tag from tenant where tag is not null and (tag, number) > (?, ?) order by tag, number limit ?',
  );
  return () => {
    const again: TenantVisit[] = [];
    let rows: TenantRow[] = [];
    let last: TenantRow = { tag: -1, number: 0 };
    let pageSize = FIRST_PAGE;
    let isRead = false;

    const peekRow = (): TenantRow | undefined => {
      if (rows.length === 0 && !isRead) {
        rows = page.all(last.tag, last.number, pageSize);
        counters.claimLooked += rows.length;
        last = rows.at(-1) ?? last;
        isRead = rows.length < pageSize;
        pageSize = Math.min(2 * pageSize, TENANT_PAGE_MAX);
      }
      return rows[0];
    };
    return {
      take() {
        const row = peekRow();
        const waiting = again[0];
        if (row === undefined || (waiting !== undefined && waiting.tag < row.tag)) return again.shift() ?? null;
        rows.shift();
        return tenantVisit(row);
      },
      putBack(tenant) {
        // Tags grow by one a turn, so the place is nearly always at the end.
        const after = again.findLastIndex((one) => one.tag <= tenant.tag);
        again.splice(after + 1, 0, tenant);
      },
    };
  };
}

function tenantVisit(row: TenantRow): TenantVisit {
  return {
    row,
    tag: row.tag,
    page: [],
    pageSize: FIRST_PAGE,
    isRead: false,
    lastTurn: -1,
    lastLane: 0,
    again: [],
    visited: [],
  };
}

function readyLaneReader({ db, counters }: EngineContext): (tenant: TenantVisit) => ReadyLane | null {
  const page = query<ReadyLane>(
    db,
    `select number, version, hold_until, turn from lane
     where tenant = ? and turn is not null and state = 0 and (turn, number) > (?, ?) order by turn, number limit ?`,
  );
  return (tenant) => {
    if (tenant.page.length === 0 && !tenant.isRead) {
      const rows = page.all(tenant.row.number, tenant.lastTurn, tenant.lastLane, tenant.pageSize);
      counters.claimLooked += rows.length;
      const last = rows.at(-1);
      if (last !== undefined) {
        tenant.lastTurn = last.turn;
        tenant.lastLane = last.number;
      }
      tenant.isRead = rows.length < tenant.pageSize;
      tenant.pageSize = Math.min(2 * tenant.pageSize, PAGE_MAX);
      tenant.page.push(...rows);
    }
    return tenant.page.shift() ?? null;
  };
}

/** Leaves each visited lane ready, asleep or with nothing stored, and the tenant with its tag or without. */
function placing(
  { lanes }: EngineContext,
  peek: (lane: LaneVisit) => DueDelivery | null,
): (tenant: TenantVisit, nowMs: number) => void {
  return (tenant, nowMs) => {
    const stillReady: LaneVisit[] = [];
    let hasSlept = tenant.visited.length === 0;
    for (const lane of tenant.visited) {
      const { number, hold_until: holdUntilMs } = lane.row;
      // Without a free slot to begin with: left as it is, due or not.
      if (lane.servedAt === 0 && lane.free <= 0) continue;
      const due = isHeld(lane.row, nowMs) ? null : peek(lane);
      if (due !== null && due.due <= nowMs) {
        stillReady.push(lane);
        continue;
      }
      lanes.sleep(number, isHeld(lane.row, nowMs) ? holdUntilMs : (due?.due ?? null));
      hasSlept = true;
    }
    // Only what was served goes behind the tenant's other lanes, in the order of the last servings.
    const served = stillReady.filter((lane) => lane.servedAt > 0).sort((a, b) => a.servedAt - b.servedAt);
    let turn = served.length === 0 ? 0 : lanes.lastTurn(tenant.row.number);
    for (const lane of served) lanes.makeReady(lane.row.number, (turn += 1));
    if (hasSlept || tenant.tag !== tenant.row.tag) lanes.setTag(tenant.row.number, tenant.tag);
  };
}
