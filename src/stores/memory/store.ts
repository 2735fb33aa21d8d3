/**
 * The memory profile: for tests, the simulation and use as a library. Calls are applied at once and in the order in
 * which they are made, so that a run is deterministic.
 *
 * A state outlives its store objects. Opening another one over it is a process that starts over the disk of one that
 * died: from then on the older object claims and releases nothing, its settles are late, and what else would write
 * rejects.
 */
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import { memoryDirectory } from './directory.ts';
import { memoryHistory } from './history.ts';
import { memoryLedger } from './ledger.ts';
import { recovery } from './settle.ts';
import { type MemoryState, memoryState } from './state.ts';

export interface MemoryStoreOptions {
  randomBytes(size: number): Uint8Array;
  /** For the age of what waits in `stats`; without it, ages are told as of the latest call. */
  readonly clock?: Pick<Clock, 'now'>;
  /** What an earlier store object left; a new one is made without it. */
  readonly state?: MemoryState;
}

export function memoryStore(options: MemoryStoreOptions): Store {
  const state = options.state ?? memoryState(options.randomBytes);
  state.epoch += 1;
  const epoch = state.epoch;
  let isClosed = false;
  const isSuperseded = (): boolean => state.epoch !== epoch;
  const commit = (): void => {
    if (isClosed) throw new Error('the store is closed');
    if (isSuperseded()) throw new Error('the store was opened again, and this is its earlier life');
    state.commits += 1;
  };
  return {
    directory: memoryDirectory(state, commit),
    ledger: memoryLedger({ state, clock: options.clock ?? null, commit, isSuperseded, recover: recovery(state) }),
    history: memoryHistory(state),
    attemptIdKey: state.attemptIdKey,
    async close() {
      isClosed = true;
    },
  };
}
