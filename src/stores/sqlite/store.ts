/**
 * The embedded store of record: one SQLite file, written by one thread (docs/adr/0001-embedded-store.md, 0003-threads.md).
 *
 * Ports call here; each write becomes an operation of the engine's and shares a commit with what else arrives, each
 * read goes to the thread of points or of scans.
 */
import type { Clock } from '../../ports/clock.ts';
import type { Directory } from '../../ports/directory.ts';
import type { History } from '../../ports/history.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { Store } from '../../ports/store.ts';
import { type Core, threadedCore } from './threads-core.ts';
import { coreWithoutThreads } from './threads-none.ts';

export interface SqliteStoreOptions {
  readonly dataDir: string;
  /** Tells whether a later start has the same encryption secret. */
  readonly secretCheck: Uint8Array;
  readonly clock: Clock;
  randomBytes(size: number): Uint8Array;
  /** False: everything on the caller's thread and every operation a commit of its own, for the simulation. */
  readonly threads: boolean;
  /** Called once when the store can't go on; every call rejects from then on, and the process has to start anew. */
  onFailure?(error: Error): void;
}

export interface SqliteStore extends Store {
  /** Sentences for the operator: it works, and may not be what is wanted. */
  readonly warnings: readonly string[];
}

/** @throws StartError for whatever the operator has to change */
export async function sqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const coreOptions = { ...options, onFailure: (error: Error) => options.onFailure?.(error) };
  const core = options.threads ? await threadedCore(coreOptions) : coreWithoutThreads(coreOptions);
  return {
    directory: directoryOf(core),
    ledger: ledgerOf(core),
    history: historyOf(core),
    attemptIdKey: core.attemptIdKey,
    warnings: core.warnings,
    close: () => core.close(),
  };
}

function directoryOf(core: Core): Directory {
  return {
    putTenant: (id, metadata, nowMs) => core.commit('putTenant', { id, metadata, nowMs }),
    findTenant: (id) => core.read('findTenant', { id }),
    listTenants: (query) => core.scan('listTenants', query),
    deleteTenant: (id, nowMs) => core.commit('deleteTenant', { id, nowMs }),
    createDestination: (draft, maxPerTenant) => core.commit('createDestination', { draft, maxPerTenant }),
    findDestination: (tenant, id) => core.read('findDestination', { tenant, id }),
    listDestinations: (tenant) => core.read('listDestinations', { tenant }),
    findLane: (lane) => core.read('findLane', { lane }),
    updateDestination: (lane, version, settings) => core.commit('updateDestination', { lane, version, settings }),
    setDisabled: (tenant, id, disabledAtMs) => core.commit('setDisabled', { tenant, id, disabledAtMs }),
    deleteDestination: (tenant, id) => core.commit('deleteDestination', { tenant, id }),
    roster: (tenant) => core.read('roster', { tenant }),
  };
}

function ledgerOf(core: Core): Ledger {
  return {
    accept: (request) => core.commit('accept', request),
    claim: (request) => core.commit('claim', request),
    settle: (request) => core.commit('settle', request),
    release: async (leases, nowMs) => {
      await core.commit('release', { leases, nowMs });
    },
    retry: (request) => core.commit('retry', request),
    loadPayloads: (events) => core.read('loadPayloads', { events }),
    recover: (limit, nowMs) => core.commit('recover', { limit, nowMs }),
    removeDeleted: (limit, nowMs) => core.commit('removeDeleted', { limit, nowMs }),
    stats: () => core.stats(),
  };
}

function historyOf(core: Core): History {
  return {
    listEvents: (query) => core.scan('listEvents', query),
    findEvent: (scope, id) => core.read('findEvent', { scope, id }),
    matchedLane: (tenant, event, destination) => core.read('matchedLane', { tenant, event, destination }),
    listAttempts: (query) => core.scan('listAttempts', query),
    findAttempt: (scope, key, include) => core.read('findAttempt', { scope, key, includeEvent: include.event }),
  };
}
