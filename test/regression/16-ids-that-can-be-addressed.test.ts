/** Promise: an id that was accepted can be read, changed, retried and deleted again; what can't be is refused at creation. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { type Receiver, receiver } from '../support/receiver.ts';

const GOOD = ['a b', 'a%2Fb', 'ü', '\u00e9', 'e\u0301', '{tenant_id}', ' a', 'a?b#c&d=e+f', '...', '€'.repeat(85)];
const BAD = ['a/b', '.', '..', 'a\u0000b', 'a\nb', 'x'.repeat(1_024)];
const encode = encodeURIComponent;

for (const profile of PROFILES) {
  describe(`ids (${profile})`, { timeout: 60_000 }, () => {
    let server: ComposedServer;
    let sink: Receiver;
    before(async () => {
      sink = await receiver();
      server = await composedServer({ profile });
    });
    after(async () => {
      await server.stop();
      await sink.close();
    });

    it('field case 16: that are accepted can be addressed by every route', async () => {
      for (const id of GOOD) {
        const tenant = `/tenants/${encode(id)}`;
        await server.expect(201, 'PUT', tenant, {});
        const destination = `${tenant}/destinations/${encode(id)}`;
        await server.createWebhook(id, sink.origin, { id });
        const published = await server.publish({ id, tenant_id: id, destination_id: id });
        assert.deepEqual([published.id, published.destination_ids], [id, [id]]);
        const [attempt] = await server.attemptsOf(id, 1);
        assert.deepEqual([attempt?.event_id, attempt?.destination_id, attempt?.status], [id, id, 'success']);
        assert.equal((await server.expect(200, 'GET', tenant)).json()['id'], id);
        assert.equal((await server.expect(200, 'GET', destination)).json()['id'], id);
        const event = await server.expect(200, 'GET', `/events/${encode(id)}?tenant_id=${encode(id)}`);
        assert.equal(event.json()['id'], id);
        assert.equal(
          (await server.events(`id=${encode(id)}&tenant_id=${encode(id)}&destination_id=${encode(id)}`)).length,
          1,
        );
        await server.expect(200, 'PATCH', destination, { topics: ['a', 'b'] });
        await server.expect(200, 'PATCH', destination, { topics: '*' });
        await server.expect(202, 'POST', '/retry', { event_id: id, destination_id: id });
        await server.attemptsOf(id, 2);
      }
      const seen = sink.requests.filter((_, n) => n % 2 === 0).map((post) => post.header('x-outpost-event-id'));
      // Blanks around a header's value are no part of it (RFC 9110 §5.5).
      assert.deepEqual(
        seen,
        GOOD.map((id) => Buffer.from(id.trim()).toString('latin1')),
      );
      for (const id of GOOD) {
        await server.expect(200, 'DELETE', `/tenants/${encode(id)}/destinations/${encode(id)}`);
        await server.expect(200, 'DELETE', `/tenants/${encode(id)}`);
        assert.equal((await server.call('GET', `/tenants/${encode(id)}`)).status, 404);
      }
    });

    it('field case 16: that can not be addressed are refused when they are made', async () => {
      await server.putTenant('owner');
      for (const id of BAD) {
        const body = { type: 'webhook', topics: '*', config: { url: sink.origin }, id };
        assert.equal((await server.call('POST', '/tenants/owner/destinations', body)).status, 422, JSON.stringify(id));
        for (const event of [{ id, tenant_id: 'owner' }, { tenant_id: id }]) {
          const reply = await server.call('POST', '/publish', { ...event, data: {} });
          assert.equal(reply.status, 422, JSON.stringify(event));
        }
      }
      for (const id of ['a\u0000b', 'a\nb', 'x'.repeat(1_024)]) {
        assert.ok(
          [404, 422].includes((await server.call('PUT', `/tenants/${encode(id)}`, {})).status),
          JSON.stringify(id),
        );
      }
      // A slash, encoded or not, makes it another path.
      assert.equal((await server.call('PUT', '/tenants/a%2Fb', {})).status, 404);
    });
  });
}
