/**
 * Point reads of tenants and destinations, on any connection: the engine's inside a commit, a read-only one for the API.
 * Each answer comes from one statement, or from several that agree because the caller holds a transaction.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Destination } from '../../domain/destination.ts';
import {
  type DestinationId,
  type LaneNumber,
  type TenantId,
  type TenantNumber,
  destinationId,
  laneNumber,
  tenantNumber,
} from '../../domain/ids.ts';
import type { Roster } from '../../domain/roster.ts';
import { type Tenant, unionOfTopics } from '../../domain/tenant.ts';
import type { TenantPage, TenantQuery } from '../../ports/directory.ts';
import { type DestinationRow, type TenantRow, destinationOf, tenantOf, topicsOf } from './rows.ts';
import { keptQuery } from './statements.ts';

const TENANT_COLUMNS = 'number, id, metadata, created_at, updated_at, destinations';
const DESTINATION = `
  select lane.number as lane, lane.tenant, tenant.id as tenant_id, lane.destination_id, lane.type, lane.version,
    destination.topics, destination.filter, destination.config, destination.credentials, destination.delivery_metadata,
    destination.metadata, destination.created_at, destination.updated_at, destination.disabled_at
  from lane join destination on destination.lane = lane.number join tenant on tenant.number = lane.tenant`;

export function findTenant(db: DatabaseSync, id: TenantId): Tenant | null {
  const row = keptQuery<TenantRow>(db, `select ${TENANT_COLUMNS} from tenant where id = ? and deleted_at is null`).get(
    id,
  );
  return row === undefined ? null : tenantOf(row, topicsOfTenant(db, row.number));
}

function topicsOfTenant(db: DatabaseSync, tenant: number): readonly string[] {
  const rows = keptQuery<{ topics: string }>(
    db,
    `select destination.topics from lane join destination on destination.lane = lane.number
     where lane.tenant = ? and lane.state <> 3`,
  ).all(tenant);
  return unionOfTopics(rows.map((row) => topicsOf(row.topics)));
}

export function listTenants(db: DatabaseSync, asked: TenantQuery): TenantPage {
  const ids = asked.ids === null ? null : JSON.stringify(asked.ids);
  const isAscending = (asked.direction === 'asc') === (asked.cursor?.toward !== 'prev');
  const [after, order] = isAscending ? ['>', 'asc'] : ['<', 'desc'];
  const conditions = ['deleted_at is null'];
  const values: (string | number)[] = [];
  if (ids !== null) {
    conditions.push('id in (select value from json_each(?))');
    values.push(ids);
  }
  const counted = keptQuery<{ count: number }>(
    db,
    `select count(*) as count from tenant where ${conditions.join(' and ')}`,
  ).get(...values);
  if (asked.cursor !== null) {
    conditions.push(`(created_at, number) ${after} (?, ?)`);
    values.push(asked.cursor.timeMs, asked.cursor.seq);
  }
  const rows = keptQuery<TenantRow>(
    db,
    `select ${TENANT_COLUMNS} from tenant where ${conditions.join(' and ')}
     order by created_at ${order}, number ${order} limit ?`,
  ).all(...values, asked.limit + 1);
  const hasMore = rows.length > asked.limit;
  if (hasMore) rows.pop();
  // A page that was walked backwards is shown in the direction that was asked for.
  if (asked.cursor?.toward === 'prev') rows.reverse();
  return {
    rows: rows.map((row) => tenantOf(row, topicsOfTenant(db, row.number))),
    hasMore,
    count: counted?.count ?? 0,
  };
}

export function findDestination(db: DatabaseSync, tenant: TenantId, id: DestinationId): Destination | null {
  const row = keptQuery<DestinationRow>(
    db,
    `${DESTINATION} where tenant.id = ? and tenant.deleted_at is null and lane.destination_id = ? and lane.state <> 3`,
  ).get(tenant, id);
  return row === undefined ? null : destinationOf(row);
}

/** Oldest first; equal times in order of creation. */
export function listDestinations(db: DatabaseSync, tenant: TenantId): readonly Destination[] {
  return keptQuery<DestinationRow>(
    db,
    `${DESTINATION} where tenant.id = ? and tenant.deleted_at is null and lane.state <> 3`,
  )
    .all(tenant)
    .sort((a, b) => a.created_at - b.created_at || a.lane - b.lane)
    .map(destinationOf);
}

export function findLane(db: DatabaseSync, lane: LaneNumber): Destination | null {
  const row = keptQuery<DestinationRow>(db, `${DESTINATION} where lane.number = ? and lane.state <> 3`).get(lane);
  return row === undefined ? null : destinationOf(row);
}

interface RosterRow {
  readonly tenant: number;
  readonly directory_version: number;
  /** Null, with all that follows, for a tenant without destinations. */
  readonly lane: number | null;
  readonly destination_id: string;
  readonly version: number;
  readonly topics: string;
  readonly filter: string | null;
  readonly created_at: number;
  readonly disabled_at: number | null;
}

const ROSTER = `
  select tenant.number as tenant, tenant.directory_version, lane.number as lane, lane.destination_id, lane.version,
    destination.topics, destination.filter, destination.created_at, destination.disabled_at
  from tenant left join lane on lane.tenant = tenant.number and lane.state <> 3
    left join destination on destination.lane = lane.number`;

/** One statement, so that version and destinations agree on any connection. */
export function roster(db: DatabaseSync, id: TenantId): Roster | null {
  return rosterOf(keptQuery<RosterRow>(db, `${ROSTER} where tenant.id = ? and tenant.deleted_at is null`).all(id));
}

export function rosterOfNumber(db: DatabaseSync, number: TenantNumber): Roster | null {
  return rosterOf(
    keptQuery<RosterRow>(db, `${ROSTER} where tenant.number = ? and tenant.deleted_at is null`).all(number),
  );
}

function rosterOf(rows: readonly RosterRow[]): Roster | null {
  const first = rows[0];
  if (first === undefined) return null;
  const destinations = rows
    .flatMap((row) => (row.lane === null ? [] : [{ ...row, lane: row.lane }]))
    .sort((a, b) => a.created_at - b.created_at || a.lane - b.lane)
    .map((row) => ({
      lane: laneNumber(row.lane),
      id: destinationId(row.destination_id),
      topics: topicsOf(row.topics),
      filter: row.filter,
      disabledAtMs: row.disabled_at,
      version: row.version,
    }));
  return { tenant: tenantNumber(first.tenant), version: first.directory_version, destinations };
}

/** The destination ids of lanes, deleted ones included, in the order given. */
export function destinationIdsOf(db: DatabaseSync, lanes: readonly number[]): readonly DestinationId[] {
  const one = keptQuery<{ destination_id: string }>(db, 'select destination_id from lane where number = ?');
  return lanes.flatMap((lane) => {
    const row = one.get(lane);
    return row === undefined ? [] : [destinationId(row.destination_id)];
  });
}
