/**
 * What the contract of the 0.x API (spec api-v0.md §11) says of its clients, by its numbers: through Python 0.3.0 and through
 * ours.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DestinationCreate, type DestinationUpdate, Outpost } from '../../sdk/src/outpost-sdk.ts';
import { ensurePythonSdk } from '../../scripts/python-sdk.mjs';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { callPython } from './python-client.ts';
import { jsonAnswer, type ScriptedServer, scriptedServer } from './scripted-server.ts';

type Answers = Readonly<Record<string, unknown>>;
type Members = Readonly<Record<string, unknown>>;

const TENANT = 't1';
const DESTINATION_ID = 'user-provided-id';
const RABBITMQ = { server_url: 'localhost:5672', exchange: 'my-exchange', tls: 'false' } as const;
const TOKEN = btoa('src_1:token-of-the-tests');

interface TypeCase {
  readonly create: DestinationCreate;
  readonly update: DestinationUpdate;
  /** Of the answers after the update. */
  readonly config: Members;
}

const TYPES: readonly TypeCase[] = [
  {
    create: { type: 'webhook', topics: '*', config: { url: 'https://example.com/1' } },
    update: { config: { url: 'https://example.com/2' } },
    config: { url: 'https://example.com/2' },
  },
  {
    create: { type: 'hookdeck', topics: ['user.created'], credentials: { token: TOKEN } },
    update: { topics: '*', credentials: { token: TOKEN } },
    config: { source_name: 'my source', source_id: 'src_1' },
  },
  {
    create: { type: 'rabbitmq', topics: '*', config: RABBITMQ, credentials: { username: 'guest', password: 'guest' } },
    update: { config: { ...RABBITMQ, exchange: 'another' }, credentials: { username: 'guest', password: 'secret' } },
    config: { ...RABBITMQ, exchange: 'another' },
  },
];

describe('the contract of the 0.x API with its clients', () => {
  const python = ensurePythonSdk('0.3.0');
  const skip = python === null ? `no Python client: try \`node scripts/python-sdk.mjs\`` : false;
  let hookdeck: ScriptedServer;
  let server: ComposedServer;
  let client: Outpost;
  before(async () => {
    hookdeck = await scriptedServer();
    hookdeck.answerBy(({ path }) =>
      path.endsWith('/sources/src_1/managed/verify') ? jsonAnswer(200, { name: 'my source' }) : jsonAnswer(404, {}),
    );
    const env = { DESTINATIONS_HOOKDECK_API_URL: hookdeck.serverURL, TOPICS: 'user.created' };
    server = await composedServer({ profile: 'memory', env });
    await server.putTenant(TENANT);
    const serverURL = `${server.url}/api/v1`;
    client = new Outpost({ serverURL, tenantId: TENANT, security: { adminApiKey: server.adminKey } });
  });
  after(async () => {
    await server.stop();
    await hookdeck.close();
  });

  const callThroughPython = <Answer>(task: Members): Promise<Answer> =>
    callPython(python ?? '', {
      server_url: `${server.url}/api/v1`,
      credential: { admin_api_key: server.adminKey },
      ...task,
    });

  it('has every type that this client has', async () => {
    const types = (await server.expect(200, 'GET', `/${TENANT}/destination-types`)).json<readonly { type: string }[]>();
    assert.deepEqual(
      types.map(({ type }) => type),
      TYPES.map(({ create }) => create.type),
    );
  });

  for (const { create, update, config } of TYPES) {
    it(`41: all seven calls succeed for ${create.type} in the client`, async () => {
      const one = { destinationId: DESTINATION_ID };
      const { destinations } = client;
      const created = await destinations.create({ destinationCreate: { ...create, id: DESTINATION_ID } });
      assert.equal(created.type, create.type);
      assert.deepEqual(await destinations.list({ type: created.type }), [created]);
      assert.deepEqual(await destinations.get(one), created);
      const updated = await destinations.update({ ...one, destinationUpdate: update });
      assert.ok('config' in updated);
      assert.deepEqual(updated.config, config);
      assert.ok((await destinations.disable(one)).disabledAt instanceof Date);
      assert.equal((await destinations.enable(one)).disabledAt, null);
      assert.deepEqual(await destinations.delete(one), { success: true });
    });

    it(`41: all seven calls succeed for ${create.type} in Python 0.3.0`, { skip }, async () => {
      const answers = await callThroughPython<Answers>({
        action: 'example',
        is_async: false,
        tenant_of_call: { tenant_id: TENANT },
        create: { ...create, id: DESTINATION_ID },
        update,
      });
      assert.equal((answers['list'] as readonly Members[])[0]?.['type'], create.type);
      const updated = answers['update'] as Members;
      // The client of that time knows only some of a type's settings.
      const known = updated['config'] as Members | null;
      for (const [key, value] of Object.entries(known ?? {})) assert.equal(value, config[key], key);
      assert.equal((answers['enable'] as Members)['disabled_at'], null);
      assert.deepEqual(answers['delete'], { success: true });
    });
  }

  it('takes the spelling of the documentation for a webhook, and answers its own', async () => {
    const destinationCreate = { type: 'webhooks', topics: '*', config: { url: 'https://example.com/' } } as const;
    const created = await client.destinations.create({ destinationCreate });
    assert.equal(created.type, 'webhook');
    await client.destinations.delete({ destinationId: created.id });
  });

  it('42: a rabbitmq destination that was created without an exchange can be read', { skip }, async () => {
    const body = {
      id: 'plain',
      type: 'rabbitmq',
      topics: '*',
      config: { server_url: 'localhost:5672' },
      credentials: { username: 'guest', password: 'guest' },
    };
    await server.expect(201, 'POST', `/${TENANT}/destinations`, body);
    const expected = { server_url: 'localhost:5672', exchange: '', tls: 'false' };
    assert.deepEqual((await client.destinations.get({ destinationId: 'plain' })).config, expected);
    const shown = await callThroughPython<Members>({
      action: 'attempt',
      operation: 'get',
      arguments: { destination_id: 'plain', tenant_id: TENANT },
    });
    assert.deepEqual(shown['config'], expected);
    await client.destinations.delete({ destinationId: 'plain' });
  });

  it('44: Python 0.3.0 publishes and is answered the id that it gave', { skip }, async () => {
    const event = { id: 'evt_given', tenant_id: TENANT, topic: 'user.created', data: { a: 1 } };
    assert.equal((await callThroughPython<Members>({ action: 'publish', event }))['id'], 'evt_given');
  });
});
