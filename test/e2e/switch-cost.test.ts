/**
 * Disabling and enabling a destination costs the same whatever waits for it: as many rows written with a thousand
 * deliveries waiting as with ten, and none of theirs.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { type ApiClient, apiClient, eventually } from '../support/api-client.ts';
import { receiver } from '../support/receiver.ts';
import { ADMIN_KEY, freePort, startServer } from '../support/server-process.ts';
import { sized } from '../support/sizes.ts';

const MANY = sized(300, 1_000);
const ROUNDS = 3;

interface Costs {
  readonly disable: number;
  readonly enable: number;
}

describe('disable and enable (embedded)', { timeout: 120_000 }, () => {
  it(`write equally many rows with 10 and with ${MANY} deliveries waiting, and none of theirs`, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'outpost-switch-'));
    const sink = await receiver({ status: 500 });
    const metricsPort = await freePort();
    const env = { RETRY_SCHEDULE: '3600', METRICS_PORT: String(metricsPort) };
    const server = await startServer({ dataDir, port: await freePort(), env });
    try {
      const api = apiClient(() => server.url, ADMIN_KEY);
      const metric = async (name: string): Promise<number> => {
        const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
        const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
        assert.ok(value !== undefined, `${name} is not among the metrics`);
        return Number(value);
      };
      const few = await costs(api, 'few', 10, { sink: sink.origin, dataDir, metric });
      const many = await costs(api, 'many', MANY, { sink: sink.origin, dataDir, metric });
      assert.deepEqual(many, few);
      assert.ok(few[0]!.disable > 0 && few[0]!.disable < 10, JSON.stringify(few));
    } finally {
      await server.end('SIGKILL');
      await sink.close();
      await rm(dataDir, { recursive: true });
    }
  });
});

/** The rows that each of a few rounds wrote, once `count` deliveries wait for an hour. */
async function costs(
  api: ApiClient,
  tenant: string,
  count: number,
  world: { sink: string; dataDir: string; metric(name: string): Promise<number> },
): Promise<readonly Costs[]> {
  await api.putTenant(tenant);
  const { id } = await api.createWebhook(tenant, world.sink);
  for (let n = 0; n < count; n += 50) {
    await Promise.all(Array.from({ length: Math.min(50, count - n) }, () => api.publish({ tenant_id: tenant })));
  }
  await eventually(`${count} failed attempts`, async () =>
    (await api.attempts(`tenant_id=${tenant}`)).length === count ? true : null,
  );
  const before = liveRows(world.dataDir);
  assert.ok(before.length >= count);
  const rounds: Costs[] = [];
  const rowsOf = async (action: string): Promise<number> => {
    const start = await world.metric('outpost_store_rows_changed_total');
    await api.expect(200, 'PUT', `/tenants/${tenant}/destinations/${id}/${action}`);
    return (await world.metric('outpost_store_rows_changed_total')) - start;
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({ disable: await rowsOf('disable'), enable: await rowsOf('enable') });
  }
  assert.deepEqual(liveRows(world.dataDir), before);
  return rounds;
}

/** Read beside the running server, as the write-ahead log allows. */
function liveRows(dataDir: string): readonly unknown[] {
  const database = new DatabaseSync(join(dataDir, 'store.db'), { readOnly: true });
  try {
    return database.prepare('select * from live order by event, lane').all();
  } finally {
    database.close();
  }
}
