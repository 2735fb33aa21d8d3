/** Promise: whatever JSON may hold in `data` is delivered and listed byte for byte; where no store keeps it, it is refused. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer, PROFILES } from '../support/composed-server.ts';
import { type Receiver, receiver } from '../support/receiver.ts';

const DATA = [
  String.raw`{"a":"\ud83d"}`,
  String.raw`{"a":"\u0000"}`,
  String.raw`{"a":"\u001B","b":"\u001b"}`,
  '{"a":"\u2028\u2029\uFFFE\uFFFF\u007F"}',
  String.raw`{"a":"\\u0000"}`,
  String.raw`{"\u0000":1,"\udead":{"\ud800":[]}}`,
];
/** As JSON strings. */
const REFUSED = [String.raw`"a\ud83d"`, String.raw`"a\u0000"`];

for (const profile of PROFILES) {
  describe(`odd Unicode (${profile})`, { timeout: 60_000 }, () => {
    let server: ComposedServer;
    let sink: Receiver;
    before(async () => {
      sink = await receiver();
      server = await composedServer({ profile });
      await server.putTenant('owner');
      await server.createWebhook('owner', sink.origin, { id: 'all' });
      // Filters look into such data without an error.
      for (const [id, filter] of Object.entries({
        nul: { data: { a: '\u0000' } },
        lone: { data: { a: { $exist: true } } },
        start: { data: { a: { $startsWith: '\ufffd' } } },
      })) {
        await server.createWebhook('owner', `${sink.origin}/filtered`, { id, filter });
      }
    });
    after(async () => {
      await server.stop();
      await sink.close();
    });

    it('field case 21: in data is delivered and listed byte for byte', async () => {
      for (const [n, data] of DATA.entries()) {
        await server.expect(202, 'POST', '/publish', `{"id":"e${n}","tenant_id":"owner","data":${data}}`);
        await server.attemptsOf(`e${n}`, 1);
        const post = sink.requests.find((each) => each.path === '/' && each.header('x-outpost-event-id') === `e${n}`);
        assert.equal(post?.body.toString(), data);
        for (const path of [`/events/e${n}`, `/attempts?event_id=e${n}&include=event.data`]) {
          const reply = await server.expect(200, 'GET', path);
          assert.ok(reply.text.includes(`"data":${data}`), `${path}: ${reply.text}`);
        }
      }
    });

    it('field case 21: in ids, topics and metadata is refused', async () => {
      for (const text of REFUSED) {
        for (const member of [
          `"id":${text}`,
          `"topic":${text}`,
          `"destination_id":${text}`,
          `"metadata":{"k":${text}}`,
          `"metadata":{${text}:"v"}`,
          `"tenant_id":${text}`,
        ]) {
          const owner = member.startsWith('"tenant_id"') ? '' : '"tenant_id":"owner",';
          const reply = await server.call('POST', '/publish', `{${owner}${member},"data":{}}`);
          assert.equal(reply.status, 422, member);
        }
        for (const member of [`"id":${text}`, `"metadata":{"k":${text}}`, `"topics":[${text}]`]) {
          const body = `{"type":"webhook","topics":"*","config":{"url":"${sink.origin}"},${member}}`;
          assert.equal((await server.call('POST', '/tenants/owner/destinations', body)).status, 422, member);
        }
        const reply = await server.call('PUT', '/tenants/owner', `{"metadata":{"k":${text}}}`);
        assert.equal(reply.status, 422, `metadata of a tenant: ${text}`);
      }
    });
  });
}
