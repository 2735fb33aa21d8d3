/**
 * The package as it is published: built by `tsc`, run by the oldest Node that `engines` allows, without a line of
 * TypeScript in sight, through one delivery.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ensureNode24 } from '../../scripts/node-24.mjs';
import { apiClient } from '../support/api-client.ts';
import { receiver } from '../support/receiver.ts';
import { ADMIN_KEY, freePort, startServer } from '../support/server-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Inside the checkout, so that the dependencies are found. */
const BUILD = '.services/build';

describe('the built package', () => {
  it('delivers an event on Node 24', async (test) => {
    const node = ensureNode24();
    if (node === null) return test.skip('Node 24 could not be installed; try: node scripts/node-24.mjs');
    const built = spawnSync(process.execPath, ['scripts/build.mjs', BUILD], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(built.status, 0, `the build failed:\n${built.stdout}${built.stderr}`);

    const dataDir = await mkdtemp(join(tmpdir(), 'outpost-package-'));
    const sink = await receiver();
    const command = [node, join(ROOT, BUILD, 'main.js')];
    const server = await startServer({ dataDir, port: await freePort(), command });
    try {
      const api = apiClient(() => server.url, ADMIN_KEY);
      await api.putTenant('tenant');
      await api.createWebhook('tenant', `${sink.origin}/hook`);
      const { id } = await api.publish({ tenant_id: 'tenant', topic: 'a' });
      const [attempt] = await api.attemptsOf(id, 1);
      assert.equal(attempt?.status, 'success');
      assert.equal(await server.end('SIGTERM'), 0, server.output());
    } finally {
      await server.end('SIGKILL');
      await sink.close();
      await rm(dataDir, { recursive: true });
    }
  });
});
