import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { destinationId, tenantId } from '../../domain/ids.ts';
import { ACME, destinationDraft, type EngineWorld, NOW, withEngine } from '../../../test/support/sqlite-engine.ts';
import {
  destinationIdsOf,
  findDestination,
  findLane,
  findTenant,
  listDestinations,
  listTenants,
  roster,
  rosterOfNumber,
} from './directory-queries.ts';

const D1 = destinationId('d1');

/** Rows that enabling and disabling write, with so many deliveries waiting. */
function switchCost(world: EngineWorld, waiting: number): readonly number[] {
  world.putTenant();
  world.createDestination();
  world.engine.apply(Array.from({ length: waiting }, () => world.acceptOperation()));
  world.claim({ room: 4 });
  const live = (): string => JSON.stringify(world.rows('select event, lane, state, due, leases from live'));
  const before = live();
  const costs = [NOW, null].map((disabledAtMs) => {
    const start = world.engine.stats().rowsChanged;
    world.apply('setDisabled', { tenant: ACME, id: D1, disabledAtMs });
    return world.engine.stats().rowsChanged - start;
  });
  assert.equal(live(), before, 'no delivery was written');
  return costs;
}

describe('the directory in the engine', () => {
  it(
    'creates a tenant once, replaces its metadata, and numbers its next life anew',
    withEngine((world) => {
      const put = (metadata: Record<string, string> | null) =>
        world.apply('putTenant', { id: ACME, metadata, nowMs: NOW });
      const first = put({ a: 'b' });
      assert.deepEqual([first.created, first.tenant.metadata], [true, { a: 'b' }]);
      const second = put(null);
      assert.deepEqual(
        [second.created, second.tenant.metadata, second.tenant.number],
        [false, null, first.tenant.number],
      );
      world.createDestination({ topics: ['b', 'a'] });
      world.createDestination({ id: destinationId('d2'), topics: ['c'], disabledAtMs: NOW });
      const tenant = findTenant(world.db, ACME)!;
      assert.deepEqual([tenant.destinationsCount, tenant.topics], [2, ['a', 'b', 'c']]);
      assert.deepEqual(world.apply('deleteTenant', { id: ACME, nowMs: NOW }), [1, 2]);
      assert.equal(world.apply('deleteTenant', { id: ACME, nowMs: NOW }), null);
      assert.equal(findTenant(world.db, ACME), null);
      assert.equal(roster(world.db, ACME), null);
      assert.deepEqual(world.rows('select lane from destination'), []);
      assert.notEqual(put(null).tenant.number, first.tenant.number);
    }),
  );

  it(
    'creates destinations up to the quota, each id once, and never uses a lane number again',
    withEngine((world) => {
      const create = (id: string, maxPerTenant = 2) =>
        world.apply('createDestination', { draft: destinationDraft({ id: destinationId(id) }), maxPerTenant });
      assert.deepEqual(create('d1'), { kind: 'tenant_not_found' });
      world.putTenant();
      assert.equal(create('d1').kind, 'created');
      assert.deepEqual(create('d1'), { kind: 'exists' });
      assert.equal(create('d2').kind, 'created');
      assert.deepEqual(create('d3'), { kind: 'quota' });
      assert.equal(world.apply('deleteDestination', { tenant: ACME, id: destinationId('d2') }), 2);
      assert.equal(world.apply('deleteDestination', { tenant: ACME, id: destinationId('d2') }), null);
      const again = create('d2');
      assert.ok(again.kind === 'created');
      assert.deepEqual(again.destination, {
        ...destinationDraft({ id: destinationId('d2') }),
        lane: 3,
        tenant: 1,
        version: 1,
      });
      assert.deepEqual(destinationIdsOf(world.db, [3, 2, 1]), ['d2', 'd2', 'd1']);
    }),
  );

  it(
    'updates at the version that was read, and moves both versions',
    withEngine((world) => {
      world.putTenant();
      const before = world.createDestination();
      const settings = { ...destinationDraft(), topics: ['x'], metadata: { k: 'v' }, updatedAtMs: NOW + 1 };
      const version = roster(world.db, ACME)!.version;
      const update = (lane = before.lane) =>
        world.apply('updateDestination', { lane, version: before.version, settings });
      const result = update();
      assert.ok(result.kind === 'updated');
      assert.deepEqual(
        [result.destination.topics, result.destination.metadata, result.destination.version],
        [['x'], { k: 'v' }, 2],
      );
      assert.equal(roster(world.db, ACME)!.version, version + 1);
      assert.deepEqual(update(), { kind: 'stale' });
      assert.deepEqual(update(99 as never), { kind: 'not_found' });
      assert.deepEqual(findLane(world.db, before.lane), result.destination);
      assert.deepEqual(rosterOfNumber(world.db, before.tenant), roster(world.db, ACME));
    }),
  );

  it(
    'keeps the first time of a switch that is thrown twice',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const set = (disabledAtMs: number | null) => world.apply('setDisabled', { tenant: ACME, id: D1, disabledAtMs });
      assert.equal(set(NOW + 1)?.disabledAtMs, NOW + 1);
      const second = set(NOW + 2);
      assert.deepEqual([second?.disabledAtMs, second?.version, second?.updatedAtMs], [NOW + 1, 2, NOW]);
      assert.equal(set(null)?.disabledAtMs, null);
      assert.equal(world.apply('setDisabled', { tenant: ACME, id: destinationId('no'), disabledAtMs: null }), null);
    }),
  );

  it('switches a lane by a handful of rows, none of them a delivery, however many wait', (test) => {
    const costs: (readonly number[])[] = [];
    for (const waiting of [10, 1_000]) withEngine((world) => costs.push(switchCost(world, waiting)))();
    assert.deepEqual(costs[0], costs[1]);
    assert.ok(
      costs[0]!.every((rows) => rows <= 4),
      `a switch writes ${String(costs[0])} rows`,
    );
    test.diagnostic(`rows: ${String(costs[0])}`);
  });

  it(
    'lists destinations oldest first and tenants page by page in both directions',
    withEngine((world) => {
      const ids = ['a', 'b', 'c', 'd', 'e'].map(tenantId);
      for (const [n, id] of ids.entries())
        world.apply('putTenant', { id, metadata: null, nowMs: NOW + Math.floor(n / 2) });
      world.putTenant();
      world.createDestination({ createdAtMs: NOW + 1 });
      world.createDestination({ id: destinationId('older') });
      assert.deepEqual(
        listDestinations(world.db, ACME).map(({ id }) => id),
        ['older', 'd1'],
      );
      assert.equal(findDestination(world.db, ids[0]!, D1), null);
      const page = (query: Partial<Parameters<typeof listTenants>[1]>) =>
        listTenants(world.db, { ids, direction: 'asc', limit: 2, cursor: null, ...query });
      const first = page({});
      assert.deepEqual([first.rows.map(({ id }) => id), first.hasMore, first.count], [['a', 'b'], true, 5]);
      const at = (row: { createdAtMs: number; number: number }, toward: 'next' | 'prev') => ({
        cursor: { toward, timeMs: row.createdAtMs, seq: row.number },
      });
      const second = page(at(first.rows[1]!, 'next'));
      assert.deepEqual(
        second.rows.map(({ id }) => id),
        ['c', 'd'],
      );
      assert.deepEqual(page(at(second.rows[0]!, 'prev')), first.hasMore ? { ...first, hasMore: false } : first);
      assert.deepEqual(
        page({ direction: 'desc' }).rows.map(({ id }) => id),
        ['e', 'd'],
      );
      assert.deepEqual(
        page({ direction: 'desc', ...at(second.rows[0]!, 'prev') }).rows.map(({ id }) => id),
        ['e', 'd'],
      );
      assert.equal(page({ ids: [] }).count, 0);
      assert.equal(page({ ids: null }).count, 6);
    }),
  );
});
