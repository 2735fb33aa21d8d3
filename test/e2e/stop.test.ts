/** SIGTERM to the server as a process: it ends with 0, loses nothing and begins no POST that it need not. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { apiClient, eventually } from '../support/api-client.ts';
import { rawConnection } from '../support/raw-connection.ts';
import { type Answer, receiver } from '../support/receiver.ts';
import { ADMIN_KEY, freePort, type ServerProcess, startServer } from '../support/server-process.ts';

async function withServers(
  env: Readonly<Record<string, string>>,
  use: (start: () => Promise<ServerProcess>) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outpost-stop-'));
  const port = await freePort();
  const started: ServerProcess[] = [];
  try {
    await use(async () => {
      const server = await startServer({ dataDir, port, env });
      started.push(server);
      return server;
    });
  } finally {
    for (const server of started) await server.end('SIGKILL');
    await rm(dataDir, { recursive: true });
  }
}

/** Resolves once nobody listens there any more. */
function untilRefused(url: string): Promise<true> {
  return eventually('a closed listener', () =>
    fetch(`${url}/readyz`).then(
      () => null,
      () => true as const,
    ),
  );
}

describe('SIGTERM', { timeout: 90_000 }, () => {
  it('finishes the attempts under way, begins none, and leaves the rest to the next start', async () => {
    const events = 6;
    const cap = 2;
    const gate = Promise.withResolvers<Answer>();
    const sink = await receiver(() => gate.promise);
    try {
      await withServers({ DESTINATION_MAX_CONCURRENCY: String(cap) }, async (start) => {
        const first = await start();
        const api = apiClient(() => first.url, ADMIN_KEY);
        await api.putTenant('owner');
        await api.createWebhook('owner', sink.origin);
        for (let n = 0; n < events; n += 1) await api.publish({ id: `e${n}`, tenant_id: 'owner' });
        await sink.request(cap);
        const ended = first.end('SIGTERM');
        await untilRefused(first.url);
        gate.resolve({ status: 200 });
        assert.equal(await ended, 0, first.output());
        assert.equal(sink.requests.length, cap);

        await start();
        await sink.request(events);
        for (let n = 0; n < events; n += 1) {
          const rows = await api.attemptsOf(`e${n}`, 1);
          assert.deepEqual(
            rows.map((row) => [row.attempt_number, row.status]),
            [[1, 'success']],
          );
        }
        assert.equal(sink.requests.length, events);
      });
    } finally {
      await sink.close();
    }
  });

  it('ends after its grace although a receiver hangs, and delivers after the next start', async () => {
    const sink = await receiver('hang');
    try {
      await withServers(
        { SHUTDOWN_TIMEOUT_SECONDS: '1', DELIVERY_TIMEOUT_SECONDS: '60', MAX_RETRY_LIMIT: '0' },
        async (start) => {
          const first = await start();
          const api = apiClient(() => first.url, ADMIN_KEY);
          await api.putTenant('owner');
          await api.createWebhook('owner', sink.origin);
          await api.publish({ id: 'e', tenant_id: 'owner' });
          await sink.request(1);
          assert.equal(await first.end('SIGTERM'), 0, first.output());
          sink.answer({ status: 200 });
          await start();
          await sink.request(2);
          const rows = await eventually('a success', async () => {
            const found = await api.attempts('event_id=e');
            return found.at(-1)?.status === 'success' ? found : null;
          });
          // Cut off by us, the first is no failure of the receiver's: it waits for no schedule and costs no try.
          assert.deepEqual(
            rows.map((row) => [row.attempt_number, row.code, row.status]),
            [
              [1, 'interrupted', 'failed'],
              [2, '200', 'success'],
            ],
          );
          assert.equal(sink.requests.length, 2);
        },
      );
    } finally {
      await sink.close();
    }
  });

  it('is not delayed by a publisher that never finishes its request, and begins no POST meanwhile', async () => {
    const gate = Promise.withResolvers<Answer>();
    const sink = await receiver(() => gate.promise);
    try {
      await withServers({ DESTINATION_MAX_CONCURRENCY: '1' }, async (start) => {
        const server = await start();
        const api = apiClient(() => server.url, ADMIN_KEY);
        await api.putTenant('owner');
        await api.createWebhook('owner', sink.origin);
        for (let n = 0; n < 4; n += 1) await api.publish({ id: `e${n}`, tenant_id: 'owner' });
        await sink.request(1);
        const sender = await rawConnection(server.url);
        sender.write('POST /api/v1/publish HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{');
        const ended = server.end('SIGTERM');
        await untilRefused(server.url);
        gate.resolve({ status: 200 });
        assert.equal(await ended, 0, server.output());
        assert.equal(sink.requests.length, 1, 'no attempt begins after the signal');
        sender.end();
      });
    } finally {
      await sink.close();
    }
  });
});

describe('Ctrl-C', { timeout: 60_000 }, () => {
  it('comes twice through npm, from the terminal and from npm itself, and is one wish', async () => {
    const gate = Promise.withResolvers<Answer>();
    const sink = await receiver(() => gate.promise);
    try {
      await withServers({}, async (start) => {
        const server = await start();
        const api = apiClient(() => server.url, ADMIN_KEY);
        await api.putTenant('owner');
        await api.createWebhook('owner', sink.origin);
        await api.publish({ id: 'e', tenant_id: 'owner' });
        await sink.request(1);
        const ended = server.end('SIGINT');
        process.kill(server.pid, 'SIGINT');
        await untilRefused(server.url);
        gate.resolve({ status: 200 });
        assert.equal(await ended, 0, 'the attempt under way is finished');
      });
    } finally {
      await sink.close();
    }
  });
});
