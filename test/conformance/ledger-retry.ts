/** Manual retry: the table of architecture §4, and exactly one attempt for each accepted call. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { delivered, failed } from '../../src/domain/attempt.ts';
import { destinationId, eventSeq } from '../../src/domain/ids.ts';
import type { Lease, LeaseKey, RetryResult } from '../../src/ports/ledger.ts';
import {
  ACME,
  assertNumbered,
  attempts,
  claim,
  claimEvery,
  claimOne,
  type InStore,
  NOW,
  present,
  publishLeased,
  putDestination,
  putTenant,
  recoverAll,
  settle,
  setUp,
  type World,
} from './builders.ts';

const D1 = destinationId('d1');
const FAILED = failed('500');
const LONG_AFTER = NOW + 1e9;

function retry(
  world: World,
  key: Omit<LeaseKey, 'lease' | 'epoch'>,
  options: { at?: number; slot?: boolean } = {},
): Promise<RetryResult> {
  const { tenant, event, lane } = key;
  return world.store.ledger.retry({
    tenant,
    event,
    lane,
    nowMs: options.at ?? NOW,
    slotReserved: options.slot ?? false,
  });
}

/** Retries with a slot, and answers the lease. */
async function retryAtOnce(world: World, key: Omit<LeaseKey, 'lease' | 'epoch'>, at = NOW): Promise<Lease> {
  const result = await retry(world, key, { at, slot: true });
  assert.equal(result.kind, 'accepted', 'a delivery that waits or has ended can be retried');
  const lease = present(result.kind === 'accepted' ? result.lease : null, 'lease');
  assert.equal(lease.trigger, 'manual', 'the attempt that was asked for is a manual one');
  return lease;
}

export function retryCases(inStore: InStore): void {
  it(
    'of what waits is due now, spends nothing, and its failure restores the old due time',
    inStore(async (world) => {
      await setUp(world);
      const first = await publishLeased(world);
      await settle(world, first, { outcome: FAILED });
      assert.deepEqual(
        await retry(world, first, { at: NOW + 5 }),
        { kind: 'accepted', lease: null },
        'without a slot it is claimed in its turn',
      );
      const lease = await claimOne(world, { nowMs: NOW + 5 });
      assert.deepEqual([lease.trigger, lease.lease], ['manual', 2], 'the attempt that was asked for is a manual one');
      const failure = await settle(world, lease, { outcome: FAILED, at: NOW + 6 });
      assert.deepEqual(
        [failure.number, failure.state, failure.dueMs],
        [2, 'waiting', NOW + 10_000],
        'a manual attempt that fails restores the old due time',
      );
      const scheduled = await claimOne(world, { nowMs: NOW + 10_000 });
      assert.equal(scheduled.trigger, 'schedule', 'exactly one manual attempt follows a retry');
      const second = await settle(world, scheduled, { outcome: FAILED, at: NOW + 10_000 });
      assert.equal(second.dueMs, NOW + 70_000, 'a manual attempt spends no retry');
      const log = await attempts(world);
      assert.deepEqual(
        log.map(({ trigger }) => trigger),
        ['schedule', 'manual', 'schedule'],
        'the log tells what each attempt was made for',
      );
      assertNumbered(log);
    }),
  );

  it(
    'of what waits ends it when it succeeds',
    inStore(async (world) => {
      await setUp(world);
      const first = await publishLeased(world);
      await settle(world, first, { outcome: FAILED });
      const success = await settle(world, await retryAtOnce(world, first));
      assert.deepEqual(
        [success.number, success.state],
        [2, 'succeeded'],
        'a manual attempt that succeeds ends the delivery',
      );
      assert.deepEqual(await claimEvery(world, { nowMs: LONG_AFTER }), [], 'no attempt follows a success');
    }),
  );

  for (const [end, outcome] of [
    ['succeeded', delivered('200')],
    ['exhausted', failed('410', null, { permanent: true })],
  ] as const) {
    it(
      `of what has ${end} makes one attempt and goes back to that when it fails`,
      inStore(async (world) => {
        await setUp(world);
        const first = await publishLeased(world);
        await settle(world, first, { outcome });
        await world.reopen();
        const failure = await settle(world, await retryAtOnce(world, first), { outcome: FAILED });
        assert.deepEqual(
          [failure.number, failure.state, failure.dueMs],
          [2, end, null],
          'a manual attempt that fails goes back to the end it had',
        );
        assert.deepEqual(
          await claimEvery(world, { nowMs: LONG_AFTER }),
          [],
          'exactly one attempt follows an accepted retry',
        );
        await retry(world, first, { at: NOW + 3 });
        const lease = await claimOne(world, { nowMs: NOW + 3 });
        assert.equal(lease.lease, 3, 'the leases of a delivery are counted on after its end');
        const success = await settle(world, lease, { at: NOW + 4 });
        assert.deepEqual(
          [success.number, success.state],
          [3, 'succeeded'],
          'a manual attempt that succeeds ends the delivery as such',
        );
        assertNumbered(await attempts(world));
      }),
    );
  }

  it(
    'is refused while an attempt is under way or a manual one waits',
    inStore(async (world) => {
      await setUp(world);
      const first = await publishLeased(world);
      const inFlight = { kind: 'in_flight' };
      assert.deepEqual(await retry(world, first), inFlight, 'a delivery that was handed over is not retried');
      await settle(world, first, { outcome: FAILED });
      await retry(world, first);
      assert.deepEqual(
        await retry(world, first, { slot: true }),
        inFlight,
        'a manual attempt that waits is not asked for twice',
      );
      const claimed = await claimOne(world);
      assert.deepEqual(await retry(world, first), inFlight, 'a delivery that was claimed is not retried');
      await settle(world, claimed);
      const again = await retryAtOnce(world, first);
      assert.deepEqual(
        await retry(world, first, { slot: true }),
        inFlight,
        'a manual attempt under way is not asked for twice',
      );
      await world.store.ledger.release([again], NOW + 1);
      assert.deepEqual(await retry(world, first), inFlight, 'a manual attempt that was given back still waits');
      assert.equal(
        (await claimOne(world, { nowMs: NOW + 1 })).trigger,
        'manual',
        'a manual attempt that was given back stays one',
      );
    }),
  );

  it(
    'by many at once is accepted once',
    inStore(async (world) => {
      await setUp(world);
      const first = await publishLeased(world);
      await settle(world, first);
      const results = await Promise.all(
        Array.from({ length: 6 }, (_, n) => retry(world, first, { slot: n % 2 === 0 })),
      );
      assert.equal(results.filter(({ kind }) => kind === 'accepted').length, 1, 'of retries at once one is accepted');
      assert.equal(results.filter(({ kind }) => kind === 'in_flight').length, 5, 'the others find it in flight');
    }),
  );

  it(
    'is refused for what never matched, is another tenant’s, or is not there',
    inStore(async (world) => {
      await setUp(world, 2);
      const other = await putTenant(world, 'other');
      const first = await publishLeased(world, { destinationId: D1 });
      const second = await putDestination(world, { id: 'd3' });
      const notFound = { kind: 'not_found' };
      assert.deepEqual(
        await retry(world, { ...first, lane: second.lane }),
        notFound,
        'a lane that never matched has nothing to retry',
      );
      assert.deepEqual(
        await retry(world, { ...first, tenant: other.number }),
        notFound,
        'another tenant’s event is not there',
      );
      assert.deepEqual(
        await retry(world, { ...first, event: eventSeq(987_654) }),
        notFound,
        'an unknown event is not there',
      );
    }),
  );

  it(
    'is refused for a lane that is disabled or deleted',
    inStore(async (world) => {
      await setUp(world);
      const first = await publishLeased(world);
      await settle(world, first, { outcome: FAILED });
      await world.store.directory.setDisabled(ACME, D1, NOW);
      assert.deepEqual(
        await retry(world, first, { slot: true }),
        { kind: 'disabled' },
        'a disabled destination gets no retry',
      );
      await world.store.directory.setDisabled(ACME, D1, null);
      assert.deepEqual(
        [(await claim(world)).nextDueMs, (await claimOne(world, { nowMs: NOW + 10_000 })).trigger],
        [NOW + 10_000, 'schedule'],
        'a retry that was refused changes nothing',
      );
      await world.store.directory.deleteDestination(ACME, D1);
      assert.deepEqual(await retry(world, first), { kind: 'deleted' }, 'a deleted destination gets no retry');
      await putDestination(world);
      assert.deepEqual(await retry(world, first), { kind: 'deleted' }, 'a destination created anew is another lane');
    }),
  );

  it(
    'with a slot goes at once though the destination asked for quiet; without one it waits for the end of that',
    inStore(async (world) => {
      await setUp(world);
      const quiet = failed('429', null, { retryAfterMs: 30_000 });
      const first = await publishLeased(world);
      await settle(world, first, { outcome: quiet });
      const lease = await retryAtOnce(world, first, NOW + 5);
      await settle(world, lease, { outcome: FAILED, at: NOW + 6 });
      await retry(world, first, { at: NOW + 7 });
      const held = await claim(world, { nowMs: NOW + 29_999 });
      assert.deepEqual(
        [held.leases, held.nextDueMs],
        [[], NOW + 30_000],
        'a retry without a slot waits for the end of the hold',
      );
      assert.equal(
        (await claimOne(world, { nowMs: NOW + 30_000 })).trigger,
        'manual',
        'a retry without a slot is claimed in its turn',
      );
    }),
  );

  it(
    'that was accepted is followed by its attempt over a restart',
    inStore(async (world) => {
      await setUp(world);
      const first = await publishLeased(world);
      await settle(world, first);
      await retryAtOnce(world, first);
      await world.reopen();
      assert.equal(await recoverAll(world, NOW + 9), 1, 'a manual attempt that died with its process is recovered');
      const lease = await claimOne(world, { nowMs: NOW + 9 });
      assert.equal(lease.trigger, 'manual', 'what was asked for by hand stays manual');
      const failure = await settle(world, lease, { outcome: FAILED, at: NOW + 9 });
      assert.deepEqual(
        [failure.number, failure.state],
        [3, 'succeeded'],
        'the end before the retry is kept over a restart',
      );
      assertNumbered(await attempts(world));
    }),
  );
}
