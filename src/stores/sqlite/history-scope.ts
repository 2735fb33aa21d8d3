/** Whose rows a query sees, as numbers of tenants and lanes, and the index ranges that hold them. */
import type { DatabaseSync } from 'node:sqlite';
import type { DestinationId, EventId, EventSeq, TenantNumber } from '../../domain/ids.ts';
import type { Scope } from '../../ports/history.ts';
import type { Position, Stream, Walk } from './history-walk.ts';
import { keptQuery } from './statements.ts';

/** Finds events by their id; the keyed hash that it needs is the engine's. */
export interface EventIds {
  /** The event of one tenant, or null. */
  find(tenant: TenantNumber, id: EventId): EventSeq | null;
  /** Those of all tenants. */
  findAll(id: EventId): readonly EventSeq[];
}

/** Beyond so many ranges it is cheaper to walk the one that holds them all and to leave out what isn't asked for. */
export const STREAMS_MAX = 128;

/** Numbers of the tenants in scope; null for all. */
export function tenantsIn(db: DatabaseSync, scope: Scope): ReadonlySet<number> | null {
  switch (scope.kind) {
    case 'all':
      return null;
    case 'tenant':
      return new Set([scope.tenant]);
    case 'ids': {
      const lives = keptQuery<{ number: number }>(db, 'select number from tenant where id = ?');
      return new Set(scope.ids.flatMap((id) => lives.all(id).map((row) => row.number)));
    }
  }
}

/** Lanes of these destination ids in these tenants, or null if they are more than `STREAMS_MAX`. */
export function lanesOfIds(
  db: DatabaseSync,
  tenants: ReadonlySet<number> | null,
  ids: readonly DestinationId[],
): readonly number[] | null {
  const lanes: number[] = [];
  for (const id of new Set(ids)) {
    for (const tenant of tenants ?? [null]) {
      const room = STREAMS_MAX + 1 - lanes.length;
      for (const lane of lanesOfId(db, tenant, id, room)) lanes.push(lane);
      if (lanes.length > STREAMS_MAX) return null;
    }
  }
  return lanes;
}

function lanesOfId(db: DatabaseSync, tenant: number | null, id: DestinationId, limit: number): readonly number[] {
  const rows =
    tenant === null
      ? keptQuery<{ number: number }>(db, 'select number from lane where destination_id = ? limit ?').all(id, limit)
      : keptQuery<{ number: number }>(
          db,
          'select number from lane where destination_id = ? and tenant = ? limit ?',
        ).all(id, tenant, limit);
  return rows.map((row) => row.number);
}

/** The seqs of events of these ids that are in scope. */
export function eventsOfIds(options: {
  readonly db: DatabaseSync;
  readonly eventIds: EventIds;
  readonly scope: Scope;
  readonly tenants: ReadonlySet<number> | null;
  readonly ids: readonly EventId[];
}): readonly EventSeq[] {
  const { db, eventIds, scope, tenants } = options;
  const found: EventSeq[] = [];
  for (const id of new Set(options.ids)) {
    if (scope.kind === 'tenant') {
      const seq = eventIds.find(scope.tenant, id);
      if (seq !== null) found.push(seq);
      continue;
    }
    for (const seq of eventIds.findAll(id)) {
      if (tenants === null || tenants.has(tenantOfEvent(db, seq))) found.push(seq);
    }
  }
  return found;
}

function tenantOfEvent(db: DatabaseSync, seq: EventSeq): number {
  return keptQuery<{ tenant: number }>(db, 'select tenant from event where seq = ?').get(seq)?.tenant ?? 0;
}

interface RangeTable {
  readonly table: string;
  /** The column in front of time, equal throughout the range; null for an index by time alone. */
  readonly owner: string | null;
  readonly time: string;
}

const RANGES = {
  eventsOfTenant: { table: 'event_by_tenant', owner: 'tenant', time: 'time' },
  events: { table: 'event_by_time', owner: null, time: 'time' },
  attemptsOfTenant: { table: 'attempt_by_tenant', owner: 'tenant', time: 'finished_at' },
  attemptsOfLane: { table: 'attempt_by_lane', owner: 'lane', time: 'finished_at' },
  attempts: { table: 'attempt_by_time', owner: null, time: 'finished_at' },
} as const satisfies Record<string, RangeTable>;

/** One stream for each owner. */
export function streamsOf(
  db: DatabaseSync,
  walk: Walk,
  range: keyof typeof RANGES,
  owners: Iterable<number | null>,
): readonly Stream[] {
  const sql = rangeSql(RANGES[range], walk.isAscending);
  return [...owners].map((owner) => ({
    read(after, limit) {
      const key = owner === null ? [] : [owner];
      return keptQuery<Position>(db, sql).all(...key, after.timeMs, after.seq, limit);
    },
  }));
}

function rangeSql({ table, owner, time }: RangeTable, isAscending: boolean): string {
  const [sign, order] = isAscending ? ['>', 'asc'] : ['<', 'desc'];
  return `select ${time} as timeMs, seq from ${table}
    where ${owner === null ? '' : `${owner} = ? and `}(${time}, seq) ${sign} (?, ?)
    order by ${time} ${order}, seq ${order} limit ?`;
}
