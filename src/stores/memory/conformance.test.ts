import { directoryConformance } from '../../../test/conformance/directory.ts';
import { historyConformance } from '../../../test/conformance/history.ts';
import { ledgerConformance } from '../../../test/conformance/ledger.ts';
import type { StoreHarness } from '../../../test/conformance/builders.ts';
import type { Store } from '../../ports/store.ts';
import { type MemoryState, memoryState } from './state.ts';
import { memoryStore } from './store.ts';

const states = new WeakMap<Store, MemoryState>();
const randomBytes = (size: number): Uint8Array => new Uint8Array(size).fill(7);

function openOver(state: MemoryState): Store {
  const store = memoryStore({ randomBytes, state });
  states.set(store, state);
  return store;
}

const harness: StoreHarness = {
  name: 'memory',
  open: async () => openOver(memoryState(randomBytes)),
  async reopen(store) {
    await store.close();
    return openOver(states.get(store)!);
  },
};

directoryConformance(harness);
ledgerConformance(harness);
historyConformance(harness);
