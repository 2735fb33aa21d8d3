import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { providerSettingsConformance } from '../../../test/conformance/provider.ts';
import { eventPayload } from '../../../test/support/event-payload.ts';
import { connectionClose, fakeBroker, OPEN_OK } from '../../../test/support/fake-broker.ts';
import { fakeHttpClient } from '../../../test/support/fake-http-client.ts';
import { receiver } from '../../../test/support/receiver.ts';
import type { AttemptOutcome } from '../../domain/attempt.ts';
import type { StringMap } from '../../domain/json.ts';
import { AppError } from '../../lib/errors.ts';
import { addressGuard } from '../../net/address-guard.ts';
import { guardedConnect } from '../../net/guarded-connect.ts';
import type { OpenSettings, Prepared } from '../../ports/provider.ts';
import { MissingAmqplibError } from './amqplib.ts';
import { messageOf } from './message.ts';
import { rabbitmq, type RabbitmqOptions } from './rabbitmq.ts';

const NOW_MS = Date.parse('2025-01-15T10:30:45.987Z');
const PASSWORD = 'abcdefghijkl';

/** Time that passes when the test says so: `pass` fires every timer that was set and not cancelled. */
function handClock() {
  const timers = new Set<() => void>();
  return {
    after(_delayMs: number, fire: () => void) {
      timers.add(fire);
      return () => timers.delete(fire);
    },
    pass() {
      const due = [...timers];
      timers.clear();
      for (const fire of due) fire();
    },
    get isSet() {
      return timers.size > 0;
    },
  };
}

function provider(more: Partial<RabbitmqOptions> = {}) {
  const dial = guardedConnect(addressGuard({ allowedNetworks: ['127.0.0.0/8'] }));
  return rabbitmq({ dial, timeoutMs: 5_000, clock: handClock(), ...more });
}

function settings(config: StringMap = {}): OpenSettings {
  return {
    config: { server_url: 'rabbit:5672', ...config },
    credentials: { username: 'guest', password: PASSWORD },
    deliveryMetadata: null,
  };
}

async function prepare(config: StringMap, current: OpenSettings | null = null): Promise<Prepared> {
  const request = { settings: settings(config), current, requested: null, role: 'tenant' as const, nowMs: NOW_MS };
  return provider().prepare({ ...request, http: fakeHttpClient(), randomBytes: (size) => new Uint8Array(size) });
}

const broken = (config: StringMap, field: string, rule: string) => ({
  settings: settings(config),
  problems: [{ field, rule }],
});

providerSettingsConformance({
  provider: provider(),
  settings: settings({ exchange: 'events', tls: 'on' }),
  broken: [
    broken({ server_url: '' }, 'config.server_url', 'required'),
    broken({ server_url: 'bad url' }, 'config.server_url', 'pattern'),
    broken({ server_url: 'user:secret@rabbit' }, 'config.server_url', 'invalid'),
    broken({ exchange: 'x'.repeat(256) }, 'config.exchange', 'maxlength'),
    ...['yes', 'True', 'off', ''].map((tls) => broken({ tls }, 'config.tls', 'invalid')),
    {
      settings: { ...settings(), credentials: {} },
      problems: [
        { field: 'credentials.username', rule: 'required' },
        { field: 'credentials.password', rule: 'required' },
      ],
    },
  ],
  secretsOf: () => [PASSWORD],
});

describe('the settings of a RabbitMQ destination', () => {
  it('keep an exchange and a switch for TLS, given or not', async () => {
    const cases = [
      [{}, { exchange: '', tls: 'false' }],
      [
        { exchange: 'e', tls: 'on' },
        { exchange: 'e', tls: 'true' },
      ],
      [{ tls: 'true' }, { exchange: '', tls: 'true' }],
      [{ tls: 'false' }, { exchange: '', tls: 'false' }],
    ] as const;
    for (const [config, expected] of cases) {
      const prepared = await prepare(config);
      assert.deepEqual(prepared.ok === true && prepared.settings.config, { server_url: 'rabbit:5672', ...expected });
    }
    const emptied = await prepare({ tls: '' }, settings());
    assert.equal(emptied.ok === true && emptied.settings.config['tls'], 'false');
  });

  it('name the exchange and the topics as the target', () => {
    assert.equal(provider().target({ exchange: 'events' }, {}, ['a', 'b']), 'events -> a, b');
    assert.equal(provider().target({}, {}, ['*']), ' -> *');
  });

  it('are refused, and nothing is sent, where amqplib is not installed', async () => {
    const load = () => Promise.reject(new MissingAmqplibError(null));
    const without = provider({ load });
    const request = { settings: settings(), current: null, requested: null, role: 'admin' as const, nowMs: NOW_MS };
    await assert.rejects(
      async () => without.prepare({ ...request, http: fakeHttpClient(), randomBytes: (size) => new Uint8Array(size) }),
      (error) => error instanceof AppError && /npm install amqplib/.test(error.message),
    );
    const outcome = await send(without.open(settings(), { http: fakeHttpClient(), now: () => NOW_MS }));
    assert.match(told(outcome), /^ERR: .*npm install amqplib/);
  });
});

describe('the message of an event', () => {
  it('has the topic as its key, the data as its body and the metadata as its headers', () => {
    const event = eventPayload({ metadata: { both: 'event', topic: 'own' }, data: '{ "z":1.0 }' });
    const message = messageOf({ exchange: 'e', deliveryMetadata: { app: 'a', both: 'destination' } }, event, NOW_MS);
    assert.equal(message.exchange, 'e');
    assert.equal(message.routingKey, 'user.created');
    assert.equal(Buffer.from(message.body).toString(), '{ "z":1.0 }');
    assert.deepEqual(message.properties, {
      contentType: 'application/json',
      messageId: 'evt_123',
      persistent: true,
      mandatory: true,
      headers: {
        topic: 'own',
        app: 'a',
        both: 'event',
        'event-id': 'evt_123',
        timestamp: '2025-01-15T10:30:45Z',
      },
    });
  });

  it('leaves out headers that are not theirs to set, or that the broker takes for something else', () => {
    const metadata = { 'event-id': 'forged', timestamp: 'forged', CC: 'a', BCC: 'b', ['k'.repeat(256)]: 'c', cc: 'd' };
    const { headers } = messageOf(
      { exchange: '', deliveryMetadata: null },
      eventPayload({ metadata }),
      NOW_MS,
    ).properties;
    assert.deepEqual(headers, {
      topic: 'user.created',
      cc: 'd',
      'event-id': 'evt_123',
      timestamp: '2025-01-15T10:30:45Z',
    });
  });
});

describe('a RabbitMQ destination whose broker is none', () => {
  async function sendTo(address: string, more: Partial<RabbitmqOptions> = {}): Promise<AttemptOutcome> {
    const sender = provider(more).open(settings({ server_url: address }), {
      http: fakeHttpClient(),
      now: () => NOW_MS,
    });
    const outcome = await send(sender);
    await sender.close();
    return outcome;
  }
  async function start(t: TestContext, ...args: Parameters<typeof fakeBroker>) {
    const broker = await fakeBroker(...args);
    t.after(() => broker.close());
    return broker;
  }

  it('fails with a code of its own for every failure of the way', async () => {
    assert.match(told(await sendTo('127.0.0.1:1')), /^connection_refused: 127\.0\.0\.1:1 /);
    assert.match(told(await sendTo('nope.invalid')), /^dns_error: no address was found for nope\.invalid/);
  });

  it('is not dialled where the address guard forbids it', async (t) => {
    const broker = await start(t, [OPEN_OK]);
    const dial = guardedConnect(addressGuard({ allowedNetworks: [] }));
    const port = broker.address.split(':')[1];
    for (const address of [broker.address, `localhost:${port}`, `[::ffff:127.0.0.1]:${port}`]) {
      assert.match(told(await sendTo(address, { dial })), /^blocked_address: .*not allowed: loopback$/, address);
    }
    assert.equal(broker.connections, 0);
  });

  it('fails where something else than AMQP answers', async (t) => {
    const other = await receiver();
    t.after(() => other.close());
    assert.match(told(await sendTo(`127.0.0.1:${other.port}`)), /^protocol_error: .* does not speak AMQP 0-9-1$/);
  });

  it('fails where the connection is closed in the packet that opens it', async (t) => {
    for (const [code, name] of [
      [320, 'connection_forced'],
      [541, 'rabbitmq_error'],
    ] as const) {
      const broker = await start(t, [OPEN_OK, connectionClose(code, 'go away')]);
      assert.equal(told(await sendTo(broker.address)), `${name}: ${broker.address} answered ${code}: go away`);
    }
  });

  it('fails in time where nobody answers, at any point', async (t) => {
    for (const opened of [null, [], [OPEN_OK]]) {
      const broker = await start(t, opened);
      const clock = handClock();
      const sender = provider({ clock }).open(settings({ server_url: broker.address }), {
        http: fakeHttpClient(),
        now: () => NOW_MS,
      });
      const sent = send(sender);
      if (opened?.length === 1) await broker.asked;
      else while (broker.connections === 0) await new Promise((resolve) => setImmediate(resolve));
      clock.pass();
      assert.match(told(await sent), /^timeout: no (connection to|confirmation from) 127\.0\.0\.1:\d+ in time$/);
      // Without a good-bye that nobody would answer either.
      await broker.quiet();
      await sender.close();
    }
  });

  it('gives up when the server stops', async (t) => {
    const broker = await start(t, []);
    const sender = provider().open(settings({ server_url: broker.address }), {
      http: fakeHttpClient(),
      now: () => NOW_MS,
    });
    const stopping = new AbortController();
    const sent = sender.send(eventPayload(), stopping.signal);
    stopping.abort();
    assert.match(told(await sent), /^network_error: .*stopping$/);
    assert.match(told(await sender.send(eventPayload(), stopping.signal)), /^network_error: .*stopping$/);
  });
});

function send(sender: ReturnType<ReturnType<typeof provider>['open']>): Promise<AttemptOutcome> {
  return sender.send(eventPayload(), new AbortController().signal);
}

/** Code and words of a failure. */
function told({ code, response }: AttemptOutcome): string {
  const words = response?.['error'];
  return typeof words === 'string' ? `${code}: ${words}` : code;
}
