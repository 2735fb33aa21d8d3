/** What is measured: the floor, and Outpost over a store of a given size, each a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ADMIN_KEY, freePort } from '../test/support/server-process.ts';
import { fillStore } from './fill-store.ts';
import type { Measured, Order } from './load.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Linux counts a process's CPU in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const READY_WITHIN_MS = 60_000;

export interface Measurable {
  readonly name: string;
  readonly url: string;
  /** User and system time of the process so far, all threads together. */
  cpuSeconds(): number;
  /** Counters from `/metrics`; none for the floor. */
  metric(name: string): Promise<number | null>;
  rssMegabytes(): number;
  stop(): Promise<void>;
}

export async function floor(receiver: string): Promise<Measurable> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(ROOT, 'bench/floor.ts'), String(port), receiver], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/`, child);
  return measurable('floor', url, child, null);
}

export async function outpost(options: {
  readonly name: string;
  readonly dataDir: string;
  readonly receiver: string;
  readonly tenants: number;
  readonly storedEvents: number;
}): Promise<Measurable> {
  mkdirSync(options.dataDir, { recursive: true });
  let started = await startOutpost(options.dataDir);
  for (let n = 0; n < options.tenants; n += 1) {
    await api(started.url, 'PUT', `/tenants/tenant_${n}`, {});
    const destination = { type: 'webhook', topics: '*', config: { url: `${options.receiver}/hook` } };
    await api(started.url, 'POST', `/tenants/tenant_${n}/destinations`, destination);
  }
  if (options.storedEvents > 0) {
    await started.stop();
    fillStore(options.dataDir, options.storedEvents);
    started = await startOutpost(options.dataDir);
  }
  return { ...started, name: options.name };
}

async function startOutpost(dataDir: string): Promise<Measurable> {
  const port = await freePort();
  const metricsPort = await freePort();
  // As it runs for an operator: the default log, into a file on the same disk, and metrics on.
  const log = openSync(join(dataDir, 'server.log'), 'a');
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'serve'], {
    env: {
      PATH: process.env['PATH'],
      API_PORT: String(port),
      API_HOST: '127.0.0.1',
      METRICS_PORT: String(metricsPort),
      API_KEY: ADMIN_KEY,
      API_JWT_SECRET: 'jwt-secret-of-the-bench',
      AES_ENCRYPTION_SECRET: 'encryption-secret-of-the-bench',
      DATA_DIR: dataDir,
      DESTINATIONS_ALLOWED_NETWORKS: '127.0.0.0/8',
    },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/readyz`, child);
  return measurable('outpost', url, child, `http://127.0.0.1:${metricsPort}/metrics`);
}

function measurable(name: string, url: string, child: ChildProcess, metrics: string | null): Measurable {
  const pid = child.pid ?? 0;
  return {
    name,
    url,
    cpuSeconds() {
      // Fields 14 and 15 of proc(5) stat, counted after the name in brackets.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    async metric(wanted) {
      if (metrics === null) return null;
      const text = await (await fetch(metrics)).text();
      const line = text.split('\n').find((each) => each.startsWith(`${wanted} `));
      return line === undefined ? null : Number(line.split(' ')[1]);
    },
    rssMegabytes() {
      const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
      return Math.round((pages * 4_096) / 1_048_576);
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await (await fetch(url, { signal: AbortSignal.timeout(500) })).arrayBuffer();
      return;
    } catch {
      if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error(`nothing answers at ${url}`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

async function api(url: string, method: string, path: string, body: unknown): Promise<void> {
  const reply = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`);
}

export interface LoadTool {
  /** Where webhooks are to go. */
  readonly receiver: string;
  run(order: Omit<Order, 'key'>): Promise<Measured>;
  stop(): Promise<void>;
}

export async function loadTool(): Promise<LoadTool> {
  const child = spawn(process.execPath, [join(ROOT, 'bench/load.ts')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the load tool ended');
    return JSON.parse(value);
  };
  const { receiver } = (await next()) as { receiver: string };
  return {
    receiver,
    async run(order) {
      child.stdin.write(`${JSON.stringify({ ...order, key: ADMIN_KEY })}\n`);
      return (await next()) as Measured;
    },
    async stop() {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    },
  };
}
