/**
 * RabbitMQ destinations through the whole program, to a real broker: what a consumer gets, what a failure is called, and
 * what happens while the broker is away.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ApiReply } from '../support/api-client.ts';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { type Broker, OTHER_HOST, OWNER, SKIP_WITHOUT_RABBITMQ, startBroker, WRITER } from '../support/rabbitmq.ts';

describe('a rabbitmq destination', { skip: SKIP_WITHOUT_RABBITMQ, timeout: 240_000 }, () => {
  let server: ComposedServer;
  let broker: Broker;
  let tenants = 0;
  before(async () => {
    broker = await startBroker();
    await broker.declare('events');
    await broker.declare('other');
    server = await composedServer({
      profile: 'embedded',
      env: { RETRY_SCHEDULE: '1,1,1,1,1,1,1,1,1,1', DELIVERY_TIMEOUT_SECONDS: '3' },
    });
  });
  after(async () => {
    await server?.stop();
    await broker?.remove();
  });

  interface Wanted {
    readonly config?: Readonly<Record<string, unknown>>;
    readonly credentials?: Readonly<Record<string, string>>;
    readonly delivery_metadata?: Readonly<Record<string, string>>;
  }
  /** A tenant with one destination, `d`. */
  async function create(wanted: Wanted = {}, status = 201): Promise<{ tenant: string; path: string; reply: ApiReply }> {
    const tenant = `t${(tenants += 1)}`;
    await server.putTenant(tenant);
    const { config, credentials, ...rest } = wanted;
    const reply = await server.expect(status, 'POST', `/tenants/${tenant}/destinations`, {
      id: 'd',
      type: 'rabbitmq',
      topics: '*',
      config: { server_url: broker.address, exchange: 'events', ...config },
      credentials: { ...WRITER, ...credentials },
      ...rest,
    });
    return { tenant, path: `/tenants/${tenant}/destinations/d`, reply };
  }
  async function firstAttempt(tenant: string, event: Readonly<Record<string, unknown>> = {}) {
    const { id } = await server.publish({ tenant_id: tenant, topic: 'user.created', ...event });
    const [attempt] = await server.attemptsOf(id, 1, 'include=response_data');
    assert.ok(attempt !== undefined);
    return { ...attempt, id };
  }

  it('gets a persistent message with the event as it was published', async () => {
    const { tenant, reply } = await create({ delivery_metadata: { app: 'a' } });
    const shown = reply.json();
    assert.deepEqual(shown['config'], { server_url: broker.address, exchange: 'events', tls: 'false' });
    assert.deepEqual(shown['credentials'], { username: 'writer', password: 'abcd********' });
    assert.equal(shown['target'], 'events -> *');
    const body = `{"tenant_id":"${tenant}","topic":"user.created","metadata":{"m":"é"},"data":{ "z":1.0,"a":"<b>" }}`;
    const published = (await server.expect(202, 'POST', '/publish', body)).json<{ id: string }>();
    const [attempt] = await server.attemptsOf(published.id, 1, 'include=response_data');
    assert.deepEqual([attempt?.status, attempt?.code, attempt?.response_data], ['success', 'OK', undefined]);
    const [message, ...more] = await broker.take('events');
    assert.equal(more.length, 0);
    assert.equal(message?.content.toString(), '{ "z":1.0,"a":"<b>" }');
    assert.equal(message.fields.routingKey, 'user.created');
    const { contentType, messageId, deliveryMode, headers } = message.properties;
    assert.deepEqual([contentType, messageId, deliveryMode], ['application/json', published.id, 2]);
    const { timestamp, ...rest } = headers ?? {};
    assert.deepEqual(rest, { topic: 'user.created', app: 'a', m: 'é', 'event-id': published.id });
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('publishes to the default exchange, where the topic is a queue, without an exchange', async () => {
    const { tenant, reply } = await create({ config: { exchange: '' }, credentials: OWNER });
    assert.equal(reply.json()['target'], ' -> *');
    assert.equal((await firstAttempt(tenant, { topic: 'other' })).code, 'OK');
    assert.equal((await broker.take('other')).length, 1);
  });

  it('field case 38: takes a host without a dot, a virtual host and an IPv6 address, and shows them as given', async () => {
    for (const url of ['rabbit:5672', 'rabbit:5672/my%2Fvhost', '[::1]:5672', 'm']) {
      const { reply } = await create({ config: { server_url: url } });
      assert.equal(reply.json<{ config: Record<string, string> }>().config['server_url'], url);
    }
    await broker.declare('events', OTHER_HOST);
    const { tenant } = await create({ config: { server_url: `${broker.address}/my%2Fvhost` }, credentials: OWNER });
    assert.equal((await firstAttempt(tenant)).code, 'OK');
    assert.equal((await broker.take('events', OTHER_HOST)).length, 1);
  });

  it('field case 4: keeps the password when its mask is written back, and delivers with it', async () => {
    const { tenant, path } = await create();
    const { token } = (await server.expect(200, 'GET', `/tenants/${tenant}/token`)).json<{ token: string }>();
    for (const [exchange, authorization] of [
      ['other', `Bearer ${server.adminKey}`],
      ['events', `Bearer ${token}`],
    ] as const) {
      const shown = (await server.expect(200, 'GET', path)).json<Record<string, Record<string, string>>>();
      assert.equal(shown['credentials']?.['password'], 'abcd********');
      const patch = { config: { ...shown['config'], exchange }, credentials: { ...shown['credentials'] } };
      await server.expect(200, 'PATCH', path, patch, { authorization });
      assert.equal((await firstAttempt(tenant)).code, 'OK');
      assert.equal((await broker.take(exchange)).length, 1);
    }
    // A real password may have stars, the mask's own number of them included.
    await server.expect(200, 'PATCH', path, { credentials: { password: 'wxyz********' } });
    assert.equal((await firstAttempt(tenant)).code, 'access_denied');
  });

  it('fails with a code of its own for each thing that keeps a message from a queue', async () => {
    await broker.use((channel) => channel.assertExchange('lonely', 'topic', { durable: true }));
    const cases = [
      [{ credentials: { password: 'wrong' } }, 'access_denied', /403: ACCESS_REFUSED - Login was refused/],
      [{ config: { exchange: 'lonely' } }, 'access_denied', /403: ACCESS_REFUSED - access to exchange 'lonely'/],
      [{ config: { server_url: `${broker.address}/none` } }, 'access_denied', /no such virtual host/],
      [
        { config: { exchange: 'none' }, credentials: OWNER },
        'exchange_not_found',
        /404: NOT_FOUND - no exchange 'none'/,
      ],
      [{ config: { exchange: 'lonely' }, credentials: OWNER }, 'unroutable', /no queue takes/],
      [{ config: { tls: 'on' } }, 'tls_error', /no TLS with/],
      [{ config: { server_url: '127.0.0.1:1' } }, 'connection_refused', /refused the connection/],
      [{ config: { server_url: '10.0.0.1:5672' } }, 'blocked_address', /private network/],
    ] as const;
    for (const [wanted, code, words] of cases) {
      const { tenant, path } = await create(wanted);
      const { id } = await server.publish({ tenant_id: tenant, topic: 'user.created' });
      const [attempt] = await server.attemptsOf(id, 1, 'include=detail');
      assert.equal(attempt?.code, code, JSON.stringify(wanted));
      assert.match(String((attempt as { detail?: unknown }).detail), words);
      // Nobody waits for its retries.
      await server.expect(200, 'DELETE', path);
    }
  });

  it('is not created with settings that are wrong', async () => {
    const refused = async (wanted: Wanted) => (await create(wanted, 422)).reply.json()['data'];
    assert.deepEqual(await refused({ config: { server_url: 'bad url' } }), [
      'config.server_url failed pattern validation',
    ]);
    assert.deepEqual(await refused({ config: { tls: 'maybe' } }), ['config.tls failed invalid validation']);
    assert.deepEqual(await refused({ config: { server_url: 'u:p@rabbit' } }), [
      'config.server_url failed invalid validation',
    ]);
    assert.deepEqual(await refused({ credentials: { password: '' } }), ['credentials.password is required']);
  });

  it('is delivered to again after the broker was away, without a restart of ours', async () => {
    const { tenant } = await create();
    assert.equal((await firstAttempt(tenant)).code, 'OK');
    await broker.stop();
    const event = await firstAttempt(tenant);
    assert.equal(event.code, 'connection_refused');
    await broker.start();
    for (let count = 2; ; count += 1) {
      const last = (await server.attemptsOf(event.id, count)).at(-1);
      if (last?.status === 'success') break;
      assert.equal(last?.code, 'connection_refused');
    }
    assert.deepEqual(
      (await broker.take('events')).map(({ properties }) => properties.messageId as unknown).includes(event.id),
      true,
    );
  });
});
