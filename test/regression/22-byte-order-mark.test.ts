/** Promise: a byte order mark before the body is skipped, as RFC 8259 §8.1 allows; another charset is refused, not guessed. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { type Receiver, receiver } from '../support/receiver.ts';

const DATA = '{"name":"Zoë € 😀","n":1.0}';
const BODY = `{"id":"bom","tenant_id":"owner","data":${DATA}}`;

describe('encodings of the publish body', { timeout: 30_000 }, () => {
  let server: ComposedServer;
  let sink: Receiver;
  before(async () => {
    sink = await receiver();
    server = await composedServer({ profile: 'memory' });
    await server.putTenant('owner');
    await server.createWebhook('owner', sink.origin);
  });
  after(async () => {
    await server.stop();
    await sink.close();
  });

  it('field case 22: a byte order mark is skipped and data is cut out at the right place', async () => {
    await server.expect(202, 'POST', '/publish', Uint8Array.from(Buffer.from(`\ufeff${BODY}`)));
    assert.equal((await sink.request(1)).body.toString(), DATA);
    assert.ok((await server.expect(200, 'GET', '/events/bom')).text.includes(`"data":${DATA}`));
  });

  it('field case 22: two byte order marks, or one in the middle, are not JSON', async () => {
    for (const body of [`\ufeff\ufeff${BODY}`, `{"tenant_id":"owner",\ufeff"data":{}}`]) {
      assert.equal((await server.call('POST', '/publish', body)).status, 422);
    }
  });

  it('field case 22: other charsets are refused', async () => {
    const utf16 = Uint8Array.from(Buffer.from(`\ufeff${BODY}`, 'utf16le'));
    const latin1 = Uint8Array.from(Buffer.from('{"tenant_id":"owner","data":{"a":"\u00e9"}}', 'latin1'));
    for (const [body, charset] of [
      [utf16, 'utf-16'],
      [latin1, 'iso-8859-1'],
    ] as const) {
      const reply = await server.call('POST', '/publish', body, {
        'content-type': `application/json; charset=${charset}`,
      });
      assert.equal(reply.status, 415, charset);
    }
    for (const body of [utf16, latin1]) assert.equal((await server.call('POST', '/publish', body)).status, 422);
    const named = await server.call('POST', '/publish', BODY, { 'content-type': 'application/json; charset="UTF-8"' });
    assert.equal(named.status, 202);
  });
});
