import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failed } from '../../domain/attempt.ts';
import { destinationId } from '../../domain/ids.ts';
import { ACME, NOW, withEngine } from '../../../test/support/sqlite-engine.ts';

describe('recovery in the engine', () => {
  it(
    'records an interrupted attempt for each lease of an earlier life, in chunks, and counts what waits',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      for (let n = 0; n < 3; n += 1) world.handOver();
      for (let n = 0; n < 4; n += 1) world.store();
      world.claim({ room: 2 });
      world.reopen();
      assert.equal(world.engine.epoch, 2);
      assert.deepEqual(world.apply('recover', { limit: 2, nowMs: NOW + 7 }), { recovered: 2, done: false });
      // One of the rows that the walk has seen is leased, one that it has not, and one comes from this life.
      assert.deepEqual(
        world.claim({ room: 6 }).leases.map(({ event }) => event),
        [5, 6, 7],
      );
      world.store();
      world.apply('recover', { limit: 2, nowMs: NOW + 7 });
      assert.deepEqual(world.apply('recover', { limit: 10, nowMs: NOW + 7 }), { recovered: 0, done: true });
      assert.deepEqual(world.apply('recover', { limit: 10, nowMs: NOW + 7 }), { recovered: 0, done: true });
      const waiting = world.rows('select event, tries, spent from live where state = 0 order by event');
      assert.deepEqual(
        waiting.map((row) => [row['event'], row['tries'], row['spent']]),
        [
          [1, 1, 0],
          [2, 1, 0],
          [3, 1, 0],
          [4, 1, 0],
          [8, 0, 0],
        ],
      );
      assert.equal(world.engine.stats().waiting, waiting.length);
      assert.deepEqual(
        world.rows('select distinct kind, code, succeeded, finished_at - started_at as took from attempt'),
        [{ kind: 2, code: 'interrupted', succeeded: 0, took: 0 }],
      );
      assert.deepEqual(world.rows('select streak from lane'), [{ streak: 0 }]);
    }),
  );

  it(
    'claims a recovered delivery with the next lease, a manual one still as manual',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const of = world.handOver();
      world.settle(of);
      world.apply('retry', { tenant: of.tenant, event: of.event, lane: of.lane, nowMs: NOW, slotReserved: true });
      world.reopen();
      assert.deepEqual(world.claim().leases, []);
      world.apply('recover', { limit: 10, nowMs: NOW });
      const lease = world.claim().leases[0]!;
      assert.deepEqual([lease.lease, lease.trigger, lease.epoch], [3, 'manual', 2]);
      const result = world.settle(lease, failed('500'));
      assert.deepEqual([result.number, result.state], [3, 'succeeded']);
    }),
  );

  it(
    'has nothing to do in a store where nothing is on its way',
    withEngine((world) => {
      assert.deepEqual(world.apply('recover', { limit: 10, nowMs: NOW }), { recovered: 0, done: true });
    }),
  );
});

describe('the removal of what waits in deleted lanes', () => {
  it(
    'cancels in chunks what waits and leaves what is leased to its settle',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      for (let n = 0; n < 6; n += 1) world.store();
      const lease = world.claim({ room: 1 }).leases[0]!;
      world.apply('deleteDestination', { tenant: ACME, id: destinationId('d1') });
      assert.deepEqual(world.rows('select tag from tenant'), [{ tag: null }]);
      const remove = (limit: number): number => world.apply('removeDeleted', { limit, nowMs: NOW });
      assert.deepEqual([remove(3), remove(3), remove(3)], [3, 2, 0]);
      assert.equal(world.engine.stats().waiting, 0);
      assert.deepEqual(world.rows('select event from live'), [{ event: 1 }]);
      world.apply('release', { leases: [lease], nowMs: NOW });
      assert.equal(remove(3), 1);
      assert.deepEqual(world.rows('select state, reason, count(*) as count from closed group by 1, 2'), [
        { state: 'cancelled', reason: 'deleted', count: 6 },
      ]);
    }),
  );

  it(
    'removes from every deleted lane, also what is due later, and passes over those with nothing',
    withEngine((world) => {
      world.putTenant();
      const ids = Array.from({ length: 5 }, (_, n) => destinationId(`d${n}`));
      for (const id of ids) world.createDestination({ id });
      world.store();
      for (const lease of world.claim().leases) world.settle(lease, failed('500'));
      world.apply('deleteTenant', { id: ACME, nowMs: NOW });
      assert.equal(world.apply('removeDeleted', { limit: 100, nowMs: NOW }), 5);
      assert.deepEqual(world.rows('select number from lane where wake_at is not null or turn is not null'), []);
    }),
  );
});
