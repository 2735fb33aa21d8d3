import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect, type LookupFunction, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { rawReceiver, type RawReceiver } from '../../test/support/raw-receiver.ts';
import { addressGuard } from './address-guard.ts';
import { guardedConnect } from './guarded-connect.ts';

const strict = guardedConnect(addressGuard({ allowedNetworks: [] }));
const lenient = guardedConnect(addressGuard({ allowedNetworks: ['127.0.0.0/8', '::1'] }));
const toLoopback: LookupFunction = (_name, options, done) =>
  options.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);

async function startSink(t: TestContext): Promise<RawReceiver> {
  const sink = await rawReceiver('');
  t.after(() => sink.close());
  return sink;
}

/** Every way in which a library may dial `port` on our own machine. */
const DIALS: Readonly<Record<string, (port: number) => Socket>> = {
  'a literal in options': (port) => connect({ port, host: '127.0.0.1' }),
  'a literal by position': (port) => connect(port, '127.0.0.1'),
  'no host at all': (port) => connect({ port, lookup: toLoopback }),
  'a port alone': (port) => connect(port),
  'a port in text': (port) => new Socket().connect(String(port) as unknown as number),
  'a name with a lookup of its own': (port) => connect({ port, host: 'inside.test', lookup: toLoopback }),
  'a name that the system resolves': (port) => connect(port, 'localhost'),
  'one family only': (port) =>
    connect({ port, host: 'inside.test', lookup: toLoopback, family: 4, autoSelectFamily: false }),
  'a socket made before': (port) => new Socket().connect({ port, host: '127.0.0.1' }),
  'a mapped literal': (port) => connect(port, '::ffff:127.0.0.1'),
  'tls to a literal': (port) => tlsConnect({ port, host: '127.0.0.1' }),
  'tls to a name': (port) => tlsConnect({ port, host: 'inside.test', lookup: toLoopback }),
};

describe('guarded connect', () => {
  for (const [form, dial] of Object.entries(DIALS)) {
    it(`refuses a blocked address, dialled as ${form}`, async (t) => {
      const sink = await startSink(t);
      const socket = strict.run(() => dial(sink.port));
      const blocked = { code: 'ERR_BLOCKED_ADDRESS' };
      await assert.rejects(once(socket, 'connect'), blocked, 'the address that is dialled is checked, not its name');
      assert.equal(sink.connections, 0);
    });
  }

  for (const [form, dial] of Object.entries(DIALS).filter(([name]) => !name.startsWith('tls'))) {
    it(`connects to an allowed address, dialled as ${form}`, async (t) => {
      const sink = await startSink(t);
      const socket = lenient.run(() => dial(sink.port));
      await once(socket, 'connect');
      socket.destroy();
    });
  }

  it('calls back like the original, and passes on options', async (t) => {
    const sink = await startSink(t);
    const connected = Promise.withResolvers<void>();
    const socket = lenient.run(() =>
      connect({ port: sink.port, host: '127.0.0.1', noDelay: true }, () => connected.resolve()),
    );
    await connected.promise;
    socket.destroy();
    const again = lenient.run(() => new Socket().connect(sink.port, '127.0.0.1', () => again.destroy()));
    await once(again, 'close');
  });

  it('refuses local sockets', async () => {
    const socket = strict.run(() => connect('/tmp/any.sock'));
    await assert.rejects(once(socket, 'connect'), { code: 'ERR_BLOCKED_ADDRESS' });
  });

  it('refuses a name if any of its addresses is blocked', async () => {
    const lookup: LookupFunction = (_name, _options, done) =>
      done(null, [
        { address: '8.8.8.8', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    const socket = strict.run(() => connect({ port: 1, host: 'both.test', lookup }));
    await assert.rejects(once(socket, 'connect'), { code: 'ERR_BLOCKED_ADDRESS' });
  });

  it('holds for what is dialled later from there, and for libraries that dial by themselves', async (t) => {
    const sink = await startSink(t);
    const later = await strict.run(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return httpRequest({ host: '127.0.0.1', port: sink.port });
    });
    await assert.rejects(once(later, 'response'), { code: 'ERR_BLOCKED_ADDRESS' });
    assert.equal(sink.connections, 0);
  });

  it('leaves everything outside of it alone', async (t) => {
    const sink = await startSink(t);
    const socket = connect(sink.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });
});
