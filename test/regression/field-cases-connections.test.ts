/** Promise: a receiver that is far away, has moved, or has addresses without a route is still reached, and judged anew. */
import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { outboundClient, outboundRequest } from '../support/outbound-client.ts';
import { rawReceiver } from '../support/raw-receiver.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

describe('outbound connections', () => {
  it('field case 17: a name whose IPv6 address refuses is reached by its IPv4 address', async (t) => {
    const sink = await rawReceiver(OK);
    const client = outboundClient({
      lookup: (_name, _options, done) =>
        done(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]),
    });
    t.after(() => Promise.all([sink.close(), client.close()]));
    assert.ok((await client.send(outboundRequest(`http://both.test:${sink.port}/`))).ok);
  });

  it('field case 17: an address has seconds to answer, not 250 ms, and leaves time for the next', async (t) => {
    const sink = await rawReceiver(OK);
    const connect = t.mock.method(Socket.prototype, 'connect');
    for (const [connectTimeoutMs, attemptTimeoutMs] of [
      [30_000, 2_000],
      [4_500, 1_500],
    ] as const) {
      const client = outboundClient({ connectTimeoutMs });
      await client.send(outboundRequest(sink.origin));
      await client.close();
      const dialled: unknown = connect.mock.calls.at(-1)?.arguments[0];
      const [options] = Array.isArray(dialled) ? dialled : [dialled];
      assert.equal(options.autoSelectFamily, true);
      assert.equal(options.autoSelectFamilyAttemptTimeout, attemptTimeoutMs);
    }
    await sink.close();
  });

  it('field case 18: no request starts on a connection beyond its age, and a name that moved is judged again', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    const old = await rawReceiver(OK);
    let address = '127.0.0.1';
    const client = outboundClient({
      connectionsPerOrigin: 1,
      maxConnectionAgeMs: 60_000,
      lookup: (_name, _options, done) => done(null, [{ address, family: 4 }]),
    });
    t.after(() => Promise.all([old.close(), client.close()]));
    const send = (): ReturnType<typeof client.send> => client.send(outboundRequest(`http://moving.test:${old.port}/`));

    assert.ok((await send()).ok);
    address = '10.0.0.1';
    t.mock.timers.tick(60_000);
    assert.ok((await send()).ok);
    assert.equal(old.connections, 1);
    t.mock.timers.tick(1);
    const result = await send();
    assert.ok(!result.ok);
    assert.equal(result.code, 'blocked_address');
    assert.equal(old.requests.length, 2);
  });
});
