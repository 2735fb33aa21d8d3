import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failed } from '../../domain/attempt.ts';
import { destinationId, eventId, eventSeq, tenantId } from '../../domain/ids.ts';
import { ACME, NOW, withEngine } from '../../../test/support/sqlite-engine.ts';
import { findEventSeq, findEventSeqsOfId } from './event-key.ts';
import { loadPayloads } from './payloads.ts';

describe('accept in the engine', () => {
  it(
    'writes the event, its key and its deliveries together, and finds the event by tenant and by id alone',
    withEngine((world) => {
      const acme = world.putTenant();
      const globex = world.putTenant(tenantId('globex'));
      world.createDestination();
      world.store({ id: 'x', metadata: { a: 'b' } });
      world.store({ id: 'x', tenant: tenantId('globex') });
      const key = world.engine.eventKeyKey;
      const find = (tenant: typeof acme) => findEventSeq(world.db, key, { tenant: tenant.number, id: eventId('x') });
      assert.deepEqual([find(acme), find(globex)], [1, 2]);
      assert.equal(findEventSeq(world.db, key, { tenant: acme.number, id: eventId('y') }), null);
      assert.deepEqual(findEventSeqsOfId(world.db, key, eventId('x')), [2, 1]);
      const payload = loadPayloads(world.db, [eventSeq(1), eventSeq(9)]);
      assert.deepEqual([...payload.keys()], [1]);
      assert.deepEqual(payload.get(eventSeq(1))?.metadata, { a: 'b' });
      assert.deepEqual(Buffer.from(payload.get(eventSeq(1))!.data).toString(), '{"a":1}');
    }),
  );

  it(
    'hands over with a reserved slot, and stores behind what is due, claimed or held',
    withEngine((world) => {
      world.putTenant();
      const { lane } = world.createDestination();
      const lease = world.handOver();
      assert.deepEqual([lease.lease, lease.lane, lease.version, lease.trigger], [1, lane, 1, 'schedule']);
      world.handOver();
      const stored = world.publish({ slotReserved: false });
      assert.equal(stored.kind === 'accepted' && stored.stored, 1);
      world.store({ slotReserved: true });
      const first = world.claim({ room: 8 });
      assert.equal(first.leases.length, 2);
      world.store({ slotReserved: true });
      for (const claimed of first.leases) world.settle(claimed);
      for (const claimed of world.claim().leases) world.settle(claimed);
      world.settle(world.handOver(), failed('429', null, { retryAfterMs: 5_000 }));
      world.store({ slotReserved: true });
    }),
  );

  it(
    'stays on the fast path beside a retry that is due later',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      world.settle(world.handOver(), failed('500'));
      world.handOver();
    }),
  );

  it(
    'tells a repeat from another event of the same id, also within one batch',
    withEngine((world) => {
      world.putTenant();
      const { id } = world.createDestination();
      const operations = ['one', 'one', 'two'].map((content) => world.acceptOperation({ id: 'x', content }));
      const answers = world.engine.apply(operations);
      assert.deepEqual(
        answers.map((answer) => (answer as { kind: string }).kind),
        ['accepted', 'duplicate', 'duplicate'],
      );
      assert.deepEqual(answers[1], { kind: 'duplicate', conflict: false, destinationIds: [id] });
      assert.deepEqual(answers[2], { kind: 'duplicate', conflict: true, destinationIds: [id] });
      assert.equal(world.rows('select seq from event').length, 1);
    }),
  );

  it(
    'matches an event again that matched nothing, and keeps its body and time',
    withEngine((world) => {
      world.putTenant();
      assert.equal(world.publish({ id: 'x' }).kind, 'accepted');
      assert.equal(world.publish({ id: 'x' }).kind, 'accepted');
      const { lane } = world.createDestination();
      const again = world.publish({ id: 'x', slotReserved: true, time: { ms: NOW + 9, nanos: 1 } });
      assert.deepEqual(again, { kind: 'accepted', event: 1, leases: [], stored: 1, destinationIds: null });
      assert.equal(world.publish({ id: 'x' }).kind, 'duplicate');
      assert.equal(world.publish({ id: 'x', content: 'other' }).kind, 'duplicate');
      assert.deepEqual(world.rows('select lanes, time, no_match from event'), [
        { lanes: `[${lane}]`, time: NOW, no_match: null },
      ]);
    }),
  );

  it(
    'writes nothing against another directory version or for a tenant that is gone',
    withEngine((world) => {
      world.putTenant();
      const { lane } = world.createDestination();
      const accept = world.acceptOperation({ directoryVersion: 1, lanes: [lane] });
      assert.deepEqual(world.engine.apply([accept]), [{ kind: 'stale' }]);
      const current = world.acceptOperation();
      world.apply('deleteTenant', { id: ACME, nowMs: NOW });
      assert.deepEqual(world.engine.apply([current]), [{ kind: 'stale' }]);
      assert.deepEqual(world.rows('select seq from event'), []);
    }),
  );

  it(
    'matches inside the commit without a version, and then hands nothing over',
    withEngine((world) => {
      world.putTenant();
      const taken = world.createDestination();
      world.createDestination({ id: destinationId('d2'), topics: ['user.created'] });
      const result = world.publish({ directoryVersion: null, slotReserved: true });
      assert.deepEqual(result, { kind: 'accepted', event: 1, leases: [], stored: 1, destinationIds: [taken.id] });
      world.publish({ directoryVersion: null, topic: 'x', destinationId: destinationId('d2') });
      assert.deepEqual(world.rows('select lanes, no_match from event where seq = 2'), [
        { lanes: '[]', no_match: '[["d2","topic"]]' },
      ]);
    }),
  );

  it(
    'puts its counters back when a batch fails',
    withEngine((world) => {
      world.putTenant();
      world.createDestination();
      const bad = world.acceptOperation({ lanes: [999 as never] });
      assert.throws(() => world.engine.apply([world.acceptOperation(), bad]), /never was/);
      assert.equal(world.engine.stats().waiting, 0, 'what was rolled back is not counted');
      assert.equal(world.store().event, 1);
      assert.equal(world.engine.stats().waiting, 1);
    }),
  );
});
