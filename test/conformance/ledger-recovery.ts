/** Recovery after a restart, the end of deleted lanes, and what the gauges count meanwhile. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failed } from '../../src/domain/attempt.ts';
import { destinationId } from '../../src/domain/ids.ts';
import {
  ACME,
  assertNumbered,
  attempts,
  claim,
  claimEvery,
  claimOne,
  event,
  type InStore,
  inChunks,
  NOW,
  offer,
  present,
  publish,
  publishLeased,
  putDestination,
  recoverAll,
  removeAllDeleted,
  settle,
  setUp,
} from './builders.ts';

const D1 = destinationId('d1');
const FAILED = failed('500');

export function recoveryCases(inStore: InStore): void {
  it(
    'records an interrupted attempt of each lease that died, and makes it due at once',
    inStore(async (world) => {
      const lanes = await setUp(world, 3);
      const { event: seq } = await publish(world, { reserved: false });
      await publish(world, { id: 'e2', reserved: false });
      const claimed = (await claim(world, { room: 2 })).leases;
      assert.ok(claimed.length > 0, 'claims give something while something is due');
      await world.reopen();
      assert.equal(
        await recoverAll(world, NOW + 100),
        claimed.length,
        'every lease of an earlier life is recovered, and no other',
      );
      const log = await attempts(world);
      assert.deepEqual(
        log.map(({ key }) => key.kind),
        claimed.map(() => 'interrupted'),
        'a lease that died is an interrupted attempt',
      );
      for (const record of log) {
        const { code, succeeded, response, trigger, number, key } = record;
        assert.deepEqual(
          { code, succeeded, response, trigger, number, lease: key.lease },
          { code: 'interrupted', succeeded: false, response: null, trigger: 'schedule', number: 1, lease: 1 },
          'an interrupted attempt has a number and no outcome',
        );
      }
      const again = await claimEvery(world, { nowMs: NOW + 100 });
      assert.equal(again.length, 2 * lanes.length, 'what was interrupted is due at once');
      const retried = present(again.find((lease) => lease.event === seq && lease.lease === 2));
      const result = await settle(world, retried, { outcome: FAILED, at: NOW + 100 });
      assert.deepEqual(
        [result.number, result.dueMs, result.streak],
        [2, NOW + 10_100, 1],
        'an interruption spends no retry and counts in no streak',
      );
      assert.ok(
        again.every(({ epoch }) => epoch !== claimed[0]?.epoch),
        'each life of the store has its own epoch',
      );
      assertNumbered(await attempts(world));
    }),
  );

  it(
    'lets nothing be claimed that it has not looked at, and gives the rest meanwhile',
    inStore(async (world) => {
      await setUp(world, 2);
      const { leases } = await publish(world, { reserved: true });
      await publish(world, { id: 'e2' });
      await world.reopen();
      const before = await claimEvery(world);
      assert.equal(before.length, 2, 'what waited is claimed before recovery is done');
      assert.ok(
        before.every((lease) => lease.event !== leases[0]?.event),
        'a lease that died is not given before its interruption is recorded',
      );
      assert.equal(await recoverAll(world), 2, 'leases of this life are not recovered');
      assert.equal((await claimEvery(world)).length, 2, 'what was interrupted is due at once');
      for (const lease of before)
        assert.equal((await settle(world, lease)).state, 'succeeded', 'leases of this life stay current');
    }),
  );

  it(
    'goes in chunks, and only once over each life',
    inStore(async (world) => {
      await setUp(world, 7);
      await publish(world, { reserved: true });
      await world.reopen();
      assert.equal(await recoverAll(world, NOW, 2), 7, 'chunks recover everything');
      assert.equal(await recoverAll(world), 0, 'what was recovered is not recovered twice');
      await world.reopen();
      assert.equal(await recoverAll(world), 0, 'what was due when a life ended is not recovered');
      await claimEvery(world);
      await world.reopen();
      const first = await world.store.ledger.recover(3, NOW);
      assert.ok(first.recovered <= 3, 'recovery keeps to its limit');
      await world.reopen();
      assert.equal(
        first.recovered + (await recoverAll(world)),
        7,
        'a recovery that was cut off is taken up by the next life',
      );
      const log = await attempts(world);
      assert.equal(log.length, 14, 'each lease that died is one interrupted attempt');
      assertNumbered(log);
    }),
  );

  it(
    'leaves alone what a clean stop gave back',
    inStore(async (world) => {
      await setUp(world, 2);
      const { leases } = await publish(world, { reserved: true });
      await world.store.ledger.release(leases, NOW);
      await world.reopen();
      assert.equal(await recoverAll(world), 0, 'what was released was not interrupted');
      assert.deepEqual(await attempts(world), [], 'what was released was not interrupted');
      assert.equal((await claimEvery(world)).length, 2, 'what was released is due');
    }),
  );

  it(
    'holds what was interrupted in a disabled lane, and ends it in a deleted one',
    inStore(async (world) => {
      await setUp(world, 2);
      await publish(world, { reserved: true });
      await world.store.directory.setDisabled(ACME, D1, NOW);
      await world.store.directory.deleteDestination(ACME, destinationId('d2'));
      await world.reopen();
      assert.equal(
        await recoverAll(world),
        2,
        'a lease that died is an interrupted attempt whatever became of its lane',
      );
      assert.deepEqual(await claimEvery(world), [], 'an interrupted delivery does not pass its lane’s switch');
      assert.equal(await removeAllDeleted(world), 1, 'what was interrupted in a deleted lane is ended');
      await world.store.directory.setDisabled(ACME, D1, null);
      await claimOne(world);
    }),
  );
}

export function deletionCases(inStore: InStore): void {
  it(
    'ends what waited, in chunks, and nothing of others',
    inStore(async (world) => {
      const [first, second] = await setUp(world, 2);
      await inChunks(5, (n) => publish(world, { id: `e${n}` }));
      assert.equal((await world.store.ledger.stats()).waiting, 10, 'what waits is counted');
      assert.equal(await removeAllDeleted(world), 0, 'nothing of live lanes is ended');
      await world.store.directory.deleteDestination(ACME, D1);
      await world.reopen();
      assert.equal(await recoverAll(world), 0, 'what waited was not interrupted');
      assert.equal(await removeAllDeleted(world, 2), 5, 'a deleted lane’s deliveries are ended, chunk by chunk');
      assert.equal(await removeAllDeleted(world), 0, 'what has ended is not ended twice');
      assert.equal((await world.store.ledger.stats()).waiting, 5, 'what has ended waits no more');
      const leases = await claimEvery(world);
      assert.deepEqual(
        leases.map(({ lane }) => lane),
        Array.from({ length: 5 }, () => second?.lane),
        'other lanes keep theirs',
      );
      const lease = present(leases[0]);
      const retried = await world.store.ledger.retry({
        ...lease,
        lane: present(first).lane,
        nowMs: NOW,
        slotReserved: true,
      });
      assert.deepEqual(retried, { kind: 'deleted' }, 'a deleted lane’s deliveries stay known');
      assert.deepEqual(await attempts(world), [], 'ending a lane makes no attempt');
    }),
  );

  it(
    'ends what is given back after its lane was deleted',
    inStore(async (world) => {
      await setUp(world);
      const lease = await publishLeased(world);
      await world.store.directory.deleteDestination(ACME, D1);
      assert.equal(await removeAllDeleted(world), 0, 'an attempt under way is left to its owner');
      await world.store.ledger.release([lease], NOW);
      assert.deepEqual(await claimEvery(world), [], 'a deleted lane is never claimed');
      assert.equal(await removeAllDeleted(world), 1, 'what was given back to a deleted lane is ended');
      assert.equal((await world.store.ledger.stats()).waiting, 0, 'what has ended waits no more');
    }),
  );

  it(
    'of a tenant ends all its lanes, and one created anew inherits nothing',
    inStore(async (world) => {
      const lanes = await setUp(world, 2);
      await publish(world);
      await world.store.directory.deleteTenant(ACME, NOW);
      const [anew] = await setUp(world, 2);
      assert.ok(!lanes.some(({ lane }) => lane === anew?.lane), 'numbers of lanes are never used again');
      assert.deepEqual(await claimEvery(world), [], 'a tenant created anew inherits no delivery');
      assert.equal(await removeAllDeleted(world), 2, 'a deleted tenant’s deliveries are ended');
      const result = await publish(world);
      assert.equal(result.stored, 2, 'a tenant created anew inherits no key');
    }),
  );

  it(
    'of a destination keeps the event’s key and the destinations of the first time',
    inStore(async (world) => {
      await setUp(world);
      await publish(world);
      await world.store.directory.deleteDestination(ACME, D1);
      await putDestination(world);
      const result = await offer(world, { event: event() });
      assert.deepEqual(
        result,
        { kind: 'duplicate', conflict: false, destinationIds: ['d1'] },
        'a key lives as long as its event',
      );
      assert.deepEqual(await claimEvery(world), [], 'a destination created anew inherits no delivery');
    }),
  );

  it(
    'and everything else moves the count of what waits',
    inStore(async (world) => {
      await setUp(world);
      const waiting = async () => (await world.store.ledger.stats()).waiting;
      assert.equal(await waiting(), 0, 'an empty store has nothing waiting');
      const handed = await publishLeased(world, { id: 'e1' });
      assert.equal(await waiting(), 0, 'what was handed over does not wait');
      await settle(world, handed, { outcome: FAILED });
      assert.equal(await waiting(), 1, 'a failure waits for its retry');
      await publish(world, { id: 'e2' });
      assert.equal(await waiting(), 2, 'what was stored waits');
      const lease = await claimOne(world);
      assert.equal(await waiting(), 1, 'what was claimed does not wait');
      await world.reopen();
      await recoverAll(world);
      assert.equal(await waiting(), 2, 'what was interrupted waits, and the count is exact after recovery');
      const again = await claimEvery(world, { nowMs: NOW + 20_000 });
      for (const each of again) await settle(world, each, { at: NOW + 20_000 });
      assert.equal(await waiting(), 0, 'what has ended does not wait');
      await world.store.ledger.retry({ ...lease, nowMs: NOW, slotReserved: false });
      assert.equal(await waiting(), 1, 'a retry without a slot waits');
    }),
  );
}
