/**
 * Writes of tenants and destinations. A switch or an end is one row of the lane and one of the destination, however
 * many deliveries wait; the lane's place in its queues comes and goes with its state, which the partial indexes ask.
 */
import type { Destination } from '../../domain/destination.ts';
import { type LaneNumber, laneNumber } from '../../domain/ids.ts';
import type { Operations } from './operations.ts';
import { findDestination, findLane, findTenant } from './directory-queries.ts';
import type { EngineContext } from './engine-context.ts';
import { LANE_ACTIVE, LANE_DELETED, LANE_DISABLED, mapJson } from './rows.ts';
import { command, query } from './statements.ts';

type Handler<K extends keyof Operations> = (input: Operations[K][0]) => Operations[K][1];

export interface DirectoryWrites {
  readonly putTenant: Handler<'putTenant'>;
  readonly deleteTenant: Handler<'deleteTenant'>;
  readonly createDestination: Handler<'createDestination'>;
  readonly updateDestination: Handler<'updateDestination'>;
  readonly setDisabled: Handler<'setDisabled'>;
  readonly deleteDestination: Handler<'deleteDestination'>;
}

export function directoryWrites(context: EngineContext): DirectoryWrites {
  const laneWrites = laneWriter(context);
  return {
    ...tenantWrites(context, laneWrites),
    createDestination: destinationCreator(context),
    updateDestination: destinationUpdater(context, laneWrites),
    setDisabled: destinationSwitch(context, laneWrites),
    deleteDestination({ tenant, id }) {
      const destination = findDestination(context.db, tenant, id);
      if (destination === null) return null;
      laneWrites.end(destination.lane);
      laneWrites.moveVersion(destination.tenant, -1);
      context.lanes.endTurns(destination.tenant);
      return destination.lane;
    },
  };
}

interface LaneWriter {
  /** Sets the lane's state and moves its version; gives the tenant its tag or takes it, as its ready lanes now demand. */
  setState(destination: Destination, disabledAtMs: number | null): void;
  /** Ends the lane and destroys the settings. Leaves the tenant's row to the caller. */
  end(lane: number): void;
  /** Moves the directory version of the tenant, and its count of destinations by `added`. */
  moveVersion(tenant: number, added: -1 | 0 | 1): void;
}

function laneWriter({ db, lanes }: EngineContext): LaneWriter {
  const setState = command(db, 'update lane set state = ?, version = version + 1 where number = ?');
  const endLane = command(db, `update lane set state = ${LANE_DELETED}, version = version + 1 where number = ?`);
  const destroy = command(db, 'delete from destination where lane = ?');
  const moveVersion = command(
    db,
    'update tenant set directory_version = directory_version + 1, destinations = destinations + ? where number = ?',
  );
  return {
    setState({ lane, tenant, disabledAtMs: before }, disabledAtMs) {
      setState.run(disabledAtMs === null ? LANE_ACTIVE : LANE_DISABLED, lane);
      if (disabledAtMs !== null) lanes.endTurns(tenant);
      else if (before !== null && lanes.find(lane)?.turn !== null) lanes.beginTurns(tenant);
    },
    end(lane) {
      endLane.run(lane);
      destroy.run(lane);
    },
    moveVersion: (tenant, added) => void moveVersion.run(added, tenant),
  };
}

function tenantWrites(
  { db }: EngineContext,
  laneWrites: LaneWriter,
): Pick<DirectoryWrites, 'putTenant' | 'deleteTenant'> {
  const insert = command(db, 'insert into tenant (id, metadata, created_at, updated_at) values (?, ?, ?, ?)');
  const update = command(db, 'update tenant set metadata = ?, updated_at = ? where number = ?');
  const end = command(
    db,
    `update tenant set deleted_at = ?, metadata = null, destinations = 0, tag = null,
       directory_version = directory_version + 1 where number = ?`,
  );
  const lanesOfTenant = query<{ number: number }>(db, 'select number from lane where tenant = ? and state <> 3');
  return {
    putTenant({ id, metadata, nowMs }) {
      const known = findTenant(db, id);
      if (known === null) insert.run(id, mapJson(metadata), nowMs, nowMs);
      else update.run(mapJson(metadata), nowMs, known.number);
      return { tenant: existing(findTenant(db, id)), created: known === null };
    },
    deleteTenant({ id, nowMs }) {
      const tenant = findTenant(db, id);
      if (tenant === null) return null;
      const ended: LaneNumber[] = lanesOfTenant.all(tenant.number).map((row) => laneNumber(row.number));
      for (const lane of ended) laneWrites.end(lane);
      end.run(nowMs, tenant.number);
      return ended;
    },
  };
}

function destinationCreator({ db }: EngineContext): DirectoryWrites['createDestination'] {
  const liveTenant = query<{ number: number; destinations: number }>(
    db,
    'select number, destinations from tenant where id = ? and deleted_at is null',
  );
  const insertLane = command(db, 'insert into lane (tenant, destination_id, type, state) values (?, ?, ?, ?)');
  const insert = command(
    db,
    `insert into destination (lane, topics, filter, config, credentials, delivery_metadata, metadata, created_at, updated_at,
       disabled_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const moveVersion = command(
    db,
    'update tenant set directory_version = directory_version + 1, destinations = destinations + 1 where number = ?',
  );
  return ({ draft, maxPerTenant }) => {
    const tenant = liveTenant.get(draft.tenantId);
    if (tenant === undefined) return { kind: 'tenant_not_found' };
    if (findDestination(db, draft.tenantId, draft.id) !== null) return { kind: 'exists' };
    if (tenant.destinations >= maxPerTenant) return { kind: 'quota' };
    const state = draft.disabledAtMs === null ? LANE_ACTIVE : LANE_DISABLED;
    const { lastInsertRowid } = insertLane.run(tenant.number, draft.id, draft.type, state);
    const lane = Number(lastInsertRowid);
    insert.run(lane, ...settingsColumns(draft), draft.createdAtMs, draft.updatedAtMs, draft.disabledAtMs);
    moveVersion.run(tenant.number);
    return { kind: 'created', destination: existing(findLane(db, laneNumber(lane))) };
  };
}

function destinationUpdater({ db }: EngineContext, laneWrites: LaneWriter): DirectoryWrites['updateDestination'] {
  const update = command(
    db,
    `update destination set topics = ?, filter = ?, config = ?, credentials = ?, delivery_metadata = ?, metadata = ?,
       updated_at = ?, disabled_at = ? where lane = ?`,
  );
  return ({ lane, version, settings }) => {
    const current = findLane(db, lane);
    if (current === null) return { kind: 'not_found' };
    if (current.version !== version) return { kind: 'stale' };
    update.run(...settingsColumns(settings), settings.updatedAtMs, settings.disabledAtMs, lane);
    laneWrites.setState(current, settings.disabledAtMs);
    laneWrites.moveVersion(current.tenant, 0);
    return { kind: 'updated', destination: existing(findLane(db, lane)) };
  };
}

function destinationSwitch({ db }: EngineContext, laneWrites: LaneWriter): DirectoryWrites['setDisabled'] {
  const update = command(db, 'update destination set disabled_at = ? where lane = ?');
  return ({ tenant, id, disabledAtMs }) => {
    const current = findDestination(db, tenant, id);
    if (current === null || (current.disabledAtMs === null) === (disabledAtMs === null)) return current;
    update.run(disabledAtMs, current.lane);
    laneWrites.setState(current, disabledAtMs);
    laneWrites.moveVersion(current.tenant, 0);
    return findLane(db, current.lane);
  };
}

/** Topics, filter, config, credentials, delivery metadata and metadata, in the order of the table's columns. */
function settingsColumns(
  settings: Pick<Destination, 'topics' | 'filter' | 'config' | 'credentials' | 'deliveryMetadata' | 'metadata'>,
): readonly (string | null)[] {
  return [
    JSON.stringify(settings.topics),
    settings.filter,
    JSON.stringify(settings.config),
    JSON.stringify(settings.credentials),
    mapJson(settings.deliveryMetadata),
    mapJson(settings.metadata),
  ];
}

/** Reads back what the same commit has just written. */
function existing<Row>(row: Row | null): Row {
  if (row === null) throw new Error('a row that was written is not there');
  return row;
}
