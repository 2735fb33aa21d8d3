/**
 * Compiled rosters of the tenants that publish. A cached roster may be old: `Ledger.accept` compares its version inside
 * the commit and answers `stale`, so the cache decides how fast a publish is and never what it means.
 */
import { LRUCache } from 'lru-cache';
import type { TenantId } from '../domain/ids.ts';
import { type CompiledRoster, compileRoster } from '../domain/roster.ts';
import type { Directory } from '../ports/directory.ts';

/** Destinations held compiled, over all tenants; a tenant without any counts as one. About 1 KiB each. */
const CACHED_DESTINATIONS_MAX = 100_000;

export interface RosterCache {
  /** Null if there is no such tenant: that is asked for anew each time, since no commit would find it out. */
  get(tenant: TenantId): Promise<CompiledRoster | null>;
  /** To be called when the tenant's destinations changed, or a commit found its roster stale. */
  forget(tenant: TenantId): void;
}

export function rosterCache(directory: Pick<Directory, 'roster'>): RosterCache {
  const kept = new LRUCache<TenantId, CompiledRoster>({
    maxSize: CACHED_DESTINATIONS_MAX,
    sizeCalculation: (roster) => Math.max(1, roster.destinations.length),
  });
  const loading = new Map<TenantId, Promise<CompiledRoster | null>>();

  function load(tenant: TenantId): Promise<CompiledRoster | null> {
    const running: Promise<CompiledRoster | null> = directory
      .roster(tenant)
      .then((roster) => {
        const compiled = roster === null ? null : compileRoster(roster);
        // A load that `forget` overtook may hold the state from before the change: it answers its callers, whose
        // commit will find out, but it is not kept.
        if (compiled !== null && loading.get(tenant) === running) kept.set(tenant, compiled);
        return compiled;
      })
      .finally(() => {
        if (loading.get(tenant) === running) loading.delete(tenant);
      });
    loading.set(tenant, running);
    return running;
  }

  return {
    async get(tenant) {
      return kept.get(tenant) ?? loading.get(tenant) ?? load(tenant);
    },
    forget(tenant) {
      kept.delete(tenant);
      loading.delete(tenant);
    },
  };
}
