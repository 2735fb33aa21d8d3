import type { StringMap } from './json.ts';
import type { TenantId, TenantNumber } from './ids.ts';

/** A customer of the operator. */
export interface Tenant {
  readonly number: TenantNumber;
  readonly id: TenantId;
  /** Null when unset; never empty. */
  readonly metadata: StringMap | null;
  readonly createdAtMs: number;
  /** Moved by PUT only; writes to destinations leave it. */
  readonly updatedAtMs: number;
  /** Live destinations, disabled ones included. */
  readonly destinationsCount: number;
  /** Union of the live destinations' topics, sorted; exactly `['*']` as soon as one subscribes to `*`. */
  readonly topics: readonly string[];
}

/** The `topics` of a tenant from those of its destinations. */
export function unionOfTopics(lists: Iterable<readonly string[]>): readonly string[] {
  const all = new Set<string>();
  for (const topics of lists) for (const topic of topics) all.add(topic);
  return all.has('*') ? ['*'] : [...all].sort();
}
