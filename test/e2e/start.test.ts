/**
 * What refuses to start, as an operator meets it: the process ends by itself with a code that isn't 0 and one message
 * that says what to do, without a stack.
 */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, beforeEach, describe, it } from 'node:test';
import { apiClient } from '../support/api-client.ts';
import { ADMIN_KEY, freePort, launchServer, type ServerOptions, startServer } from '../support/server-process.ts';

let folder: string;
let dataDir: string;
let made = 0;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'outpost-start-'));
  // Another user has to get through to what is inside.
  chmodSync(folder, 0o755);
});
after(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  dataDir = join(folder, `data-${(made += 1)}`);
});

/** Starts what has to refuse, and answers what it said. */
async function refusal(options: Partial<ServerOptions> = {}): Promise<string> {
  const server = launchServer({ dataDir, port: await freePort(), ...options });
  const startedAt = performance.now();
  const limit = setTimeout(() => void server.end('SIGKILL'), 20_000);
  const code = await server.ended;
  clearTimeout(limit);
  const said = server.output();
  assert.ok(
    typeof code === 'number' && code > 0,
    `it ended with ${code} after ${performance.now() - startedAt} ms: ${said}`,
  );
  assert.doesNotMatch(said, /^\s+at |node:internal|\\n\s+at /m, said);
  return said;
}

/** One whole start and stop, so that there is a store. */
async function makeStore(env: Readonly<Record<string, string>> = {}): Promise<void> {
  const server = await startServer({ dataDir, port: await freePort(), env });
  assert.equal(await server.end('SIGTERM'), 0);
}

/** What an unprivileged user is run by: root may write everywhere. */
const OTHER_USER = 12_345;
const isRoot = process.getuid?.() === 0;
const asOther = isRoot
  ? { wrapper: ['setpriv', `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, '--clear-groups'] }
  : {};

describe('the server refuses to start', { timeout: 180_000 }, () => {
  it('without its secrets, naming all of them at once', async () => {
    const said = await refusal({
      env: { API_KEY: '', API_JWT_SECRET: '', AES_ENCRYPTION_SECRET: '', API_PORT: '1e3' },
    });
    for (const name of ['API_KEY', 'API_JWT_SECRET', 'AES_ENCRYPTION_SECRET', 'API_PORT']) {
      assert.match(said, new RegExp(`\\b${name}: `), name);
    }
    assert.throws(() => statSync(dataDir), 'nothing was made');
  });

  it('without authentication on an address that others reach', async () => {
    const said = await refusal({ env: { API_KEY: '', AUTH_DISABLED: 'true', API_HOST: '0.0.0.0' } });
    assert.match(said, /AUTH_DISABLED/);
  });

  it('while another process has the store open', async () => {
    const holder = await startServer({ dataDir, port: await freePort() });
    try {
      assert.match(await refusal(), /another process/);
      const api = apiClient(() => holder.url, ADMIN_KEY);
      await api.putTenant('still there');
    } finally {
      assert.equal(await holder.end('SIGTERM'), 0);
    }
  });

  it('with another encryption secret than the store was made with', async () => {
    await makeStore();
    const said = await refusal({ env: { AES_ENCRYPTION_SECRET: 'another secret than before' } });
    assert.match(said, /encryption secret/);
    assert.doesNotMatch(said, /another secret than before/);
    await makeStore();
  });

  it('on a database that is newer than the program, and leaves it as it is', async () => {
    await makeStore();
    const path = join(dataDir, 'store.db');
    const database = new DatabaseSync(path);
    database.exec('pragma user_version = 9999');
    database.close();
    assert.match(await refusal(), /version 9999/);
    const again = new DatabaseSync(path, { readOnly: true });
    assert.equal(again.prepare('pragma user_version').get()?.['user_version'], 9999);
    again.close();
  });

  it('field case 34: in a directory of another user', async () => {
    mkdirSync(dataDir);
    if (isRoot) chownSync(dataDir, 82, 82);
    chmodSync(dataDir, 0o555);
    const said = await refusal(asOther);
    assert.ok(said.includes(dataDir), said);
    assert.match(said, /uid/);
    assert.match(said, /chown/);
    assert.deepEqual(readdirSync(dataDir), []);
  });

  it('field case 34: below a parent that can not be written', async () => {
    const parent = join(folder, `parent-${made}`);
    mkdirSync(parent);
    if (isRoot) chownSync(parent, 82, 82);
    chmodSync(parent, 0o555);
    const said = await refusal({ ...asOther, dataDir: join(parent, 'deep', 'data') });
    assert.ok(said.includes(parent), said);
    assert.match(said, /chown/);
    assert.deepEqual(readdirSync(parent), []);
  });

  it('field case 34: on a database file that can not be written', async () => {
    await makeStore();
    chmodSync(join(dataDir, 'store.db'), 0o444);
    if (isRoot) {
      chmodSync(dataDir, 0o777);
      chmodSync(join(dataDir, 'lock.db'), 0o666);
    }
    const said = await refusal(asOther);
    assert.ok(said.includes(join(dataDir, 'store.db')), said);
  });

  it('on a port that is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const address = holder.address();
    assert.ok(address !== null && typeof address === 'object');
    try {
      assert.match(await refusal({ port: address.port }), new RegExp(String(address.port)));
    } finally {
      holder.close();
    }
  });
});

describe('the server starts', { timeout: 60_000 }, () => {
  it('without authentication on loopback, taking everybody for the operator', async () => {
    const env = { API_KEY: '', AUTH_DISABLED: 'true', PROFILE: 'memory' };
    const server = await startServer({ dataDir, port: await freePort(), env });
    try {
      const reply = await fetch(`${server.url}/api/v1/tenants/owner`, { method: 'PUT' });
      assert.equal(reply.status, 201);
    } finally {
      assert.equal(await server.end('SIGTERM'), 0);
    }
  });

  it('field case 35: in a pod to which Kubernetes gives service links, on its own ports', async () => {
    const env = { METRICS_PORT: 'tcp://10.0.0.8:9090', PROFILE: 'memory' };
    const server = await startServer({ dataDir, port: await freePort(), env });
    assert.equal(await server.end('SIGTERM'), 0);
    assert.match(server.output(), /METRICS_PORT.*Kubernetes service link/);
  });
});
