/** What the figures depend on besides the code: processors, file system, and what a flush costs on this disk. */
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const FLUSHES = 200;

export function describeMachine(dir: string): string {
  const fileSystem = execFileSync('df', ['--output=fstype', dir]).toString().trim().split('\n').at(-1);
  const { p50, p99 } = flushMs(dir);
  const cores = cpus();
  return (
    `${cores.length} cores (${cores[0]?.model ?? 'unknown'}), Node ${process.version}, ${fileSystem}, ` +
    `append 4 KiB + fdatasync p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`
  );
}

function flushMs(dir: string): { p50: number; p99: number } {
  const path = join(dir, 'flush-test');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4_096);
  const times: number[] = [];
  try {
    for (let n = 0; n < FLUSHES; n += 1) {
      const started = performance.now();
      writeSync(file, block);
      fdatasyncSync(file);
      times.push(performance.now() - started);
    }
  } finally {
    closeSync(file);
    rmSync(path);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(FLUSHES * 0.5)]!, p99: times[Math.floor(FLUSHES * 0.99)]! };
}
