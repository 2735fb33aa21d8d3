/**
 * From a publish to a signed webhook, over HTTP, on both single-process profiles. Signatures are checked by plain HMAC
 * here, so that a mistake that sender and verifier share would still be seen.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { PageOf } from '../support/api-client.ts';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { type Reply, type ReceivedRequest, type Receiver, receiver } from '../support/receiver.ts';

/** What a parser would not keep: key order, `1.0`, twenty digits, escapes, white space, a repeated key, `__proto__`. */
const EXACT = `{ "z":1.0,\t"a" : 12345678901234567890,
  "e":"\\u00e9\\/\\"\\\\", "raw":"é😀\u2028", "n":-0, "big":1E400, "dup":1, "dup":2,
  "__proto__":{"x":[ ]}, "nested":{"b":[1, 2 ,3],"a":{}} }`;

function signatureOf(secret: string, body: Buffer): string {
  return `v0=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

for (const profile of PROFILES) {
  describe(`delivery (${profile})`, { concurrency: 8, timeout: 60_000 }, () => {
    let server: ComposedServer;
    let sink: Receiver;
    let tenants = 0;
    before(async () => {
      sink = await receiver();
      // One second is the shortest wait that can be set: the tests that see a retry take it.
      server = await composedServer({ profile, env: { RETRY_SCHEDULE: '1,1' } });
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
    /** A tenant whose only destination is a path of its own at the receiver. */
    async function hook(answer: Reply = {}, settings: Record<string, unknown> = {}) {
      const owner = await tenant();
      const path = `/${owner}`;
      sink.answer(answer, path);
      const destination = await server.createWebhook(owner, sink.origin + path, settings);
      return { tenant: owner, destination, posts: () => sink.requests.filter((each) => each.path === path) };
    }
    async function deliver(
      target: Awaited<ReturnType<typeof hook>>,
      event: Record<string, unknown> = {},
      attempts = 1,
    ) {
      const { id } = await server.publish({ tenant_id: target.tenant, ...event });
      const rows = await server.attemptsOf(id, attempts, 'include=response_data');
      return { id, rows, posts: target.posts() as readonly ReceivedRequest[] };
    }

    it('posts the event with a signature that plain HMAC confirms, and logs the attempt', async () => {
      const target = await hook({ status: 201, body: 'thanks' });
      const event = { topic: 'order.created', metadata: { source: 'shop' }, data: { order: 7 } };
      const { id, rows, posts } = await deliver(target, event);
      const [post] = posts;
      assert.ok(post !== undefined && posts.length === 1);
      assert.equal(post.method, 'POST');
      assert.equal(post.body.toString(), '{"order":7}');
      assert.equal(
        post.header('x-outpost-signature'),
        signatureOf(target.destination.credentials['secret']!, post.body),
      );
      assert.equal(post.header('x-outpost-event-id'), id);
      assert.equal(post.header('x-outpost-topic'), 'order.created');
      assert.equal(post.header('x-outpost-source'), 'shop');
      assert.equal(post.header('content-type'), 'application/json');
      assert.equal(post.header('content-length'), '11');
      assert.match(post.header('x-outpost-timestamp') ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const [row] = rows;
      assert.ok(row !== undefined && rows.length === 1);
      assert.deepEqual(
        [row.status, row.code, row.attempt_number, row.manual, row.event_id, row.destination_id],
        ['success', '201', 1, false, id, target.destination.id],
      );
      assert.deepEqual(row.response_data, { status: 201, body: 'thanks' });
      const one = await server.expect(200, 'GET', `/attempts/${row.id}`);
      assert.equal(one.json()['id'], row.id);
    });

    it('stores, signs, delivers and returns the exact bytes of data', async () => {
      const target = await hook();
      const reply = await server.expect(
        202,
        'POST',
        '/publish',
        `{"id":"exact ${profile}","tenant_id":"${target.tenant}","data":${EXACT}}`,
      );
      const { id } = reply.json<{ id: string }>();
      const [row] = await server.attemptsOf(id, 1);
      const [post] = target.posts();
      assert.ok(row !== undefined && post !== undefined);
      assert.equal(post.body.toString(), EXACT);
      assert.equal(
        post.header('x-outpost-signature'),
        signatureOf(target.destination.credentials['secret']!, post.body),
      );
      const key = encodeURIComponent(id);
      for (const path of [
        `/events/${key}`,
        `/events?id=${key}`,
        `/attempts?event_id=${key}&include=event.data`,
        `/attempts/${row.id}?include=event.data`,
      ]) {
        const shown = await server.expect(200, 'GET', path);
        assert.ok(shown.text.includes(`"data":${EXACT}`), `${path}: ${shown.text}`);
      }
    });

    it('fans one event out to every destination that wants it, each with its own secret', async () => {
      const owner = await tenant();
      const paths = ['a', 'b', 'c'].map((name) => `/${owner}/${name}`);
      const destinations = await Promise.all(paths.map((path) => server.createWebhook(owner, sink.origin + path)));
      const { id, destination_ids } = await server.publish({ tenant_id: owner, data: { n: 1 } });
      assert.deepEqual(destination_ids.toSorted(), destinations.map((each) => each.id).sort());
      const rows = await server.attemptsOf(id, 3);
      assert.deepEqual(new Set(rows.map((row) => row.destination_id)), new Set(destination_ids));
      for (const [n, path] of paths.entries()) {
        const posts = sink.requests.filter((each) => each.path === path);
        assert.equal(posts.length, 1);
        const signature = signatureOf(destinations[n]!.credentials['secret']!, posts[0]!.body);
        assert.equal(posts[0]!.header('x-outpost-signature'), signature);
      }
    });

    it('sends only what the topics and the filter of a destination let through', async () => {
      const owner = await tenant();
      const all = await server.createWebhook(owner, `${sink.origin}/${owner}/all`);
      const orders = await server.createWebhook(owner, `${sink.origin}/${owner}/orders`, { topics: ['order.created'] });
      const large = await server.createWebhook(owner, `${sink.origin}/${owner}/large`, {
        filter: { data: { amount: { $gte: 100 } } },
      });
      const matched = async (topic: string, amount: number): Promise<readonly string[]> => {
        const { id, destination_ids } = await server.publish({ tenant_id: owner, topic, data: { amount } });
        const rows = await server.attemptsOf(id, destination_ids.length);
        assert.deepEqual(rows.map((row) => row.destination_id).sort(), destination_ids.toSorted());
        return destination_ids.toSorted();
      };
      const ids = (...rows: readonly { readonly id: string }[]): string[] => rows.map((row) => row.id).sort();
      assert.deepEqual(await matched('order.created', 100), ids(all, orders, large));
      assert.deepEqual(await matched('order.created', 99.5), ids(all, orders));
      assert.deepEqual(await matched('user.created', 250), ids(all, large));
      assert.deepEqual(await matched('user.created', 1), ids(all));
      const one = await server.publish({ tenant_id: owner, destination_id: orders.id, topic: 'order.created' });
      assert.deepEqual(one.destination_ids, [orders.id]);
    });

    it('stores an event that matches nothing, says why, and sends nothing', async () => {
      const target = await hook({}, { topics: ['order.created'] });
      const published = await server.publish({ tenant_id: target.tenant, topic: 'user.created' });
      assert.deepEqual(published.destination_ids, []);
      const [event] = await server.events(`tenant_id=${target.tenant}`);
      assert.equal(event?.['id'], published.id);
      assert.deepEqual(event?.['matched_destination_ids'], []);
      assert.equal(target.posts().length, 0);
    });

    for (const status of [200, 204, 299]) {
      it(`takes ${status} for a success`, async () => {
        const { rows, posts } = await deliver(await hook({ status }));
        assert.deepEqual([rows[0]?.status, rows[0]?.code, posts.length], ['success', String(status), 1]);
      });
    }

    for (const status of [304, 400, 500]) {
      it(`takes ${status} for a failure and tries again until the schedule is spent`, async () => {
        const { rows, posts } = await deliver(await hook({ status }), {}, 3);
        assert.deepEqual(
          rows.map((row) => [row.status, row.code, row.attempt_number]),
          [1, 2, 3].map((number) => ['failed', String(status), number]),
        );
        assert.equal(posts.length, 3);
      });
    }

    it('does not follow a redirect, which is a failure', async () => {
      const other = `/${await tenant()}/elsewhere`;
      const target = await hook({ status: 302, headers: { location: sink.origin + other } });
      const { rows } = await deliver(target, { eligible_for_retry: false });
      assert.deepEqual([rows[0]?.status, rows[0]?.code], ['failed', '302']);
      assert.equal(sink.requests.filter((each) => each.path === other).length, 0);
    });

    it('ends a delivery at 410 and makes no other attempt', async () => {
      const target = await hook({ status: 410 });
      const { id } = await deliver(target);
      // Another delivery to a receiver that fails is retried meanwhile: the time for a retry has passed.
      await deliver(await hook({ status: 500 }), {}, 2);
      assert.equal(target.posts().length, 1);
      assert.equal((await server.attemptsOf(id, 1)).length, 1);
    });

    it('makes one attempt of an event that is not eligible for retry', async () => {
      const target = await hook({ status: 500 });
      await deliver(target, { eligible_for_retry: false });
      await deliver(await hook({ status: 500 }), {}, 2);
      assert.equal(target.posts().length, 1);
    });

    it('keeps no more of an answer than its limit', async () => {
      const { rows } = await deliver(await hook({ body: 'x'.repeat(200_000) }));
      assert.deepEqual(rows[0]?.response_data, {
        status: 200,
        body: 'Response body exceeded 131072 bytes and was not stored',
      });
    });

    it('tells a refused connection, a reset and a blocked address apart', async () => {
      const refused = await receiver();
      await refused.close();
      const owner = await tenant();
      const codeOf = async (url: string): Promise<string | undefined> => {
        const { id } = await server.createWebhook(owner, url);
        const event = await server.publish({ tenant_id: owner, destination_id: id, eligible_for_retry: false });
        return (await server.attemptsOf(event.id, 1))[0]?.code;
      };
      sink.answer('reset', `/${owner}/reset`);
      assert.equal(await codeOf(refused.origin), 'connection_refused');
      assert.equal(await codeOf(`${sink.origin}/${owner}/reset`), 'connection_reset');
      assert.equal(await codeOf('http://10.1.2.3/'), 'blocked_address');
    });

    it('pages through attempts and events once each, forth and back', async () => {
      const target = await hook();
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.push((await deliver(target, { id: `${target.tenant} ${n}` })).id);
      for (const list of ['events', 'attempts']) {
        const key = list === 'events' ? 'id' : 'event_id';
        const page = async (cursor: string): Promise<PageOf<Record<string, unknown>>> =>
          (await server.expect(200, 'GET', `/${list}?tenant_id=${target.tenant}&limit=2&dir=asc${cursor}`)).json();
        const pages = [await page('')];
        for (let next = pages[0]!.pagination.next; next !== null; next = pages.at(-1)!.pagination.next) {
          pages.push(await page(`&next=${next}`));
        }
        const idsOf = (one: PageOf<Record<string, unknown>>): unknown[] => one.models.map((row) => row[key]);
        assert.deepEqual(pages.map(idsOf), [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
        const back = await page(`&prev=${pages[2]!.pagination.prev}`);
        assert.deepEqual(idsOf(back), ids.slice(2, 4));
      }
    });
  });
}
