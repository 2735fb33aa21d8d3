/** Promise: a publisher that hangs up before its 202 can repeat the publish: what was stored is a duplicate, sent once. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { publishHead, rawConnection } from '../support/raw-connection.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { sized } from '../support/sizes.ts';

const TIMES = sized(20, 500);
const AT_A_TIME = 10;

for (const profile of PROFILES) {
  describe(`a publisher that hangs up (${profile})`, { timeout: 120_000 }, () => {
    let server: ComposedServer;
    let sink: Receiver;
    before(async () => {
      sink = await receiver();
      server = await composedServer({ profile });
      await server.putTenant('owner');
      await server.createWebhook('owner', sink.origin);
    });
    after(async () => {
      await server.stop();
      await sink.close();
    });

    const event = (id: string) => ({ id, tenant_id: 'owner', data: { id } });
    /** Sends the share of a publish and hangs up; after a FIN, resolves when the server has closed as well. */
    async function hangUp(id: string, how: 'end' | 'reset', share: number): Promise<void> {
      const body = JSON.stringify(event(id));
      const connection = await rawConnection(server.url);
      connection.write(publishHead({ key: server.adminKey, bytes: body.length }) + body.slice(0, body.length * share));
      connection[how]();
      await connection.closed;
    }
    async function each(name: string, use: (id: string) => Promise<void>): Promise<readonly string[]> {
      const ids = Array.from({ length: TIMES }, (_, n) => `${name} ${n}`);
      for (let n = 0; n < TIMES; n += AT_A_TIME) await Promise.all(ids.slice(n, n + AT_A_TIME).map(use));
      return ids;
    }
    async function assertSentOnce(ids: readonly string[]): Promise<void> {
      for (const id of ids) {
        const rows = await server.attemptsOf(id, 1);
        assert.deepEqual(
          rows.map((row) => row.status),
          ['success'],
          id,
        );
        assert.equal(sink.requests.filter((post) => post.header('x-outpost-event-id') === id).length, 1, id);
      }
    }

    it('field case 48: with a FIN after the whole request is answered, and its repeat is a duplicate', async () => {
      const ids = await each('fin', (id) => hangUp(id, 'end', 1));
      for (const id of ids) assert.equal((await server.publish(event(id))).duplicate, true, id);
      await assertSentOnce(ids);
    });

    it('field case 48: with a reset after the whole request can repeat it, and one delivery comes of both', async () => {
      const ids = await each('reset', (id) => hangUp(id, 'reset', 1));
      for (const id of ids) assert.equal((await server.publish(event(id))).id, id);
      for (const id of ids) assert.equal((await server.publish(event(id))).duplicate, true, id);
      await assertSentOnce(ids);
    });

    it('field case 48: in the middle of the body has stored nothing', async () => {
      for (const how of ['end', 'reset'] as const) {
        const ids = await each(`half ${how}`, (id) => hangUp(id, how, 0.5));
        for (const id of ids) assert.equal((await server.publish(event(id))).duplicate, false, id);
        await assertSentOnce(ids);
      }
    });
  });
}
