/** Handing over: a new delivery goes out at once only where it overtakes nobody. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failed } from '../../src/domain/attempt.ts';
import {
  accepted,
  acceptRequest,
  attempts,
  claimOne,
  event,
  HOUR,
  type InStore,
  NOW,
  present,
  publish,
  publishLeased,
  settle,
  setUp,
} from './builders.ts';

export function handOverCases(inStore: InStore): void {
  it(
    'leases what has a reserved slot, and stores what has none',
    inStore(async (world) => {
      const [first, second] = await setUp(world, 2);
      const request = await acceptRequest(world, { event: event() });
      const matched = request.matched.map(({ lane }) => ({ lane, slotReserved: lane === first?.lane }));
      const result = accepted(await world.store.ledger.accept({ ...request, matched }));
      assert.equal(result.destinationIds, null, 'whoever matched knows the destinations');
      assert.equal(result.stored, 1, 'a delivery without a slot waits in the store');
      const lease = present(result.leases[0], 'lease');
      assert.equal(result.leases.length, 1, 'a delivery with a slot is handed over');
      const { epoch, ...rest } = lease;
      assert.deepEqual(
        rest,
        {
          tenant: request.tenant,
          event: result.event,
          lane: first?.lane,
          lease: 1,
          trigger: 'schedule',
          version: first?.version,
        },
        'a lease names its delivery, its count and the destination’s version',
      );
      const other = await claimOne(world);
      assert.deepEqual([other.lane, other.epoch], [second?.lane, epoch], 'what was handed over is not claimed');
    }),
  );

  it(
    'goes on beside what was handed over before',
    inStore(async (world) => {
      await setUp(world);
      await publishLeased(world, { id: 'e1' });
      await publishLeased(world, { id: 'e2' });
    }),
  );

  it(
    'stops while something due waits in the lane',
    inStore(async (world) => {
      await setUp(world);
      await publish(world, { id: 'e1' });
      const second = await publish(world, { id: 'e2', reserved: true });
      assert.deepEqual([second.leases, second.stored], [[], 1], 'nothing overtakes a backlog that is due');
    }),
  );

  it(
    'stops while a claim holds something of the lane, and goes on when it has come back',
    inStore(async (world) => {
      await setUp(world);
      await publish(world, { id: 'e1' });
      const claimed = await claimOne(world);
      const second = await publish(world, { id: 'e2', reserved: true });
      assert.deepEqual([second.leases, second.stored], [[], 1], 'nothing overtakes what a claim has leased');
      await settle(world, claimed);
      await settle(world, await claimOne(world));
      await publishLeased(world, { id: 'e3' });
    }),
  );

  it(
    'goes on beside a retry that is due in an hour, until it is due',
    inStore(async (world) => {
      await setUp(world);
      const policy = { delaysMs: [HOUR], jitterShare: 0 };
      await settle(world, await publishLeased(world, { id: 'e1' }), { outcome: failed('500'), policy });
      const second = await publishLeased(world, { id: 'e2', acceptedAtMs: NOW + 1 });
      await settle(world, second, { at: NOW + 1 });
      await publishLeased(world, { id: 'e3', acceptedAtMs: NOW + HOUR - 1 });
      const fourth = await publish(world, { id: 'e4', acceptedAtMs: NOW + HOUR, reserved: true });
      assert.deepEqual([fourth.leases, fourth.stored], [[], 1], 'a retry that is due comes before what is new');
    }),
  );

  it(
    'stops while the destination wants to be left alone',
    inStore(async (world) => {
      await setUp(world, 2);
      const [held] = (await publish(world, { id: 'e1', reserved: true })).leases;
      const quiet = failed('429', null, { retryAfterMs: 30_000 });
      await settle(world, present(held), { outcome: quiet });
      const during = await publish(world, { id: 'e2', acceptedAtMs: NOW + 10, reserved: true });
      assert.deepEqual([during.leases.length, during.stored], [1, 1], 'a held lane gets nothing at once; others do');
      assert.notEqual(during.leases[0]?.lane, held?.lane, 'a held lane gets nothing at once');
    }),
  );

  it(
    'counts as one attempt, numbered in the commit',
    inStore(async (world) => {
      await setUp(world);
      const result = await settle(world, await publishLeased(world));
      assert.deepEqual([result.number, result.state], [1, 'succeeded'], 'the first attempt is number 1');
      assert.equal((await attempts(world)).length, 1, 'one lease is one attempt');
    }),
  );
}
