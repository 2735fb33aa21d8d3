import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failed } from '../../domain/attempt.ts';
import { type LaneNumber, destinationId, tenantId } from '../../domain/ids.ts';
import { ACME, type EngineWorld, NOW, withEngine } from '../../../test/support/sqlite-engine.ts';
import { LEAD_MAX } from './lanes.ts';

/** A tenant with so many destinations, each with so many stored deliveries. Answers its lanes. */
function stock(world: EngineWorld, tenant: string, { lanes, each }: { lanes: number; each: number }): LaneNumber[] {
  const id = tenantId(tenant);
  world.putTenant(id);
  const numbers = Array.from({ length: lanes }, (_, n) => {
    return world.createDestination({ tenantId: id, id: destinationId(`${tenant}-${n}`) }).lane;
  });
  for (const lane of numbers) {
    const accepts = Array.from({ length: each }, () => world.acceptOperation({ tenant: id, lanes: [lane] }));
    if (accepts.length > 0) world.engine.apply(accepts);
  }
  return numbers;
}

const eventsOf = (result: { leases: readonly { event: number }[] }): number[] =>
  result.leases.map(({ event }) => event);
const lanesOfLeases = (result: { leases: readonly { lane: number }[] }): number[] =>
  result.leases.map(({ lane }) => lane);
const tenantsOf = (result: { leases: readonly { tenant: number }[] }): number[] =>
  result.leases.map(({ tenant }) => tenant);

describe('claim in the engine', () => {
  it(
    'gives the oldest due first within a lane, and leaves it asleep until the next one is due',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      world.settle(world.handOver(), failed('500'));
      world.store({ acceptedAtMs: NOW - 5 });
      world.store({ acceptedAtMs: NOW - 9 });
      const result = world.claim();
      assert.deepEqual(eventsOf(result), [3, 2]);
      assert.deepEqual([result.hasMore, result.nextDueMs], [false, NOW + 10_005]);
      assert.deepEqual(world.rows('select turn, wake_at from lane'), [{ turn: null, wake_at: NOW + 10_005 }]);
      assert.deepEqual(world.rows('select tag from tenant'), [{ tag: null }]);
      assert.deepEqual(eventsOf(world.claim({ nowMs: NOW + 10_005 })), [1]);
      assert.deepEqual(world.claim(), { leases: [], hasMore: false, nextDueMs: null });
      assert.equal(world.engine.stats().waiting, 0);
    }),
  );

  it(
    'takes lanes in turn, also from one claim to the next, and no more than their free slots',
    withEngine((world) => {
      const [a, b, c] = stock(world, 'acme', { lanes: 3, each: 4 });
      assert.deepEqual(lanesOfLeases(world.claim({ room: 7 })), [a, b, c, a]);
      const busy = new Map([
        [a!, 2],
        [b!, 1],
        [c!, 1],
      ]);
      const second = world.claim({ room: 100, laneCap: 3, busy });
      assert.deepEqual(lanesOfLeases(second), [b, c, a, b, c]);
      assert.equal(second.hasMore, true);
      const full = new Map([a!, b!, c!].map((lane) => [lane, 3]));
      const looked = world.engine.stats().claimLooked;
      assert.deepEqual(world.claim({ laneCap: 3, busy: full }).leases, []);
      assert.ok(world.engine.stats().claimLooked - looked <= 4, 'only the tenant and its lanes are looked at');
    }),
  );

  it(
    'gives tenants turns by tag, so that many lanes bring no more than one',
    withEngine((world) => {
      stock(world, 'wide', { lanes: 30, each: 1 });
      stock(world, 'small', { lanes: 1, each: 30 });
      const result = world.claim({ room: 20 });
      const wide = tenantsOf(result).filter((tenant) => tenant === 1).length;
      assert.deepEqual([wide, result.leases.length - wide], [7, 7]);
      assert.deepEqual(tenantsOf(result).slice(0, 4), [1, 2, 1, 2]);
    }),
  );

  it(
    'leaves of the reserve as much as a tenant holds, and gives the last slot only to who holds none',
    withEngine((world) => {
      const [lane] = stock(world, 'acme', { lanes: 1, each: 30 });
      assert.equal(world.claim({ room: 16 }).leases.length, 8);
      assert.equal(world.claim({ room: 8, busy: new Map([[lane!, 8]]) }).leases.length, 0);
      const result = world.claim({ room: 1 });
      assert.deepEqual([result.leases.length, result.hasMore], [1, true]);
    }),
  );

  it(
    'wakes at most twice its room of sleepers, each once',
    withEngine((world) => {
      stock(world, 'acme', { lanes: 9, each: 1 });
      const result = world.claim({ room: 2 });
      assert.deepEqual([result.leases.length, result.hasMore, result.nextDueMs], [1, true, NOW]);
      assert.equal(world.rows('select number from lane where turn is not null').length, 3);
      assert.equal(world.rows('select number from lane where wake_at is not null').length, 5);
    }),
  );

  it(
    'lets a lane sleep that asked to be left alone',
    withEngine((world) => {
      world.putTenant();
      const { lane } = world.createDestination();
      const bad = world.handOver();
      world.store();
      assert.equal(world.claim({ room: 1, busy: new Map([[lane, 16]]) }).leases.length, 0);
      world.settle(bad, failed('429', null, { retryAfterMs: 30_000 }), NOW);
      assert.deepEqual(world.claim(), { leases: [], hasMore: false, nextDueMs: NOW + 30_000 });
      world.store();
      assert.deepEqual(world.rows('select wake_at from lane'), [{ wake_at: NOW + 30_000 }], 'nor is it woken before');
      assert.deepEqual(world.claim(), { leases: [], hasMore: false, nextDueMs: NOW + 30_000 });
      assert.deepEqual(eventsOf(world.claim({ nowMs: NOW + 30_000 })), [2, 3, 1]);
    }),
  );

  it(
    'looks at no more than a few rows for each lease, whatever waits',
    withEngine((world) => {
      stock(world, 'acme', { lanes: 40, each: 25 });
      stock(world, 'globex', { lanes: 2, each: 500 });
      for (let round = 0; round < 10; round += 1) world.claim({ room: 32, laneCap: 100 });
      const { claimLooked, claimLeased } = world.engine.stats();
      assert.ok(claimLeased >= 200, `${claimLeased} were leased`);
      assert.ok(claimLooked <= 8 * claimLeased, `${claimLooked} rows were looked at for ${claimLeased} leases`);
    }),
  );

  it(
    'steps over what is leased and gives every delivery exactly once',
    withEngine((world) => {
      stock(world, 'acme', { lanes: 3, each: 40 });
      const seen: number[] = [];
      let result = world.claim({ room: 10, laneCap: 4 });
      for (let round = 0; round < 200 && result.leases.length > 0; round += 1) {
        seen.push(...eventsOf(result));
        for (const lease of result.leases.slice(1)) world.settle(lease);
        const left = result.leases[0]!;
        result = world.claim({ room: 10, laneCap: 4, busy: new Map([[left.lane, 1]]) });
        world.settle(left);
      }
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        Array.from({ length: 120 }, (_, n) => n + 1),
      );
      assert.deepEqual(world.rows('select tag from tenant'), [{ tag: null }]);
    }),
  );

  it(
    'moves the tag for what was handed over, up to a bound',
    withEngine((world) => {
      const [full] = stock(world, 'acme', { lanes: 2, each: 0 });
      world.store({ lanes: [full!] });
      world.claim({ busy: new Map([[full!, 16]]) });
      const quick = world.rows('select max(number) as lane from lane')[0]!['lane'] as LaneNumber;
      const tag = (): unknown => world.rows('select tag from tenant')[0]!['tag'];
      assert.equal(tag(), 0);
      world.handOver({ lanes: [quick] });
      assert.equal(tag(), 1);
      for (let n = 0; n < 3; n += 1) {
        world.engine.apply(
          Array.from({ length: 100 }, () => world.acceptOperation({ lanes: [quick], slotReserved: true })),
        );
      }
      assert.equal(tag(), LEAD_MAX);
    }),
  );

  it(
    'skips a disabled lane and finds it again in its place when it is enabled',
    withEngine((world) => {
      stock(world, 'acme', { lanes: 1, each: 5 });
      const lease = world.claim({ room: 2 }).leases[0]!;
      const id = destinationId('acme-0');
      world.apply('setDisabled', { tenant: ACME, id, disabledAtMs: NOW });
      assert.deepEqual(world.rows('select tag from tenant'), [{ tag: null }]);
      assert.deepEqual(world.claim(), { leases: [], hasMore: false, nextDueMs: null });
      world.settle(lease, failed('500'));
      world.apply('setDisabled', { tenant: ACME, id, disabledAtMs: null });
      assert.deepEqual(eventsOf(world.claim()), [2, 3, 4, 5]);
    }),
  );
});
