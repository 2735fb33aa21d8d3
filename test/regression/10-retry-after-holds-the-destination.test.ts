/**
 * Promise: a 429 is the destination's, not the message's: while it asks to be left alone nothing else is sent there, no
 * try is spent, and nobody else waits. Ten seconds stand for the twenty of the case, fifteen where the machine may be busy.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../support/api-client.ts';
import { composedServer, PROFILES } from '../support/composed-server.ts';
import { type Answer, receiver } from '../support/receiver.ts';
import { sized } from '../support/sizes.ts';

const HOLD_SECONDS = sized(10, 15);
const EVENTS = sized(20, 50);

describe('a destination that answers 429', { concurrency: true, timeout: 120_000 }, () => {
  for (const profile of PROFILES) {
    it(`field case 10: is left alone as long as it asks, in order of due time afterwards (${profile})`, async () => {
      let limited: Answer = { status: 429, headers: { 'retry-after': String(HOLD_SECONDS) } };
      const sink = await receiver();
      sink.answer(() => limited, '/limited');
      const env = { RETRY_SCHEDULE: `1,1,${HOLD_SECONDS}`, DESTINATION_MAX_CONCURRENCY: '1' };
      const server = await composedServer({ profile, env });
      try {
        for (const tenant of ['limited', 'neighbour']) {
          await server.putTenant(tenant);
          await server.createWebhook(tenant, `${sink.origin}/${tenant}`, { id: 'd' });
        }
        await server.publish({ id: 'first', tenant_id: 'limited' });
        const [refused] = await server.attemptsOf('first', 1);
        limited = { status: 200 };
        const later = Array.from({ length: EVENTS }, (_, n) => `later ${n}`);
        for (const id of later) await server.publish({ id, tenant_id: 'limited' });
        const next = Array.from({ length: EVENTS }, (_, n) => `next ${n}`);
        await Promise.all(next.map((id) => server.publish({ id, tenant_id: 'neighbour' })));
        const sentTo = (path: string): number => sink.requests.filter((each) => each.path === path).length;
        await eventually('the neighbour gets its events', () => (sentTo('/neighbour') >= EVENTS ? true : null));

        // By hand it goes at once.
        await server.expect(202, 'POST', '/retry', { event_id: 'later 0', destination_id: 'd' });
        const [byHand] = await server.attemptsOf('later 0', 1);
        const heldUntilMs = Date.parse(refused!.time) + HOLD_SECONDS * 1_000;
        assert.ok(Date.now() < heldUntilMs, 'the machine is too slow to see this');
        assert.equal(sentTo('/limited'), 2, 'the 429 and the manual retry alone');
        assert.deepEqual([byHand?.manual, byHand?.status], [true, 'success']);

        for (const id of ['first', ...later.slice(1)]) {
          const rows = await server.attemptsOf(id, id === 'first' ? 2 : 1);
          assert.ok(Date.parse(rows.at(-1)!.time) >= heldUntilMs, `${id} was sent too early`);
          assert.equal(rows.at(-1)!.status, 'success');
          assert.equal(rows.length, id === 'first' ? 2 : 1, `${id} spent a try`);
        }
        const order = sink.requests
          .filter((each) => each.path === '/limited')
          .map((each) => each.header('x-outpost-event-id'));
        assert.deepEqual(order.filter((id) => id?.startsWith('later')).slice(1), later.slice(1));
      } finally {
        await server.stop();
        await sink.close();
      }
    });
  }
});
