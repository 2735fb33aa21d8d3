import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { HttpResult } from '../ports/http-client.ts';
import { manualTimers, outboundClient, outboundRequest } from '../../test/support/outbound-client.ts';
import { type RawReply, rawReceiver, type RawReceiver } from '../../test/support/raw-receiver.ts';
import { receiver } from '../../test/support/receiver.ts';
import type { HttpClientOptions } from './http-client.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

async function startRaw(t: TestContext, reply: RawReply): Promise<RawReceiver> {
  const started = await rawReceiver(reply);
  t.after(() => started.close());
  return started;
}

function startClient(t: TestContext, options: Partial<HttpClientOptions> = {}): ReturnType<typeof outboundClient> {
  const client = outboundClient(options);
  t.after(() => client.close());
  return client;
}

function bodyText(result: HttpResult): string {
  assert.ok(result.ok);
  return Buffer.from(result.body).toString();
}

describe('http client', () => {
  it('sends method, path, headers in order and body, and answers status, headers and body', async (t) => {
    const sink = await receiver({ status: 404, headers: { 'X-Two': ['a', 'b'], 'X-One': 'c' }, body: 'no' });
    t.after(() => sink.close());
    const client = startClient(t);
    const result = await client.send(
      outboundRequest(`${sink.origin}/hook?x=1`, {
        method: 'PUT',
        headers: [
          ['B', '2'],
          ['A', '1'],
        ],
        body: Buffer.from('hé'),
      }),
    );
    assert.ok(result.ok);
    assert.equal(result.status, 404);
    assert.equal(result.headers['x-one'], 'c');
    assert.deepEqual(result.headers['x-two'], ['a', 'b']);
    assert.equal(bodyText(result), 'no');
    assert.equal(result.tooLong, false);
    const [got] = sink.requests;
    assert.equal(got?.method, 'PUT');
    assert.equal(got?.path, '/hook?x=1');
    assert.equal(got?.body.toString(), 'hé');
    assert.deepEqual(
      got?.headers.filter(([name]) => /^[ab]$/i.test(name)),
      [
        ['B', '2'],
        ['A', '1'],
      ],
    );
  });

  it('keeps a body of exactly the cap, and drops one that is longer and hangs up', async (t) => {
    const sink = await startRaw(t, (socket, { number }) =>
      number === 1
        ? socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n${'x'.repeat(10)}`)
        : socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(11)}`),
    );
    const client = startClient(t, { responseMaxBytes: 10, connectionsPerOrigin: 1 });
    const exact = await client.send(outboundRequest(sink.origin));
    assert.equal(bodyText(exact), 'x'.repeat(10));
    const longer = await client.send(outboundRequest(sink.origin));
    assert.deepEqual(longer, {
      ok: true,
      status: 200,
      headers: { 'content-length': '1000000' },
      body: new Uint8Array(0),
      tooLong: true,
    });
    await client.send(outboundRequest(sink.origin));
    assert.deepEqual(
      sink.requests.map(({ connection }) => connection),
      [1, 1, 2],
    );
  });

  it('joins a body that comes in pieces', async (t) => {
    const sink = await startRaw(
      t,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n',
    );
    assert.equal(bodyText(await startClient(t).send(outboundRequest(sink.origin))), 'abcde');
  });

  it('keeps the status and the part that came when the body breaks off', async (t) => {
    const sink = await startRaw(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart'));
    const result = await startClient(t).send(outboundRequest(sink.origin));
    assert.equal(bodyText(result), 'part');
  });

  it('keeps the status when the time is over in the middle of the body', async (t) => {
    const timers = manualTimers();
    const sink = await startRaw(t, 'HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\npart');
    const client = startClient(t, { clock: timers });
    const headRead = Promise.withResolvers<void>();
    const onHead = (): void => headRead.resolve();
    subscribe('undici:request:headers', onHead);
    t.after(() => unsubscribe('undici:request:headers', onHead));
    const sent = client.send(outboundRequest(sink.origin));
    await headRead.promise;
    timers.fireAll();
    const result = await sent;
    assert.ok(result.ok);
    assert.equal(result.status, 201);
  });

  it('does not follow a redirect', async (t) => {
    const sink = await receiver({ status: 307, headers: { Location: '/elsewhere' } });
    t.after(() => sink.close());
    const result = await startClient(t).send(outboundRequest(sink.origin));
    assert.ok(result.ok);
    assert.equal(result.status, 307);
    assert.equal(sink.requests.length, 1);
  });

  it('reuses a connection, and opens no more per origin than it may', async (t) => {
    const gate = Promise.withResolvers<void>();
    const sink = await receiver(async () => {
      await gate.promise;
      return {};
    });
    t.after(() => sink.close());
    const client = startClient(t, { connectionsPerOrigin: 2 });
    const all = Array.from({ length: 6 }, () => client.send(outboundRequest(sink.origin)));
    await sink.request(2);
    gate.resolve();
    for (const result of await Promise.all(all)) assert.ok(result.ok);
    assert.equal(sink.mostOpen, 2);
  });

  it('ends what waits for a connection when its time is over, without sending it later', async (t) => {
    const timers = manualTimers();
    const sink = await receiver('hang');
    t.after(() => sink.close());
    const client = startClient(t, { connectionsPerOrigin: 1, clock: timers });
    const first = client.send(outboundRequest(`${sink.origin}/first`));
    const second = client.send(outboundRequest(`${sink.origin}/second`));
    await sink.request(1);
    timers.fireAll();
    assert.deepEqual(await first, {
      ok: false,
      code: 'timeout',
      detail: `no answer from ${sink.origin} in time`,
      aborted: false,
    });
    assert.deepEqual(await second, {
      ok: false,
      code: 'timeout',
      detail: `no connection to ${sink.origin} in time`,
      aborted: false,
    });
    sink.answer({});
    assert.ok((await client.send(outboundRequest(`${sink.origin}/third`))).ok);
    assert.deepEqual(
      sink.requests.map(({ path }) => path),
      ['/first', '/third'],
    );
  });

  it('gives up a receiver that accepts and says nothing after the time for the first byte', async (t) => {
    const sink = await receiver('hang');
    t.after(() => sink.close());
    const result = await startClient(t, { firstByteTimeoutMs: 20 }).send(outboundRequest(sink.origin));
    assert.deepEqual(result, {
      ok: false,
      code: 'timeout',
      detail: `no answer from ${sink.origin} in time`,
      aborted: false,
    });
  });

  it('gives up a name that does not resolve within the time to connect', async (t) => {
    const client = startClient(t, { connectTimeoutMs: 20, lookup: () => {} });
    const result = await client.send(outboundRequest('http://slow.test/'));
    assert.deepEqual(result, {
      ok: false,
      code: 'timeout',
      detail: 'no connection to http://slow.test in time',
      aborted: false,
    });
  });

  it('ends what is under way when the signal aborts, and leaves requests of other signals alone', async (t) => {
    const gate = Promise.withResolvers<void>();
    const sink = await receiver(async ({ path }) => {
      if (path === '/stop') return 'hang';
      await gate.promise;
      return {};
    });
    t.after(() => sink.close());
    const client = startClient(t);
    const stopping = new AbortController();
    const stopped = client.send(outboundRequest(`${sink.origin}/stop`, { signal: stopping.signal }));
    const other = client.send(outboundRequest(`${sink.origin}/go`));
    await sink.request(2);
    stopping.abort();
    const result = await stopped;
    assert.ok(!result.ok && result.aborted);
    const late = await client.send(outboundRequest(`${sink.origin}/late`, { signal: stopping.signal }));
    assert.ok(!late.ok && late.aborted);
    gate.resolve();
    assert.ok((await other).ok);
    assert.equal(sink.requests.length, 2);
  });

  it('closes: what is under way, waiting or dialling ends as aborted, and nothing is sent afterwards', async (t) => {
    const sink = await receiver('hang');
    t.after(() => sink.close());
    const client = startClient(t, { connectionsPerOrigin: 1, lookup: () => {} });
    const all = [
      client.send(outboundRequest(`${sink.origin}/open`)),
      client.send(outboundRequest(`${sink.origin}/waiting`)),
      client.send(outboundRequest('http://dialling.test/')),
    ];
    await sink.request(1);
    await client.close();
    const late = await client.send(outboundRequest(sink.origin));
    for (const result of [...(await Promise.all(all)), late]) assert.ok(!result.ok && result.aborted);
  });

  it('ends a dial that is under way when it closes', async (t) => {
    const connect = t.mock.method(Socket.prototype, 'connect');
    const client = startClient(t, { lookup: () => {} });
    const sent = client.send(outboundRequest('http://dialling.test/'));
    const socket: unknown = connect.mock.calls[0]?.this;
    assert.ok(socket instanceof Socket && !socket.destroyed);
    await client.close();
    assert.ok(!(await sent).ok);
    assert.ok(socket.destroyed);
  });

  it('cancels its timer once an exchange is over', async (t) => {
    const timers = manualTimers();
    const sink = await startRaw(t, OK);
    await startClient(t, { clock: timers }).send(outboundRequest(sink.origin));
    assert.equal(timers.size, 0);
  });
});

describe('failures of the way', () => {
  const expectFailure = (result: HttpResult, code: string): string => {
    assert.ok(!result.ok);
    assert.equal(result.code, code);
    assert.equal(result.aborted, false);
    return result.detail;
  };

  it('are dns_error for a name that does not exist', async (t) => {
    for (const code of ['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA']) {
      const client = startClient(t, {
        lookup: (_name, _options, done) => done(Object.assign(new Error(), { code }), ''),
      });
      const detail = expectFailure(await client.send(outboundRequest('http://nowhere.test/')), 'dns_error');
      assert.equal(detail, 'no address was found for nowhere.test');
    }
  });

  it('are connection_refused where nobody listens', async (t) => {
    const gone = await rawReceiver(OK);
    await gone.close();
    expectFailure(await startClient(t).send(outboundRequest(gone.origin)), 'connection_refused');
  });

  it('are connection_refused where every address of a name refuses, whatever the family', async (t) => {
    const gone = await rawReceiver(OK);
    await gone.close();
    const both = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const client = startClient(t, { lookup: (_name, _options, done) => done(null, both) });
    expectFailure(await client.send(outboundRequest(`http://both.test:${gone.port}/`)), 'connection_refused');
  });

  it('are connection_reset for a reset before the answer', async (t) => {
    const sink = await startRaw(t, (socket) => socket.resetAndDestroy());
    expectFailure(await startClient(t).send(outboundRequest(sink.origin)), 'connection_reset');
    assert.equal(sink.requests.length, 1);
  });

  it('are network_error for a close before the answer', async (t) => {
    const sink = await startRaw(t, (socket) => socket.end());
    expectFailure(await startClient(t).send(outboundRequest(sink.origin)), 'network_error');
    assert.equal(sink.requests.length, 1);
  });

  it('are protocol_error for a head that is cut short or too long', async (t) => {
    const cut = await startRaw(t, (socket) => socket.end('HTTP/1.1 200 OK\r\nX-A: b'));
    expectFailure(await startClient(t).send(outboundRequest(cut.origin)), 'protocol_error');
    const long = await startRaw(t, `HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`);
    expectFailure(await startClient(t).send(outboundRequest(long.origin)), 'protocol_error');
  });

  it('are network_error for what can not be sent, and nothing is', async (t) => {
    const sink = await startRaw(t, OK);
    const client = startClient(t);
    for (const header of [
      ['a b', 'x'],
      ['', 'x'],
      ['a', 'x\r\ny: z'],
      ['a', '\u0000'],
    ] as const) {
      expectFailure(await client.send(outboundRequest(sink.origin, { headers: [header] })), 'network_error');
    }
    for (const url of ['', 'nonsense', 'ftp://127.0.0.1/', 'http://[::1', 'http://a b/']) {
      expectFailure(await client.send(outboundRequest(url)), 'network_error');
    }
    assert.equal(sink.requests.length, 0);
    assert.ok((await client.send(outboundRequest(sink.origin))).ok);
  });
});
