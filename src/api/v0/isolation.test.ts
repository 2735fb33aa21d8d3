/**
 * Every route of 0.x, called across tenants with every credential: generated from the route table, so that a new route is
 * in it from its first day. What isn't one's own has to look exactly like what isn't there.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sink, type Sink } from '../../../test/recorded/sink.ts';
import { type ApiClient, apiClient, eventually } from '../../../test/support/api-client.ts';
import { type ServerUnderTest, serverUnderTest } from '../../../test/support/server.ts';
import type { AnyRoute } from '../route.ts';
import { type RouteDepsV0, routeTableV0 } from './route-table.ts';

const ROUTES = routeTableV0({ topics: [], providers: [] } as Partial<RouteDepsV0> as RouteDepsV0);
const BODY = '{"type":"webhook","topics":"*","config":{"url":"http://stranger.example/"}}';
const MISSING = { tenant: 'nobody', destination: 'nothing', event: 'never' };

for (const store of ['memory', 'embedded'] as const) {
  describe(`two tenants of 0.x, ${store} store`, () => {
    let server: ServerUnderTest;
    let receiver: Sink;
    let api: ApiClient;
    const tokens = new Map<string, string>();

    before(async () => {
      receiver = await sink();
      server = await serverUnderTest({ PROFILE: store });
      api = apiClient(() => `http://${server.host}`, 'admin-key');
      for (const tenant of ['ann', 'bob']) {
        await api.putTenant(tenant);
        const reply = await api.expect(200, 'GET', `/tenants/${tenant}/token`);
        tokens.set(tenant, reply.json<{ token: string }>().token);
        for (const id of ['shared', `of-${tenant}`]) {
          await api.createWebhook(tenant, `http://${receiver.host}/mark-${tenant}`, { id });
        }
        await api.publish({ id: `event-${tenant}`, tenant_id: tenant, topic: 'user.created', data: { mark: tenant } });
        await api.attemptsOf(`event-${tenant}`, 2);
      }
    });
    after(async () => {
      await server.close();
      await receiver.close();
      assert.deepEqual(server.errors, []);
    });

    const call = async (declared: AnyRoute, ids: typeof MISSING, authorization: string) => {
      const path = declared.path
        .replace('{tenant_id}', ids.tenant)
        .replace('{destination_id}', ids.destination)
        .replace('{event_id}', ids.event)
        .replace('{type}', 'webhook');
      const body = declared.body === undefined ? undefined : BODY;
      const reply = await api.call(declared.method, path === '/' ? '' : path, body, { authorization });
      return { status: reply.status, text: reply.text };
    };
    /** All that there is of a tenant, as the operator sees it. */
    const stateOf = async (tenant: string): Promise<string> => {
      const parts = [`/tenants/${tenant}`, `/tenants/${tenant}/destinations`, `/events?tenant_id=${tenant}`];
      const replies = await Promise.all(parts.map((path) => api.expect(200, 'GET', path)));
      const attempts = await api.attempts(`tenant_id=${tenant}`);
      return JSON.stringify([...replies.map(({ text }) => text), attempts]);
    };
    const untouched = async (tenant: string, act: () => Promise<void>): Promise<void> => {
      const earlier = await stateOf(tenant);
      await act();
      assert.equal(await stateOf(tenant), earlier);
    };

    for (const declared of ROUTES) {
      const name = `${declared.method} ${declared.path}`;
      const namesTenant = declared.path.includes('{tenant_id}');
      const namesRow = /\{(destination|event)_id\}/.test(declared.path);

      it(`is closed without a credential: ${name}`, async () => {
        await untouched('bob', async () => {
          const ids = { tenant: 'bob', destination: 'shared', event: 'event-bob' };
          for (const [authorization, status] of [
            ['', 401],
            ['Bearer wrong', 401],
            ['Bearer a.b.c', 401],
            ['Basic x', 400],
          ] as const) {
            const reply = await call(declared, ids, authorization);
            assert.equal(reply.status, status);
            const body = JSON.parse(reply.text) as { message: unknown; status?: unknown };
            assert.equal(typeof body.message, 'string');
            assert.equal('status' in body, false);
          }
        });
      });

      if (namesTenant) {
        it(`tells a tenant nothing of another: ${name}`, async () => {
          await untouched('bob', async () => {
            const token = `Bearer ${tokens.get('ann')}`;
            const foreign = await call(declared, { tenant: 'bob', destination: 'shared', event: 'event-bob' }, token);
            assert.equal(foreign.status, 401);
            assert.deepEqual(foreign, await call(declared, MISSING, token));
          });
        });
      }

      if (namesRow) {
        for (const [caller, tenant] of [
          ['a tenant', 'ann'],
          ['the operator', 'ann'],
        ] as const) {
          if (caller === 'the operator' && !namesTenant) continue;
          it(`does not lead ${caller} from one tenant to the rows of another: ${name}`, async () => {
            await untouched('bob', async () => {
              const authorization = caller === 'a tenant' ? `Bearer ${tokens.get(tenant)}` : 'Bearer admin-key';
              for (const [destination, event] of [
                ['of-bob', 'event-bob'],
                ['of-bob', MISSING.event],
                ...(declared.path.includes('{event_id}') ? ([['shared', 'event-bob']] as const) : []),
              ] as const) {
                const reply = await call(declared, { tenant, destination, event }, authorization);
                const nothing = await call(
                  declared,
                  {
                    tenant,
                    destination: destination === 'shared' ? 'shared' : MISSING.destination,
                    event: MISSING.event,
                  },
                  authorization,
                );
                assert.deepEqual(reply, nothing);
                assert.doesNotMatch(reply.text, /bob/);
              }
            });
          });
        }
      }
    }

    it('show each its own by the same routes, in the same shape for both credentials (checklist 65)', async () => {
      for (const declared of ROUTES.filter(({ method, access }) => method === 'GET' && access !== 'admin')) {
        const ids = { tenant: 'ann', destination: 'shared', event: 'event-ann' };
        const own = await call(declared, ids, `Bearer ${tokens.get('ann')}`);
        assert.equal(own.status, 200, declared.path);
        assert.doesNotMatch(own.text, /bob/);
        const operator = await call(declared, ids, 'Bearer admin-key');
        if (declared.path.includes('{tenant_id}')) assert.deepEqual(operator, own);
        else assert.equal(operator.status, 404, declared.path);
      }
    });

    it('are each deleted alone', async () => {
      await untouched('bob', async () => {
        const deletion = ROUTES.find(({ method, path }) => method === 'DELETE' && path === '/');
        assert.ok(deletion);
        const token = `Bearer ${tokens.get('ann')}`;
        assert.equal((await call(deletion, MISSING, token)).status, 200);
        await eventually('that ann is gone', async () =>
          (await api.call('GET', '/tenants/ann')).status === 404 ? true : null,
        );
        assert.equal((await call(deletion, MISSING, token)).status, 404);
      });
    });
  });
}
