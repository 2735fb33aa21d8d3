/** Who gets an event: a tenant's destinations compiled once per directory version, and the match itself. */
import type { Destination } from './destination.ts';
import { type Unmatched, UNMATCHED_MAX } from './event.ts';
import { compileFilter, type FilterRoot } from './filter.ts';
import type { DestinationId, LaneNumber, TenantNumber } from './ids.ts';
import { compileTopics } from './topics.ts';

/** What matching needs of a tenant: its live destinations at one directory version. */
export interface Roster {
  readonly tenant: TenantNumber;
  readonly version: number;
  readonly destinations: readonly RosterEntry[];
}

export type RosterEntry = Pick<Destination, 'lane' | 'id' | 'topics' | 'filter' | 'disabledAtMs' | 'version'>;

export interface CompiledRoster {
  readonly tenant: TenantNumber;
  readonly version: number;
  readonly destinations: readonly CompiledDestination[];
}

interface CompiledDestination {
  readonly lane: LaneNumber;
  readonly id: DestinationId;
  readonly isDisabled: boolean;
  readonly takesTopic: (topic: string) => boolean;
  readonly takesRoot: ((root: FilterRoot) => boolean) | null;
}

export interface MatchResult {
  readonly matched: readonly { readonly lane: LaneNumber; readonly id: DestinationId }[];
  /** The first `UNMATCHED_MAX` that did not match, each with its first reason. */
  readonly unmatched: readonly Unmatched[];
}

export function compileRoster(roster: Roster): CompiledRoster {
  return {
    tenant: roster.tenant,
    version: roster.version,
    destinations: roster.destinations.map((entry) => ({
      lane: entry.lane,
      id: entry.id,
      isDisabled: entry.disabledAtMs !== null,
      takesTopic: compileTopics(entry.topics),
      takesRoot: entry.filter === null ? null : compileFilter(entry.filter),
    })),
  };
}

/**
 * Matches an event: enabled, topic, filter, in this order. With `destinationId` only that one is considered, by the
 * same three conditions.
 * @param root what filters look at; called at most once, and only if a filter has to be evaluated
 */
export function matchEvent(
  roster: CompiledRoster,
  event: { readonly topic: string; readonly destinationId: DestinationId | null },
  root: () => FilterRoot,
): MatchResult {
  const matched: { lane: LaneNumber; id: DestinationId }[] = [];
  const unmatched: Unmatched[] = [];
  let parsed: FilterRoot | null = null;
  const reject = (destinationId: DestinationId, reason: Unmatched['reason']): void => {
    if (unmatched.length < UNMATCHED_MAX) unmatched.push({ destinationId, reason });
  };
  for (const destination of roster.destinations) {
    if (event.destinationId !== null && destination.id !== event.destinationId) continue;
    if (destination.isDisabled) reject(destination.id, 'disabled');
    else if (!destination.takesTopic(event.topic)) reject(destination.id, 'topic');
    else if (destination.takesRoot !== null && !destination.takesRoot((parsed ??= root())))
      reject(destination.id, 'filter');
    else matched.push({ lane: destination.lane, id: destination.id });
  }
  return { matched, unmatched };
}
