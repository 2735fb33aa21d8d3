/** The client against the server, over both generations of the API. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  APIError,
  BadRequestError,
  type Destination,
  Outpost,
  type OutpostOptions,
  UnauthorizedError,
  verifyWebhook,
} from '../../sdk/src/outpost-sdk.ts';
import { type ComposedServer, composedServer } from '../support/composed-server.ts';
import { receiver } from '../support/receiver.ts';
import { OPERATIONS } from './operations.ts';

const TENANT = 'tenant ü';
const WEBHOOK = { type: 'webhook', topics: '*', config: { url: 'https://example.com/hook' } } as const;

for (const api of ['v0', 'v1'] as const) {
  describe(`the client and the server over ${api}`, () => {
    let server: ComposedServer;
    let admin: OutpostOptions;
    let jwt: OutpostOptions;
    before(async () => {
      server = await composedServer({ profile: 'memory' });
      for (const tenant of [TENANT, 'other']) await server.putTenant(tenant);
      const path = `/tenants/${encodeURIComponent(TENANT)}/token`;
      const { token } = (await server.expect(200, 'GET', path)).json<{ token: string }>();
      const options = { serverURL: `${server.url}/api/v1`, api };
      admin = { ...options, security: { adminApiKey: server.adminKey } };
      jwt = { ...options, security: { tenantJwt: token } };
    });
    after(() => server.stop());

    it('do all seven operations, with both credentials and every way to name a tenant', async () => {
      const ways = [
        { options: { ...admin, tenantId: TENANT }, tenant: {} },
        { options: admin, tenant: { tenantId: TENANT } },
        { options: { ...admin, tenantId: 'other' }, tenant: { tenantId: TENANT } },
        { options: { ...jwt, tenantId: TENANT }, tenant: {} },
        { options: jwt, tenant: { tenantId: TENANT } },
        { options: jwt, tenant: {} },
      ];
      for (const { options, tenant } of ways) {
        const { destinations } = new Outpost(options);
        const created = await destinations.create({ ...tenant, destinationCreate: { id: 'des_1', ...WEBHOOK } });
        checkWebhook(created);
        const one = { ...tenant, destinationId: 'des_1' };
        assert.deepEqual(await destinations.list(tenant), [created]);
        assert.deepEqual(await destinations.get(one), created);

        const destinationUpdate = { topics: ['a'], credentials: { rotate_secret: true } };
        const updated = await destinations.update({ ...one, destinationUpdate });
        assert.ok('type' in updated && updated.type === 'webhook' && created.type === 'webhook');
        assert.deepEqual(updated.topics, ['a']);
        assert.equal(updated.credentials.previous_secret, created.credentials.secret);

        const disabled = await destinations.disable(one);
        assert.ok(disabled.disabledAt instanceof Date);
        assert.deepEqual(await destinations.disable(one), disabled);
        assert.equal((await destinations.enable(one)).disabledAt, null);
        assert.deepEqual(await destinations.delete(one), { success: true });
        assert.deepEqual(await destinations.list(tenant), []);
      }
    });

    it('filter by type and topics', async () => {
      const { destinations } = new Outpost({ ...admin, tenantId: TENANT });
      for (const [id, topics] of [
        ['d1', ['a', 'b']],
        ['d2', ['a']],
        ['d3', '*'],
      ] as const) {
        await destinations.create({ destinationCreate: { ...WEBHOOK, id, topics } });
      }
      const ids = async (request: Parameters<typeof destinations.list>[0]) =>
        (await destinations.list(request)).map(({ id }) => id);
      assert.deepEqual(await ids({ type: 'webhook' }), ['d1', 'd2', 'd3']);
      assert.deepEqual(await ids({ type: 'rabbitmq' }), []);
      assert.deepEqual(await ids({ type: ['rabbitmq', 'webhook'], topics: 'b' }), ['d1', 'd3']);
      assert.deepEqual(await ids({ topics: ['a', 'b'] }), ['d1', 'd3']);
      assert.deepEqual(await ids({ topics: '*' }), ['d3']);
      for (const destinationId of ['d1', 'd2', 'd3']) await destinations.delete({ destinationId });
    });

    it('tell an unknown destination, an invalid body and an id that is taken apart', async () => {
      const { destinations } = new Outpost({ ...admin, tenantId: TENANT });
      for (const operation of OPERATIONS.filter(({ suffix }) => suffix !== '')) {
        await assert.rejects(operation.call(new Outpost({ ...admin, tenantId: TENANT })), (error) => {
          assert.ok(error instanceof APIError, `${operation.name}: ${String(error)}`);
          assert.equal(error.statusCode, 404);
          return true;
        });
      }
      const invalid = { ...WEBHOOK, config: { url: 'not an address' } };
      await assert.rejects(destinations.create({ destinationCreate: invalid }), (error) => {
        assert.ok(error instanceof BadRequestError);
        assert.equal(error.statusCode, 422);
        assert.match(error.body, /config\.url/);
        return true;
      });
      await destinations.create({ destinationCreate: { ...WEBHOOK, id: 'taken' } });
      await assert.rejects(destinations.create({ destinationCreate: { ...WEBHOOK, id: 'taken' } }), (error) => {
        // 400 is no `BadRequestError` on create, as the page has it.
        assert.ok(error instanceof APIError);
        assert.deepEqual([error.statusCode, error.message], [400, 'destination already exists']);
        return true;
      });
      await destinations.delete({ destinationId: 'taken' });
    });

    it('refuse a wrong key and another tenant', async () => {
      const wrong = new Outpost({ ...admin, security: { adminApiKey: 'wrong' }, tenantId: TENANT });
      const foreign = new Outpost({ ...jwt, tenantId: 'other' });
      for (const operation of OPERATIONS) {
        for (const [client, status] of [
          [wrong, 401],
          [foreign, api === 'v0' ? 401 : 403],
        ] as const) {
          await assert.rejects(operation.call(client), (error) => {
            // Some of v1's refusals have no body, and an answer that isn't JSON is an APIError.
            const isUnauthorized = error instanceof UnauthorizedError;
            assert.ok(
              isUnauthorized || (api === 'v1' && error instanceof APIError && error.body === ''),
              String(error),
            );
            assert.equal(error.statusCode, status);
            return true;
          });
        }
      }
    });

    it('agree on the signature of a delivery', async () => {
      const sink = await receiver();
      try {
        const { destinations } = new Outpost({ ...admin, tenantId: TENANT });
        const created = await destinations.create({
          destinationCreate: { ...WEBHOOK, config: { url: `${sink.origin}/hook` } },
        });
        assert.ok(created.type === 'webhook');
        const { id } = await server.publish({ tenant_id: TENANT, topic: 'a', data: { name: 'Zoë 🚀' } });
        await server.attemptsOf(id, 1);
        const request = sink.requests[0]!;
        const verified = await verifyWebhook(request.body, { get: request.header }, created.credentials.secret ?? '', {
          maxAgeSeconds: 300,
        });
        assert.deepEqual([verified.eventId, verified.topic], [id, 'a']);
        await destinations.delete({ destinationId: created.id });
      } finally {
        await sink.close();
      }
    });
  });
}

function checkWebhook(destination: Destination): void {
  const { id, tenantId, type, topics, config, credentials, createdAt, updatedAt, disabledAt, target } = destination;
  assert.deepEqual(
    { id, tenantId, type, topics, config, disabledAt, target },
    {
      id: 'des_1',
      tenantId: TENANT,
      type: 'webhook',
      topics: ['*'],
      config: WEBHOOK.config,
      disabledAt: null,
      target: WEBHOOK.config.url,
    },
  );
  assert.match((credentials as { secret: string }).secret, /^whsec_[0-9a-f]{64}$/);
  for (const time of [createdAt, updatedAt]) assert.ok(time instanceof Date && !Number.isNaN(time.getTime()));
}
