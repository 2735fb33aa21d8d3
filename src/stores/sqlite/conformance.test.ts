import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { StoreHarness } from '../../../test/conformance/builders.ts';
import { directoryConformance } from '../../../test/conformance/directory.ts';
import { historyConformance } from '../../../test/conformance/history.ts';
import { ledgerConformance } from '../../../test/conformance/ledger.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import { sqliteStore } from './store.ts';

const directories = new Map<Store, string>();
const root = mkdtempSync(join(tmpdir(), 'outpost-conformance-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** The suites give every time themselves; this one only spaces the chores. */
const clock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

async function openIn(dataDir: string, threads: boolean): Promise<Store> {
  const store = await sqliteStore({
    dataDir,
    secretCheck: new Uint8Array(32).fill(1),
    clock,
    randomBytes: (size) => new Uint8Array(size).fill(7),
    threads,
    onFailure: (error) => {
      throw error;
    },
  });
  directories.set(store, dataDir);
  return store;
}

function harnessOf(name: string, threads: boolean): StoreHarness {
  return {
    name,
    open: () => openIn(mkdtempSync(join(root, 'store-')), threads),
    async reopen(store) {
      await store.close();
      return openIn(directories.get(store)!, threads);
    },
  };
}

const onOneThread = harnessOf('sqlite without threads', false);
directoryConformance(onOneThread);
ledgerConformance(onOneThread);
historyConformance(onOneThread);

// What threads change is how calls travel: this shows it, and store.test.ts for the other ports. Their suites open hundreds
// of stores, which with three threads each would take minutes.
directoryConformance(harnessOf('sqlite with threads', true));
