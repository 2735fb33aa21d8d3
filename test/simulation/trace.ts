/** What happened, one line each, and a hash of it all: two runs of one seed must agree to the letter. */
import { createHash } from 'node:crypto';

export interface Trace {
  (line: string): void;
  readonly lines: readonly string[];
  hash(): string;
}

export function trace(nowMs: () => number): Trace {
  const lines: string[] = [];
  return Object.assign((line: string) => void lines.push(`${nowMs()} ${line}`), {
    lines,
    hash: () => createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16),
  });
}
