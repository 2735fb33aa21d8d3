/** The Directory's tenants: one life per number, metadata, counts, and paging. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { destinationId, tenantId } from '../../src/domain/ids.ts';
import type { Tenant } from '../../src/domain/tenant.ts';
import type { PageCursor, TenantQuery } from '../../src/ports/directory.ts';
import { sized } from '../support/sizes.ts';
import { ACME, type InStore, NOW, present, putDestination, putTenant, type World } from './builders.ts';

const D1 = destinationId('d1');

function tenantQuery(options: Partial<TenantQuery> = {}): TenantQuery {
  return { ids: null, direction: 'desc', limit: 100, cursor: null, ...options };
}

export function tenantCases(inStore: InStore): void {
  it(
    'creates a tenant once and replaces its metadata after',
    inStore(async ({ store }) => {
      const first = await store.directory.putTenant(ACME, { plan: 'a', region: 'eu' }, NOW);
      assert.equal(first.created, true, 'the first put creates the tenant');
      const { number: _number, ...shown } = first.tenant;
      assert.deepEqual(
        shown,
        {
          id: ACME,
          metadata: { plan: 'a', region: 'eu' },
          createdAtMs: NOW,
          updatedAtMs: NOW,
          destinationsCount: 0,
          topics: [],
        },
        'a new tenant is as it was put',
      );
      const second = await store.directory.putTenant(ACME, { plan: 'b' }, NOW + 5);
      assert.equal(second.created, false, 'the second put creates nothing');
      assert.deepEqual(
        second.tenant,
        { ...first.tenant, metadata: { plan: 'b' }, updatedAtMs: NOW + 5 },
        'a put replaces the metadata and keeps number and time of creation',
      );
      const third = await store.directory.putTenant(ACME, null, NOW + 6);
      assert.equal(third.tenant.metadata, null, 'a put without metadata clears it');
      assert.deepEqual(await store.directory.findTenant(ACME), third.tenant, 'what was put is found');
    }),
  );

  it(
    'creates one tenant of many first puts at once',
    inStore(async ({ store }) => {
      const results = await Promise.all(Array.from({ length: 8 }, () => store.directory.putTenant(ACME, null, NOW)));
      assert.equal(
        results.filter(({ created }) => created).length,
        1,
        '`created` is true for exactly one of the first puts',
      );
      assert.equal(new Set(results.map(({ tenant }) => tenant.number)).size, 1, 'first puts at once create one tenant');
    }),
  );

  it(
    'finds no tenant that was never put, and tells ids apart by every character',
    inStore(async (world) => {
      await putTenant(world, 'é');
      assert.equal(await world.store.directory.findTenant(tenantId('e\u0301')), null, 'both normal forms are two ids');
      assert.equal(await world.store.directory.findTenant(tenantId('É')), null, 'ids are case-sensitive');
      assert.ok(await world.store.directory.findTenant(tenantId('é')), 'a tenant is found by its id');
    }),
  );

  it(
    'gives a tenant that is created anew a new number and nothing of the old one',
    inStore(async (world) => {
      const { directory } = world.store;
      const old = (await directory.putTenant(ACME, { plan: 'a' }, NOW)).tenant;
      await putDestination(world);
      await directory.deleteTenant(ACME, NOW + 1);
      const { tenant, created } = await directory.putTenant(ACME, null, NOW + 2);
      assert.equal(created, true, 'a put after a delete creates a tenant');
      assert.notEqual(tenant.number, old.number, 'the number of a tenant is never used again');
      assert.equal(tenant.createdAtMs, NOW + 2, 'a tenant that is created anew has its own time of creation');
      assert.equal(tenant.metadata, null, 'a tenant that is created anew inherits no metadata');
      assert.equal(tenant.destinationsCount, 0, 'a tenant that is created anew inherits no destination');
      assert.deepEqual(await directory.listDestinations(ACME), [], 'no destination comes back with its tenant');
    }),
  );

  it(
    'counts live destinations and unites their topics',
    inStore(async (world) => {
      const { directory } = world.store;
      await putTenant(world);
      await putDestination(world, { id: 'd1', topics: ['b', 'a'] });
      await putDestination(world, { id: 'd2', topics: ['c', 'a'], disabledAtMs: NOW });
      const two = present(await directory.findTenant(ACME));
      assert.equal(two.destinationsCount, 2, 'disabled destinations count');
      assert.deepEqual(two.topics, ['a', 'b', 'c'], 'a tenant’s topics are the sorted union of its destinations’');
      assert.equal(two.updatedAtMs, NOW, 'writes to destinations leave the tenant’s time of update');
      await putDestination(world, { id: 'd3', topics: ['*'] });
      assert.deepEqual(
        present(await directory.findTenant(ACME)).topics,
        ['*'],
        'a destination of all topics makes it all',
      );
      await directory.deleteDestination(ACME, destinationId('d3'));
      await directory.deleteDestination(ACME, D1);
      const one = present(await directory.findTenant(ACME));
      assert.equal(one.destinationsCount, 1, 'deleted destinations don’t count');
      assert.deepEqual(one.topics, ['a', 'c'], 'deleted destinations have no topics');
      assert.deepEqual((await directory.listTenants(tenantQuery())).rows, [one], 'lists show what a read shows');
    }),
  );

  it(
    'lists only the tenants asked for that live, and counts them whatever the page',
    inStore(async (world) => {
      for (const id of ['a', 'b', 'c', 'd']) await putTenant(world, id);
      await world.store.directory.deleteTenant(tenantId('d'), NOW);
      const page = await world.store.directory.listTenants(
        tenantQuery({ ids: ['a', 'c', 'd', 'x'].map(tenantId), limit: 1 }),
      );
      assert.equal(page.count, 2, 'the count is of live tenants among the ids, whatever the page');
      assert.equal(page.rows.length, 1, 'a page holds no more than its limit');
      assert.equal(page.hasMore, true, 'a page tells that rows follow');
      assert.deepEqual(
        await world.store.directory.listTenants(tenantQuery({ ids: [] })),
        { rows: [], hasMore: false, count: 0 },
        'an empty list of ids matches nothing',
      );
      assert.equal(
        (await world.store.directory.listTenants(tenantQuery())).count,
        3,
        'without ids all live tenants count',
      );
    }),
  );

  it(
    'pages through every tenant once in both directions, for any times and page size',
    inStore((world) =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(3), { maxLength: 12 }),
          fc.integer({ min: 1, max: 5 }),
          fc.constantFrom('asc' as const, 'desc' as const),
          (times, limit, direction) => walkForthAndBack(world, { times, limit, direction }),
        ),
        { numRuns: sized(30, 100) },
      ),
    ),
  );
}

/** Lists tenants of the given times. They go after, so that the runs of a property share one store. */
async function walkForthAndBack(
  world: World,
  run: { times: readonly number[]; limit: number; direction: 'asc' | 'desc' },
): Promise<void> {
  const { limit, direction } = run;
  const tenants: Tenant[] = [];
  try {
    for (const [n, time] of run.times.entries()) tenants.push(await putTenant(world, `t${n}`, NOW + time));
    const sign = direction === 'asc' ? 1 : -1;
    const ids = tenants
      .toSorted((a, b) => sign * (a.createdAtMs - b.createdAtMs || a.number - b.number))
      .map(({ id }) => id);
    const forth = await walkTenants(world, { direction, limit, toward: 'next', from: null });
    assert.deepEqual(
      forth.map(({ id }) => id),
      ids,
      'pages show every tenant once in order',
    );
    const last = forth.at(-1);
    if (last === undefined) return;
    const from = { timeMs: last.createdAtMs, seq: last.number };
    const back = await walkTenants(world, { direction, limit, toward: 'prev', from });
    assert.deepEqual(
      back.map(({ id }) => id),
      ids.slice(0, -1),
      'pages backwards show every earlier tenant once in order',
    );
  } finally {
    for (const { id } of tenants) await world.store.directory.deleteTenant(id, NOW);
  }
}

/** Follows pages to the end and answers the rows in the requested direction. */
async function walkTenants(
  world: World,
  walk: { direction: 'asc' | 'desc'; limit: number; toward: 'next' | 'prev'; from: Omit<PageCursor, 'toward'> | null },
): Promise<Tenant[]> {
  const rows: Tenant[] = [];
  let cursor: PageCursor | null = walk.from === null ? null : { toward: walk.toward, ...walk.from };
  for (let round = 0; round < 50; round += 1) {
    const page = await world.store.directory.listTenants(
      tenantQuery({ direction: walk.direction, limit: walk.limit, cursor }),
    );
    assert.ok(page.rows.length <= walk.limit, 'a page holds no more than its limit');
    assert.ok(page.rows.length > 0 || round === 0, 'a page that tells that rows follow is followed by rows');
    if (walk.toward === 'next') rows.push(...page.rows);
    else rows.unshift(...page.rows);
    if (!page.hasMore) return rows;
    const edge = present(walk.toward === 'next' ? page.rows.at(-1) : page.rows[0], 'a row of a page that has more');
    cursor = { toward: walk.toward, timeMs: edge.createdAtMs, seq: edge.number };
  }
  return assert.fail('pages come to an end');
}
