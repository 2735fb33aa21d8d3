/** A change of a destination whose type authorises by OAuth, through HTTP. No type does so yet: the provider lives here. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiClient, apiClient } from '../../../test/support/api-client.ts';
import { broker, T, type World, world } from '../../../test/support/destination-world.ts';
import { stubApi, type StubApi } from '../../../test/support/stub-api.ts';
import { registry } from '../../destinations/registry.ts';
import type { Provider } from '../../ports/provider.ts';
import { tenantUseCases } from '../../tenants/tenants.ts';

const LOGIN = 'https://login.example/authorise?state=s&scope=all';

/** Asks for consent whenever the server changes; the first one is taken as it is. */
const consenting: Provider = {
  ...broker,
  prepare({ settings, current }) {
    const isMoved = current !== null && current.config['server'] !== settings.config['server'];
    return isMoved ? { ok: 'redirect', redirectUrl: LOGIN } : { ok: true, settings };
  },
};
const BODY = {
  id: 'd',
  type: 'broker',
  topics: '*',
  config: { server: 'one' },
  credentials: { username: 'u', password: 'p' },
};
const CHANGE = { topics: ['user.created'], config: { server: 'two' } };

describe('a change that has to be authorised elsewhere', () => {
  let self: World;
  let server: StubApi;
  let api: ApiClient;
  let token: string;
  before(async () => {
    self = await world({ types: registry([consenting]) });
    const { directory, destinations } = self;
    const tenants = tenantUseCases({ directory, clock: { now: () => self.nowMs }, onChange: () => {} });
    server = stubApi({ auth: { apiKey: 'admin-key', jwtSecret: 'jwt-secret' }, tenants, destinations });
    const port = await server.listen(0, '127.0.0.1');
    api = apiClient(() => `http://127.0.0.1:${port}`, 'admin-key');
    token = (await api.expect(200, 'GET', '/t/token')).json<{ token: string }>().token;
    await api.expect(201, 'POST', '/t/destinations', BODY);
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.lines, []);
  });

  for (const [caller, path] of [
    ['the operator', '/t/destinations/d'],
    ['a tenant', '/t/destinations/d'],
    ['a tenant', '/destinations/d'],
    ['a tenant', '/{tenant_id}/destinations/d'],
    ['the operator', '/tenants/t/destinations/d'],
  ] as const) {
    it(`is answered with where to go, and changes nothing until then: ${caller}, ${path}`, async () => {
      const headers = { authorization: `Bearer ${caller === 'a tenant' ? token : 'admin-key'}` };
      const earlier = await api.expect(200, 'GET', '/t/destinations/d');
      const changes = self.changes.length;
      self.nowMs += 1_000;
      const { status, text } = await api.call('PATCH', path, CHANGE, headers);
      assert.deepEqual([status, JSON.parse(text)], [200, { redirect_url: LOGIN }]);
      assert.equal((await api.expect(200, 'GET', '/t/destinations/d')).text, earlier.text);
      assert.equal(self.changes.length, changes);
    });
  }

  it('is made at once where the type asks for nothing', async () => {
    const changed = (await api.expect(200, 'PATCH', '/t/destinations/d', { topics: ['order.created'] })).json();
    assert.deepEqual([changed['id'], changed['topics'], 'redirect_url' in changed], ['d', ['order.created'], false]);
  });

  it('is no answer to a create', async () => {
    const always: Provider = { ...broker, prepare: () => ({ ok: 'redirect', redirectUrl: LOGIN }) };
    const other = await world({ types: registry([always]) });
    await assert.rejects(other.create({ ...BODY, topics: ['*'] }), /redirected a create/);
    assert.deepEqual(await other.directory.listDestinations(T), []);
  });
});
