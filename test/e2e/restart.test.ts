/** What waits when the server stops is delivered after the next start, once and with its numbers going on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { composedServer } from '../support/composed-server.ts';
import { receiver } from '../support/receiver.ts';

describe('a restart (embedded)', { timeout: 60_000 }, () => {
  it('keeps tenants, destinations, events, attempts and what waits for a retry', async () => {
    const sink = await receiver({ status: 500 });
    const server = await composedServer({ profile: 'embedded', env: { RETRY_SCHEDULE: '1,1' } });
    try {
      await server.putTenant('owner');
      const destination = await server.createWebhook('owner', sink.origin);
      const ids = Array.from({ length: 5 }, (_, n) => `e${n}`);
      for (const id of ids) await server.publish({ id, tenant_id: 'owner', data: { id } });
      const before = await Promise.all(ids.map((id) => server.attemptsOf(id, 1)));
      const failing = sink.requests.length;
      sink.answer({ status: 200 });
      await server.restart();
      for (const [n, id] of ids.entries()) {
        const rows = await server.attemptsOf(id, before[n]!.length + 1);
        assert.deepEqual(
          rows.map((row) => row.attempt_number),
          rows.map((_, at) => at + 1),
        );
        assert.equal(rows.at(-1)?.status, 'success');
        // The id of an attempt is the same in every life.
        assert.deepEqual(rows[0], before[n]![0]);
        assert.equal((await server.expect(200, 'GET', `/attempts/${rows[0]!.id}`)).json()['event_id'], id);
      }
      const all = await server.attempts('');
      assert.equal(sink.requests.length, all.length);
      assert.ok(sink.requests.length >= failing + ids.length);
      const shown = await server.expect(200, 'GET', `/tenants/owner/destinations/${destination.id}`);
      assert.equal(shown.json<typeof destination>().credentials['secret'], destination.credentials['secret']);
      assert.equal((await server.publish({ id: 'e0', tenant_id: 'owner', data: { id: 'e0' } })).duplicate, true);
    } finally {
      await server.stop();
      await sink.close();
    }
  });

  it('forgets everything in the memory profile', async () => {
    const server = await composedServer({ profile: 'memory' });
    try {
      await server.putTenant('owner');
      await server.restart();
      assert.equal((await server.call('GET', '/tenants/owner')).status, 404);
    } finally {
      await server.stop();
    }
  });
});
