/** Accept: durable and whole, never against an old roster, and once for each event id. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { FAN_OUT_MAX, UNMATCHED_MAX } from '../../src/domain/event.ts';
import { destinationId, eventId, eventSeq, laneNumber, tenantId } from '../../src/domain/ids.ts';
import type { AcceptRequest } from '../../src/ports/ledger.ts';
import {
  accepted,
  acceptRequest,
  ACME,
  ALL,
  attempts,
  claimEvery,
  claimOne,
  draft,
  event,
  eventIds,
  type InStore,
  inChunks,
  NOW,
  offer,
  present,
  publish,
  publishLeased,
  putDestination,
  putTenant,
  recoverAll,
  settle,
  setUp,
  type World,
} from './builders.ts';

const D1 = destinationId('d1');
const E1 = eventId('e1');

export function acceptCases(inStore: InStore): void {
  it(
    'keeps an event and all its deliveries over a restart',
    inStore(async (world) => {
      const lanes = (await setUp(world, 3)).map(({ lane }) => lane);
      const result = await publish(world, { reserved: false });
      assert.equal(result.stored, 3, 'without a reserved slot every delivery waits in the store');
      assert.deepEqual(result.leases, [], 'without a reserved slot nothing is handed over');
      await world.reopen();
      const record = present(await world.store.history.findEvent(ALL, E1), 'the event');
      assert.equal(record.seq, result.event, 'an accepted event is durable');
      const leases = await claimEvery(world);
      assert.deepEqual(
        leases.map(({ lane }) => lane).sort((a, b) => a - b),
        lanes,
        'every delivery is durable with its event',
      );
      assert.ok(
        leases.every((lease) => lease.event === result.event),
        'leases name their event',
      );
    }),
  );

  it(
    'writes nothing when one of the deliveries can’t be written',
    inStore(async (world) => {
      await setUp(world, 1);
      const request = await acceptRequest(world, { event: event() });
      const nowhere = { lane: laneNumber(987_654), slotReserved: false };
      await assert.rejects(
        world.store.ledger.accept({ ...request, matched: [...request.matched, nowhere] }),
        Error,
        'a delivery to a lane that never was is refused',
      );
      await world.reopen();
      assert.deepEqual(await claimEvery(world), [], 'an event and its deliveries commit together or not at all');
      // Asked by a repeat and not by History, for which an event with a lane that never was is a bug of its own.
      const again = await offer(world, { event: event() });
      assert.equal(again.kind, 'accepted', 'an event and its deliveries commit together or not at all');
      assert.equal((await claimEvery(world)).length, 1, 'an accept that was refused is no first publish');
    }),
  );

  for (const [change, make] of CHANGES) {
    it(
      `answers stale after ${change}, and has written nothing`,
      inStore(async (world) => {
        await setUp(world, 2);
        const request = await acceptRequest(world, { event: event(), reserved: true });
        await make(world);
        assert.deepEqual(
          await world.store.ledger.accept(request),
          { kind: 'stale' },
          'a match against an old roster never commits',
        );
        assert.equal(await world.store.history.findEvent(ALL, E1), null, 'a stale accept writes no event');
        assert.deepEqual(await claimEvery(world), [], 'a stale accept writes no delivery');
      }),
    );
  }

  it(
    'takes the match of the present version after a stale one',
    inStore(async (world) => {
      await setUp(world, 1);
      const request = await acceptRequest(world, { event: event() });
      const created = await putDestination(world, { id: 'd2' });
      await world.store.ledger.accept(request);
      const result = accepted(await offer(world, { event: event() }));
      assert.equal(result.stored, 2, 'a destination whose create returned before gets the event');
      assert.ok(
        (await claimEvery(world)).some(({ lane }) => lane === created.lane),
        'a new destination gets the event',
      );
    }),
  );

  it(
    'matches inside the commit when no version is given, and hands nothing over',
    inStore(async (world) => {
      await setUp(world, 3);
      await putDestination(world, { id: 'off', disabledAtMs: NOW });
      const request = await acceptRequest(world, { event: event({ id: 'any' }), reserved: true });
      const [first] = request.matched;
      const inside: AcceptRequest = { ...request, directoryVersion: null, matched: [present(first)] };
      const result = accepted(await world.store.ledger.accept(inside));
      assert.deepEqual(result.leases, [], 'a match inside the commit hands nothing over');
      assert.equal(result.stored, 3, 'a match inside the commit ignores the given one');
      assert.deepEqual(result.destinationIds, ['d1', 'd2', 'd3'], 'a match inside the commit tells whom it matched');
      const one = event({ id: 'one', destinationId: D1 });
      const restricted = accepted(await world.store.ledger.accept({ ...inside, event: one }));
      assert.deepEqual(restricted.destinationIds, ['d1'], 'a restricted event goes to the one destination');
      const off = event({ id: 'off', destinationId: destinationId('off') });
      const none = accepted(await world.store.ledger.accept({ ...inside, event: off }));
      assert.deepEqual(none.destinationIds, [], 'a disabled destination matches nothing');
      const record = present(await world.store.history.findEvent(ALL, eventId('off')));
      assert.deepEqual(record.unmatched, [{ destinationId: 'off', reason: 'disabled' }], 'the reason is kept');
      await world.store.directory.deleteTenant(ACME, NOW);
      const gone = await world.store.ledger.accept({ ...inside, event: event({ id: 'late' }) });
      assert.equal(gone.kind, 'stale', 'the tenant of a deleted number takes no event');
    }),
  );

  it(
    'keeps why nothing matched, at most so many reasons, and none once something matched',
    inStore(async (world) => {
      await putTenant(world);
      const other = { topics: ['another'] };
      await inChunks(UNMATCHED_MAX + 3, (n) => putDestination(world, { id: `d${n + 1}`, ...other }));
      const result = await publish(world);
      assert.deepEqual([result.stored, result.leases], [0, []], 'an event that matched nothing has no delivery');
      const record = present(await world.store.history.findEvent(ALL, E1), 'an event that matched nothing');
      assert.equal(record.unmatched.length, UNMATCHED_MAX, 'reasons are kept up to their bound');
      assert.deepEqual(record.unmatched[0], { destinationId: 'd1', reason: 'topic' }, 'a reason names its destination');
      await putDestination(world, { id: 'all' });
      await publish(world, { id: 'e2' });
      const matched = present(await world.store.history.findEvent(ALL, eventId('e2')));
      assert.deepEqual(matched.unmatched, [], 'reasons are kept only if nothing matched');
      assert.deepEqual(matched.matchedDestinationIds, ['all'], 'what matched is kept');
    }),
  );

  it(
    'takes an event for as many destinations as one may match',
    inStore(async (world) => {
      await setUp(world, FAN_OUT_MAX);
      const result = await publish(world);
      assert.equal(result.stored, FAN_OUT_MAX, 'the widest event is stored in one commit');
      const leases = await claimEvery(world);
      assert.equal(
        new Set(leases.map(({ lane }) => lane)).size,
        FAN_OUT_MAX,
        'every destination of a wide event gets it',
      );
      assert.equal(leases.length, FAN_OUT_MAX, 'there is one delivery per event and lane');
    }),
  );

  it(
    'gives the payload back to the byte',
    inStore(async (world) => {
      await setUp(world);
      const data = Uint8Array.from({ length: 70_000 }, (_, n) => (n * 7) % 256);
      const metadata = { 'x-ü': 'é\u2028', empty: '' };
      const wide = event({ data: data.slice(), metadata, topic: 'ü.*', time: { ms: NOW - 7, nanos: 999_999 } });
      const first = accepted(await offer(world, { event: wide }));
      wide.data.fill(0);
      const second = await publish(world, { id: 'e2', data: new Uint8Array(0), topic: '' });
      await world.reopen();
      const asked = [first.event, second.event, eventSeq(987_654)];
      const payloads = await world.store.ledger.loadPayloads(asked);
      assert.equal(payloads.size, 2, 'an event that is gone is left out');
      const payload = present(payloads.get(first.event), 'payload');
      // Compared as a whole: the difference of two long arrays takes the assertion minutes to draw.
      assert.ok(Buffer.from(payload.data).equals(data), 'data is what was published, to the byte');
      assert.deepEqual({ ...payload.metadata }, metadata, 'metadata is what was published');
      assert.deepEqual(payload.time, { ms: NOW - 7, nanos: 999_999 }, 'the time is kept to the nanosecond');
      assert.deepEqual([payload.id, payload.topic], ['e1', 'ü.*'], 'id and topic are what was published');
      assert.equal(present(payloads.get(second.event)).data.length, 0, 'empty data stays empty');
      assert.equal((await world.store.ledger.loadPayloads([])).size, 0, 'nothing asked is nothing answered');
    }),
  );
}

/** Every write that changes who gets an event. */
const CHANGES: readonly (readonly [string, (world: World) => Promise<unknown>])[] = [
  ['a destination was created', (world) => putDestination(world, { id: 'new' })],
  [
    'a destination was changed',
    async ({ store }) => {
      const found = present(await store.directory.findDestination(ACME, D1));
      return store.directory.updateDestination(found.lane, found.version, draft({ topics: ['x'] }));
    },
  ],
  ['a destination was disabled', ({ store }) => store.directory.setDisabled(ACME, D1, NOW)],
  [
    'a destination was disabled and enabled',
    async ({ store }) => {
      await store.directory.setDisabled(ACME, D1, NOW);
      await store.directory.setDisabled(ACME, D1, null);
    },
  ],
  ['a destination was deleted', ({ store }) => store.directory.deleteDestination(ACME, D1)],
  ['the tenant was deleted', ({ store }) => store.directory.deleteTenant(ACME, NOW)],
  [
    'the tenant was deleted and created anew with the same destinations',
    async (world) => {
      await world.store.directory.deleteTenant(ACME, NOW);
      await setUp(world, 2);
    },
  ],
];

export function duplicateCases(inStore: InStore): void {
  it(
    'of the same content answers the destinations of the first time and sends nothing',
    inStore(async (world) => {
      await setUp(world, 2);
      const first = await publishLeasedAndSettled(world, 2);
      await putDestination(world, { id: 'd3' });
      await world.store.directory.deleteDestination(ACME, D1);
      await world.reopen();
      const time = { ms: NOW + 99, nanos: 1 };
      const again = event({ time, acceptedAtMs: NOW + 99 });
      const request = await acceptRequest(world, { event: again, reserved: true });
      for (const version of [request.directoryVersion, null]) {
        const result = await world.store.ledger.accept({ ...request, directoryVersion: version });
        assert.deepEqual(
          result,
          { kind: 'duplicate', conflict: false, destinationIds: ['d1', 'd2'] },
          'a duplicate is answered the destinations recorded the first time',
        );
      }
      assert.deepEqual(await claimEvery(world, { nowMs: NOW + 99 }), [], 'a duplicate makes no delivery');
      const record = present(await world.store.history.findEvent(ALL, E1));
      assert.deepEqual([record.seq, record.time.ms], [first, NOW], 'a duplicate changes nothing of the event');
      assert.equal((await eventIds(world)).length, 1, 'a duplicate is no second event');
    }),
  );

  it(
    'of other content is a conflict and changes nothing',
    inStore(async (world) => {
      await setUp(world, 1);
      const { event: seq } = await publish(world);
      const other = event({ digest: 2, data: new TextEncoder().encode('{"a":2}') });
      assert.deepEqual(
        await offer(world, { event: other, reserved: true }),
        { kind: 'duplicate', conflict: true, destinationIds: ['d1'] },
        'an id that comes with other content is a conflict',
      );
      const payloads = await world.store.ledger.loadPayloads([seq]);
      assert.equal(new TextDecoder().decode(payloads.get(seq)?.data), '{"a":1}', 'a conflict leaves the first content');
      assert.equal((await claimEvery(world)).length, 1, 'a conflict makes no delivery');
    }),
  );

  it(
    'of what matched nothing is matched again and gains deliveries, body and time kept',
    inStore(async (world) => {
      await setUp(world, 1);
      const first = await publish(world, {
        topic: 'a',
        destinationId: destinationId('d2'),
        time: { ms: NOW - 50, nanos: 5 },
      });
      const conflict = await offer(world, { event: event({ topic: 'a', digest: 2 }) });
      assert.deepEqual(
        conflict,
        { kind: 'duplicate', conflict: true, destinationIds: [] },
        'other content is a conflict, matched or not',
      );
      const again = event({
        topic: 'a',
        destinationId: destinationId('d2'),
        time: { ms: NOW + 70, nanos: 7 },
        acceptedAtMs: NOW + 60,
      });
      const nothing = accepted(await offer(world, { event: again, reserved: true }));
      assert.deepEqual(
        [nothing.event, nothing.stored, nothing.leases],
        [first.event, 0, []],
        'a second publish without a match is the same event',
      );
      await putDestination(world, { id: 'd2' });
      const gained = accepted(await offer(world, { event: again, reserved: true }));
      assert.equal(gained.event, first.event, 'the event that matched nothing is the one that gains deliveries');
      assert.deepEqual(
        [gained.stored, gained.leases],
        [1, []],
        'what a repeat gains waits in the store, where the first body and time are',
      );
      const record = present(await world.store.history.findEvent(ALL, E1));
      assert.deepEqual(record.time, { ms: NOW - 50, nanos: 5 }, 'the time of the first publish is kept');
      assert.equal(record.acceptedAtMs, NOW, 'the event is as old as its first publish');
      assert.deepEqual([record.matchedDestinationIds, record.unmatched], [['d2'], []], 'what was gained is recorded');
      assert.equal((await eventIds(world)).length, 1, 'an event that gains deliveries is no second event');
      const lease = await claimOne(world, { nowMs: NOW + 60 });
      assert.equal(
        present((await world.store.ledger.loadPayloads([lease.event])).get(lease.event)).time.ms,
        NOW - 50,
        'what is sent has the time that was kept',
      );
      const third = await offer(world, { event: again });
      assert.deepEqual(
        third,
        { kind: 'duplicate', conflict: false, destinationIds: ['d2'] },
        'from then on it is a duplicate',
      );
    }),
  );

  it(
    'of what matched nothing gains deliveries inside the commit too',
    inStore(async (world) => {
      await putTenant(world);
      const first = await publish(world);
      await putDestination(world);
      const request = await acceptRequest(world, { event: event() });
      const result = accepted(await world.store.ledger.accept({ ...request, directoryVersion: null, matched: [] }));
      assert.deepEqual(
        [result.event, result.stored, result.destinationIds],
        [first.event, 1, ['d1']],
        'a match inside the commit is a match again',
      );
    }),
  );

  it(
    'at the same moment makes one event and one delivery',
    inStore(async (world) => {
      await setUp(world, 1);
      const request = await acceptRequest(world, { event: event(), reserved: true });
      const results = await Promise.all(Array.from({ length: 12 }, () => world.store.ledger.accept(request)));
      assert.equal(
        results.filter(({ kind }) => kind === 'accepted').length,
        1,
        'of publishes of one id at once one is the first',
      );
      for (const result of results) {
        if (result.kind === 'accepted') assert.equal(result.leases.length, 1, 'the first publish has the delivery');
        else
          assert.deepEqual(
            result,
            { kind: 'duplicate', conflict: false, destinationIds: ['d1'] },
            'the others are duplicates',
          );
      }
      assert.deepEqual(await claimEvery(world), [], 'there is one delivery per event and lane');
    }),
  );

  it(
    'under another tenant, or another life of the tenant, is an event of its own',
    inStore(async (world) => {
      await setUp(world, 1);
      await setUp(world, 1, 'other');
      const first = await publish(world, { digest: 1 });
      const other = await publish(world, { tenant: 'other', digest: 2 });
      assert.notEqual(other.event, first.event, 'ids are each tenant’s own');
      await world.store.directory.deleteTenant(tenantId('acme'), NOW);
      await setUp(world, 1);
      const anew = await publish(world, { digest: 3 });
      assert.ok(![first.event, other.event].includes(anew.event), 'a tenant created anew inherits no key');
      assert.equal(anew.stored, 1, 'a tenant created anew inherits no key');
    }),
  );
}

/** Publishes `e1` handed over to `count` lanes, all succeeded. */
async function publishLeasedAndSettled(world: World, count: number): Promise<number> {
  if (count === 1) return (await publishLeased(world)).event;
  const result = await publish(world, { reserved: true });
  assert.equal(result.leases.length, count, 'free lanes get their slots');
  for (const lease of result.leases) await settle(world, lease);
  assert.equal(await recoverAll(world), 0, 'nothing is left to recover');
  assert.equal((await attempts(world)).length, count, 'every settle is an attempt');
  return result.event;
}
