/**
 * `npm run bench -- [--rounds 5] [--stored 1000000] [--rates 1000,2000,4000] [--seconds 4] [--check]`
 *
 * CPU per delivered event of Outpost on an empty file and with events stored, against the floor at equal rates. All run
 * as live processes and take turns, rotating, so that a change of the machine's speed hits all alike; the figure is the
 * median over rounds of the ratio within a round. `--check` fails if a bound is broken.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Measured } from './load.ts';
import { describeMachine } from './machine.ts';
import { floor, type LoadTool, loadTool, type Measurable, outpost } from './servers.ts';

/** Of architecture's budget, what this issue promises. */
const STORED_RATIO_MAX = 1.25;
const COMMITS_PER_SECOND_MAX = 600;
const TENANTS = 20;
const CONNECTIONS = 64;
const REST_MS = 500;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    stored: { type: 'string', default: '1000000' },
    rates: { type: 'string', default: '1000,2000,4000' },
    seconds: { type: 'string', default: '4' },
    check: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const rates = values.rates.split(',').map(Number);
const seconds = Number(values.seconds);

interface Cell {
  readonly cpuMs: number;
  readonly perSecond: number;
  readonly commitsPerSecond: number | null;
  readonly measured: Measured;
}

const dir = fileURLToPath(new URL('../.outpost-bench', import.meta.url));
rmSync(dir, { recursive: true, force: true });
mkdirSync(dir);
const load = await loadTool();
const servers: Measurable[] = [];
try {
  console.log(describeMachine(dir));
  servers.push(await floor(load.receiver));
  const common = { receiver: load.receiver, tenants: TENANTS };
  servers.push(await outpost({ ...common, name: 'empty', dataDir: join(dir, 'empty'), storedEvents: 0 }));
  const stored = Number(values.stored);
  servers.push(await outpost({ ...common, name: 'stored', dataDir: join(dir, 'stored'), storedEvents: stored }));
  for (const server of servers) await measure(load, server, null, 2);
  const broken = report(await allCells(load, servers));
  if (values.check && broken.length > 0) {
    console.log(`broken: ${broken.join(' · ')}`);
    process.exitCode = 1;
  }
} finally {
  for (const server of servers) await server.stop();
  await load.stop();
  rmSync(dir, { recursive: true, force: true });
}

/** By rate (null: as fast as it goes), then by server, a cell a round. */
type Cells = Map<number | null, Map<string, Cell[]>>;

async function allCells(tool: LoadTool, all: readonly Measurable[]): Promise<Cells> {
  const cells: Cells = new Map();
  for (const rate of [...rates, null]) {
    const row = new Map<string, Cell[]>(all.map(({ name }) => [name, []]));
    cells.set(rate, row);
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < all.length; turn += 1) {
        const server = all[(turn + round) % all.length]!;
        await measure(tool, server, rate, 1);
        row.get(server.name)!.push(await measure(tool, server, rate, seconds));
      }
    }
  }
  return cells;
}

/** One order, from a server at rest to a server at rest. */
async function measure(tool: LoadTool, server: Measurable, rate: number | null, forSeconds: number): Promise<Cell> {
  await new Promise((resolve) => {
    setTimeout(resolve, REST_MS);
  });
  const commits = await server.metric('outpost_commits_total');
  const cpu = server.cpuSeconds();
  const measured = await tool.run({
    kind: rate === null ? 'closed' : 'open',
    url: server.url,
    tenants: TENANTS,
    perSecond: rate ?? 0,
    connections: CONNECTIONS,
    seconds: forSeconds,
  });
  if (measured.delivered < measured.acked || measured.refused > 0) {
    throw new Error(`${server.name} at ${rate}: ${JSON.stringify(measured)}`);
  }
  const cpuMs = ((server.cpuSeconds() - cpu) * 1_000) / measured.delivered;
  const commitsAfter = await server.metric('outpost_commits_total');
  const totalSeconds = (measured.elapsedMs + measured.drainMs) / 1_000;
  return {
    cpuMs,
    perSecond: measured.delivered / totalSeconds,
    commitsPerSecond: commits === null || commitsAfter === null ? null : (commitsAfter - commits) / totalSeconds,
    measured,
  };
}

/** Prints the tables and answers which bounds are broken. */
function report(cells: Cells): readonly string[] {
  const broken: string[] = [];
  console.log(
    '| rate/s | server | CPU ms/event | × floor | × empty | delivered/s | commits/s | ack p50/p99 ms | end to end p50/p99 ms |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const [rate, row] of cells) {
    const base = row.get('floor')!;
    const empty = row.get('empty')!;
    for (const [name, made] of row) {
      const ratio = spread(made.map((cell, round) => cell.cpuMs / base[round]!.cpuMs));
      const toEmpty = spread(made.map((cell, round) => cell.cpuMs / empty[round]!.cpuMs));
      const commits = Math.max(...made.map((cell) => cell.commitsPerSecond ?? 0));
      const ms = (pick: (cell: Cell) => number): string => median(made.map(pick)).toFixed(1);
      console.log(
        `| ${rate ?? 'max'} | ${name} | ${median(made.map((cell) => cell.cpuMs)).toFixed(3)} | ${ratio.text} | ` +
          `${name === 'floor' ? '–' : toEmpty.text} | ${median(made.map((cell) => cell.perSecond)).toFixed(0)} | ` +
          `${name === 'floor' ? '–' : commits.toFixed(0)} | ` +
          `${ms((cell) => cell.measured.ackMs.p50)} / ${ms((cell) => cell.measured.ackMs.p99)} | ` +
          `${ms((cell) => cell.measured.endToEndMs.p50)} / ${ms((cell) => cell.measured.endToEndMs.p99)} |`,
      );
      if (name === 'stored' && toEmpty.median > STORED_RATIO_MAX) {
        broken.push(`at ${rate ?? 'max'} an event costs ${toEmpty.text} × that on an empty file`);
      }
      if (commits > COMMITS_PER_SECOND_MAX) broken.push(`${name} at ${rate ?? 'max'}: ${commits.toFixed(0)} commits/s`);
    }
  }
  for (const server of servers) console.log(`${server.name}: ${server.rssMegabytes()} MB resident`);
  return broken;
}

function spread(ratios: readonly number[]): { median: number; text: string } {
  const middle = median(ratios);
  return {
    median: middle,
    text: `${middle.toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
  };
}

function median(list: readonly number[]): number {
  const sorted = list.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
