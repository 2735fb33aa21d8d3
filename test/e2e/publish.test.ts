/** Publishing twice, for nobody, and as somebody: idempotency, unknown tenants, and what a tenant's token may see. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from '../support/api-client.ts';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { type Receiver, receiver } from '../support/receiver.ts';

for (const profile of PROFILES) {
  describe(`publish (${profile})`, { timeout: 60_000 }, () => {
    let server: ComposedServer;
    let sink: Receiver;
    let tenants = 0;
    before(async () => {
      sink = await receiver();
      server = await composedServer({ profile, env: { RETRY_SCHEDULE: '1' } });
    });
    after(async () => {
      await server.stop();
      await sink.close();
    });
    async function tenant(): Promise<string> {
      const id = `tenant_${(tenants += 1)}`;
      await server.putTenant(id);
      return id;
    }
    const postsOf = (id: string): number =>
      sink.requests.filter((each) => each.header('x-outpost-event-id') === id).length;

    it('answers a repeat as a duplicate and delivers once', async () => {
      const owner = await tenant();
      const destination = await server.createWebhook(owner, sink.origin);
      const event = { id: `${profile} once`, tenant_id: owner, topic: 'a', data: { n: 1 } };
      const first = await server.publish(event);
      assert.deepEqual(first, { id: event.id, duplicate: false, destination_ids: [destination.id] });
      await server.attemptsOf(event.id, 1);
      const repeats = await Promise.all([1, 2, 3].map(() => server.publish(event)));
      for (const repeat of repeats) assert.deepEqual(repeat, { ...first, duplicate: true });
      // One more event has gone all the way: what the repeats might have begun would be there.
      const next = await server.publish({ tenant_id: owner });
      await server.attemptsOf(next.id, 1);
      assert.equal(postsOf(event.id), 1);
      assert.equal((await server.attemptsOf(event.id, 1)).length, 1);
    });

    it('takes one of many publishes of an id at the same time', async () => {
      const owner = await tenant();
      await server.createWebhook(owner, sink.origin);
      const event = { id: `${profile} together`, tenant_id: owner };
      const replies = await Promise.all(Array.from({ length: 12 }, () => server.publish(event)));
      assert.equal(replies.filter((reply) => !reply.duplicate).length, 1);
      await server.attemptsOf(event.id, 1);
      assert.equal(postsOf(event.id), 1);
    });

    it('refuses other content under the same id', async () => {
      const owner = await tenant();
      await server.createWebhook(owner, sink.origin);
      const event = { id: `${profile} conflict`, tenant_id: owner, data: { n: 1 } };
      await server.publish(event);
      const reply = await server.expect(409, 'POST', '/publish', { ...event, data: { n: 2 } });
      assert.equal(reply.json()['code'], 'event_id_conflict');
      await server.attemptsOf(event.id, 1);
      const [stored] = await server.events(`id=${encodeURIComponent(event.id)}`);
      assert.deepEqual(stored?.['data'], { n: 1 });
    });

    it('takes an idempotency key for an id, of its tenant alone', async () => {
      const owners = [await tenant(), await tenant()] as const;
      for (const owner of owners) await server.createWebhook(owner, sink.origin);
      const headers = { 'idempotency-key': `${profile} key` };
      const publish = async (event: Readonly<Record<string, unknown>>) =>
        (await server.expect(202, 'POST', '/publish', { data: {}, ...event }, headers)).json<{
          id: string;
          duplicate: boolean;
        }>();
      const first = await publish({ tenant_id: owners[0] });
      assert.match(first.id, /^[0-9a-f]{32}$/);
      assert.deepEqual(await publish({ tenant_id: owners[0] }), { ...first, duplicate: true });
      const foreign = await publish({ tenant_id: owners[1] });
      assert.equal(foreign.duplicate, false);
      assert.notEqual(foreign.id, first.id);
      const named = await publish({ tenant_id: owners[0], id: `${profile} named` });
      assert.equal(named.id, `${profile} named`, 'the id of the body wins');
      for (const { id } of [first, foreign, named]) await server.attemptsOf(id, 1);
      assert.deepEqual(
        [first, foreign, named].map(({ id }) => postsOf(id)),
        [1, 1, 1],
      );
      assert.equal((await server.events(`tenant_id=${owners[0]}`)).length, 2);
      if (profile === 'memory') return;
      await server.restart();
      assert.deepEqual(await publish({ tenant_id: owners[0] }), { ...first, duplicate: true }, 'after a restart too');
    });

    it('refuses an idempotency key that is too long, and names the limit', async () => {
      const headers = { 'idempotency-key': 'x'.repeat(256) };
      const reply = await server.expect(422, 'POST', '/publish', { tenant_id: 'nobody', data: {} }, headers);
      assert.deepEqual(reply.json()['data'], ['Idempotency-Key must be 1 to 255 bytes of printable ASCII']);
    });

    it('keeps the ids of two tenants apart', async () => {
      const owners = [await tenant(), await tenant()];
      for (const owner of owners) await server.createWebhook(owner, sink.origin);
      const id = `${profile} shared`;
      for (const owner of owners) {
        assert.equal((await server.publish({ id, tenant_id: owner, data: { owner } })).duplicate, false);
      }
      await server.attemptsOf(id, 2);
      assert.equal(postsOf(id), 2);
    });

    it('delivers a repeat of what matched nothing to what matches now', async () => {
      const owner = await tenant();
      const event = { id: `${profile} later`, tenant_id: owner, data: { n: 1 } };
      assert.deepEqual((await server.publish(event)).destination_ids, []);
      const destination = await server.createWebhook(owner, sink.origin);
      const again = await server.publish(event);
      assert.deepEqual(again.destination_ids, [destination.id]);
      const rows = await server.attemptsOf(event.id, 1);
      assert.equal(rows[0]?.status, 'success');
      assert.equal((await server.publish(event)).duplicate, true);
      assert.equal(postsOf(event.id), 1);
    });

    it('accepts what is for an unknown tenant and stores nothing', async () => {
      const published = await server.publish({ id: `${profile} nobody`, tenant_id: 'nobody' });
      assert.deepEqual([published.duplicate, published.destination_ids], [false, []]);
      assert.equal(published.reason, 'tenant_not_found');
      assert.deepEqual(await server.events('tenant_id=nobody'), []);
    });

    it('shows a tenant its own rows and nobody else’s', async () => {
      const [owner, other] = [await tenant(), await tenant()];
      for (const each of [owner, other]) await server.createWebhook(each, sink.origin);
      const own = await server.publish({ tenant_id: owner });
      const foreign = await server.publish({ tenant_id: other });
      const [ownAttempt] = await server.attemptsOf(own.id, 1);
      const [foreignAttempt] = await server.attemptsOf(foreign.id, 1);
      const { token } = (await server.expect(200, 'GET', `/tenants/${owner}/token`)).json<{ token: string }>();
      const as = { authorization: `Bearer ${token}` };
      const get = (path: string) => server.call('GET', path, undefined, as);

      const events = (await get('/events')).json<{ models: { id: string }[] }>();
      assert.deepEqual(
        events.models.map((row) => row.id),
        [own.id],
      );
      const attempts = (await get('/attempts')).json<{ models: { id: string }[] }>();
      assert.deepEqual(
        attempts.models.map((row) => row.id),
        [ownAttempt!.id],
      );
      for (const path of [`/events/${foreign.id}`, `/attempts/${foreignAttempt!.id}`]) {
        assert.equal((await get(path)).status, 404, path);
      }
      assert.equal((await get(`/events?tenant_id=${other}`)).status, 403);
      assert.equal((await get(`/tenants/${other}/destinations`)).status, 403);
      assert.equal((await server.call('POST', '/publish', { tenant_id: owner, data: {} }, as)).status, 403);
      const retry = { event_id: foreign.id, destination_id: foreign.destination_ids[0]! };
      assert.equal((await server.call('POST', '/retry', retry, as)).status, 404);
      await server.expect(202, 'POST', '/retry', { event_id: own.id, destination_id: own.destination_ids[0]! }, as);
      await server.attemptsOf(own.id, 2);

      await server.expect(200, 'DELETE', `/tenants/${owner}`);
      assert.equal((await get('/events')).status, 401);
    });

    it('asks for a credential', async () => {
      for (const authorization of ['Bearer wrong', 'Basic YTpi', '']) {
        assert.equal((await server.call('GET', '/events', undefined, { authorization })).status, 401, authorization);
      }
    });

    it('refuses what is for an unknown tenant where that is set, and topics that are not configured', async () => {
      const strict = await composedServer({
        profile,
        env: { PUBLISH_UNKNOWN_TENANT: 'reject', TOPICS: 'order.created', PUBLISH_ID_CONFLICT: 'accept' },
      });
      try {
        const unknown = { tenant_id: 'nobody', topic: 'order.created', data: {} };
        const reply = await strict.expect(404, 'POST', '/publish', unknown);
        assert.equal(reply.json()['message'], 'tenant not found');
        await strict.putTenant('owner');
        const topics = await strict.expect(422, 'POST', '/publish', { tenant_id: 'owner', topic: 'x', data: {} });
        assert.deepEqual(topics.json()['data'], ['topic is invalid']);
        await strict.createWebhook('owner', sink.origin);
        const event = { id: `${profile} lenient`, tenant_id: 'owner', topic: 'order.created' };
        await strict.publish({ ...event, data: { n: 1 } });
        const conflict = await strict.publish({ ...event, data: { n: 2 } });
        assert.equal(conflict.duplicate, true);
        await eventually('the delivery', () => (postsOf(event.id) === 1 ? true : null));
      } finally {
        await strict.stop();
      }
    });
  });
}
