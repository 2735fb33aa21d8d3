/** What every driver's History keeps: whatever a commit wrote is seen by the next call, once, in order, by its own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failed } from '../../src/domain/attempt.ts';
import { destinationId, eventId, tenantId } from '../../src/domain/ids.ts';
import {
  accepted,
  ACME,
  ALL,
  attemptQuery,
  attempts,
  claimOne,
  event,
  eventIds,
  eventQuery,
  type InStore,
  NOW,
  offer,
  present,
  publish,
  publishLeased,
  putDestination,
  recoverAll,
  settle,
  setUp,
  type StoreHarness,
  withStore,
} from './builders.ts';
import { filterCases } from './history-filters.ts';
import { pagingCases } from './history-paging.ts';

const D1 = destinationId('d1');
const E1 = eventId('e1');
const FAILED = failed('500', { status: 500 });

export function historyConformance(harness: StoreHarness): void {
  const inStore: InStore = (use) => () => withStore(harness, use);
  describe(`history of ${harness.name}`, () => {
    describe('what was written', () => writtenCases(inStore));
    describe('one record', () => recordCases(inStore));
    describe('scope', () => scopeCases(inStore));
    describe('filters', () => filterCases(harness));
    describe('pages', () => pagingCases(inStore));
  });
}

function writtenCases(inStore: InStore): void {
  it(
    'has nothing to tell of an empty store',
    inStore(async ({ store }) => {
      assert.deepEqual(
        await store.history.listEvents(eventQuery()),
        { rows: [], hasMore: false },
        'no events, no rows',
      );
      assert.deepEqual(
        await store.history.listAttempts(attemptQuery()),
        { rows: [], hasMore: false },
        'no attempts, no rows',
      );
      assert.equal(await store.history.findEvent(ALL, E1), null, 'an event that never was is not found');
    }),
  );

  it(
    'is seen by the next call, each time',
    inStore(async (world) => {
      await setUp(world);
      for (let n = 1; n <= 12; n += 1) {
        const lease = await publishLeased(world, { id: `e${n}`, acceptedAtMs: NOW + n });
        assert.equal((await eventIds(world)).at(-1), `e${n}`, 'an accepted event is in the list at once');
        await settle(world, lease, { at: NOW + n });
        const page = await world.store.history.listAttempts(attemptQuery({ direction: 'desc', limit: 1 }));
        assert.deepEqual(
          page.rows.map((row) => row.eventId),
          [`e${n}`],
          'a settled attempt is in the list at once',
        );
      }
    }),
  );

  it(
    'shows an attempt once when its settle is repeated',
    inStore(async (world) => {
      await setUp(world);
      const lease = await publishLeased(world);
      await settle(world, lease, { outcome: FAILED });
      await settle(world, lease, { outcome: FAILED });
      assert.equal((await attempts(world)).length, 1, 'a repeated settle is one attempt');
    }),
  );

  it(
    'is kept over a restart to the last field',
    inStore(async (world) => {
      await setUp(world, 2);
      const data = Uint8Array.from({ length: 300 }, (_, n) => n % 256);
      const wide = { data, metadata: { a: 'é', b: '' }, time: { ms: NOW - 3, nanos: 123_456 } };
      const { leases } = await publish(world, { ...wide, reserved: true, eligibleForRetry: false });
      await settle(world, present(leases[0]), { outcome: FAILED });
      await settle(world, present(leases[1]));
      await publish(world, { id: 'e2', destinationId: destinationId('none') });
      const look = async () => ({
        events: (await world.store.history.listEvents(eventQuery())).rows.map((row) => ({
          ...row,
          data: Buffer.from(row.data),
        })),
        attempts: await attempts(world),
      });
      const before = await look();
      assert.deepEqual([before.events.length, before.attempts.length], [2, 2], 'everything is listed');
      const { seq: _seq, tenant: _tenant, ...first } = present(before.events[0]);
      assert.deepEqual(
        { ...first, metadata: { ...first.metadata } },
        {
          ...wide,
          data: Buffer.from(data),
          id: 'e1',
          topic: 'order.created',
          tenantId: 'acme',
          acceptedAtMs: NOW,
          eligibleForRetry: false,
          destinationId: null,
          matchedDestinationIds: ['d1', 'd2'],
          unmatched: [],
        },
        'an event is told as it was accepted',
      );
      assert.equal(before.events[1]?.destinationId, 'none', 'the restriction of an event is told');
      await world.reopen();
      assert.deepEqual(await look(), before, 'a restart keeps history');
    }),
  );

  it(
    'tells of attempts and events after destination and tenant are gone',
    inStore(async (world) => {
      await setUp(world);
      await settle(world, await publishLeased(world));
      await world.store.directory.deleteTenant(ACME, NOW);
      await putDestinationAnew(world);
      const [record] = await attempts(world, { destinationTypes: ['webhook'], destinationIds: [D1] });
      assert.deepEqual(
        [record?.destinationId, record?.destinationType, record?.tenantId],
        ['d1', 'webhook', 'acme'],
        'history outlives what it tells of',
      );
      const found = present(await world.store.history.findEvent({ kind: 'ids', ids: [ACME] }, E1));
      assert.deepEqual(found.matchedDestinationIds, ['d1'], 'matched destinations are told after they are gone');
    }),
  );
}

async function putDestinationAnew(world: Parameters<typeof setUp>[0]): Promise<void> {
  await world.store.directory.putTenant(ACME, null, NOW + 1);
  await putDestination(world, { type: 'another' });
}

function recordCases(inStore: InStore): void {
  it(
    'is found by the key of each kind of attempt, with its event when asked',
    inStore(async (world) => {
      await setUp(world);
      const lost = await publishLeased(world);
      await world.reopen();
      await recoverAll(world);
      await settle(world, lost, { outcome: FAILED });
      await settle(world, await claimOne(world));
      const log = await attempts(world, { includeEvent: true });
      assert.deepEqual(
        log.map(({ key }) => key.kind),
        ['interrupted', 'late', 'settled'],
        'each kind is in the log',
      );
      for (const record of log) {
        const found = present(await world.store.history.findAttempt(ALL, record.key, { event: true }), 'attempt');
        assert.deepEqual(found, record, 'an attempt is found as it is listed');
        assert.equal(present(found.event).id, 'e1', 'an attempt comes with its event when asked');
        const bare = present(await world.store.history.findAttempt(ALL, record.key, { event: false }));
        assert.deepEqual(bare, { ...record, event: null }, 'an attempt comes without its event when not asked');
      }
      const bare = await attempts(world);
      assert.ok(
        bare.every((record) => record.event === null),
        'a list comes without events when not asked',
      );
    }),
  );

  it(
    'is not found by a key that differs anywhere',
    inStore(async (world) => {
      await setUp(world, 2);
      const other = await setUp(world, 1, 'other');
      const { leases } = await publish(world, { reserved: true });
      await settle(world, present(leases[0]));
      const [record] = await attempts(world);
      const { key } = present(record);
      const wrong = [
        { ...key, kind: 'late' as const },
        { ...key, kind: 'interrupted' as const },
        { ...key, lease: 2 },
        { ...key, lane: present(leases[1]).lane },
        { ...key, tenant: present(other[0]).tenant },
      ];
      for (const each of wrong) {
        assert.equal(
          await world.store.history.findAttempt(ALL, each, { event: false }),
          null,
          'a key leads to its attempt only',
        );
      }
    }),
  );

  it(
    'of an event is the newest of several lives and tenants',
    inStore(async (world) => {
      await setUp(world);
      await setUp(world, 1, 'other');
      const first = await publish(world, { time: { ms: NOW + 99, nanos: 0 } });
      const second = await publish(world, { tenant: 'other' });
      const of = async (scope: Parameters<typeof world.store.history.findEvent>[0]) =>
        (await world.store.history.findEvent(scope, E1))?.seq ?? null;
      assert.equal(
        await of(ALL),
        second.event,
        'of several tenants’ events of one id the newest by acceptance is found',
      );
      assert.equal(await of({ kind: 'ids', ids: [ACME] }), first.event, 'a scope sees its own event');
      await world.store.directory.deleteTenant(ACME, NOW);
      await setUp(world);
      const third = await publish(world);
      assert.equal(
        await of({ kind: 'ids', ids: [ACME] }),
        third.event,
        'of several lives’ events of one id the newest is found',
      );
      assert.equal(
        await of({ kind: 'ids', ids: ['other', 'acme'].map(tenantId) }),
        third.event,
        'several ids are seen together',
      );
      assert.equal(await of({ kind: 'ids', ids: [] }), null, 'no ids see nothing');
    }),
  );

  it(
    'tells the lane that an event matched, not the one of now',
    inStore(async (world) => {
      const [old, other] = await setUp(world, 2);
      const { tenant } = present(old);
      const { event: _seq } = await publish(world, { destinationId: D1 });
      await world.store.directory.deleteDestination(ACME, D1);
      await putDestination(world);
      const { history } = world.store;
      assert.equal(await history.matchedLane(tenant, E1, D1), old?.lane, 'an id created anew is another lane');
      assert.equal(
        await history.matchedLane(tenant, E1, present(other).id),
        null,
        'a destination that did not match has no lane',
      );
      assert.equal(await history.matchedLane(tenant, eventId('none'), D1), null, 'an unknown event has no lane');
      const anew = await world.store.directory.putTenant(tenantId('other'), null, NOW);
      assert.equal(await history.matchedLane(anew.tenant.number, E1, D1), null, 'another tenant’s event has no lane');
    }),
  );

  it(
    'of what matched nothing says so until something matched',
    inStore(async (world) => {
      await setUp(world);
      await publish(world, { destinationId: destinationId('d2') });
      const before = present(await world.store.history.findEvent(ALL, E1));
      assert.deepEqual(
        [before.matchedDestinationIds, before.unmatched],
        [[], []],
        'a restriction to nobody leaves no reasons',
      );
      await putDestination(world, { id: 'd2' });
      accepted(await offer(world, { event: event({ destinationId: destinationId('d2') }) }));
      const page = await world.store.history.listEvents(eventQuery({ destinationIds: [destinationId('d2')] }));
      assert.deepEqual(
        page.rows.map(({ matchedDestinationIds }) => matchedDestinationIds),
        [['d2']],
        'what an event gained is seen at once',
      );
    }),
  );
}

function scopeCases(inStore: InStore): void {
  it(
    'of a tenant sees its own life only; of ids every life; of all everything',
    inStore(async (world) => {
      const [old] = await setUp(world);
      const [other] = await setUp(world, 1, 'other');
      await settle(world, await publishLeased(world, { id: 'old' }));
      await settle(world, await publishLeased(world, { id: 'other', tenant: 'other' }));
      await world.store.directory.deleteTenant(ACME, NOW);
      const [anew] = await setUp(world);
      await settle(world, await publishLeased(world, { id: 'new' }));
      const numbers = [old, anew, other].map(
        (destination) => ({ kind: 'tenant', tenant: present(destination).tenant }) as const,
      );
      const expected = [
        ['old'],
        ['new'],
        ['other'],
        ['old', 'new'],
        ['old', 'other', 'new'],
        ['old', 'other', 'new'],
        [],
      ];
      const scopes = [
        ...numbers,
        { kind: 'ids', ids: [ACME] } as const,
        { kind: 'ids', ids: ['other', 'acme', 'none'].map(tenantId) } as const,
        ALL,
        { kind: 'ids', ids: [] } as const,
      ];
      for (const [n, scope] of scopes.entries()) {
        assert.deepEqual(await eventIds(world, scope), expected[n], 'a scope sees the events of its own and no other');
        const log = await attempts(world, { scope });
        assert.deepEqual(
          log.map((record) => record.eventId),
          expected[n],
          'a scope sees the attempts of its own and no other',
        );
      }
      const [record] = await attempts(world, { scope: present(numbers[0]) });
      const { key } = present(record);
      const find = (n: number) => world.store.history.findAttempt(present(numbers[n]), key, { event: false });
      assert.ok(await find(0), 'an attempt is found in its own scope');
      assert.equal(await find(1), null, 'a tenant created anew does not see the old one’s attempts');
      assert.equal(await find(2), null, 'a tenant does not see another’s attempts');
      assert.equal(
        await world.store.history.findEvent(present(numbers[1]), eventId('old')),
        null,
        'a tenant created anew does not see the old one’s events',
      );
    }),
  );
}
