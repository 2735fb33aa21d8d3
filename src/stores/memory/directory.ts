/** The Directory of a memory store. Rows are replaced, never changed, so that what was answered stays as it was. */
import type { Destination } from '../../domain/destination.ts';
import { type DestinationId, type LaneNumber, laneNumber, type TenantId, tenantNumber } from '../../domain/ids.ts';
import type { StringMap } from '../../domain/json.ts';
import type { Roster } from '../../domain/roster.ts';
import { type Tenant, unionOfTopics } from '../../domain/tenant.ts';
import type {
  CreateDestinationResult,
  DestinationDraft,
  Directory,
  TenantPage,
  TenantQuery,
  UpdateResult,
} from '../../ports/directory.ts';
import { heap } from './heap.ts';
import { pageOf } from './page.ts';
import { reschedule, waitingHeap } from './schedule.ts';
import type { LaneRow, MemoryState, TenantRow } from './state.ts';

/** @param commit throws if the store object may not write any more */
export function memoryDirectory(state: MemoryState, commit: () => void): Directory {
  const laneOf = (tenant: TenantId, id: DestinationId): LaneRow | null =>
    state.liveTenants.get(tenant)?.lanes.get(id) ?? null;

  return {
    async putTenant(id, metadata, nowMs) {
      commit();
      return putTenant(state, { id, metadata, nowMs });
    },
    async findTenant(id) {
      const row = state.liveTenants.get(id);
      return row === undefined ? null : tenantOf(row);
    },
    listTenants: async (query) => listTenants(state, query),
    async deleteTenant(id) {
      commit();
      return deleteTenant(state, id);
    },
    async createDestination(draft, maxPerTenant) {
      commit();
      return createDestination(state, draft, maxPerTenant);
    },
    findDestination: async (tenant, id) => laneOf(tenant, id)?.destination ?? null,
    async listDestinations(tenant) {
      const lanes = [...(state.liveTenants.get(tenant)?.lanes.values() ?? [])];
      const live = lanes.flatMap((lane) => lane.destination ?? []);
      return live.sort((a, b) => a.createdAtMs - b.createdAtMs || a.lane - b.lane);
    },
    findLane: async (lane) => state.lanes[lane - 1]?.destination ?? null,
    async updateDestination(lane, version, settings): Promise<UpdateResult> {
      commit();
      const row = state.lanes[lane - 1];
      if (row === undefined || row.destination === null) return { kind: 'not_found' };
      if (row.destination.version !== version) return { kind: 'stale' };
      const { tenant, tenantId, id, type, createdAtMs } = row.destination;
      const written = { ...settings, lane, tenant, tenantId, id, type, createdAtMs, version };
      return { kind: 'updated', destination: write(state, row, written) };
    },
    async setDisabled(tenant, id, disabledAtMs) {
      commit();
      const row = laneOf(tenant, id);
      const now = row?.destination ?? null;
      if (row === null || now === null) return null;
      if ((now.disabledAtMs === null) === (disabledAtMs === null)) return now;
      return write(state, row, { ...now, disabledAtMs });
    },
    async deleteDestination(tenant, id) {
      commit();
      const row = laneOf(tenant, id);
      return row === null ? null : deleteLane(state, row);
    },
    async roster(tenant) {
      const row = state.liveTenants.get(tenant);
      return row === undefined ? null : rosterOf(row);
    },
  };
}

/** What matching needs of a live tenant. */
export function rosterOf(tenant: TenantRow): Roster {
  const destinations = [...tenant.lanes.values()].flatMap((lane) => lane.destination ?? []);
  return { tenant: tenant.number, version: tenant.directoryVersion, destinations };
}

function tenantOf(row: TenantRow): Tenant {
  const topics = [...row.lanes.values()].map((lane) => lane.destination?.topics ?? []);
  return {
    number: row.number,
    id: row.id,
    metadata: row.metadata,
    createdAtMs: row.createdAtMs,
    updatedAtMs: row.updatedAtMs,
    destinationsCount: row.lanes.size,
    topics: unionOfTopics(topics),
  };
}

function putTenant(
  state: MemoryState,
  request: { id: TenantId; metadata: StringMap | null; nowMs: number },
): { tenant: Tenant; created: boolean } {
  const { id, metadata, nowMs } = request;
  const found = state.liveTenants.get(id);
  if (found !== undefined) {
    found.metadata = metadata;
    found.updatedAtMs = nowMs;
    return { tenant: tenantOf(found), created: false };
  }
  const row: TenantRow = {
    number: tenantNumber(state.tenants.length + 1),
    id,
    metadata,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    isDeleted: false,
    directoryVersion: 1,
    lanes: new Map(),
    events: new Map(),
    ready: heap((a, b) => a.turn < b.turn),
    tag: 0,
  };
  state.tenants.push(row);
  state.liveTenants.set(id, row);
  return { tenant: tenantOf(row), created: true };
}

function listTenants(state: MemoryState, query: TenantQuery): TenantPage {
  const ids = query.ids === null ? null : new Set(query.ids);
  const rows = [...state.liveTenants.values()].filter((row) => ids === null || ids.has(row.id));
  const page = pageOf(rows, query, (row) => ({ timeMs: row.createdAtMs, seq: row.number }));
  return { rows: page.rows.map(tenantOf), hasMore: page.hasMore, count: rows.length };
}

function deleteTenant(state: MemoryState, id: TenantId): readonly LaneNumber[] | null {
  const row = state.liveTenants.get(id);
  if (row === undefined) return null;
  const lanes = [...row.lanes.values()].map((lane) => deleteLane(state, lane));
  row.isDeleted = true;
  row.metadata = null;
  row.directoryVersion += 1;
  state.liveTenants.delete(id);
  return lanes;
}

function createDestination(state: MemoryState, draft: DestinationDraft, maxPerTenant: number): CreateDestinationResult {
  const tenant = state.liveTenants.get(draft.tenantId);
  if (tenant === undefined) return { kind: 'tenant_not_found' };
  if (tenant.lanes.has(draft.id)) return { kind: 'exists' };
  if (tenant.lanes.size >= maxPerTenant) return { kind: 'quota' };
  const lane: LaneRow = {
    number: laneNumber(state.lanes.length + 1),
    tenant,
    destinationId: draft.id,
    type: draft.type,
    destination: null,
    streak: 0,
    holdUntilMs: null,
    waiting: waitingHeap(),
    claimed: 0,
    turn: 0,
    readyAtMs: 0,
    wakeMs: 0,
  };
  state.lanes.push(lane);
  tenant.lanes.set(draft.id, lane);
  const numbers = { lane: lane.number, tenant: tenant.number, version: 0 };
  return { kind: 'created', destination: write(state, lane, { ...draft, ...numbers }) };
}

/** Writes a destination in a new version, and moves the tenant's directory version with it. */
function write(state: MemoryState, lane: LaneRow, destination: Destination): Destination {
  const written = { ...destination, version: destination.version + 1 };
  lane.destination = written;
  lane.tenant.directoryVersion += 1;
  reschedule(state, lane, null);
  return written;
}

function deleteLane(state: MemoryState, lane: LaneRow): LaneNumber {
  lane.destination = null;
  lane.tenant.lanes.delete(lane.destinationId);
  lane.tenant.directoryVersion += 1;
  reschedule(state, lane, null);
  return lane.number;
}
