/** What happens after a failure: retries by the schedule, `Retry-After`, manual retries, and changes in between. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type AttemptRow, type DestinationRow, eventually } from '../support/api-client.ts';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { type Answer, type ReceivedRequest, type Receiver, receiver, type Script } from '../support/receiver.ts';

/** One second is the shortest wait that can be set, and the longest limits `Retry-After`. */
const RETRY_SCHEDULE = '1,1,3';

/** Answers by the number of the POST at this path, the last answer again and again. */
function inTurn(...answers: readonly Answer[]): Script {
  let posts = 0;
  return () => answers[Math.min((posts += 1), answers.length) - 1] ?? {};
}

for (const profile of PROFILES) {
  describe(`retries (${profile})`, { concurrency: 12, timeout: 90_000 }, () => {
    let server: ComposedServer;
    let sink: Receiver;
    let tenants = 0;
    before(async () => {
      sink = await receiver();
      server = await composedServer({ profile, env: { RETRY_SCHEDULE } });
    });
    after(async () => {
      await server.stop();
      await sink.close();
    });

    async function hook(answer: Script, settings: Record<string, unknown> = {}) {
      const tenant = `tenant_${(tenants += 1)}`;
      await server.putTenant(tenant);
      const path = `/${tenant}`;
      sink.answer(answer, path);
      const destination = await server.createWebhook(tenant, sink.origin + path, settings);
      return {
        tenant,
        destination,
        path: `/tenants/${tenant}/destinations/${destination.id}`,
        posts: (): readonly ReceivedRequest[] => sink.requests.filter((each) => each.path === path),
        answer: (next: Script) => sink.answer(next, path),
      };
    }
    const retry = (event: string, destination: DestinationRow) =>
      server.call('POST', '/retry', { event_id: event, destination_id: destination.id });
    const secondsBetween = (one: AttemptRow | undefined, other: AttemptRow | undefined): number =>
      (Date.parse(other?.time ?? '') - Date.parse(one?.time ?? '')) / 1_000;
    /** When a retry of something that failed now has been made: what was to be retried by then would have been. */
    async function pastOneRetry(): Promise<void> {
      const failing = await hook({ status: 500 });
      const { id } = await server.publish({ tenant_id: failing.tenant });
      await server.attemptsOf(id, 2);
      await server.expect(200, 'DELETE', failing.path);
    }

    it('come by the schedule until the receiver takes the event', async () => {
      const target = await hook(inTurn({ status: 500 }, { status: 503 }, { status: 200 }));
      const { id } = await server.publish({ tenant_id: target.tenant, data: { n: 1 } });
      const rows = await server.attemptsOf(id, 3);
      assert.deepEqual(
        rows.map((row) => [row.attempt_number, row.status, row.code, row.manual]),
        [
          [1, 'failed', '500', false],
          [2, 'failed', '503', false],
          [3, 'success', '200', false],
        ],
      );
      for (const n of [1, 2]) assert.ok(secondsBetween(rows[n - 1], rows[n]) >= 1, `attempt ${n + 1} came early`);
      const posts = target.posts();
      assert.deepEqual(
        posts.map((post) => [post.header('x-outpost-event-id'), post.body.toString()]),
        [1, 2, 3].map(() => [id, '{"n":1}']),
      );
    });

    it('wait as long as Retry-After asks for, up to the longest wait of the schedule', async () => {
      const asked = async (seconds: string): Promise<number> => {
        const target = await hook(inTurn({ status: 429, headers: { 'retry-after': seconds } }, { status: 200 }));
        const { id } = await server.publish({ tenant_id: target.tenant });
        const [first, second] = await server.attemptsOf(id, 2);
        return secondsBetween(first, second);
      };
      const [two, hour] = await Promise.all([asked('2'), asked('3600')]);
      assert.ok(two >= 2, `asked for 2 s, came after ${two} s`);
      assert.ok(hour >= 3 && hour < 60, `asked for an hour, came after ${hour} s`);
    });

    it('by hand make one attempt each, of a success too', async () => {
      const target = await hook({ status: 200 });
      const { id } = await server.publish({ tenant_id: target.tenant });
      await server.attemptsOf(id, 1);
      for (const number of [2, 3]) {
        const reply = await retry(id, target.destination);
        assert.deepEqual([reply.status, reply.text], [202, '{"success":true}']);
        const rows = await server.attemptsOf(id, number);
        assert.deepEqual([rows.at(-1)?.attempt_number, rows.at(-1)?.manual], [number, true]);
      }
      assert.equal(target.posts().length, 3);
    });

    it('by hand that succeed end the schedule', async () => {
      const target = await hook({ status: 500 });
      const { id } = await server.publish({ tenant_id: target.tenant });
      await server.attemptsOf(id, 1);
      target.answer({ status: 200 });
      assert.equal((await retry(id, target.destination)).status, 202);
      const rows = await server.attemptsOf(id, 2);
      assert.deepEqual([rows[1]?.status, rows[1]?.manual], ['success', true]);
      await pastOneRetry();
      assert.equal(target.posts().length, 2);
    });

    it('by hand are refused while an attempt is under way', async () => {
      const gate = Promise.withResolvers<Answer>();
      const target = await hook(() => gate.promise);
      const { id } = await server.publish({ tenant_id: target.tenant });
      await eventually('the POST', () => target.posts()[0] ?? null);
      const reply = await retry(id, target.destination);
      assert.deepEqual([reply.status, reply.json()['code']], [409, 'attempt_in_flight']);
      gate.resolve({ status: 200 });
      const rows = await server.attemptsOf(id, 1);
      assert.equal(rows[0]?.status, 'success');
      assert.equal((await retry(id, target.destination)).status, 202);
      await server.attemptsOf(id, 2);
    });

    it('by hand are refused where there is nothing to try, with the reason', async () => {
      const target = await hook({ status: 200 }, { topics: ['order.created'] });
      const { id } = await server.publish({ tenant_id: target.tenant, topic: 'order.created' });
      await server.attemptsOf(id, 1);
      const other = await hook({ status: 200 });
      const answerTo = async (event: string, destination: DestinationRow): Promise<unknown> => {
        const reply = await retry(event, destination);
        return [reply.status, reply.json()['message']];
      };
      assert.deepEqual(await answerTo('unknown', target.destination), [404, 'event not found']);
      assert.deepEqual(await answerTo(id, other.destination), [404, 'event not found']);

      await server.expect(200, 'PUT', `${target.path}/disable`);
      const disabled = await retry(id, target.destination);
      assert.equal(disabled.status, 400);
      assert.deepEqual(disabled.json()['data'], { error: 'destination_disabled' });
      await server.expect(200, 'PUT', `${target.path}/enable`);

      await server.expect(200, 'PATCH', target.path, { topics: ['user.created'] });
      assert.deepEqual(await answerTo(id, target.destination), [400, 'destination does not match event']);

      await server.expect(200, 'DELETE', target.path);
      assert.deepEqual(await answerTo(id, target.destination), [404, 'destination not found']);
      assert.equal(target.posts().length, 1);
    });

    it('are held while the destination is disabled, and go on when it is enabled', async () => {
      const target = await hook({ status: 500 });
      const { id } = await server.publish({ tenant_id: target.tenant });
      await server.attemptsOf(id, 1);
      const disabled = await server.expect(200, 'PUT', `${target.path}/disable`);
      assert.equal(typeof disabled.json()['disabled_at'], 'string');
      const ignored = await server.publish({ tenant_id: target.tenant });
      assert.deepEqual(ignored.destination_ids, []);
      await pastOneRetry();
      assert.equal(target.posts().length, 1);
      target.answer({ status: 200 });
      await server.expect(200, 'PUT', `${target.path}/enable`);
      const rows = await server.attemptsOf(id, 2);
      assert.deepEqual([rows[1]?.status, rows[1]?.attempt_number, rows[1]?.manual], ['success', 2, false]);
    });

    it('end when the destination is deleted', async () => {
      const target = await hook({ status: 500 });
      const { id } = await server.publish({ tenant_id: target.tenant });
      await server.attemptsOf(id, 1);
      await server.expect(200, 'DELETE', target.path);
      await pastOneRetry();
      assert.equal(target.posts().length, 1);
      // Created anew under the same id, it is another destination and inherits nothing.
      await server.createWebhook(target.tenant, `${sink.origin}/${target.tenant}`, { id: target.destination.id });
      await pastOneRetry();
      assert.equal(target.posts().length, 1);
      assert.equal((await server.attemptsOf(id, 1)).length, 1);
    });

    it('use the settings of now, and sign with both secrets after a rotation', async () => {
      const target = await hook({ status: 500 });
      const { id } = await server.publish({ tenant_id: target.tenant, data: { n: 1 } });
      await server.attemptsOf(id, 1);
      const moved = `/${target.tenant}/moved`;
      const rotated = await server.expect(200, 'PATCH', target.path, {
        config: { url: sink.origin + moved },
        credentials: { rotate_secret: true },
      });
      await server.attemptsOf(id, 2);
      const posts = sink.requests.filter((each) => each.path === moved);
      assert.equal(posts.length, 1);
      const secrets = rotated.json<DestinationRow>().credentials;
      assert.equal(secrets['previous_secret'], target.destination.credentials['secret']);
      assert.notEqual(secrets['secret'], secrets['previous_secret']);
      const macs = [secrets['secret']!, secrets['previous_secret']!].map((secret) =>
        createHmac('sha256', secret).update('{"n":1}').digest('hex'),
      );
      assert.equal(posts[0]!.header('x-outpost-signature'), `v0=${macs.join(',')}`);
      assert.equal(target.posts().length, 1);
    });
  });
}
