import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delivered, failed } from '../../domain/attempt.ts';
import { destinationId } from '../../domain/ids.ts';
import { ACME, NOW, settleInput, withEngine } from '../../../test/support/sqlite-engine.ts';

const ATTEMPTS = 'select n, kind, lease, succeeded, code from attempt order by seq';

describe('settle in the engine', () => {
  it(
    'ends a success with its attempt alone, and writes nothing to a lane without failures',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const lease = world.handOver();
      const before = world.engine.stats().rowsChanged;
      const result = world.settle(lease, delivered('200', { status: 200 }));
      assert.deepEqual(result, { number: 1, state: 'succeeded', dueMs: null, streak: 0 });
      // The attempt inserted, the live row deleted.
      assert.equal(world.engine.stats().rowsChanged - before, 2);
      assert.deepEqual(world.rows('select event from live'), []);
      assert.deepEqual(world.rows('select event from closed'), []);
      assert.deepEqual(world.rows(ATTEMPTS), [{ n: 1, kind: 0, lease: 1, succeeded: 1, code: '200' }]);
    }),
  );

  it(
    'waits by the policy until the retries are spent, counting the streak',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const first = world.settle(world.handOver(), failed('500'), NOW);
      assert.deepEqual(first, { number: 1, state: 'waiting', dueMs: NOW + 10_000, streak: 1 });
      assert.deepEqual(world.claim({ nowMs: NOW + 9_999 }), { leases: [], hasMore: false, nextDueMs: NOW + 10_000 });
      const second = world.claim({ nowMs: NOW + 10_000 }).leases[0]!;
      assert.equal(world.settle(second, failed('500'), NOW + 10_000).dueMs, NOW + 70_000);
      const third = world.claim({ nowMs: NOW + 70_000 }).leases[0]!;
      assert.deepEqual(world.settle(third, failed('500'), NOW + 70_000), {
        number: 3,
        state: 'exhausted',
        dueMs: null,
        streak: 3,
      });
      assert.deepEqual(world.rows('select event from closed'), []);
      assert.equal(world.settle(world.handOver()).streak, 0);
      assert.deepEqual(world.rows('select streak from lane'), [{ streak: 0 }]);
    }),
  );

  it(
    'exhausts at once where the event takes no retries or the failure is permanent',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      assert.equal(world.settle(world.handOver({ eligibleForRetry: false }), failed('500')).state, 'exhausted');
      assert.equal(world.settle(world.handOver(), failed('410', null, { permanent: true })).state, 'exhausted');
    }),
  );

  it(
    'answers a repeat as it did the first time, also after a restart and in one batch',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const good = world.handOver();
      const bad = world.handOver();
      const settle = (input: ReturnType<typeof settleInput>) => ({ kind: 'settle' as const, input });
      const failure = failed('500');
      const operations = [settleInput(bad, failure), settleInput(good, delivered('200')), settleInput(bad, failure)];
      const [first, success, repeat] = world.engine.apply(operations.map(settle));
      assert.deepEqual(repeat, first);
      world.reopen();
      assert.deepEqual(world.settle(good), { ...(success as object), streak: 1 });
      assert.deepEqual(world.settle(bad, failure), first);
      assert.equal(world.rows(ATTEMPTS).length, 2);
    }),
  );

  it(
    'appends a settle without its lease as late, and numbers go on without a gap',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const lost = world.handOver();
      world.reopen();
      assert.deepEqual(world.apply('recover', { limit: 10, nowMs: NOW }), { recovered: 1, done: true });
      assert.deepEqual(world.settle(lost), { number: 2, state: 'late', dueMs: null, streak: 0 });
      assert.deepEqual(world.settle(lost), { number: 2, state: 'late', dueMs: null, streak: 0 });
      const next = world.claim().leases[0]!;
      assert.equal(next.lease, 2);
      assert.equal(world.settle(next).number, 3);
      assert.deepEqual(world.rows('select n, kind from attempt order by seq'), [
        { n: 1, kind: 2 },
        { n: 2, kind: 1 },
        { n: 3, kind: 0 },
      ]);
    }),
  );

  it(
    'refuses a lease that was never given',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const lease = world.handOver();
      assert.throws(() => world.settle({ ...lease, event: 99 as never }), /never given/);
      assert.throws(() => world.settle({ ...lease, lane: 99 as never }), /never was/);
    }),
  );

  it(
    'cancels what would wait in a deleted lane, and keeps a success',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const [bad, good] = [world.handOver(), world.handOver()];
      world.apply('deleteDestination', { tenant: ACME, id: destinationId('d1') });
      assert.equal(world.settle(bad, failed('500')).state, 'cancelled');
      assert.equal(world.settle(good).state, 'succeeded');
      assert.deepEqual(world.rows('select event, state, reason from closed'), [
        { event: 1, state: 'cancelled', reason: 'deleted' },
      ]);
    }),
  );
});
