/** What History's rows have only numbers of: tenants, lanes. Kept for the length of one query, since rows repeat them. */
import type { DatabaseSync } from 'node:sqlite';
import { type DestinationId, destinationId, type TenantId, tenantId } from '../../domain/ids.ts';
import type { EventRecord } from '../../domain/event.ts';
import { type EventRow, eventRecordOf, EVENT_COLUMNS, lanesOf } from './rows.ts';
import { keptQuery } from './statements.ts';

export interface LaneName {
  readonly destinationId: DestinationId;
  readonly type: string;
}

export interface Names {
  tenantId(tenant: number): TenantId;
  lane(lane: number): LaneName;
  /** The ids of an event's lanes, in their order. */
  matchedIds(lanesJson: string): readonly DestinationId[];
  /** Null if there is no such row any more. */
  event(seq: number): EventRecord | null;
}

export function namesIn(db: DatabaseSync): Names {
  const tenants = new Map<number, TenantId>();
  const lanes = new Map<number, LaneName>();

  function readTenant(tenant: number): TenantId {
    const row = keptQuery<{ id: string }>(db, 'select id from tenant where number = ?').get(tenant);
    // Rows of tenants and lanes stay when they are deleted, since the log refers to them.
    if (row === undefined) throw new Error(`no tenant has the number ${tenant}`);
    return tenantId(row.id);
  }

  function readLane(lane: number): LaneName {
    const row = keptQuery<{ destination_id: string; type: string }>(
      db,
      'select destination_id, type from lane where number = ?',
    ).get(lane);
    if (row === undefined) throw new Error(`no lane has the number ${lane}`);
    return { destinationId: destinationId(row.destination_id), type: row.type };
  }

  const names: Names = {
    tenantId: (tenant) => remembered(tenants, tenant, readTenant),
    lane: (lane) => remembered(lanes, lane, readLane),
    matchedIds: (lanesJson) => lanesOf(lanesJson).map((lane) => names.lane(lane).destinationId),
    event(seq) {
      const row = keptQuery<EventRow>(db, `select ${EVENT_COLUMNS} from event where seq = ?`).get(seq);
      if (row === undefined) return null;
      return eventRecordOf(row, {
        tenantId: names.tenantId(row.tenant),
        matchedDestinationIds: names.matchedIds(row.lanes),
      });
    },
  };
  return names;
}

function remembered<Value>(known: Map<number, Value>, key: number, read: (key: number) => Value): Value {
  let value = known.get(key);
  if (value === undefined) known.set(key, (value = read(key)));
  return value;
}
