/**
 * Numbers of attempts under any interleaving: leases lost by restarts and settled all the same, repeats, retries,
 * releases, recovery cut off half-way. Nothing here knows what a driver decides; it only adds up.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { delivered, failed } from '../../src/domain/attempt.ts';
import type { Lease, SettleResult } from '../../src/ports/ledger.ts';
import { sized } from '../support/sizes.ts';
import {
  ACME,
  assertNumbered,
  attempts,
  claim,
  claimEvery,
  NOW,
  publish,
  recoverAll,
  settle,
  setUp,
  type StoreHarness,
  withStore,
  type World,
} from './builders.ts';

type Step =
  | { readonly op: 'publish'; readonly reserved: boolean }
  | { readonly op: 'claim'; readonly count: number }
  | { readonly op: 'recover'; readonly count: number }
  | { readonly op: 'settle'; readonly pick: number; readonly ok: boolean }
  | { readonly op: 'release'; readonly pick: number }
  | { readonly op: 'retry'; readonly pick: number; readonly slot: boolean }
  | { readonly op: 'restart' }
  | { readonly op: 'delete' };

const pick = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ op: fc.constant('publish' as const), reserved: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('claim' as const, 'claim' as const, 'recover' as const),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ op: fc.constant('settle' as const), pick, ok: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('release' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('retry' as const), pick, slot: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ op: 'restart' } as const) },
);
/** At most one destination is deleted in a run, somewhere. */
const steps = fc
  .tuple(fc.array(step, { minLength: 10, maxLength: 80 }), fc.nat(80))
  .map(([list, at]): Step[] => list.flatMap((each, n) => (n === at ? [each, { op: 'delete' }] : [each])));

export function numberCases(harness: StoreHarness): void {
  it('are 1 to n without gaps and given once each, whatever the order of calls', () =>
    fc.assert(
      fc.asyncProperty(steps, (list) =>
        withStore(harness, async (world) => {
          await setUp(world, 2);
          const run = ledgerRun(world);
          for (const [n, each] of list.entries()) await run.take(each, n);
          await run.finish();
        }),
      ),
      { numRuns: sized(50, 150) },
    ));
}

const keyOf = (lease: Lease): string => `${lease.event}/${lease.lane}/${lease.lease}`;
const deliveryOf = (lease: Lease): string => `${lease.event}/${lease.lane}`;

function ledgerRun(world: World) {
  const given: Lease[] = [];
  const taken = new Set<string>();
  const answers = new Map<string, SettleResult>();
  /** Deliveries that succeeded and that nobody asked to be sent again since. */
  const done = new Set<string>();
  /** The count of each delivery's last lease. */
  const newest = new Map<string, number>();
  let nowMs = NOW;
  let interrupted = 0;

  function give(leases: readonly Lease[]): void {
    for (const lease of leases) {
      assert.ok(!taken.has(keyOf(lease)), 'no two leases of a delivery have the same count');
      assert.ok(!done.has(deliveryOf(lease)), 'no attempt follows a success that nobody asked to repeat');
      taken.add(keyOf(lease));
      newest.set(deliveryOf(lease), lease.lease);
      given.push(lease);
    }
  }

  async function settleOne(lease: Lease, ok: boolean): Promise<void> {
    const result = await settle(world, lease, { outcome: ok ? delivered('200') : failed('500'), at: nowMs });
    const before = answers.get(keyOf(lease));
    if (before !== undefined) {
      assert.equal(result.number, before.number, 'a repeat answers what the first settle did');
      return;
    }
    answers.set(keyOf(lease), result);
    const isLost = newest.get(deliveryOf(lease)) !== lease.lease;
    assert.ok(!isLost || result.state === 'late', 'only the owner of the current lease changes a delivery');
    if (result.state === 'succeeded') done.add(deliveryOf(lease));
  }

  async function retryOne(lease: Lease, slot: boolean): Promise<void> {
    const { tenant, event, lane } = lease;
    const result = await world.store.ledger.retry({ tenant, event, lane, nowMs, slotReserved: slot });
    if (result.kind !== 'accepted') return;
    done.delete(deliveryOf(lease));
    if (result.lease !== null) give([result.lease]);
  }

  return {
    async take(each: Step, n: number): Promise<void> {
      nowMs += 2_000;
      if (each.op === 'publish')
        give((await publish(world, { id: `e${n}`, acceptedAtMs: nowMs, reserved: each.reserved })).leases);
      else if (each.op === 'claim') give((await claim(world, { nowMs, room: each.count })).leases);
      else if (each.op === 'recover') interrupted += (await world.store.ledger.recover(each.count, nowMs)).recovered;
      else if (each.op === 'restart') await world.reopen();
      else if (each.op === 'delete')
        await world.store.directory.deleteDestination(
          ACME,
          (await world.store.directory.listDestinations(ACME))[0]!.id,
        );
      else {
        const lease = given[each.pick % Math.max(1, given.length)];
        if (lease === undefined) return;
        if (each.op === 'settle') await settleOne(lease, each.ok);
        else if (each.op === 'retry') await retryOne(lease, each.slot);
        else await world.store.ledger.release([lease], nowMs);
      }
    },
    async finish(): Promise<void> {
      await world.reopen();
      interrupted += await recoverAll(world, nowMs);
      give(await claimEvery(world, { nowMs: nowMs + 1e9 }));
      for (const lease of given) await settleOne(lease, true);
      const log = await attempts(world);
      assertNumbered(log);
      const keys = log.map(({ key }) => `${key.kind} ${key.event}/${key.lane}/${key.lease}`);
      assert.equal(new Set(keys).size, keys.length, 'an attempt is in the log once');
      assert.equal(
        log.filter(({ key }) => key.kind === 'interrupted').length,
        interrupted,
        'a recovered lease is one interrupted attempt',
      );
      assert.equal(log.length - interrupted, answers.size, 'every settle is one attempt, late or not');
      for (const { key, number } of log.filter((record) => record.key.kind !== 'interrupted')) {
        const answer = answers.get(`${key.event}/${key.lane}/${key.lease}`);
        assert.equal(number, answer?.number, 'the log has the number that the settle was answered');
        assert.equal(key.kind === 'late', answer?.state === 'late', 'what was answered as late is late in the log');
      }
    },
  };
}
