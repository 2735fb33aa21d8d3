/** Settle: one commit by the owner of the lease, once, and what it makes of the delivery and its lane. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AttemptOutcome, delivered, failed } from '../../src/domain/attempt.ts';
import { destinationId } from '../../src/domain/ids.ts';
import {
  ACME,
  assertNumbered,
  attempts,
  claim,
  claimEvery,
  claimOne,
  HOUR,
  type InStore,
  NOW,
  POLICY,
  present,
  publish,
  publishLeased,
  recoverAll,
  settle,
  setUp,
} from './builders.ts';

const D1 = destinationId('d1');
const FAILED = failed('500', { status: 500 });

export function settleCases(inStore: InStore): void {
  it(
    'ends a delivery that succeeded, for good',
    inStore(async (world) => {
      await setUp(world);
      const lease = await publishLeased(world);
      const result = await settle(world, lease, { outcome: delivered('200', { status: 200, body: 'ok' }) });
      assert.deepEqual(
        result,
        { number: 1, state: 'succeeded', dueMs: null, streak: 0 },
        'a success ends its delivery',
      );
      assert.deepEqual(
        await claim(world, { nowMs: NOW + 1e9 }),
        { leases: [], hasMore: false, nextDueMs: null },
        'no attempt follows a success',
      );
      await world.reopen();
      assert.equal(await recoverAll(world), 0, 'a settled lease is not recovered');
      assert.deepEqual(
        await claimEvery(world, { nowMs: NOW + 1e9 }),
        [],
        'no attempt follows a success, over a restart too',
      );
      const [record] = await attempts(world);
      const { kind, lease: count } = present(record).key;
      assert.deepEqual([kind, count, record?.number], ['settled', 1, 1], 'the attempt is in the log');
    }),
  );

  it(
    'writes the attempt as it was',
    inStore(async (world) => {
      const [destination] = await setUp(world, 1);
      const lease = await publishLeased(world, { topic: 'a.b' });
      const response = { status: 503, body: 'é "x"', slow: true, none: null, ratio: 0.25 };
      await settle(world, lease, { outcome: failed('503', response), at: NOW + 42 });
      const [record] = await attempts(world);
      const { seq: _seq, ...rest } = present(record);
      const { tenant, event: seq, lane } = lease;
      assert.deepEqual(
        { ...rest, response: { ...rest.response } },
        {
          key: { kind: 'settled', tenant, event: seq, lane, lease: 1 },
          tenantId: 'acme',
          eventId: 'e1',
          destinationId: 'd1',
          destinationType: present(destination).type,
          topic: 'a.b',
          number: 1,
          trigger: 'schedule',
          succeeded: false,
          code: '503',
          response,
          startedAtMs: NOW + 37,
          finishedAtMs: NOW + 42,
          event: null,
        },
        'an attempt is kept as it was',
      );
    }),
  );

  it(
    'retries a failure by the policy until it is spent',
    inStore(async (world) => {
      await setUp(world);
      let at = NOW;
      let lease = await publishLeased(world);
      for (const [n, delayMs] of POLICY.delaysMs.entries()) {
        const result = await settle(world, lease, { outcome: FAILED, at });
        const dueMs = at + delayMs;
        assert.deepEqual(
          result,
          { number: n + 1, state: 'waiting', dueMs, streak: n + 1 },
          'a failure waits as long as the policy says',
        );
        const early = await claim(world, { nowMs: dueMs - 1 });
        assert.deepEqual([early.leases, early.nextDueMs], [[], dueMs], 'no retry comes before it is due');
        at = dueMs;
        lease = await claimOne(world, { nowMs: at });
        assert.deepEqual(
          [lease.lease, lease.trigger],
          [n + 2, 'schedule'],
          'a retry is the next lease of its delivery',
        );
      }
      const last = await settle(world, lease, { outcome: FAILED, at });
      assert.deepEqual(
        last,
        { number: 3, state: 'exhausted', dueMs: null, streak: 3 },
        'the last failure exhausts the delivery',
      );
      assert.deepEqual(await claimEvery(world, { nowMs: NOW + 1e9 }), [], 'no attempt follows the last one');
      assertNumbered(await attempts(world));
    }),
  );

  it(
    'ends at once what another try can’t help, and what is not eligible',
    inStore(async (world) => {
      await setUp(world);
      const gone = await settle(world, await publishLeased(world, { id: 'e1' }), {
        outcome: failed('410', null, { permanent: true }),
      });
      assert.equal(gone.state, 'exhausted', 'a permanent failure is not retried');
      const once = await publishLeased(world, { id: 'e2', eligibleForRetry: false });
      assert.equal(
        (await settle(world, once, { outcome: FAILED })).state,
        'exhausted',
        'what is not eligible is not retried',
      );
      const none = await publishLeased(world, { id: 'e3' });
      const policy = { delaysMs: [], jitterShare: 0 };
      assert.equal(
        (await settle(world, none, { outcome: FAILED, policy })).state,
        'exhausted',
        'an empty policy retries nothing',
      );
      assert.deepEqual(await claimEvery(world, { nowMs: NOW + 1e9 }), [], 'no attempt follows an end');
    }),
  );

  it(
    'adds jitter from the number given and never takes time off',
    inStore(async (world) => {
      await setUp(world);
      const policy = { delaysMs: [10_000], jitterShare: 0.1 };
      const result = await settle(world, await publishLeased(world), { outcome: FAILED, policy, random: 0.5 });
      assert.equal(result.dueMs, NOW + 10_500, 'the due time is decided from the request alone');
    }),
  );

  it(
    'counts consecutive failures of the lane until a success',
    inStore(async (world) => {
      await setUp(world, 2);
      const outcomes: readonly (readonly [AttemptOutcome, number])[] = [
        [FAILED, 1],
        [FAILED, 2],
        [failed('410', null, { permanent: true }), 3],
        [delivered('200'), 0],
        [FAILED, 1],
      ];
      for (const [n, [outcome, streak]] of outcomes.entries()) {
        const result = await publish(world, { id: `e${n}`, acceptedAtMs: NOW + n, reserved: true });
        const [first, second] = result.leases;
        const settled = await settle(world, present(first), { outcome, at: NOW + n });
        assert.equal(settled.streak, streak, 'the streak counts consecutive failures and a success resets it');
        const other = await settle(world, present(second), { at: NOW + n });
        assert.equal(other.streak, 0, 'each lane has a streak of its own');
      }
      await world.reopen();
      const next = await publishLeased(world, { id: 'last', destinationId: D1 });
      assert.equal((await settle(world, next, { outcome: FAILED })).streak, 2, 'the streak is durable');
    }),
  );

  it(
    'answers a repeat what the first one was answered',
    inStore(async (world) => {
      await setUp(world);
      const lease = await publishLeased(world);
      const first = await settle(world, lease, { outcome: FAILED });
      assert.deepEqual(
        await settle(world, lease, { outcome: FAILED }),
        first,
        'a repeat answers what the first settle did',
      );
      const both = await Promise.all([settle(world, lease, { outcome: FAILED }), settle(world, lease)]);
      assert.deepEqual(
        both.map(({ number }) => number),
        [1, 1],
        'a repeat answers what the first settle did',
      );
      const retried = await claimOne(world, { nowMs: NOW + 10_000 });
      const last = await settle(world, retried, { at: NOW + 10_000 });
      assert.deepEqual([last.number, last.state], [2, 'succeeded'], 'a repeat takes no number');
      assert.equal(
        (await settle(world, lease, { outcome: FAILED })).number,
        1,
        'a repeat is known when its delivery has gone on',
      );
      assert.deepEqual(
        await settle(world, retried, { at: NOW + 10_000 }),
        last,
        'a repeat is known when its delivery has ended',
      );
      assert.equal((await attempts(world)).length, 2, 'an attempt is in the log once however often it is settled');
    }),
  );

  it(
    'takes many at once, each for its own delivery',
    inStore(async (world) => {
      await setUp(world, 20);
      const { leases } = await publish(world, { reserved: true });
      const results = await Promise.all(
        leases.map((lease, n) => settle(world, lease, n % 2 === 0 ? {} : { outcome: FAILED })),
      );
      assert.ok(
        results.every(({ number }) => number === 1),
        'numbers are of each delivery',
      );
      assert.deepEqual(
        results.map(({ state }) => state),
        leases.map((_, n) => (n % 2 === 0 ? 'succeeded' : 'waiting')),
        'each settle decides its own',
      );
    }),
  );

  it(
    'appends the attempt of a lost lease as late and changes nothing else',
    inStore(async (world) => {
      await setUp(world);
      const lost = await publishLeased(world);
      await world.reopen();
      assert.equal(await recoverAll(world), 1, 'a lease of an earlier life is recovered');
      const late = await settle(world, lost, { at: NOW + 1 });
      assert.deepEqual(
        late,
        { number: 2, state: 'late', dueMs: null, streak: 0 },
        'only the owner of the current lease changes a delivery',
      );
      assert.deepEqual(await settle(world, lost, { at: NOW + 1 }), late, 'a repeat of a late settle answers the same');
      const owner = await claimOne(world);
      const again = await settle(world, lost, { outcome: FAILED });
      assert.deepEqual(again, late, 'a repeat of a late settle answers the same');
      const result = await settle(world, owner, { outcome: FAILED, at: NOW + 2 });
      assert.deepEqual(
        [result.number, result.state, result.dueMs],
        [3, 'waiting', NOW + 10_002],
        'a late attempt spends no retry',
      );
      assert.equal(result.streak, 1, 'a late success resets no streak');
      const log = await attempts(world);
      assert.deepEqual(
        log.map(({ key }) => key.kind),
        ['interrupted', 'late', 'settled'],
        'a late attempt is in the log as such',
      );
      assertNumbered(log);
    }),
  );

  it(
    'takes no settle of an earlier lease while a later one is out',
    inStore(async (world) => {
      await setUp(world);
      const lost = await publishLeased(world);
      await world.store.ledger.release([lost], NOW);
      const between = await claimOne(world);
      await world.reopen();
      await recoverAll(world);
      const owner = await claimOne(world);
      for (const old of [lost, between]) {
        assert.equal(
          (await settle(world, old)).state,
          'late',
          'only the owner of the current lease changes a delivery',
        );
      }
      const result = await settle(world, owner, { outcome: FAILED });
      assert.deepEqual(
        [result.number, result.state, result.dueMs],
        [4, 'waiting', NOW + 10_000],
        'only the owner of the current lease changes a delivery',
      );
      assertNumbered(await attempts(world));
    }),
  );

  it(
    'appends a late attempt after the end of its delivery too',
    inStore(async (world) => {
      await setUp(world);
      const lost = await publishLeased(world);
      await world.reopen();
      await recoverAll(world);
      await settle(world, await claimOne(world));
      const late = await settle(world, lost, { outcome: FAILED });
      assert.deepEqual(
        [late.number, late.state],
        [3, 'late'],
        'a late attempt takes the next number of an ended delivery',
      );
      assert.deepEqual(await claimEvery(world, { nowMs: NOW + 1e9 }), [], 'a late failure starts nothing');
      assertNumbered(await attempts(world));
    }),
  );

  it(
    'cancels what would wait for a destination that was deleted meanwhile',
    inStore(async (world) => {
      await setUp(world, 2);
      const { leases } = await publish(world, { reserved: true });
      await world.store.directory.deleteTenant(ACME, NOW);
      const failure = await settle(world, present(leases[0]), { outcome: FAILED });
      assert.deepEqual(
        [failure.state, failure.dueMs],
        ['cancelled', null],
        'what would wait for a deleted destination is cancelled',
      );
      const success = await settle(world, present(leases[1]));
      assert.equal(success.state, 'succeeded', 'a success is one, deleted or not');
      assert.equal((await attempts(world)).length, 2, 'both attempts are in the log');
    }),
  );

  it(
    'keeps waiting for a destination that was disabled meanwhile',
    inStore(async (world) => {
      await setUp(world);
      const lease = await publishLeased(world);
      await world.store.directory.setDisabled(ACME, D1, NOW);
      const result = await settle(world, lease, { outcome: FAILED });
      assert.deepEqual([result.state, result.dueMs], ['waiting', NOW + 10_000], 'the switch changes no delivery');
      const held = await claim(world, { nowMs: NOW + HOUR });
      assert.deepEqual(held, { leases: [], hasMore: false, nextDueMs: null }, 'a disabled lane is skipped');
      await world.store.directory.setDisabled(ACME, D1, null);
      await claimOne(world, { nowMs: NOW + HOUR });
    }),
  );

  it(
    'gives back leases whose attempt did not begin, without an attempt',
    inStore(async (world) => {
      await setUp(world, 2);
      const { leases } = await publish(world, { reserved: true });
      await world.store.ledger.release(leases, NOW + 1);
      assert.deepEqual(await attempts(world), [], 'a release is no attempt');
      const again = await claimEvery(world, { nowMs: NOW + 1 });
      assert.deepEqual(
        again.map(({ lease }) => lease),
        [2, 2],
        'what was released is due at once, its lease count used',
      );
      await world.store.ledger.release(leases, NOW + 2);
      assert.deepEqual(await claimEvery(world, { nowMs: NOW + 2 }), [], 'only a current lease is released');
      const result = await settle(world, present(again[0]), { outcome: FAILED, at: NOW + 2 });
      assert.deepEqual([result.number, result.state], [1, 'waiting'], 'a release takes no number and spends no retry');
      await world.store.ledger.release([present(again[0])], NOW + 3);
      assert.deepEqual(await claimEvery(world, { nowMs: NOW + 3 }), [], 'a lease that was settled is not released');
      await world.store.ledger.release([], NOW + 3);
    }),
  );
}
