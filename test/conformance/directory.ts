/** What every driver's Directory keeps: tenants, destinations, and who gets an event. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DestinationSettings } from '../../src/domain/destination.ts';
import { destinationId, laneNumber, tenantId } from '../../src/domain/ids.ts';
import {
  ACME,
  draft,
  type InStore,
  NOW,
  present,
  putDestination,
  putTenant,
  setUp,
  type StoreHarness,
  withStore,
} from './builders.ts';
import { tenantCases } from './directory-tenants.ts';

const D1 = destinationId('d1');

export function directoryConformance(harness: StoreHarness): void {
  const inStore: InStore = (use) => () => withStore(harness, use);
  describe(`directory of ${harness.name}`, () => {
    describe('tenants', () => tenantCases(inStore));
    describe('destinations', () => destinationCases(inStore));
    describe('the switch', () => switchCases(inStore));
    describe('deletion', () => deletionCases(inStore));
    describe('the roster', () => rosterCases(inStore));
  });
}

function settingsOf(options: Parameters<typeof draft>[0] = {}): DestinationSettings {
  const { tenantId: _tenant, id: _id, type: _type, createdAtMs: _created, ...settings } = draft(options);
  return settings;
}

function destinationCases(inStore: InStore): void {
  it(
    'keeps a destination as it was drafted',
    inStore(async (world) => {
      const tenant = await putTenant(world);
      const drafted = draft({
        topics: ['a', 'b'],
        filter: '{"data":{"n":1.0,"n2":12345678901234567890}}',
        config: { url: 'https://ü.test/?a=1', empty: '' },
        credentials: { secret: 'sealed:1', other: 'sealed:2' },
        deliveryMetadata: { 'x-a': '1' },
        metadata: { team: 'x' },
        createdAtMs: NOW - 10,
        updatedAtMs: NOW - 5,
        disabledAtMs: NOW - 1,
      });
      const result = await world.store.directory.createDestination(drafted, 20);
      assert.equal(result.kind, 'created', 'a destination of a live tenant is created');
      const created = present(result.kind === 'created' ? result.destination : null);
      const { lane: _lane, version: _version, ...rest } = created;
      assert.deepEqual(
        rest,
        { ...drafted, tenant: tenant.number },
        'a destination is kept as it was drafted, to the byte',
      );
      await world.reopen();
      const { directory } = world.store;
      assert.deepEqual(await directory.findDestination(ACME, D1), created, 'a restart keeps destinations');
      assert.deepEqual(await directory.findLane(created.lane), created, 'a destination is found by its lane');
      assert.deepEqual(await directory.listDestinations(ACME), [created], 'a destination is listed as it is');
    }),
  );

  it(
    'refuses an unknown tenant, an id that lives, and more than the quota',
    inStore(async (world) => {
      const { directory } = world.store;
      const create = async (id: string, most: number, tenant = 'acme') =>
        (await directory.createDestination(draft({ id, tenantId: tenant }), most)).kind;
      assert.equal(await create('d1', 1), 'tenant_not_found', 'a destination needs a tenant');
      await putTenant(world);
      assert.equal(await create('d1', 1), 'created');
      assert.equal(await create('d1', 9), 'exists', 'an id is unique among the live destinations of its tenant');
      assert.equal(await create('d1', 1), 'exists', 'an id that lives is told before a full quota');
      assert.equal(await create('d2', 1), 'quota', 'the quota bounds the live destinations');
      await directory.setDisabled(ACME, D1, NOW);
      assert.equal(await create('d2', 1), 'quota', 'disabled destinations count in the quota');
      await directory.deleteDestination(ACME, D1);
      assert.equal(await create('d2', 1), 'created', 'deleted destinations don’t count in the quota');
      await putTenant(world, 'other');
      assert.equal(await create('d2', 1, 'other'), 'created', 'ids and quota are each tenant’s own');
      await directory.deleteTenant(ACME, NOW);
      assert.equal(await create('d3', 9), 'tenant_not_found', 'a deleted tenant gets no destination');
    }),
  );

  it(
    'creates no more than the quota of many at once',
    inStore(async (world) => {
      await putTenant(world);
      const results = await Promise.all(
        Array.from({ length: 9 }, (_, n) => world.store.directory.createDestination(draft({ id: `d${n}` }), 3)),
      );
      assert.equal(results.filter(({ kind }) => kind === 'created').length, 3, 'creates at once keep to the quota');
    }),
  );

  it(
    'lists the live destinations of one tenant, oldest first, equal times in order of creation',
    inStore(async (world) => {
      await putTenant(world);
      await putTenant(world, 'other');
      await putDestination(world, { id: 'z', createdAtMs: NOW + 2 });
      await putDestination(world, { id: 'y', createdAtMs: NOW });
      await putDestination(world, { id: 'gone', createdAtMs: NOW });
      await putDestination(world, { id: 'x', createdAtMs: NOW, disabledAtMs: NOW });
      await putDestination(world, { id: 'w', tenantId: 'other' });
      await world.store.directory.deleteDestination(ACME, destinationId('gone'));
      const listed = await world.store.directory.listDestinations(ACME);
      assert.deepEqual(
        listed.map(({ id }) => id),
        ['y', 'x', 'z'],
        'destinations are listed oldest first, ties as created',
      );
      assert.deepEqual(
        await world.store.directory.listDestinations(tenantId('none')),
        [],
        'an unknown tenant has none',
      );
      assert.equal(
        await world.store.directory.findDestination(tenantId('other'), D1),
        null,
        'ids are each tenant’s own',
      );
    }),
  );

  it(
    'writes new settings only over the version that was read',
    inStore(async (world) => {
      const { directory } = world.store;
      const [first] = await setUp(world, 2);
      const { lane, version } = present(first);
      const changed = settingsOf({ topics: ['x'], credentials: { secret: 'new' }, updatedAtMs: NOW + 1 });
      const result = await directory.updateDestination(lane, version, changed);
      assert.equal(result.kind, 'updated', 'an update of the version that was read is written');
      const updated = present(result.kind === 'updated' ? result.destination : null);
      assert.ok(updated.version > version, 'every write moves the destination’s version');
      assert.deepEqual(
        updated,
        { ...first, ...changed, version: updated.version },
        'an update writes the settings and nothing else',
      );
      const stale = await directory.updateDestination(lane, version, settingsOf({ topics: ['y'] }));
      assert.equal(stale.kind, 'stale', 'an update over another’s change is refused');
      assert.deepEqual(await directory.findDestination(ACME, D1), updated, 'a refused update changes nothing');
      assert.equal(
        present(await directory.findDestination(ACME, destinationId('d2'))).version,
        version,
        'others keep their version',
      );
      await directory.setDisabled(ACME, D1, NOW);
      assert.equal(
        (await directory.updateDestination(lane, updated.version, changed)).kind,
        'stale',
        'the switch moves the version too',
      );
      await directory.deleteDestination(ACME, D1);
      assert.equal(
        (await directory.updateDestination(lane, updated.version, changed)).kind,
        'not_found',
        'a deleted destination takes no update',
      );
      assert.equal(
        (await directory.updateDestination(laneNumber(999_999), 1, changed)).kind,
        'not_found',
        'an unknown lane takes no update',
      );
    }),
  );

  it(
    'lets one of several updates of the same version win',
    inStore(async (world) => {
      const [first] = await setUp(world);
      const { lane, version } = present(first);
      const results = await Promise.all(
        ['a', 'b', 'c', 'd'].map((topic) =>
          world.store.directory.updateDestination(lane, version, settingsOf({ topics: [topic] })),
        ),
      );
      const winners = results.flatMap((result) => (result.kind === 'updated' ? [result.destination] : []));
      assert.equal(winners.length, 1, 'of updates at once over one version exactly one is written');
      assert.deepEqual(await world.store.directory.findLane(lane), winners[0], 'the winner’s update is what is kept');
    }),
  );
}

function switchCases(inStore: InStore): void {
  it(
    'is idempotent, keeps the first time and leaves the time of update',
    inStore(async (world) => {
      const { directory } = world.store;
      const [first] = await setUp(world);
      const disabled = present(await directory.setDisabled(ACME, D1, NOW + 1));
      assert.equal(disabled.disabledAtMs, NOW + 1, 'disabling sets the time');
      assert.equal(disabled.updatedAtMs, present(first).updatedAtMs, 'the switch leaves the time of update');
      assert.ok(disabled.version > present(first).version, 'the switch moves the destination’s version');
      const again = present(await directory.setDisabled(ACME, D1, NOW + 9));
      assert.equal(again.disabledAtMs, NOW + 1, 'disabling what is disabled keeps its first time');
      const enabled = present(await directory.setDisabled(ACME, D1, null));
      assert.equal(enabled.disabledAtMs, null, 'enabling clears the time');
      assert.equal(enabled.updatedAtMs, present(first).updatedAtMs, 'the switch leaves the time of update');
      assert.equal(present(await directory.setDisabled(ACME, D1, null)).disabledAtMs, null, 'enabling twice is fine');
      assert.deepEqual(
        await directory.findDestination(ACME, D1),
        await directory.findLane(enabled.lane),
        'both reads agree',
      );
    }),
  );

  it(
    'answers null for what is not there',
    inStore(async (world) => {
      const { directory } = world.store;
      await setUp(world);
      assert.equal(await directory.setDisabled(ACME, destinationId('none'), NOW), null, 'an unknown id has no switch');
      assert.equal(await directory.setDisabled(tenantId('none'), D1, NOW), null, 'an unknown tenant has no switch');
      await directory.deleteDestination(ACME, D1);
      assert.equal(await directory.setDisabled(ACME, D1, NOW), null, 'a deleted destination has no switch');
    }),
  );
}

function deletionCases(inStore: InStore): void {
  it(
    'deletes a destination from every read and frees its id for another lane',
    inStore(async (world) => {
      const { directory } = world.store;
      const [first] = await setUp(world, 2);
      const old = present(first);
      assert.equal(await directory.deleteDestination(ACME, D1), old.lane, 'a delete answers the lane that ended');
      assert.equal(await directory.findDestination(ACME, D1), null, 'a deleted destination is not found');
      assert.equal(await directory.findLane(old.lane), null, 'a deleted lane has no destination');
      assert.deepEqual(
        (await directory.listDestinations(ACME)).map(({ id }) => id),
        ['d2'],
        'a deleted destination is not listed',
      );
      assert.equal(await directory.deleteDestination(ACME, D1), null, 'a second delete finds nothing');
      const anew = await putDestination(world, { id: 'd1', topics: ['x'] });
      assert.notEqual(anew.lane, old.lane, 'the number of a lane is never used again');
      assert.equal(await directory.findLane(old.lane), null, 'an old lane stays ended when its id is used again');
      await world.reopen();
      assert.deepEqual(await world.store.directory.findLane(anew.lane), anew, 'a restart keeps lanes apart');
      await world.store.directory.deleteDestination(ACME, D1);
      const third = await putDestination(world, { id: 'd1' });
      assert.equal(
        new Set([old.lane, anew.lane, third.lane]).size,
        3,
        'the number of a lane is never used again, over restarts too',
      );
    }),
  );

  it(
    'deletes a tenant with all its destinations and no other’s',
    inStore(async (world) => {
      const { directory } = world.store;
      const lanes = (await setUp(world, 3)).map(({ lane }) => lane);
      const [other] = await setUp(world, 1, 'other');
      await directory.deleteDestination(ACME, D1);
      const ended = present(await directory.deleteTenant(ACME, NOW));
      assert.deepEqual(
        [...ended].sort((a, b) => a - b),
        lanes.slice(1),
        'deleting a tenant answers the lanes that ended',
      );
      assert.equal(await directory.findTenant(ACME), null, 'a deleted tenant is not found');
      assert.equal(await directory.roster(ACME), null, 'a deleted tenant has no roster');
      assert.equal(await directory.deleteTenant(ACME, NOW), null, 'a second delete finds nothing');
      for (const lane of lanes)
        assert.equal(await directory.findLane(lane), null, 'a deleted tenant’s destinations are gone');
      assert.equal(
        await directory.findDestination(ACME, destinationId('d2')),
        null,
        'a deleted tenant’s destinations are gone',
      );
      assert.deepEqual(await directory.findLane(present(other).lane), other, 'other tenants keep theirs');
      await world.reopen();
      assert.equal(await world.store.directory.findTenant(ACME), null, 'a restart brings no deleted tenant back');
      const anew = await putTenant(world);
      assert.deepEqual(
        await world.store.directory.deleteTenant(ACME, NOW),
        [],
        'a tenant without destinations ends no lanes',
      );
      assert.notEqual((await putTenant(world)).number, anew.number, 'the number of a tenant is never used again');
    }),
  );
}

function rosterCases(inStore: InStore): void {
  it(
    'is a snapshot of the live destinations and moves its version with every write of them',
    inStore(async (world) => {
      const { directory } = world.store;
      const tenant = await putTenant(world);
      const versions: number[] = [];
      const look = async () => {
        const roster = present(await directory.roster(ACME), 'roster');
        assert.equal(roster.tenant, tenant.number, 'a roster is of one life of its tenant');
        versions.push(roster.version);
        return roster.destinations.map(({ lane, id, topics, filter, disabledAtMs, version }) => {
          return { lane, id, topics, filter, disabledAtMs, version };
        });
      };
      const expected = async () =>
        (await directory.listDestinations(ACME)).map(({ lane, id, topics, filter, disabledAtMs, version }) => {
          return { lane, id, topics, filter, disabledAtMs, version };
        });
      assert.deepEqual(await look(), [], 'a tenant without destinations has an empty roster');
      const one = await putDestination(world, { id: 'd1', filter: '{"topic":"a"}', topics: ['a'] });
      assert.deepEqual(await look(), await expected(), 'a roster shows what matching needs of each live destination');
      await directory.updateDestination(one.lane, one.version, settingsOf({ topics: ['b'] }));
      assert.deepEqual(await look(), await expected(), 'a roster shows changes');
      await directory.setDisabled(ACME, D1, NOW);
      assert.deepEqual(await look(), await expected(), 'a roster shows disabled destinations as such');
      await directory.setDisabled(ACME, D1, null);
      assert.deepEqual(await look(), await expected(), 'a roster shows enabled destinations as such');
      await directory.deleteDestination(ACME, D1);
      assert.deepEqual(await look(), [], 'a roster leaves deleted destinations out');
      assert.equal(new Set(versions).size, versions.length, 'every write of a destination moves the directory version');
      assert.equal(await directory.roster(tenantId('none')), null, 'an unknown tenant has no roster');
    }),
  );

  it(
    'keeps the versions of other tenants',
    inStore(async (world) => {
      await setUp(world);
      await putTenant(world, 'other');
      const before = present(await world.store.directory.roster(ACME)).version;
      await putDestination(world, { tenantId: 'other' });
      assert.equal(present(await world.store.directory.roster(ACME)).version, before, 'a tenant’s version is its own');
    }),
  );
}
