/** Which requests the client makes, and how it shows what comes back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type HTTPClient, InvalidRequestError, Outpost, type OutpostOptions } from '../../sdk/src/outpost-sdk.ts';
import { DESTINATION_ID, OPERATIONS } from './operations.ts';

interface Sent {
  readonly request: string;
  readonly body: unknown;
}

const BASE = 'https://outpost.example/api/v1';
const ADMIN = { security: { adminApiKey: 'key' } };
const JWT = { security: { tenantJwt: jwtOf({ sub: 'tenänt 1' }) } };

function jwtOf(claims: object): string {
  const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** A client whose requests are kept and answered with this. */
function clientOf(options: OutpostOptions, answer: unknown = {}) {
  const sent: Sent[] = [];
  const httpClient: HTTPClient = async (url, init) => {
    assert.ok(url.startsWith(BASE), url);
    const body: unknown = typeof init.body === 'string' ? JSON.parse(init.body) : undefined;
    sent.push({ request: `${init.method} ${url.slice(BASE.length)}`, body });
    return Response.json(answer);
  };
  return { sent, client: new Outpost({ serverURL: BASE, httpClient, ...options }) };
}

const requestsOf = async (options: OutpostOptions, tenant?: { tenantId?: string }): Promise<readonly string[]> => {
  const { sent, client } = clientOf(options);
  for (const operation of OPERATIONS) await operation.call(client, {}, tenant);
  return sent.map(({ request }) => request);
};
const pathsBehind = (prefix: string): readonly string[] =>
  OPERATIONS.map(({ method, suffix }) => `${method} ${prefix}/destinations${suffix}`);

describe('requests of the client', () => {
  it('go to the tenant of the client', async () => {
    assert.deepEqual(await requestsOf({ ...ADMIN, tenantId: 't' }), pathsBehind('/t'));
    assert.deepEqual(await requestsOf({ ...JWT, tenantId: 't' }), pathsBehind('/t'));
  });

  it('go to the tenant of the call, which wins over the client', async () => {
    assert.deepEqual(await requestsOf({ ...ADMIN, tenantId: 't' }, { tenantId: 'u' }), pathsBehind('/u'));
    assert.deepEqual(await requestsOf(JWT, { tenantId: 'u' }), pathsBehind('/u'));
  });

  it('go to the paths without a tenant with a token and none', async () => {
    assert.deepEqual(await requestsOf(JWT), pathsBehind(''));
  });

  it('go to the paths of v1 if asked for, where the token names the tenant', async () => {
    assert.deepEqual(await requestsOf({ ...ADMIN, api: 'v1', tenantId: 't' }), pathsBehind('/tenants/t'));
    assert.deepEqual(await requestsOf({ ...JWT, api: 'v1' }), pathsBehind('/tenants/ten%C3%A4nt%201'));
  });

  it('are not made with the key and no tenant, nor with a token that names none on v1', async () => {
    for (const api of ['v0', 'v1'] as const) {
      for (const operation of OPERATIONS) {
        const { sent, client } = clientOf({ ...ADMIN, api });
        await assert.rejects(operation.call(client), (error) => {
          assert.ok(error instanceof InvalidRequestError);
          assert.match(error.message, /^tenantId is required with adminApiKey/);
          return true;
        });
        assert.deepEqual(sent, []);
      }
    }
    for (const tenantJwt of ['opaque', jwtOf({}), jwtOf({ sub: 7 }), 'a.%%%.c']) {
      const { sent, client } = clientOf({ security: { tenantJwt }, api: 'v1' });
      await assert.rejects(client.destinations.list(), InvalidRequestError);
      assert.deepEqual(sent, []);
    }
  });

  it('carry any id as one segment', async () => {
    const { sent, client } = clientOf(ADMIN);
    await client.destinations.get({ tenantId: 'a/b', destinationId: 'ü ?#%2F' });
    assert.equal(sent[0]?.request, 'GET /a%2Fb/destinations/%C3%BC%20%3F%23%252F');
  });

  it('are not made with an id that would lead elsewhere', async () => {
    const { sent, client } = clientOf({ ...ADMIN, tenantId: 't' });
    for (const destinationId of ['', '.', '..', '\uD800', 7 as unknown as string]) {
      await assert.rejects(client.destinations.delete({ destinationId }), InvalidRequestError);
    }
    for (const tenantId of ['', '..', 'tenants', 'events']) {
      await assert.rejects(client.destinations.list({ tenantId }), InvalidRequestError);
    }
    assert.throws(() => new Outpost({ ...ADMIN, tenantId: '' }), InvalidRequestError);
    assert.deepEqual(sent, []);
    const v1 = clientOf({ ...ADMIN, api: 'v1' });
    await v1.client.destinations.list({ tenantId: 'events' });
    assert.equal(v1.sent[0]?.request, 'GET /tenants/events/destinations');
  });

  it('filter by one value or several', async () => {
    const { sent, client } = clientOf({ ...ADMIN, tenantId: 't' }, []);
    await client.destinations.list({ type: 'webhook', topics: '*' });
    await client.destinations.list({ type: ['webhook', 'rabbitmq'], topics: ['a&b', 'c'] });
    assert.deepEqual(
      sent.map(({ request }) => request),
      [
        'GET /t/destinations?topics=*&type=webhook',
        'GET /t/destinations?topics=a%26b&topics=c&type=webhook&type=rabbitmq',
      ],
    );
  });

  it('rename the members of a destination and nothing inside them', async () => {
    const { sent, client } = clientOf({ ...ADMIN, tenantId: 't' });
    const disabledAt = new Date('2026-01-02T03:04:05.678Z');
    await client.destinations.create({
      destinationCreate: {
        id: 'user-provided-id',
        type: 'rabbitmq',
        topics: '*',
        config: { server_url: 'localhost:5672', exchange: 'my-exchange', tls: 'false' },
        credentials: { username: 'guest', password: 'guest' },
        deliveryMetadata: { deliveryMetadata: 'x' },
        metadata: { tenantId: 'y' },
        disabledAt,
      },
    });
    assert.deepEqual(sent[0]?.body, {
      id: 'user-provided-id',
      type: 'rabbitmq',
      topics: '*',
      config: { server_url: 'localhost:5672', exchange: 'my-exchange', tls: 'false' },
      credentials: { username: 'guest', password: 'guest' },
      delivery_metadata: { deliveryMetadata: 'x' },
      metadata: { tenantId: 'y' },
      disabled_at: '2026-01-02T03:04:05.678Z',
    });
  });

  it('say which request object is missing', async () => {
    const { client } = clientOf({ ...ADMIN, tenantId: 't' });
    const nothing = { destinationId: DESTINATION_ID } as never;
    await assert.rejects(client.destinations.create(nothing), /destinationCreate is missing/);
    await assert.rejects(client.destinations.update(nothing), /destinationUpdate is missing/);
  });

  it('go to the base address, with or without a slash at its end', async () => {
    const { sent, client } = clientOf({ ...ADMIN, tenantId: 't', serverURL: `${BASE}/` });
    await client.destinations.list();
    assert.equal(sent[0]?.request, 'GET /t/destinations');
    for (const serverURL of [
      '',
      'outpost.example',
      'ftp://outpost.example',
      'https://a:b@c.example',
      'https://c.example?d',
    ]) {
      assert.throws(() => new Outpost({ serverURL }), InvalidRequestError, serverURL);
    }
  });

  it('carry one credential', async () => {
    assert.throws(() => new Outpost({ security: {} as never }), /either adminApiKey or tenantJwt/);
    const both = { adminApiKey: 'a', tenantJwt: 'b' } as never;
    assert.throws(() => new Outpost({ security: both }), /either adminApiKey or tenantJwt/);
  });
});

describe('answers in the client', () => {
  const wire = {
    id: 'des_1',
    tenant_id: 't',
    type: 'webhook',
    topics: ['*'],
    config: { url: 'https://example.com/', custom_headers: '{"created_at":"x"}' },
    credentials: { secret: 's', previous_secret_invalid_at: '2026-01-01T00:00:00Z' },
    created_at: '2026-01-02T03:04:05.678901234+02:00',
    updated_at: '2026-01-02T03:04:05Z',
    disabled_at: null,
    target: 'https://example.com/',
  };

  it('have members in camelCase and times as dates', async () => {
    const { client } = clientOf({ ...ADMIN, tenantId: 't' }, wire);
    const destination = await client.destinations.get({ destinationId: 'des_1' });
    const { tenant_id: tenantId, created_at: _created, updated_at: _updated, disabled_at: _disabled, ...same } = wire;
    assert.deepEqual(destination, {
      ...same,
      tenantId,
      createdAt: new Date('2026-01-02T01:04:05.678Z'),
      updatedAt: new Date('2026-01-02T03:04:05.000Z'),
      disabledAt: null,
    });
    // Narrowed by its type.
    if (destination.type === 'webhook') assert.equal(destination.config.url, 'https://example.com/');
    else assert.fail('another type');
  });

  it('pass on members and types that are not known, and times that are none', async () => {
    const odd = { id: 'd', type: 'carrier_pigeon', created_at: 'long ago', disabled_at: 7, new_member: { a_b: 1 } };
    const { client } = clientOf({ ...ADMIN, tenantId: 't' }, [odd, null, 'text']);
    assert.deepEqual(await client.destinations.list(), [
      { id: 'd', type: 'carrier_pigeon', createdAt: 'long ago', disabledAt: 7, new_member: { a_b: 1 } },
      null,
      'text',
    ]);
  });

  it('do not confuse a member with what every object has', async () => {
    const { client } = clientOf({ ...ADMIN, tenantId: 't' }, JSON.parse('{"constructor":1,"__proto__":{"id":2}}'));
    const answer: object = await client.destinations.get({ destinationId: 'd' });
    assert.deepEqual(Object.keys(answer), ['constructor', '__proto__']);
    assert.equal(Object.getPrototypeOf(answer), Object.prototype);
  });

  it('to an update may be a redirect', async () => {
    const { client } = clientOf({ ...ADMIN, tenantId: 't' }, { redirect_url: 'https://login.example/' });
    const answer = await client.destinations.update({ destinationId: 'd', destinationUpdate: {} });
    assert.ok('redirectUrl' in answer);
    assert.equal(answer.redirectUrl, 'https://login.example/');
  });
});
