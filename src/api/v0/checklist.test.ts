/** Spec api-v0.md §11 by its numbers, as far as it applies: callers, tenants, catalogue and paths. Errors have a body here. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ApiReply } from '../../../test/support/api-client.ts';
import { type Row, v0World } from '../../../test/support/v0-world.ts';

const { api, asTenant, call, create, fault, hook, serverHost, statusOf, tenant, token } = v0World();

describe('who may call', () => {
  it('1, 2, 3: nobody without a key, and the header has to be one', async () => {
    assert.deepEqual(await fault(call('PUT', `/${tenant()}`, undefined, '')), [401, 'unauthorized']);
    assert.equal((await fault(call('PUT', `/${tenant()}`, undefined, 'invalid key')))[0], 400);
    assert.equal(await statusOf(call('PUT', `/tenants/${tenant()}`, undefined, 'invalid key')), 401);
    assert.deepEqual(await fault(call('PUT', `/${tenant()}`, undefined, 'Bearer wrong')), [401, 'unauthorized']);
  });

  it('4, 5, 6: a tenant neither makes tenants nor tokens nor reads others', async () => {
    assert.deepEqual(await fault(asTenant('PUT', `/${tenant()}`)), [401, 'unauthorized']);
    assert.equal(await statusOf(asTenant('PUT', `/tenants/${tenant()}`)), 200);
    await call('PUT', '/other');
    assert.deepEqual(await fault(asTenant('GET', '/other')), [401, 'unauthorized']);
    assert.equal(await statusOf(asTenant('GET', '/tenants/other')), 403);
    for (const name of ['token', 'portal']) {
      assert.deepEqual(await fault(asTenant('GET', `/${tenant()}/${name}`)), [401, 'unauthorized']);
    }
  });

  it('7, 8: topics need no tenant, and a token of a tenant that is gone finds nothing', async () => {
    assert.equal(await statusOf(call('GET', '/nobody/topics')), 200);
    await call('DELETE', `/${tenant()}`);
    assert.deepEqual(await fault(asTenant('GET', `/${tenant()}/destinations`)), [404, 'tenant not found']);
    assert.equal(await statusOf(asTenant('GET', `/${tenant()}/topics`)), 200);
    assert.equal(await statusOf(asTenant('GET', `/tenants/${tenant()}/destinations`)), 401);
  });

  it('9: a token works everywhere, and for a day', async () => {
    for (const path of [`/${tenant()}/destinations`, '/destinations', `/tenants/${tenant()}/destinations`]) {
      assert.equal(await statusOf(asTenant('GET', path)), 200, path);
    }
    const claims = JSON.parse(Buffer.from(token().split('.')[1] ?? '', 'base64url').toString()) as Record<
      string,
      number
    >;
    assert.deepEqual([claims['iss'], claims['sub']], ['outpost', tenant()]);
    assert.equal(Number(claims['exp']) - Number(claims['iat']), 86_400);
  });

  it('11: the placeholder is the own tenant of a token on the seven operations, and nobody for the operator', async () => {
    for (const named of ['%7Btenant_id%7D', '{tenant_id}', '%7btenant_id%7d']) {
      const list = `/${named}/destinations`;
      const one = `${list}/placed`;
      for (const [method, path, status, body] of [
        ['POST', list, 201, hook({ id: 'placed' })],
        ['GET', list, 200],
        ['GET', one, 200],
        ['PATCH', one, 200, { topics: ['user.created'] }],
        ['PUT', `${one}/disable`, 200],
        ['PUT', `${one}/enable`, 200],
        ['DELETE', one, 200],
      ] as const) {
        assert.deepEqual(await fault(call(method, path, body)), [404, 'tenant not found']);
        assert.equal(await statusOf(asTenant(method, path, body)), status, `${method} ${path}`);
      }
      assert.equal(await statusOf(asTenant('GET', `/${named}/events`)), 401);
      assert.equal(await statusOf(call('PUT', `/${named}`)), 404);
    }
    await api.expect(201, 'PUT', '/tenants/%7Btenant_id%7D');
    assert.equal(await statusOf(call('GET', '/%7Btenant_id%7D/destinations')), 404);
    await api.expect(200, 'DELETE', '/tenants/%7Btenant_id%7D');
  });
});

describe('tenants', () => {
  it('12, 13: are made once, and keep their metadata when none are sent', async () => {
    const again = (await api.expect(200, 'PUT', `/${tenant()}`)).json();
    assert.deepEqual([again['id'], again['destinations_count'], again['topics']], [tenant(), 0, []]);
    await api.expect(200, 'PUT', `/tenants/${tenant()}`, { metadata: { plan: 'free' } });
    assert.deepEqual((await api.expect(200, 'PUT', `/${tenant()}`)).json()['metadata'], { plan: 'free' });
    assert.deepEqual((await api.expect(200, 'PUT', `/${tenant()}`, '{}')).json()['metadata'], { plan: 'free' });
    const replaced = await api.expect(200, 'PUT', `/${tenant()}`, { metadata: { plan: 'paid' } });
    assert.deepEqual(replaced.json()['metadata'], { plan: 'paid' });
  });

  it('14, 15, 16: are read, counted and deleted', async () => {
    assert.deepEqual(await fault(call('GET', '/nobody')), [404, 'tenant not found']);
    await create({ topics: ['user.created'] });
    const read = (await api.expect(200, 'GET', `/${tenant()}`)).json();
    assert.deepEqual([read['destinations_count'], read['topics']], [1, ['user.created']]);
    assert.equal((await call('DELETE', `/${tenant()}`)).text, '{"success":true}');
    assert.equal(await statusOf(call('GET', `/${tenant()}`)), 404);
    assert.equal(await statusOf(create()), 404);
    assert.equal((await api.expect(201, 'PUT', `/${tenant()}`)).json()['destinations_count'], 0);
  });

  it('17: have a portal, whose address holds a token and the theme', async () => {
    for (const path of [`/${tenant()}/portal`, `/tenants/${tenant()}/portal`]) {
      const urlOf = async (query: string): Promise<string> =>
        (await api.expect(200, 'GET', path + query)).json<{ redirect_url: string }>().redirect_url;
      for (const [query, theme] of [
        ['', ''],
        ['?theme=dark', '&theme=dark'],
        ['?theme=light', '&theme=light'],
        ['?theme=blue', ''],
        ['?theme=', ''],
        ['?theme=dark%26token%3Dx', ''],
      ] as const) {
        const [, host, jwt, rest] = /^http:\/\/([^/?]+)\?token=([\w.-]+)(.*)$/.exec(await urlOf(query)) ?? [];
        assert.equal(rest, theme, query);
        assert.equal(host, serverHost());
        assert.equal((await call('GET', '', undefined, `Bearer ${jwt}`)).json()['id'], tenant());
      }
    }
    assert.deepEqual(await fault(call('GET', '/nobody/portal')), [404, 'tenant not found']);
    assert.equal(await statusOf(call('GET', '/portal')), 404);
  });

  it("18: are the token's where the path names none", async () => {
    assert.equal((await asTenant('GET', '')).json()['id'], tenant());
    assert.equal(await statusOf(call('GET', '')), 404);
    assert.equal(await statusOf(call('DELETE', '')), 404);
    assert.equal((await asTenant('DELETE', '')).text, '{"success":true}');
    assert.equal(await statusOf(call('GET', `/${tenant()}`)), 404);
  });
});

describe('the catalogue and health', () => {
  it('46, 47, 48: hold only what clients of 0.x can read', async () => {
    const types = (await asTenant('GET', `/${tenant()}/destination-types`)).json<Record<string, Row[]>[]>();
    for (const field of types.flatMap((type) => [
      ...(type['config_fields'] ?? []),
      ...(type['credential_fields'] ?? []),
    ])) {
      assert.match(String(field['type']), /^(text|checkbox)$/);
      assert.equal(typeof field['required'], 'boolean');
    }
    const v1 = (await asTenant('GET', '/destination-types/webhook')).text;
    assert.match(v1, /custom_headers/);
    assert.deepEqual(await fault(call('GET', `/${tenant()}/destination-types/nope`)), [
      404,
      'destination type not found',
    ]);
    assert.equal((await call('GET', `/${tenant()}/topics`)).text, (await call('GET', '/topics')).text);
  });

  it('49: is told in text to who takes nothing else', async () => {
    const health = (accept: string): Promise<ApiReply> => api.call('GET', '/healthz', undefined, { accept });
    const text = await health('text/plain');
    assert.deepEqual([text.status, text.text], [200, 'OK']);
    assert.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8');
    for (const accept of ['application/json', '*/*', 'text/plain, */*', 'application/json, text/plain']) {
      assert.equal((await health(accept)).json()['status'], 'healthy', accept);
    }
  });
});

describe('paths', () => {
  it('61, 62: of v1 are never a tenant of 0.x', async () => {
    for (const name of ['tenants', 'events', 'publish', 'metrics', 'livez', 'destinations', 'token']) {
      assert.equal(await statusOf(call('PUT', `/${name}`)), 404, name);
      assert.equal(await statusOf(call('GET', `/tenants/${name}`)), 404, name);
    }
    await api.expect(201, 'PUT', '/tenants/events');
    assert.equal(await statusOf(call('GET', '/tenants/events/destinations')), 200);
    assert.equal(await statusOf(call('GET', '/events/destinations')), 404);
    assert.equal(await statusOf(call('POST', '/events/destinations', hook())), 404);
    await api.expect(200, 'DELETE', '/tenants/events');
  });

  it('63, 64: may hold any id, and what is not there is 404', async () => {
    for (const id of ['a b', 'ü', '%25', 'a:b', 'a+b']) {
      const path = `/${encodeURIComponent(`${tenant()} ${id}`)}`;
      assert.equal((await api.expect(201, 'PUT', path)).json()['id'], `${tenant()} ${id}`);
      await api.expect(200, 'DELETE', path);
    }
    for (const [method, path] of [
      ['GET', `/${tenant()}/nope`],
      ['POST', `/${tenant()}`],
      ['PATCH', `/${tenant()}`],
      ['POST', `/${tenant()}/topics`],
    ] as const) {
      assert.deepEqual(await fault(call(method, path)), [404, 'not found']);
    }
  });
});
