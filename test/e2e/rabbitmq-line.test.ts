/** One open line to a real broker: what becomes of messages in flight when exchange, connection or broker go away. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import { rabbitmq } from '../../src/destinations/rabbitmq/rabbitmq.ts';
import type { AttemptOutcome } from '../../src/domain/attempt.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import { addressGuard } from '../../src/net/address-guard.ts';
import { guardedConnect } from '../../src/net/guarded-connect.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Sender } from '../../src/ports/provider.ts';
import { certificates } from '../support/certificates.ts';
import { eventPayload } from '../support/event-payload.ts';
import { fakeHttpClient } from '../support/fake-http-client.ts';
import { type Broker, OWNER, SKIP_WITHOUT_RABBITMQ, startBroker } from '../support/rabbitmq.ts';

/** As many as one destination gets at a time unless the operator says otherwise. */
const CAP = 16;
const TIMEOUT_MS = 1_500;

describe('an open line to RabbitMQ', { skip: SKIP_WITHOUT_RABBITMQ, timeout: 240_000 }, () => {
  let broker: Broker;
  let root: string;
  before(async () => {
    const { root: authority, intermediate, leaf } = certificates(['IP:127.0.0.1']);
    root = authority.cert;
    broker = await startBroker({ tls: { key: leaf.key, cert: leaf.cert + intermediate.cert, root } });
    await broker.declare('events');
  });
  after(() => broker?.remove());

  function open(config: Readonly<Record<string, string>> = {}, clock: Pick<Clock, 'after'> = systemClock): Sender {
    const dial = guardedConnect(addressGuard({ allowedNetworks: ['127.0.0.0/8'] }));
    const settings = {
      config: { server_url: broker.address, exchange: 'events', tls: 'false', ...config },
      credentials: OWNER,
      deliveryMetadata: null,
    };
    return rabbitmq({ dial, timeoutMs: TIMEOUT_MS, clock }).open(settings, { http: fakeHttpClient(), now: Date.now });
  }
  let events = 0;
  const send = (sender: Sender): Promise<AttemptOutcome> =>
    sender.send(eventPayload({ id: `evt_${(events += 1)}` }), new AbortController().signal);
  const sendMany = (sender: Sender): Promise<AttemptOutcome[]> =>
    Promise.all(Array.from({ length: CAP }, () => send(sender)));
  const codes = (outcomes: readonly AttemptOutcome[]): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const { code } of outcomes) counts[code] = (counts[code] ?? 0) + 1;
    return counts;
  };

  it('carries many messages at a time over one connection, which closing waits for', async (t) => {
    const proxy = await forwarder(broker.port);
    t.after(() => proxy.close());
    const sender = open({ server_url: proxy.address });
    const sent = sendMany(sender);
    await Promise.all([sender.close(), sender.close()]);
    assert.deepEqual(codes(await sent), { OK: CAP });
    assert.equal(proxy.connections, 1);
    assert.equal((await broker.take('events')).length, CAP);
    // A send that overtook the closing still works, and leaves nothing open.
    assert.equal((await send(sender)).code, 'OK');
    assert.equal(proxy.connections, 2);
    await proxy.quiet();
  });

  it('field case 29: ends each message by itself when the exchange vanishes under them, and recovers', async () => {
    await broker.declare('fleeting');
    const sender = open({ exchange: 'fleeting' });
    const outcomes: AttemptOutcome[] = [];
    const streaming = new AbortController();
    const stream = Promise.all(
      Array.from({ length: CAP }, async () => {
        while (!streaming.signal.aborted) outcomes.push(await send(sender));
      }),
    );
    const until = async (isSeen: () => boolean): Promise<void> => {
      while (!isSeen()) await new Promise((resolve) => setImmediate(resolve));
    };
    const count = (code: string): number => codes(outcomes)[code] ?? 0;
    await until(() => count('OK') >= CAP);
    await broker.use((channel) => channel.deleteExchange('fleeting'));
    await until(() => count('exchange_not_found') >= CAP);
    const confirmedBefore = count('OK');
    await broker.declare('fleeting');
    await until(() => count('OK') >= confirmedBefore + CAP);
    streaming.abort();
    await stream;
    await sender.close();
    // What was confirmed is in the queue, once; `unroutable` is the moment between exchange and binding.
    assert.deepEqual(
      Object.keys(codes(outcomes)).filter((code) => !['OK', 'exchange_not_found', 'unroutable'].includes(code)),
      [],
    );
    const taken = await broker.take('fleeting');
    const extra = taken.length - count('OK');
    assert.ok(extra >= 0 && extra <= CAP, `${extra} more messages than confirmations`);
  });

  it('field case 29: a message that no queue takes fails, and its neighbours on the channel do not', async () => {
    await broker.use((channel) => channel.assertExchange('half', 'direct', { durable: true }));
    await broker.use(async (channel) => {
      await channel.assertQueue('half');
      await channel.bindQueue('half', 'half', 'bound');
    });
    const sender = open({ exchange: 'half' });
    const topics = Array.from({ length: CAP }, (_, n) => (n % 2 === 0 ? 'bound' : 'nobody'));
    const outcomes = await Promise.all(
      topics.map((topic, n) => sender.send(eventPayload({ id: `half_${n}`, topic }), new AbortController().signal)),
    );
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      topics.map((topic) => (topic === 'bound' ? 'OK' : 'unroutable')),
    );
    await sender.close();
  });

  it('field case 31: a connection that was cut while it was idle costs no attempt', async (t) => {
    const proxy = await forwarder(broker.port);
    t.after(() => proxy.close());
    const sender = open({ server_url: proxy.address });
    assert.equal((await send(sender)).code, 'OK');
    await proxy.cut();
    assert.equal((await send(sender)).code, 'OK');
    assert.equal(proxy.connections, 2);
    await sender.close();
  });

  it('field case 31: gives up a connection that is idle, before a firewall forgets it', async (t) => {
    const proxy = await forwarder(broker.port);
    t.after(() => proxy.close());
    let idle = (): void => {};
    const clock: Pick<Clock, 'after'> = {
      after(delayMs, fire) {
        // The line's own wait is longer than every other.
        if (delayMs < 10_000) return systemClock.after(delayMs, fire);
        idle = fire;
        return () => {};
      },
    };
    const sender = open({ server_url: proxy.address }, clock);
    assert.equal((await send(sender)).code, 'OK');
    idle();
    await proxy.quiet();
    assert.equal((await send(sender)).code, 'OK');
    assert.equal(proxy.connections, 2);
    await sender.close();
  });

  it('a line that swallows everything ends sends by their time limit, and the next one dials anew', async (t) => {
    const proxy = await forwarder(broker.port);
    t.after(() => proxy.close());
    const sender = open({ server_url: proxy.address });
    assert.equal((await send(sender)).code, 'OK');
    proxy.swallow();
    assert.deepEqual(codes(await sendMany(sender)), { timeout: CAP });
    assert.equal((await send(sender)).code, 'OK');
    assert.equal(proxy.connections, 2);
    await sender.close();
  });

  it('a broker that falls silent in the middle of a send is a timeout, one that vanishes a lost connection', async () => {
    const sender = open();
    assert.equal((await send(sender)).code, 'OK');
    broker.freeze();
    assert.deepEqual(codes(await sendMany(sender)), { timeout: CAP });
    const dialling = send(sender);
    broker.thaw();
    assert.match((await dialling).code, /^(?:OK|timeout)$/);
    assert.equal((await send(sender)).code, 'OK');
    broker.freeze();
    const sent = sendMany(sender);
    await broker.kill();
    for (const code of Object.keys(codes(await sent))) assert.match(code, /^connection_re(?:set|fused)$/);
    assert.equal((await send(sender)).code, 'connection_refused');
    await broker.start();
    assert.equal((await send(sender)).code, 'OK');
    await sender.close();
  });

  it('a broker that is stopped by its operator says so', async () => {
    const sender = open();
    let last = await send(sender);
    assert.equal(last.code, 'OK');
    const stopped = broker.stop();
    const seen = new Set<string>();
    while (last.code !== 'connection_refused') {
      last = await send(sender);
      seen.add(last.code);
    }
    await stopped;
    const known = ['OK', 'connection_forced', 'connection_refused', 'connection_reset'];
    assert.deepEqual(
      [...seen].filter((code) => !known.includes(code)),
      [],
    );
    await broker.start();
    assert.equal((await send(sender)).code, 'OK');
    await sender.close();
  });

  it('is encrypted where TLS is on, and only to a broker whose certificate is trusted', async () => {
    const encrypted = () => open({ server_url: `127.0.0.1:${broker.tlsPort}`, tls: 'true' });
    const refused = await send(encrypted());
    assert.equal(refused.code, 'tls_error');
    setDefaultCACertificates([...rootCertificates, root]);
    const sender = encrypted();
    assert.equal((await send(sender)).code, 'OK');
    await sender.close();
    const plain = open({ server_url: `127.0.0.1:${broker.tlsPort}` });
    const outcome = await send(plain);
    assert.ok(!outcome.ok && outcome.code !== 'timeout', outcome.code);
    await plain.close();
  });
});

/** A TCP proxy that can cut what passes through it, or let it vanish. */
async function forwarder(port: number) {
  const sockets = new Set<Socket>();
  let connections = 0;
  let wake = (): void => {};
  const server = createServer((near) => {
    connections += 1;
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', (chunk) => other.write(chunk));
      socket.on('close', () => {
        other.destroy();
        sockets.delete(socket);
        wake();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  /** Resolves when no connection is open. */
  const quiet = async (): Promise<void> => {
    while (sockets.size > 0) await new Promise<void>((resolve) => (wake = resolve));
  };
  return {
    address: `127.0.0.1:${address.port}`,
    get connections() {
      return connections;
    },
    quiet,
    async cut() {
      for (const socket of sockets) socket.resetAndDestroy();
      await quiet();
    },
    /** Nothing of the connections that are open passes any more. */
    swallow() {
      for (const socket of sockets) socket.removeAllListeners('data').resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
