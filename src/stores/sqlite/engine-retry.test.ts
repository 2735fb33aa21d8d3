import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failed } from '../../domain/attempt.ts';
import { destinationId } from '../../domain/ids.ts';
import type { Lease, RetryResult } from '../../ports/ledger.ts';
import { ACME, type EngineWorld, NOW, withEngine } from '../../../test/support/sqlite-engine.ts';

function retry(world: EngineWorld, of: Lease, slotReserved = false): RetryResult {
  return world.apply('retry', { tenant: of.tenant, event: of.event, lane: of.lane, nowMs: NOW + 100, slotReserved });
}

/** The lease of a retry that got one. */
function retriedAtOnce(world: EngineWorld, of: Lease): Lease {
  const result = retry(world, of, true);
  assert.ok(result.kind === 'accepted' && result.lease !== null);
  return result.lease;
}

describe('manual retry in the engine', () => {
  it(
    'takes a waiting delivery out of its schedule, and its failure brings the due time back',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const of = world.handOver();
      const { dueMs } = world.settle(of, failed('500'));
      const lease = retriedAtOnce(world, of);
      assert.deepEqual([lease.lease, lease.trigger], [2, 'manual']);
      assert.equal(world.engine.stats().waiting, 0);
      const result = world.settle(lease, failed('500'));
      assert.deepEqual([result.number, result.state, result.dueMs], [2, 'waiting', dueMs]);
      assert.deepEqual(world.rows('select spent, trigger, fallback from live'), [
        { spent: 1, trigger: 0, fallback: null },
      ]);
    }),
  );

  it(
    'queues without a slot, once, and claims it in its turn as manual',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const of = world.handOver();
      world.settle(of, failed('500'));
      assert.deepEqual(retry(world, of), { kind: 'accepted', lease: null });
      assert.deepEqual(retry(world, of), { kind: 'in_flight' });
      const lease = world.claim({ nowMs: NOW + 100 }).leases[0]!;
      assert.equal(lease.trigger, 'manual');
      assert.deepEqual(retry(world, of), { kind: 'in_flight' });
      assert.equal(world.settle(lease).state, 'succeeded');
    }),
  );

  it(
    'goes back to the end that it came from, and numbers of attempts and leases go on',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const good = world.handOver();
      world.settle(good);
      const bad = world.handOver();
      world.settle(bad, failed('410', null, { permanent: true }));
      const again = [good, bad].map((of) => world.settle(retriedAtOnce(world, of), failed('500')));
      assert.deepEqual(
        again.map(({ number, state }) => [number, state]),
        [
          [2, 'succeeded'],
          [2, 'exhausted'],
        ],
      );
      assert.deepEqual(world.rows('select event, state from closed'), [{ event: 1, state: 'succeeded' }]);
      const third = retriedAtOnce(world, good);
      assert.equal(third.lease, 3);
      assert.deepEqual(world.rows('select event from closed'), [], 'what is on its way has no end');
      assert.equal(world.settle(third, failed('500')).state, 'succeeded');
      assert.equal(world.settle(retriedAtOnce(world, bad)).state, 'succeeded');
      assert.equal(world.settle(retriedAtOnce(world, bad), failed('500')).state, 'succeeded');
      assert.deepEqual(world.rows('select event from live'), []);
    }),
  );

  it(
    'finds the numbers of an ended delivery behind the watermark of the index and before it',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const of = world.handOver();
      world.settle(of);
      world.engine.maintain((db) =>
        db.exec(`insert into attempt_by_event select event, seq from attempt;
          insert into meta values ('indexed:attempt_by_event', 1)`),
      );
      assert.equal(world.engine.stats().indexRowsChanged, 2);
      assert.equal(world.settle(retriedAtOnce(world, of)).number, 2);
      assert.equal(world.settle(retriedAtOnce(world, of)).number, 3);
    }),
  );

  it(
    'tells why it cannot: unknown, never matched, disabled, deleted',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const of = world.handOver();
      world.settle(of);
      const other = world.createDestination({ id: destinationId('d2') });
      assert.deepEqual(retry(world, { ...of, event: 99 as never }), { kind: 'not_found' });
      assert.deepEqual(retry(world, { ...of, tenant: 99 as never }), { kind: 'not_found' });
      assert.deepEqual(retry(world, { ...of, lane: other.lane }), { kind: 'not_found' });
      world.apply('setDisabled', { tenant: ACME, id: destinationId('d1'), disabledAtMs: NOW });
      assert.deepEqual(retry(world, of), { kind: 'disabled' });
      world.apply('deleteDestination', { tenant: ACME, id: destinationId('d1') });
      assert.deepEqual(retry(world, of), { kind: 'deleted' });
    }),
  );
});

describe('release in the engine', () => {
  it(
    'gives a lease back without an attempt, never to use its number again, and keeps a manual one manual',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const of = world.handOver();
      world.settle(of, failed('500'));
      const manual = retriedAtOnce(world, of);
      const plain = world.handOver();
      world.apply('release', { leases: [manual, plain, of], nowMs: NOW + 100 });
      assert.equal(world.engine.stats().waiting, 2);
      const claimed = world.claim({ nowMs: NOW + 100 }).leases;
      assert.deepEqual(
        claimed.map(({ event, lease, trigger }) => [event, lease, trigger]),
        [
          [2, 2, 'schedule'],
          [1, 3, 'manual'],
        ],
      );
      world.apply('release', { leases: [manual], nowMs: NOW + 100 });
      assert.equal(world.engine.stats().waiting, 0);
      assert.equal(world.rows('select seq from attempt').length, 1);
    }),
  );
});
