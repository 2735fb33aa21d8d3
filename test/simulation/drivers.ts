/** The drivers that a simulated day runs on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Destination } from '../../src/domain/destination.ts';
import { webhook } from '../../src/destinations/webhook/webhook.ts';
import type { HttpClient } from '../../src/ports/http-client.ts';
import type { Sender } from '../../src/ports/provider.ts';
import { memoryState } from '../../src/stores/memory/state.ts';
import { memoryStore } from '../../src/stores/memory/store.ts';

import { sqliteStore } from '../../src/stores/sqlite/store.ts';
import type { Seeded } from './seeded.ts';
import type { SimulatedDriver } from './world.ts';

const bytesFrom =
  (random: Seeded) =>
  (size: number): Uint8Array =>
    Uint8Array.from({ length: size }, () => random.between(0, 255));

export const memoryDriver: SimulatedDriver = {
  name: 'memory',
  async create(clock, random) {
    const randomBytes = bytesFrom(random);
    const state = memoryState(randomBytes);
    return { open: async () => memoryStore({ randomBytes, clock, state }), remove: async () => {} };
  },
};

/** The engine on this thread over a file: real transactions and a real restart, but no threads, whose timing is not ours. */
export const sqliteDriver: SimulatedDriver = {
  name: 'sqlite',
  async create(clock, random) {
    const randomBytes = bytesFrom(random);
    const dataDir = await mkdtemp(join(tmpdir(), 'outpost-simulation-'));
    const secretCheck = new Uint8Array(32);
    let last: { close(): Promise<void> } | null = null;
    return {
      async open() {
        await last?.close();
        const store = await sqliteStore({ dataDir, secretCheck, clock, randomBytes, threads: false });
        last = store;
        return store;
      },
      async remove() {
        await last?.close();
        await rm(dataDir, { recursive: true });
      },
    };
  },
};

export const DRIVERS = { memory: memoryDriver, sqlite: sqliteDriver } as const;

const provider = webhook({ userAgent: 'simulation', headerPrefix: 'x-outpost-', maxResponseBodyBytes: 1_024 });

/** The real webhook sender over the simulated network. */
export function openSender(destination: Destination, http: HttpClient, now: () => number): Sender {
  const { config, credentials, deliveryMetadata } = destination;
  return provider.open({ config, credentials, deliveryMetadata }, { http, now });
}
