import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Worker } from 'node:worker_threads';
import {
  ALL,
  attemptQuery,
  event,
  eventQuery,
  publish,
  publishLeased,
  setUp,
  settle,
} from '../../../test/conformance/builders.ts';
import { tenantId } from '../../domain/ids.ts';
import { AppError, StartError } from '../../lib/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { type SqliteStore, sqliteStore } from './store.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-store-'));
after(() => rmSync(root, { recursive: true, force: true }));

const clock: Clock = {
  now: () => 1_700_000_000_000,
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

function open(dataDir: string, onFailure: (error: Error) => void = assert.ifError): Promise<SqliteStore> {
  return sqliteStore({
    dataDir,
    secretCheck: new Uint8Array(32),
    clock,
    randomBytes: (size) => new Uint8Array(size).fill(3),
    threads: true,
    onFailure,
  });
}

const freshDirectory = (): string => mkdtempSync(join(root, 'store-'));
const worldOf = (store: SqliteStore) => ({ store, reopen: () => Promise.reject(new Error('not here')) });
const isUnavailable = (error: unknown): boolean => error instanceof AppError && error.code === 'unavailable';

describe('the embedded store on its threads', () => {
  it('shows an accepted and settled event to every thread, and again after a restart', async () => {
    const dataDir = freshDirectory();
    const first = await open(dataDir);
    const world = worldOf(first);
    await setUp(world);
    const lease = await publishLeased(world, { data: new Uint8Array([123, 125]), metadata: { a: 'b' } });
    assert.deepEqual(await settle(world, lease), { number: 1, state: 'succeeded', dueMs: null, streak: 0 });
    const { rows } = await first.history.listAttempts(attemptQuery({ includeEvent: true }));
    assert.deepEqual(
      rows.map(({ code, number, event: of }) => [code, number, of?.metadata]),
      [['200', 1, { a: 'b' }]],
    );
    const [attempt] = rows;
    assert.deepEqual(await first.history.findAttempt(ALL, attempt!.key, { event: true }), attempt);
    assert.deepEqual(await first.history.findEvent(ALL, event().id), attempt!.event);
    const lane = await first.history.matchedLane(lease.tenant, event().id, attempt!.destinationId);
    assert.equal(lane, lease.lane);
    const payload = (await first.ledger.loadPayloads([lease.event])).get(lease.event);
    assert.deepEqual([payload?.data, payload?.metadata], [new Uint8Array([123, 125]), { a: 'b' }]);
    await first.close();

    const second = await open(dataDir);
    const page = await second.history.listEvents(eventQuery());
    assert.deepEqual(
      page.rows.map(({ id, matchedDestinationIds }) => [id, matchedDestinationIds]),
      [['e1', ['d1']]],
    );
    assert.deepEqual(second.attemptIdKey, first.attemptIdKey);
    await second.close();
  });

  it('commits together what is asked for at once', async () => {
    const store = await open(freshDirectory());
    const world = worldOf(store);
    await setUp(world);
    const { commits: before } = await store.ledger.stats();
    await Promise.all(Array.from({ length: 200 }, (_, n) => publish(world, { id: `e${n}` })));
    const { commits, commitSecondsSum, waiting } = await store.ledger.stats();
    assert.ok(commits - before < 20, `200 accepts took ${commits - before} commits`);
    assert.ok(commitSecondsSum > 0);
    assert.equal(waiting, 200);
    await store.close();
  });

  it('finishes what was asked for before it closes, closes once, and refuses what comes later', async () => {
    const dataDir = freshDirectory();
    const store = await open(dataDir);
    const world = worldOf(store);
    await setUp(world);
    const underWay = store.directory.putTenant(tenantId('first'), null, 0);
    // Its commit has begun, so that what follows has to wait for another.
    await new Promise((resolve) => setImmediate(resolve));
    const asked = Promise.all([
      underWay,
      ...Array.from({ length: 20 }, (_, n) => store.directory.putTenant(tenantId(`t${n}`), null, 0)),
      store.history.listEvents(eventQuery()),
      store.directory.roster(tenantId('acme')),
    ]);
    const closing = store.close();
    assert.equal(store.close(), closing);
    await assert.rejects(store.directory.putTenant(tenantId('late'), null, 0), isUnavailable);
    await assert.rejects(store.ledger.stats(), isUnavailable);
    assert.equal((await asked).length, 23);
    await closing;
    const log = join(dataDir, 'store.db-wal');
    assert.ok(!existsSync(log) || statSync(log).size === 0, 'nothing is left in the log');
  });

  it('rejects what waits and whatever comes later once its writer has died, and says so once', async () => {
    const workers: Worker[] = [];
    const onWorker = (message: unknown): void => {
      workers.push((message as { worker: Worker }).worker);
    };
    subscribe('worker_threads', onWorker);
    const failed = Promise.withResolvers<Error>();
    let failures = 0;
    const store = await open(freshDirectory(), (error) => {
      failures++;
      failed.resolve(error);
    });
    unsubscribe('worker_threads', onWorker);
    await setUp(worldOf(store));
    const waiting = Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => store.directory.putTenant(tenantId(`t${n}`), null, 0)),
    );
    const stats = Promise.allSettled([store.ledger.stats()]);
    await workers[0]!.terminate();
    assert.ok(isUnavailable(await failed.promise));
    for (const result of await waiting) assert.ok(result.status === 'rejected' && isUnavailable(result.reason));
    // Answered just before or rejected, but never left hanging.
    await stats;
    await assert.rejects(store.ledger.accept({ tenant: 1, event: event() } as never), isUnavailable);
    await assert.rejects(store.history.findEvent(ALL, event().id), isUnavailable);
    await store.close();
    assert.equal(failures, 1);
  });

  it('rejects with StartError while another store holds the directory, and leaves no thread behind', async () => {
    const dataDir = freshDirectory();
    const store = await open(dataDir);
    await assert.rejects(open(dataDir), StartError);
    await store.close();
    const again = await open(dataDir);
    await again.close();
  });
});
