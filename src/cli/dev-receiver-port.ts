/**
 * The receiver's port of the last start: destinations that somebody pointed at it, and deliveries that still wait for
 * it, find it again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function receiverPort(directory: string): { read(): number; write(port: number): void } {
  const path = join(directory, 'receiver-port');
  return {
    /** 0 if there is none. */
    read() {
      try {
        const port = Number(readFileSync(path, 'utf8').trim());
        return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
      } catch {
        return 0;
      }
    },
    write: (port) => writeFileSync(path, `${port}\n`),
  };
}
