import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { stubApi } from '../../test/support/stub-api.ts';
import type { TenantUseCases } from '../tenants/use-cases.ts';

const server = stubApi({
  auth: { apiKey: 'admin-key', jwtSecret: 'jwt-secret' },
  tenants: { find: async () => ({ id: 'acme' }) } as unknown as TenantUseCases,
});

describe('the address of the portal', () => {
  before(() => server.app.ready());
  after(() => server.close());

  const ask = (url: string, host: string) =>
    server.app.inject({
      url: `/api/v1${url}`,
      headers: {
        host,
        authorization: 'Bearer admin-key',
        'x-forwarded-host': 'elsewhere.example',
        'x-forwarded-proto': 'https',
      },
    });

  for (const path of ['/acme/portal', '/tenants/acme/portal']) {
    it(`leads to the host that was asked, whoever claims to stand before us: ${path}`, async () => {
      for (const host of ['outpost.example:3333', 'outpost_1.internal', '127.0.0.1:80', '[::1]:3333', 'LOCALHOST']) {
        const reply = await ask(path, host);
        const { redirect_url: url, tenant_id: tenant } = reply.json<{ redirect_url: string; tenant_id: string }>();
        assert.deepEqual([reply.statusCode, tenant], [200, 'acme']);
        assert.ok(url.startsWith(`http://${host}?token=`), url);
        assert.equal(new URL(url).host, new URL(`http://${host}`).host);
      }
    });

    it(`is refused where the host is none: ${path}`, async () => {
      for (const host of ['a@evil.example', 'a/b', 'a?b', 'a#b', 'a b', 'a:b', '[::1', 'a,b', 'a\\b', 'a%2Fb']) {
        const reply = await ask(path, host);
        assert.deepEqual([reply.statusCode, reply.json<{ code: string }>().code], [400, 'bad_request'], host);
        assert.doesNotMatch(reply.body, /token=/);
      }
    });
  }
});
