/** The drivers that a simulated day runs on. */
import type { Destination } from '../../src/domain/destination.ts';
import { webhook } from '../../src/destinations/webhook/webhook.ts';
import type { HttpClient } from '../../src/ports/http-client.ts';
import type { Sender } from '../../src/ports/provider.ts';
import { memoryState } from '../../src/stores/memory/state.ts';
import { memoryStore } from '../../src/stores/memory/store.ts';

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

export const DRIVERS = { memory: memoryDriver } as const;

const provider = webhook({ userAgent: 'simulation', headerPrefix: 'x-outpost-', maxResponseBodyBytes: 1_024 });

/** The real webhook sender over the simulated network. */
export function openSender(destination: Destination, http: HttpClient, now: () => number): Sender {
  const { config, credentials, deliveryMetadata } = destination;
  return provider.open({ config, credentials, deliveryMetadata }, { http, now });
}
