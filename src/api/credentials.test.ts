import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { type Credential, credentials } from './credentials.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const NOW = NOW_MS / 1_000;
const settings = { apiKey: 'admin-key', jwtSecret: 'jwtsecret' };
const auth = credentials(settings, { now: () => NOW_MS });

const read = async (header: string | undefined): Promise<Credential> => auth.read(header);

function token(
  claims: Record<string, unknown>,
  options: { alg?: string; hash?: string; secret?: string } = {},
): string {
  const { alg = 'HS256', hash = 'sha256', secret = 'jwtsecret' } = options;
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

const kindOf = async (claims: Record<string, unknown>, options = {}): Promise<string> =>
  (await read(`Bearer ${token(claims, options)}`)).kind;
const own = { iss: 'outpost', sub: 'tenant_123' };

describe('a credential', () => {
  it('is the operator with the API key, the scheme in any case (field case 36)', async () => {
    for (const header of ['Bearer admin-key', 'bearer admin-key', 'BEARER admin-key']) {
      assert.deepEqual(await read(header), { kind: 'admin' });
    }
  });

  it('is none without a header, a scheme, one blank or the right key', async () => {
    for (const header of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Bearer  admin-key',
      'Basic admin-key',
      'Bearer admin-keyx',
      'admin-key',
    ]) {
      assert.deepEqual(await read(header), { kind: 'none' }, String(header));
    }
  });

  it('is the operator for everybody when authentication is disabled', async () => {
    const open = credentials({ ...settings, apiKey: null }, { now: () => NOW_MS });
    assert.deepEqual(await open.read(undefined), { kind: 'admin' });
  });

  it('is a tenant with a token of ours in any of three hashes', async () => {
    assert.deepEqual(await read(`Bearer ${token(own)}`), { kind: 'tenant', subject: 'tenant_123' });
    assert.equal(await kindOf(own, { alg: 'HS384', hash: 'sha384' }), 'tenant');
    assert.equal(await kindOf(own, { alg: 'HS512', hash: 'sha512' }), 'tenant');
  });

  it('is none with a token of another secret, algorithm or issuer, or without a subject', async () => {
    assert.equal(await kindOf(own, { secret: 'other' }), 'none');
    assert.equal(await kindOf(own, { alg: 'none' }), 'none');
    assert.equal(await kindOf({ ...own, iss: 'other' }), 'none');
    assert.equal(await kindOf({ sub: 'tenant_123' }), 'none');
    assert.equal(await kindOf({ iss: 'outpost' }), 'none');
    assert.equal(await kindOf({ iss: 'outpost', sub: '' }), 'none');
  });

  it('expires and begins when its claims say so', async () => {
    assert.equal(await kindOf({ ...own, exp: NOW - 1 }), 'none');
    assert.equal(await kindOf({ ...own, exp: NOW + 1 }), 'tenant');
    assert.equal(await kindOf({ ...own, exp: NOW + 1.5 }), 'tenant');
    assert.equal(await kindOf({ ...own, exp: String(NOW + 1) }), 'none');
    assert.equal(await kindOf({ ...own, nbf: NOW + 60 }), 'none');
  });

  it('may have been issued by a clock that is ahead (field case 47)', async () => {
    assert.equal(await kindOf({ ...own, iat: NOW + 50 }), 'tenant');
  });

  it('is none for every token when there is no secret to verify it with', async () => {
    const without = credentials({ ...settings, jwtSecret: '' }, { now: () => NOW_MS });
    assert.deepEqual(await without.read(`Bearer ${token(own, { secret: '' })}`), { kind: 'none' });
  });
});

describe('a token that we issue', () => {
  it('is the one that the original issues, byte for byte', async () => {
    assert.equal(
      await auth.mint('tenant_123'),
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE3NjczMTIwMDAsImlhdCI6MTc2NzIyNTYwMCwiaXNzIjoib3V0cG9zdCIsInN1YiI6InRlbmFudF8xMjMifQ.0-mQiubmJgm1iYEHMoFoUrWtA7Mo9bEHFctObf-QXlU',
    );
  });

  it('carries the deployment where there is one', async () => {
    const deployed = credentials({ ...settings, deploymentId: 'dp_1' }, { now: () => NOW_MS });
    assert.equal(
      await deployed.mint('tenant_123'),
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJkZXBsb3ltZW50X2lkIjoiZHBfMSIsImV4cCI6MTc2NzMxMjAwMCwiaWF0IjoxNzY3MjI1NjAwLCJpc3MiOiJvdXRwb3N0Iiwic3ViIjoidGVuYW50XzEyMyJ9.2KjQo3pMRFC8c1v6qa91nGPqoN0ZnmIgjeeEnKtjfSY',
    );
  });
});
