/** `outpost serve` as an operator meets it: what it refuses, what it logs and measures, and how it stops. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Receiver, receiver } from '../support/receiver.ts';
import { ADMIN_KEY, freePort, startServer } from '../support/server-process.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const SECRETS = {
  API_KEY: 'an operator key of some length',
  API_JWT_SECRET: 'a token secret of some length',
  AES_ENCRYPTION_SECRET: 'an encryption secret of some length',
};

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
    timeout: 60_000,
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

describe('the command line', { timeout: 120_000 }, () => {
  it('prints help and version, and refuses what it does not know', () => {
    assert.match(run(['help']).stdout, /outpost serve/);
    assert.match(run(['version']).stdout, /^\d+\.\d+\.\d+\n$/);
    const unknown = run(['srve']);
    assert.deepEqual([unknown.code, unknown.stdout], [2, '']);
    assert.match(unknown.stderr, /there is no command srve/);
  });

  it('prints the settings with their sources, and no secret', () => {
    const { code, stdout } = run(['config', 'print'], { ...SECRETS, API_PORT: '4000' });
    assert.equal(code, 0);
    assert.match(stdout, /^API_PORT +4000 {2}\(environment\)$/m);
    assert.match(stdout, /^API_KEY +\*\*\* {2}\(environment\)$/m);
    assert.match(stdout, /^METRICS_PORT +\(not set\) {2}\(default\)$/m);
    assert.doesNotMatch(stdout, /of some length/);
  });
});

describe('outpost serve', { timeout: 120_000 }, () => {
  let directory: string;
  let sink: Receiver;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'outpost-serve-e2e-'));
    sink = await receiver();
  });
  after(async () => {
    await sink.close();
    rmSync(directory, { recursive: true });
  });

  it('refuses to start with wrong settings, naming all of them and no secret, without a stack', () => {
    const { code, stdout, stderr } = run(['serve'], { API_JWT_SECRET: 'hush', API_PORT: 'x', LOG_LEVEL: 'loud' });
    assert.deepEqual([code, stdout], [1, '']);
    for (const name of ['API_PORT', 'LOG_LEVEL', 'API_KEY', 'AES_ENCRYPTION_SECRET'])
      assert.match(stderr, new RegExp(`^ {2}${name}: `, 'm'));
    assert.doesNotMatch(stderr, /hush|\n\s+at /);
  });

  it('refuses to start on a port that is taken, and says so', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    assert.ok(address !== null && typeof address === 'object');
    const env = { ...SECRETS, API_HOST: '127.0.0.1', API_PORT: String(address.port), PROFILE: 'memory' };
    const { code, stderr } = run(['serve'], env);
    other.close();
    await once(other, 'close');
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${address.port} is in use by another process; choose another API_PORT`));
    assert.doesNotMatch(stderr, /\n\s+at /);
  });

  it('logs one line for an attempt, counts it in /metrics, and stops on SIGTERM with exit code 0', async () => {
    const metricsPort = await freePort();
    const server = await startServer({
      dataDir: join(directory, 'data'),
      port: await freePort(),
      env: { LOG_LEVEL: 'info', METRICS_PORT: String(metricsPort) },
    });
    const call = async (method: string, path: string, body: object): Promise<void> => {
      const reply = await fetch(`${server.url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      assert.ok(reply.ok, `${method} ${path}: ${reply.status} ${await reply.text()}`);
    };
    await call('PUT', '/tenants/t', {});
    const destination = { id: 'd', type: 'webhook', topics: ['*'], config: { url: `${sink.origin}/hook` } };
    await call('POST', '/tenants/t/destinations', destination);
    await call('POST', '/publish', { id: 'e', tenant_id: 't', topic: 'a', data: { hush: 'the data' } });
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    let text = await metrics();
    while (!text.includes('outpost_attempts_total{outcome="succeeded",code="2xx",trigger="schedule"} 1\n')) {
      text = await metrics();
    }
    assert.match(text, /\noutpost_events_accepted_total\{result="stored"\} 1\n/);
    assert.match(text, /\noutpost_commits_total [1-9]\d*\n/);
    assert.match(text, /\noutpost_deliveries_waiting 0\n/);

    assert.equal(await server.end('SIGTERM'), 0);
    const lines = server
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      lines.map((line) => line['event']).filter((event) => event !== 'recovered'),
      ['configuration', 'started', 'attempt', 'stopping', 'stopped'],
    );
    const attempt = lines.find((line) => line['event'] === 'attempt');
    const fields = ['tenant_id', 'destination_id', 'event_id', 'attempt', 'outcome', 'code', 'state'];
    assert.deepEqual(
      fields.map((field) => attempt?.[field]),
      ['t', 'd', 'e', 1, 'succeeded', '200', 'succeeded'],
    );
    assert.doesNotMatch(server.output(), /hush|admin-key|secret-of-the-tests/);
  });
});
