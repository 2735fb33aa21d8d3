/**
 * Promise: no secret of ours and no path of a tenant's URL, which is often its password, is in a request, a log line, a
 * metric or an error text; the signing secret is where the contract shows it and nowhere else.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type ApiClient, apiClient, type DestinationRow } from '../support/api-client.ts';
import { type Receiver, receiver } from '../support/receiver.ts';
import { ADMIN_KEY, freePort, type ServerProcess, startServer } from '../support/server-process.ts';
import { sized } from '../support/sizes.ts';

const JWT_SECRET = 'jwt-secret-never-to-be-seen';
const AES_SECRET = 'aes-secret-never-to-be-seen';

/** The text, and how a careless program would write it. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    secret.replace(/^whsec_/, ''),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(secret),
    [...secret].reverse().join(''),
  ];
}

function assertWithout(where: string, text: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    for (const form of formsOf(secret))
      assert.ok(!text.includes(form), `${where} has a form of ${secret.slice(0, 12)}…`);
  }
}

describe('secrets', { timeout: 90_000 }, () => {
  let dataDir: string;
  let sink: Receiver;
  let server: ServerProcess;
  let api: ApiClient;
  let metrics: () => Promise<string>;
  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'outpost-secrets-'));
    sink = await receiver();
    const metricsPort = await freePort();
    metrics = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    server = await startServer({
      dataDir,
      port: await freePort(),
      env: {
        LOG_LEVEL: 'trace',
        METRICS_PORT: String(metricsPort),
        API_JWT_SECRET: JWT_SECRET,
        AES_ENCRYPTION_SECRET: AES_SECRET,
        RETRY_SCHEDULE: '1',
        DELIVERY_TIMEOUT_SECONDS: '1',
      },
    });
    api = apiClient(() => server.url, ADMIN_KEY);
  });
  after(async () => {
    await server.end('SIGKILL');
    await sink.close();
    await rm(dataDir, { recursive: true });
  });

  it('field case 12: are in no request, log line or metric, while a rotation is under way', async () => {
    await api.putTenant('owner');
    const destination = await api.createWebhook('owner', sink.origin);
    const path = `/tenants/owner/destinations/${destination.id}`;
    const { token } = (await api.expect(200, 'GET', '/tenants/owner/token')).json<{ token: string }>();
    const rotated = await api.expect(
      200,
      'PATCH',
      path,
      { credentials: { rotate_secret: true } },
      {
        authorization: `Bearer ${token}`,
      },
    );
    const { secret, previous_secret: previous } = rotated.json<DestinationRow>().credentials;
    assert.ok(secret !== undefined && previous !== undefined);
    const ids = Array.from({ length: sized(20, 500) }, (_, n) => `e${n}`);
    for (const id of ids) await api.publish({ id, tenant_id: 'owner', topic: 'a', metadata: { k: 'v' } });
    for (const id of ids) await api.attemptsOf(id, 1);
    for (const id of ids) await api.expect(202, 'POST', '/retry', { event_id: id, destination_id: destination.id });
    for (const id of ids) await api.attemptsOf(id, 2);
    // Requests that fail are logged and answered with more words than others.
    await api.call('PATCH', path, { credentials: { secret: '' } }, { authorization: `Bearer ${token}` });
    await api.call('GET', '/events', undefined, { authorization: `Bearer ${token}x` });
    await api.call('POST', `/tenants/owner/destinations`, `{"credentials":{"secret":"${secret}`);

    const secrets = [secret, previous, ADMIN_KEY, JWT_SECRET, AES_SECRET, token];
    assert.equal(sink.requests.length, ids.length * 2);
    for (const { path: target, headers, body } of sink.requests) {
      assertWithout('a request', [target, ...headers.flat(), body.toString('latin1')].join('\n'), secrets);
    }
    assertWithout('the log', server.output(), secrets);
    assertWithout('/metrics', await metrics(), secrets);
    assert.ok(server.output().includes('e0'), 'attempts are in the log');
  });

  it('field case 13: of capability URLs are in no log line, metric or error text', async () => {
    const secretPath = '/services/T000/B000/SECRETTOK?sig=SECRET2';
    const closed = await receiver();
    await closed.close();
    sink.answer({ status: 500 }, '/services/T000/B000/SECRETTOK');
    const hanging = await receiver('hang');
    try {
      await api.putTenant('capable');
      const origins = [
        sink.origin,
        closed.origin,
        hanging.origin,
        'http://10.1.2.3',
        'http://no-such-host.invalid',
        sink.origin.replace('http:', 'https:'),
      ];
      const codes: (string | undefined)[] = [];
      for (const [n, origin] of origins.entries()) {
        const { id } = await api.createWebhook('capable', origin + secretPath);
        await api.publish({ id: `capable ${n}`, tenant_id: 'capable', destination_id: id, eligible_for_retry: false });
        const [row] = await api.attemptsOf(`capable ${n}`, 1, 'include=response_data');
        codes.push(row?.code);
        assertWithout(`the attempt at ${origin}`, JSON.stringify(row), ['SECRETTOK', 'SECRET2']);
      }
      assert.deepEqual(codes.slice(0, 4), ['500', 'connection_refused', 'timeout', 'blocked_address']);
      assert.deepEqual(codes.slice(5), ['tls_error']);
      assertWithout('the log', server.output(), ['SECRETTOK', 'SECRET2']);
      assertWithout('/metrics', await metrics(), ['SECRETTOK', 'SECRET2']);
    } finally {
      await hanging.close();
    }
  });
});
