/** Promise: a token issued by a clock that is ahead is good; what RFC 7519 forbids is not. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type ComposedServer, composedServer, JWT_SECRET } from '../support/composed-server.ts';

function token(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = { alg: 'HS256' },
): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part({ iss: 'outpost', sub: 'owner', ...claims })}`;
  return `${signed}.${createHmac('sha256', JWT_SECRET).update(signed).digest('base64url')}`;
}

describe('a tenant’s token', { timeout: 30_000 }, () => {
  let server: ComposedServer;
  before(async () => {
    server = await composedServer({ profile: 'memory' });
    await server.putTenant('owner');
  });
  after(() => server.stop());
  const statusOf = async (made: string): Promise<number> =>
    (await server.call('GET', '/tenants/owner', undefined, { authorization: `Bearer ${made}` })).status;
  const now = (): number => Math.floor(Date.now() / 1_000);

  it('field case 47: is good although its issuer’s clock is ahead', async () => {
    for (const claims of [
      {},
      { iat: now() + 5 },
      { iat: now() + 50 },
      { iat: now(), exp: now() + 60.5 },
      { exp: now() + 60, nbf: now() - 60 },
    ]) {
      assert.equal(await statusOf(token(claims)), 200, JSON.stringify(claims));
    }
  });

  it('field case 47: is refused where RFC 7519 says so', async () => {
    for (const claims of [
      { nbf: now() + 300 },
      { exp: now() - 1 },
      { exp: String(now() + 60) },
      { exp: null },
      { iss: 'another' },
      { iss: undefined },
      { sub: '' },
      { sub: undefined },
      { sub: ['owner'] },
    ]) {
      assert.ok([401, 403].includes(await statusOf(token(claims))), JSON.stringify(claims));
    }
    assert.equal(await statusOf(token({}, { alg: 'none' })), 401);
    assert.equal(await statusOf(`${token({})}x`), 401);
  });
});
