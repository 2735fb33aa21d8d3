/**
 * One run of the kill test: a server under load is killed with SIGKILL at moments drawn before the run begins, each "so
 * many milliseconds after the n-th 202" once enough deliveries wait for a retry and enough are in flight.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../simulation/seeded.ts';
import { freePort, type ServerProcess, startServer } from '../support/server-process.ts';
import { createDestination, publish } from './api.ts';
import { load } from './load.ts';
import { awaitRest, judge, type Verdict } from './oracle.ts';
import { type Receivers, receivers } from './receivers.ts';
import { leftBehind } from './store-copy.ts';

const TENANTS = 8;
const EVENTS_PER_SECOND = 200;
/** Conditions that take longer to come about say that the load is wrong. */
const CONDITIONS_WITHIN_MS = 60_000;
const SERVER_ENV = {
  RETRY_SCHEDULE: '4,4,4,4,4,4,4,4',
  DELIVERY_TIMEOUT_SECONDS: '1',
  DELIVERY_MAX_CONCURRENCY: '512',
  DESTINATION_MAX_CONCURRENCY: '64',
};

export interface KillPlan {
  readonly kills: number;
  readonly waitingMin: number;
  readonly inFlightMin: number;
}

export async function killRun(seed: number, plan: KillPlan, say: (line: string) => void): Promise<Verdict> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outpost-kill-'));
  const sinks = await receivers();
  const port = await freePort();
  const start = (): Promise<ServerProcess> => startServer({ dataDir, port, env: SERVER_ENV });
  let server = await start();
  try {
    const tenants = Array.from({ length: TENANTS }, (_, n) => `tenant_${n}`);
    for (const tenant of tenants) {
      for (const kind of ['ok', 'fails-twice', 'hangs-once']) {
        const id = `${kind}_${tenant}`;
        await createDestination(server.url, tenant, id, `${sinks.url}/${kind}/${id}`);
      }
    }
    const publishers = load({ url: server.url, tenants, eventsPerSecond: EVENTS_PER_SECOND });
    let inFlight = 0;
    try {
      for (const [at, moment] of moments(seed, plan.kills).entries()) {
        const open = await killMoment(sinks, publishers, { moment, plan });
        await server.end('SIGKILL');
        const left = await leftBehind(dataDir);
        say(
          `kill ${at + 1}: ${moment.delayMs} ms after 202 number ${moment.acks}; ${open} requests open, ` +
            `${left.waiting} waiting and ${left.leased} leased in the file`,
        );
        assert.ok(
          left.waiting >= plan.waitingMin,
          `too few deliveries waited for a retry at the kill: ${left.waiting}`,
        );
        inFlight += left.leased;
        server = await start();
      }
      await publishers.finish();
    } finally {
      publishers.abandon();
    }
    sinks.heal();
    await awaitRest(sinks, publishers.acked, `${plan.kills} kills`);
    // A clean stop settles what is still under way, so that the log is complete when it is read.
    await server.end('SIGTERM');
    server = await start();
    return await judge(server.url, sinks, publishers.acked, inFlight);
  } finally {
    await server.end('SIGKILL');
    await sinks.close();
    await rm(dataDir, { recursive: true });
  }
}

interface Moment {
  /** Counted from when the conditions hold. */
  readonly acks: number;
  readonly delayMs: number;
}

/** Half of them under 20 ms, in a random order. */
function moments(seed: number, kills: number): readonly Moment[] {
  const random = seeded(seed);
  const drawn = Array.from({ length: kills }, (_, n) => ({
    acks: random.between(1, 150),
    delayMs: n % 2 === 0 ? random.between(0, 19) : random.between(20, 400),
    order: random.next(),
  }));
  return drawn.sort((a, b) => a.order - b.order);
}

/**
 * Resolves at the drawn moment, with the requests that are open then. A moment at which a busy machine has let the load
 * drop is let go, and counted anew from when the conditions hold again.
 */
async function killMoment(
  sinks: Receivers,
  publishers: ReturnType<typeof load>,
  { moment, plan }: { readonly moment: Moment; readonly plan: KillPlan },
): Promise<number> {
  for (;;) {
    await conditions(sinks, plan);
    await afterAcks(publishers, moment);
    if (isLoaded(sinks, plan)) return sinks.open();
  }
}

/** Some of what the receivers refused is not settled yet, or under way again, when the file is looked at. */
const FAILING_MARGIN = 1.5;

const isLoaded = (sinks: Receivers, plan: KillPlan): boolean =>
  sinks.failing() >= plan.waitingMin * FAILING_MARGIN && sinks.open() >= plan.inFlightMin;

async function conditions(sinks: Receivers, plan: KillPlan): Promise<void> {
  const giveUpAt = Date.now() + CONDITIONS_WITHIN_MS;
  while (!isLoaded(sinks, plan)) {
    assert.ok(Date.now() < giveUpAt, `the load does not come about: ${sinks.failing()} failing, ${sinks.open()} open`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

function afterAcks(publishers: ReturnType<typeof load>, moment: Moment): Promise<void> {
  return new Promise((resolve) => {
    let acks = 0;
    publishers.onAck(() => {
      acks += 1;
      if (acks !== moment.acks) return;
      publishers.onAck(null);
      setTimeout(resolve, moment.delayMs);
    });
  });
}

/** Twenty kills in a row with many requests open at a receiver that never answers: nothing may be lost. */
export async function hangingRun(kills: number, requests: number, say: (line: string) => void): Promise<Verdict> {
  const dataDir = await mkdtemp(join(tmpdir(), 'outpost-hanging-'));
  const sinks = await receivers();
  const port = await freePort();
  const env = {
    RETRY_SCHEDULE: '1,1,1',
    DELIVERY_TIMEOUT_SECONDS: '60',
    DELIVERY_MAX_CONCURRENCY: String(requests * 4),
    DESTINATION_MAX_CONCURRENCY: String(requests * 2),
  };
  let server = await startServer({ dataDir, port, env });
  const acked = new Map<string, readonly string[]>();
  let inFlight = 0;
  try {
    await createDestination(server.url, 'tenant', 'hanging', `${sinks.url}/hangs/hanging`);
    for (let kill = 1; kill <= kills; kill += 1) {
      const giveUpAt = Date.now() + CONDITIONS_WITHIN_MS;
      while (sinks.open() < requests) {
        assert.ok(Date.now() < giveUpAt, `only ${sinks.open()} requests are open at the hanging receiver`);
        // What was in flight at the last kill comes back by itself; only what is missing is published anew.
        if (acked.size < requests) {
          const id = `evt_${acked.size + 1}`;
          acked.set(id, await publish(server.url, 'tenant', id));
        } else await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await server.end('SIGKILL');
      inFlight += (await leftBehind(dataDir)).leased;
      server = await startServer({ dataDir, port, env });
    }
    sinks.heal();
    await awaitRest(sinks, acked, `${kills} kills with ${requests} requests open`);
    say(`${kills} kills with ${requests} requests open: nothing lost`);
    await server.end('SIGTERM');
    server = await startServer({ dataDir, port, env });
    return await judge(server.url, sinks, acked, inFlight);
  } finally {
    await server.end('SIGKILL');
    await sinks.close();
    await rm(dataDir, { recursive: true });
  }
}
