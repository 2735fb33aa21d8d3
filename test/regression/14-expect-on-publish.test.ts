/** Promise: a client that holds its body back is invited only when the body is wanted, and refused at once when not. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ADMIN_KEY, type ComposedServer, composedServer } from '../support/composed-server.ts';
import { publishHead, rawConnection } from '../support/raw-connection.ts';

const BODY = '{"tenant_id":"nobody","data":{}}';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

describe('Expect on publish', { timeout: 30_000 }, () => {
  let server: ComposedServer;
  before(async () => {
    server = await composedServer({ profile: 'memory' });
  });
  after(() => server.stop());

  it('field case 14: 100 and then 202 for a body that is wanted', async () => {
    const connection = await rawConnection(server.url);
    connection.write(publishHead({ key: ADMIN_KEY, bytes: BODY.length, headers: ['Expect: 100-continue'] }));
    assert.equal(await connection.until('\r\n\r\n'), CONTINUE);
    connection.write(BODY);
    assert.match(await connection.until('}'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 202 Accepted\r\n/);
    connection.reset();
  });

  const refused = [
    { why: 'a wrong key', status: 401, key: 'wrong', bytes: BODY.length, expect: '100-continue' },
    { why: 'a body above the limit', status: 413, key: ADMIN_KEY, bytes: 1_048_577, expect: '100-continue' },
    { why: 'another expectation', status: 417, key: ADMIN_KEY, bytes: BODY.length, expect: 'foo' },
  ];
  for (const { why, status, key, bytes, expect } of refused) {
    it(`field case 14: ${status} without an invitation and a closed connection for ${why}`, async () => {
      const connection = await rawConnection(server.url);
      connection.write(publishHead({ key, bytes, headers: [`Expect: ${expect}`] }));
      const text = await connection.closed;
      assert.ok(text.startsWith(`HTTP/1.1 ${status} `), text);
      assert.match(text, /\r\nconnection: close\r\n/i);
      const body: unknown = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
      assert.equal((body as { status: number }).status, status);
    });
  }
});
