/**
 * Promise: a connection outlives the idle times of load balancers, and on stop nobody who is parked delays it while
 * requests on the way are still answered. The wait of 65 s is taken from what the server announces.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ADMIN_KEY, composedServer } from '../support/composed-server.ts';
import { publishHead, rawConnection } from '../support/raw-connection.ts';
import { sized } from '../support/sizes.ts';

const BODY = '{"tenant_id":"nobody","data":{}}';
const HEAD = publishHead({ key: ADMIN_KEY, bytes: BODY.length });

describe('connections of publishers', { timeout: 60_000 }, () => {
  it('field case 15: are kept above the 60 s of common load balancers', async () => {
    const server = await composedServer({ profile: 'memory' });
    try {
      const connection = await rawConnection(server.url);
      connection.write(HEAD + BODY);
      const text = await connection.until('}');
      assert.ok(Number(/\r\nkeep-alive: timeout=(\d+)\r\n/i.exec(text)?.[1]) > 65, text);
      connection.write(HEAD + BODY);
      while ((connection.received().match(/HTTP\/1\.1 202 /g) ?? []).length < 2) await new Promise(setImmediate);
      connection.reset();
    } finally {
      await server.stop();
    }
  });

  it('field case 15: that are parked do not delay a stop, and what is on the way is answered with a close', async () => {
    const server = await composedServer({ profile: 'memory' });
    const parked = await Promise.all(
      Array.from({ length: sized(40, 200) }, async () => {
        const connection = await rawConnection(server.url);
        connection.write(HEAD + BODY);
        await connection.until('}');
        return connection;
      }),
    );
    const underWay = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const connection = await rawConnection(server.url);
        connection.write(HEAD + BODY.slice(0, 10));
        return connection;
      }),
    );
    // One round trip later the halves have been read.
    await server.call('GET', '/topics');
    const stopped = server.stop();
    await Promise.all(parked.map((connection) => connection.closed));
    for (const connection of underWay) connection.write(BODY.slice(10));
    for (const connection of underWay) {
      const text = await connection.closed;
      assert.ok(text.startsWith('HTTP/1.1 202 '), text);
      assert.match(text, /\r\nconnection: close\r\n/i);
    }
    await stopped;
  });
});
