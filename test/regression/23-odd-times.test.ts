/** Promise: times are read by the rules of RFC 3339 in Go's strict form, in bodies and in queries, alike on each store. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { type Receiver, receiver } from '../support/receiver.ts';

/** As written, as shown, in the order of the instants. */
const TAKEN = [
  ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z'],
  ['1969-12-31T23:59:59.999999999Z', '1969-12-31T23:59:59.999999999Z'],
  ['2026-03-01T00:00:00.123456789+05:30', '2026-02-28T18:30:00.123456789Z'],
  ['2026-03-01T00:00:00-00:00', '2026-03-01T00:00:00Z'],
  ['2026-03-01T02:00:00.5+01:00', '2026-03-01T01:00:00.5Z'],
  ['9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59.999999999Z'],
] as const;
const REFUSED = [
  '2026-02-30T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:60Z',
  '2026-01-01T00:00:00+24:00',
  '2026-01-01t00:00:00Z',
  '2026-01-01T00:00:00z',
  '2026-01-01T00:00:00,5Z',
  '2026-01-01T00:00Z',
  '2026-01-01T00:00:00',
  '0000-01-01T00:00:00+00:01',
  '9999-12-31T23:59:59-00:01',
];

for (const profile of PROFILES) {
  describe(`odd times (${profile})`, { timeout: 60_000 }, () => {
    let server: ComposedServer;
    let sink: Receiver;
    before(async () => {
      sink = await receiver();
      server = await composedServer({ profile });
      await server.putTenant('owner');
      await server.createWebhook('owner', sink.origin);
      // In another order than that of the instants.
      for (const n of [3, 0, 5, 2, 1, 4]) await server.publish({ id: `e${n}`, tenant_id: 'owner', time: TAKEN[n]![0] });
    });
    after(async () => {
      await server.stop();
      await sink.close();
    });

    it('field case 23: that are valid are shown as the same instant and sort by it', async () => {
      const events = await server.events('tenant_id=owner');
      assert.deepEqual(
        events.map((event) => event['time']),
        TAKEN.map(([, shown]) => shown),
      );
    });

    it('field case 23: that are valid bound a list without losing a neighbour', async () => {
      for (const [n, [written]] of TAKEN.entries()) {
        const at = encodeURIComponent(written);
        const from = await server.events(`time[gte]=${at}`);
        assert.deepEqual(
          from.map((event) => event['id']),
          TAKEN.map((_, at) => `e${at}`).slice(n),
          `from ${written}`,
        );
        const to = await server.events(`time[lte]=${at}`);
        assert.deepEqual(
          to.map((event) => event['id']),
          TAKEN.map((_, at) => `e${at}`).slice(0, n + 1),
          `to ${written}`,
        );
      }
    });

    it('field case 23: that are not valid are refused in bodies and in queries', async () => {
      for (const time of REFUSED) {
        assert.equal((await server.call('POST', '/publish', { tenant_id: 'owner', data: {}, time })).status, 422, time);
        for (const bound of ['gte', 'lte', 'gt', 'lt']) {
          const query = `time[${bound}]=${encodeURIComponent(time)}`;
          for (const list of ['events', 'attempts']) {
            assert.equal((await server.call('GET', `/${list}?${query}`)).status, 422, query);
          }
        }
      }
    });

    it('field case 23: with a + that was not encoded are refused with the way to write it', async () => {
      const reply = await server.expect(422, 'GET', '/events?time[gte]=2026-03-01T00:00:00+02:00');
      assert.ok(reply.text.includes('%2B'), reply.text);
    });
  });
}
