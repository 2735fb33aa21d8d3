/** Promise: SQLite's log is never replayed over anything but its own database: alone, it refuses the start. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { apiClient } from '../support/api-client.ts';
import { composedServer } from '../support/composed-server.ts';
import { ADMIN_KEY, freePort, startServer } from '../support/server-process.ts';

const EVENTS = 200;

describe('a store after SIGKILL', { timeout: 90_000 }, () => {
  let folder: string;
  /** What the killed server left behind. */
  let killed: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'outpost-log-'));
    killed = join(folder, 'killed');
    const server = await startServer({ dataDir: killed, port: await freePort() });
    const api = apiClient(() => server.url, ADMIN_KEY);
    await api.putTenant('owner');
    await api.createWebhook('owner', 'http://127.0.0.1:9/', { topics: ['other'] });
    for (let n = 0; n < EVENTS; n += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, at) => api.publish({ id: `e${n + at}`, tenant_id: 'owner' })));
    }
    await server.end('SIGKILL');
    assert.ok(statSync(join(killed, 'store.db-wal')).size > 0, 'there is something in the log');
  });
  after(() => rmSync(folder, { recursive: true }));

  function copyOf(name: string, files: readonly string[]): string {
    const path = join(folder, name);
    mkdirSync(path);
    for (const file of files) copyFileSync(join(killed, file), join(path, file));
    return path;
  }
  // The key and secrets of the process that made it.
  const secrets = { AES_ENCRYPTION_SECRET: 'encryption-secret-of-the-tests' };

  it('field case 2: has every event with its log', async () => {
    const dataDir = copyOf('whole', ['store.db', 'store.db-wal']);
    const server = await composedServer({ profile: 'embedded', dataDir, env: secrets });
    const events = await server.events();
    await server.stop();
    assert.equal(events.length, EVENTS);
  });

  it('field case 2: refuses to start with a log whose database is gone, and leaves the log alone', async () => {
    const dataDir = copyOf('log-only', ['store.db-wal']);
    const log = readFileSync(join(dataDir, 'store.db-wal'));
    await assert.rejects(composedServer({ profile: 'embedded', dataDir, env: secrets }), (error: Error) => {
      assert.equal(error.name, 'StartError');
      assert.match(error.message, /is the log of a database that is not there/);
      return true;
    });
    assert.deepEqual(readFileSync(join(dataDir, 'store.db-wal')), log);
  });

  it('field case 2: starts whole and sound on the main file alone, with what was in it', async () => {
    const dataDir = copyOf('main-only', ['store.db']);
    const server = await composedServer({ profile: 'embedded', dataDir, env: secrets });
    const events = await server.events();
    await server.stop();
    assert.ok(events.length <= EVENTS);
    const database = new DatabaseSync(join(dataDir, 'store.db'), { readOnly: true });
    assert.deepEqual({ ...database.prepare('pragma integrity_check').get() }, { integrity_check: 'ok' });
    database.close();
  });
});
