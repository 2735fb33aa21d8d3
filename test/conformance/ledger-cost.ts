/** The cost of a claim follows what it gives: not how much waits, nor in how many lanes. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failed } from '../../src/domain/attempt.ts';
import { sized } from '../support/sizes.ts';
import {
  acceptRequest,
  claim,
  claimEvery,
  event,
  HOUR,
  type InStore,
  inChunks,
  NOW,
  publish,
  settle,
  setUp,
  type World,
} from './builders.ts';

const MANY = 3_000;
/** Lanes of one event; 3,000 lanes take two. */
const LANES_OF_EVENT = 1_500;
/** What a claim may look at for each lease: the lanes it wakes, the lane it takes from, and some to spare. */
const LOOKED_PER_LEASE = 10;

/** What three claims with room for 8 look at, for each lease that they give. */
async function lookedPerLease(world: World, nowMs: number): Promise<number> {
  const before = await world.store.ledger.stats();
  for (let round = 0; round < 3; round += 1) await claim(world, { nowMs, room: 8 });
  const after = await world.store.ledger.stats();
  const leased = after.claimLeased - before.claimLeased;
  assert.ok(leased >= 3, 'claims give something while something is due');
  return (after.claimLooked - before.claimLooked) / leased;
}

async function fillLanes(world: World, count: number): Promise<void> {
  await setUp(world, count);
  const request = await acceptRequest(world, { event: event() });
  for (let from = 0; from < count; from += LANES_OF_EVENT) {
    const matched = request.matched.slice(from, from + LANES_OF_EVENT);
    await world.store.ledger.accept({ ...request, event: event({ id: `e${from}` }), matched });
  }
}

export function costCases(inStore: InStore): void {
  for (const waiting of [10, MANY]) {
    it(
      `is bounded with ${waiting} deliveries waiting in a lane`,
      inStore(async (world) => {
        await setUp(world);
        await inChunks(waiting, (n) => publish(world, { id: `e${n}` }));
        const looked = await lookedPerLease(world, NOW);
        assert.ok(
          looked <= LOOKED_PER_LEASE,
          `a claim’s cost follows what it returns: ${looked} looked at for a lease`,
        );
      }),
    );

    it(
      `is bounded with ${waiting} lanes waiting`,
      inStore(async (world) => {
        await fillLanes(world, waiting);
        const looked = await lookedPerLease(world, NOW);
        assert.ok(
          looked <= LOOKED_PER_LEASE,
          `a claim’s cost follows what it returns: ${looked} looked at for a lease`,
        );
      }),
    );
  }

  it(
    'is bounded when thousands of lanes come due at once',
    inStore(async (world) => {
      const lanes = sized(600, MANY);
      await fillLanes(world, lanes);
      const leases = await claimEvery(world);
      const policy = { delaysMs: [HOUR], jitterShare: 0 };
      await inChunks(lanes, (n) => settle(world, leases[n]!, { outcome: failed('500'), policy }));
      const asleep = await world.store.ledger.stats();
      const result = await claim(world);
      assert.deepEqual(
        [result.leases, result.hasMore, result.nextDueMs],
        [[], false, NOW + HOUR],
        'sleeping lanes are not claimed',
      );
      const looked = (await world.store.ledger.stats()).claimLooked - asleep.claimLooked;
      assert.ok(looked <= 2, `a claim looks at no lane that sleeps: ${looked} looked at`);
      const perLease = await lookedPerLease(world, NOW + HOUR);
      assert.ok(
        perLease <= LOOKED_PER_LEASE,
        `a claim wakes at most twice its room: ${perLease} looked at for a lease`,
      );
      assert.equal(
        (await claim(world, { nowMs: NOW + HOUR, room: 1 })).hasMore,
        true,
        'lanes that this claim did not wake remain due',
      );
      await claimEvery(world, { nowMs: NOW + HOUR });
      assert.equal((await world.store.ledger.stats()).waiting, 0, 'every lane is woken in the end');
    }),
  );
}
