/** Spec api-v0.md §11 by its numbers, as far as it applies: the fields of destination types, and a server without a key. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ApiClient, apiClient } from '../../../test/support/api-client.ts';
import { type ServerUnderTest, serverUnderTest } from '../../../test/support/server.ts';
import { type Row, v0World } from '../../../test/support/v0-world.ts';

const { api, asTenant, call, create, fault, hook, sinkHost, tenant } = v0World();

const BROKER = { server_url: 'localhost:5672', exchange: 'events' };
const broker = (more: Row = {}): Row => ({
  type: 'rabbitmq',
  topics: ['user.created', 'user.updated'],
  config: BROKER,
  credentials: { username: 'writer', password: 'abcdefghijkl' },
  ...more,
});

describe('the fields of destination types', () => {
  it('27: rabbitmq takes tls as a boolean or as a word, and shows it as a word', async () => {
    const path = `/${tenant()}/destinations`;
    for (const [config, shown] of [
      [{ tls: true }, 'true'],
      [{ tls: false }, 'false'],
      [{ tls: 'on' }, 'true'],
      [{}, 'false'],
    ] as const) {
      const made = (await api.expect(201, 'POST', path, broker({ config: { ...BROKER, ...config } }))).json();
      assert.deepEqual(made['config'], { ...BROKER, tls: shown });
      assert.deepEqual((await api.expect(200, 'GET', `${path}/${String(made['id'])}`)).json(), made);
    }
    const refused = await fault(call('POST', path, broker({ config: { ...BROKER, tls: 'x' } })));
    assert.deepEqual(refused, [422, 'validation error', { 'config.tls': 'invalid' }]);
  });

  it('28: what is secret is shown as its beginning, a name and the secret of a webhook in clear', async () => {
    const path = `/${tenant()}/destinations`;
    for (const [password, shown] of [
      ['abcdefghijkl', 'abcd********'],
      ['abcde', '*****'],
    ] as const) {
      const credentials = { username: 'writer', password };
      const made = (await api.expect(201, 'POST', path, broker({ credentials }))).json();
      assert.deepEqual(made['credentials'], { username: 'writer', password: shown });
      const one = `${path}/${String(made['id'])}`;
      for (const reply of [
        await call('GET', one),
        await asTenant('GET', one),
        await call('PATCH', one, {}),
        await call('PUT', `${one}/disable`),
        await call('PUT', `${one}/enable`),
      ]) {
        assert.deepEqual(reply.json()['credentials'], { username: 'writer', password: shown });
      }
      assert.equal((await call('GET', path)).text.includes(password), false);
    }
    const secret = 'a-secret-of-the-operator';
    const made = (await api.expect(201, 'POST', path, hook({ credentials: { secret } }))).json();
    assert.deepEqual(made['credentials'], { secret });
  });

  it('29: the target says where it goes', async () => {
    const made = (await api.expect(201, 'POST', `/${tenant()}/destinations`, broker())).json();
    assert.equal(made['target'], 'events -> user.created, user.updated');
    assert.equal((await create()).json()['target'], `http://${sinkHost()}/ok`);
  });
});

describe('a server without an API key', () => {
  let server: ServerUnderTest;
  let open: ApiClient;
  before(async () => {
    server = await serverUnderTest({ API_KEY: '', AUTH_DISABLED: 'true' });
    open = apiClient(() => `http://${server.host}`, '');
  });
  after(async () => {
    await server.close();
    assert.deepEqual(server.errors, []);
  });

  it('10: takes everybody for the operator, who has no tenant where the path names none', async () => {
    const bare = (method: string, path: string) => fetch(`http://${server.host}/api/v1${path}`, { method });
    assert.equal((await bare('PUT', '/x')).status, 201);
    assert.equal((await bare('GET', '/destinations')).status, 404);
    // Unlike the original, which has no such route then: the portal and its tests need a token also here.
    assert.equal((await bare('GET', '/x/token')).status, 200);
    assert.equal((await open.expect(200, 'GET', '/x')).json()['id'], 'x');
  });
});
