/** `Retry-After`: a destination that asks for quiet gets it, and nobody else does. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AttemptOutcome, failed } from '../../src/domain/attempt.ts';
import { destinationId } from '../../src/domain/ids.ts';
import {
  accepted,
  ACME,
  claim,
  claimEvery,
  event,
  HOUR,
  type InStore,
  NOW,
  offer,
  present,
  publish,
  publishLeased,
  putDestination,
  settle,
  setUp,
} from './builders.ts';

const D1 = destinationId('d1');
const FAILED = failed('500');

export function holdCases(inStore: InStore): void {
  const quiet = (retryAfterMs: number): AttemptOutcome => failed('429', null, { retryAfterMs });

  it(
    'is left alone until then, and others are not',
    inStore(async (world) => {
      const [held, other] = await setUp(world, 2);
      const first = await publish(world, { id: 'e1', reserved: true });
      const lease = present(first.leases.find(({ lane }) => lane === held?.lane));
      const result = await settle(world, lease, { outcome: quiet(30_000) });
      assert.deepEqual(
        [result.state, result.dueMs],
        ['waiting', NOW + 30_000],
        'a retry comes no earlier than was asked',
      );
      accepted(await offer(world, { event: event({ id: 'e2', acceptedAtMs: NOW + 1 }) }));
      const during = await claimEvery(world, { nowMs: NOW + 29_999 });
      assert.deepEqual(
        during.map(({ lane }) => lane),
        [other?.lane],
        'nothing of a lane is claimed while it is to be left alone',
      );
      assert.equal(
        (await claim(world, { nowMs: NOW + 29_999 })).nextDueMs,
        NOW + 30_000,
        'a held lane sleeps until its hold ends',
      );
      await world.reopen();
      assert.deepEqual(await claimEvery(world, { nowMs: NOW + 29_999 }), [], 'a hold is durable');
      const after = await claimEvery(world, { nowMs: NOW + 30_000 });
      assert.deepEqual(
        after.map(({ lane }) => lane),
        [held?.lane, held?.lane],
        'a held lane goes on when its hold ends',
      );
    }),
  );

  it(
    'keeps its backlog for itself though the attempt that was told ended',
    inStore(async (world) => {
      await setUp(world);
      for (const id of ['e1', 'e2', 'e3']) await publish(world, { id, eligibleForRetry: false });
      const [first] = (await claim(world, { room: 1 })).leases;
      const result = await settle(world, present(first), { outcome: quiet(20_000) });
      assert.equal(result.state, 'exhausted', 'what is not eligible is not retried');
      const during = await claim(world, { nowMs: NOW + 19_999 });
      assert.deepEqual(
        during,
        { leases: [], hasMore: false, nextDueMs: NOW + 20_000 },
        'a backlog that is due waits for the end of the hold',
      );
      assert.equal(
        (await claimEvery(world, { nowMs: NOW + 20_000 })).length,
        2,
        'a held lane goes on when its hold ends',
      );
    }),
  );

  it(
    'is not counted as due when a claim ends before its turn',
    inStore(async (world) => {
      const [held, other] = await setUp(world, 2);
      const toOther = (id: string) => publish(world, { id, destinationId: present(other).id });
      await publish(world, { id: 'e1', destinationId: D1, eligibleForRetry: false });
      await publish(world, { id: 'e2', destinationId: D1 });
      await toOther('e3');
      let lease = present((await claim(world, { room: 1 })).leases[0]);
      if (lease.lane !== held?.lane) {
        // The other lane had the first turn: it gets one more to come before the rest of this lane.
        await toOther('e4');
        lease = present((await claim(world, { room: 1 })).leases[0]);
      }
      assert.equal(lease.lane, held?.lane, 'lanes of a tenant are taken in turn');
      await settle(world, lease, { outcome: quiet(20_000) });
      const last = await claim(world, { room: 1 });
      assert.deepEqual(
        last.leases.map(({ lane }) => lane),
        [other?.lane],
        'a lane beside one that is held is served',
      );
      assert.deepEqual([last.hasMore, last.nextDueMs], [false, NOW + 20_000], 'a held lane is asleep, not due');
    }),
  );

  it(
    'is left alone no longer than the policy’s longest delay',
    inStore(async (world) => {
      await setUp(world);
      const result = await settle(world, await publishLeased(world), { outcome: quiet(HOUR) });
      assert.equal(result.dueMs, NOW + 60_000, 'a hold is bounded by the longest delay');
      assert.equal(
        (await claimEvery(world, { nowMs: NOW + 60_000 })).length,
        1,
        'a hold is bounded by the longest delay',
      );
    }),
  );

  it(
    'is left alone until the latest of the times that it gave',
    inStore(async (world) => {
      await setUp(world);
      const first = await publishLeased(world, { id: 'e1' });
      const second = await publishLeased(world, { id: 'e2' });
      await settle(world, first, { outcome: quiet(50_000) });
      await settle(world, second, { outcome: quiet(20_000) });
      assert.deepEqual(
        await claimEvery(world, { nowMs: NOW + 49_999 }),
        [],
        'a shorter hold does not end a longer one',
      );
      assert.equal(
        (await claimEvery(world, { nowMs: NOW + 50_000 })).length,
        2,
        'a held lane goes on when its hold ends',
      );
    }),
  );

  it(
    'is not the one that is created anew under its id',
    inStore(async (world) => {
      await setUp(world);
      await settle(world, await publishLeased(world), { outcome: quiet(50_000) });
      await world.store.directory.deleteDestination(ACME, D1);
      await putDestination(world);
      const lease = await publishLeased(world, { id: 'e2' });
      assert.equal(
        (await settle(world, lease, { outcome: FAILED })).streak,
        1,
        'a lane created anew inherits no hold and no streak',
      );
    }),
  );
}
