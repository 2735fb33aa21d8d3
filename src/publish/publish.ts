/**
 * Accepts an event: match, reserve slots, one durable commit, hand over.
 *
 * Everything between reading the roster and the commit may be overtaken by a change of the tenant's destinations; the
 * commit answers `stale` then and the event is matched again, at last inside the commit itself.
 */
import { channel } from 'node:diagnostics_channel';
import { type EventPayload, FAN_OUT_MAX, type NewEvent } from '../domain/event.ts';
import { filterRoot } from '../domain/filter.ts';
import type { DestinationId, EventId, LaneNumber, TenantNumber } from '../domain/ids.ts';
import type { EventIdOfKey } from '../domain/keyed-event-id.ts';
import { matchEvent, type MatchResult } from '../domain/roster.ts';
import { AppError } from '../lib/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Lease, Ledger, Match } from '../ports/ledger.ts';
import { eventDigest } from './digest.ts';
import type { RosterCache } from './roster-cache.ts';
import type { Published, PublishRequest, PublishUseCase } from './use-cases.ts';

/** After so many stale matches the next one happens inside the commit, where nothing can overtake it. */
const STALE_ROUNDS_MAX = 3;

/** Published for each publish that was answered: `{ duplicate, destinations, reason }`. */
export const accepted = channel('publish.accepted');

/** The part of the dispatcher that takes new deliveries at once. */
export interface HandOver<Slot> {
  /** Takes a slot for one delivery if the lane, the tenant and the process have one to spare; else null. */
  reserve(tenant: TenantNumber, lane: LaneNumber, payloadBytes: number): Slot | null;
  /** Gives back a slot that the commit did not use. */
  giveBack(slot: Slot): void;
  /** Begins the attempt of a lease, in its slot. */
  begin(slot: Slot, lease: Lease, payload: EventPayload): void;
  /** Tells that something was stored that may be due. */
  wake(): void;
}

export interface PublishDeps<Slot = unknown> {
  readonly rosters: RosterCache;
  readonly ledger: Pick<Ledger, 'accept'>;
  readonly handOver: HandOver<Slot>;
  readonly clock: Clock;
  readonly newEventId: () => EventId;
  readonly eventIdOfKey: EventIdOfKey;
  readonly unknownTenant: 'accept' | 'reject';
  readonly idConflict: 'accept' | 'reject';
}

export function publishUseCase<Slot>(deps: PublishDeps<Slot>): PublishUseCase {
  return {
    async publish(request) {
      const published = await acceptEvent(deps, request);
      accepted.publish({
        duplicate: published.duplicate,
        destinations: published.destinationIds.length,
        reason: published.reason,
      });
      return published;
    },
  };
}

async function acceptEvent<Slot>(deps: PublishDeps<Slot>, request: PublishRequest): Promise<Published> {
  const event = newEvent(deps, request);
  for (let round = 0; ; round += 1) {
    const roster = await deps.rosters.get(request.tenantId);
    if (roster === null) return unknownTenant(deps, event.id);
    const isInCommit = round === STALE_ROUNDS_MAX;
    const match = isInCommit
      ? { matched: [], unmatched: [] }
      : matchEvent(roster, { topic: event.topic, destinationId: event.destinationId }, () => filterRoot(event));
    const result = await commit(deps, roster.tenant, isInCommit ? null : roster.version, event, match);
    if (result !== 'stale') return result;
    deps.rosters.forget(request.tenantId);
  }
}

/** One try at the commit, with the slots it may use; whatever happens, each slot is begun or given back. */
async function commit<Slot>(
  deps: PublishDeps<Slot>,
  tenant: TenantNumber,
  directoryVersion: number | null,
  event: NewEvent,
  match: MatchResult,
): Promise<Published | 'stale'> {
  if (match.matched.length > FAN_OUT_MAX) throw new Error('a tenant has more destinations than an event can match');
  const slots = new Map<LaneNumber, Slot>();
  const matched: Match[] = match.matched.map(({ lane }) => {
    const slot = deps.handOver.reserve(tenant, lane, event.data.byteLength);
    if (slot !== null) slots.set(lane, slot);
    return { lane, slotReserved: slot !== null };
  });
  try {
    const result = await deps.ledger.accept({ tenant, directoryVersion, event, matched, unmatched: match.unmatched });
    if (result.kind === 'stale') return 'stale';
    if (result.kind === 'duplicate') return duplicate(deps, event.id, result.conflict, result.destinationIds);
    for (const lease of result.leases) {
      const slot = slots.get(lease.lane);
      if (slot === undefined) throw new Error('the ledger leased a delivery that no slot was reserved for');
      slots.delete(lease.lane);
      deps.handOver.begin(slot, lease, event);
    }
    if (result.stored > 0) deps.handOver.wake();
    const destinationIds = result.destinationIds ?? match.matched.map((each) => each.id);
    return { id: event.id, duplicate: false, conflict: false, destinationIds, reason: null };
  } finally {
    for (const slot of slots.values()) deps.handOver.giveBack(slot);
  }
}

function newEvent(deps: Omit<PublishDeps, 'handOver'>, request: PublishRequest): NewEvent {
  const acceptedAtMs = deps.clock.now();
  const content = {
    topic: request.topic,
    destinationId: request.destinationId,
    eligibleForRetry: request.eligibleForRetry,
    metadata: request.metadata,
    data: request.data,
  };
  return {
    ...content,
    id: request.id ?? idOfNone(deps, request),
    time: request.time ?? { ms: acceptedAtMs, nanos: 0 },
    acceptedAtMs,
    digest: eventDigest(content),
  };
}

/** The id of an event that was sent without one. */
function idOfNone(
  { eventIdOfKey, newEventId }: Pick<PublishDeps, 'eventIdOfKey' | 'newEventId'>,
  { tenantId, idempotencyKey }: PublishRequest,
): EventId {
  return idempotencyKey === null ? newEventId() : eventIdOfKey(tenantId, idempotencyKey);
}

function duplicate(
  deps: Omit<PublishDeps, 'handOver'>,
  id: EventId,
  conflict: boolean,
  destinationIds: readonly DestinationId[],
): Published {
  if (conflict && deps.idConflict === 'reject') {
    throw new AppError('event_id_conflict', 'an event with this id and other content was published before');
  }
  return { id, duplicate: true, conflict, destinationIds, reason: null };
}

function unknownTenant(deps: Omit<PublishDeps, 'handOver'>, id: EventId): Published {
  if (deps.unknownTenant === 'reject') throw new AppError('tenant_not_found', 'tenant not found');
  return { id, duplicate: false, conflict: false, destinationIds: [], reason: 'tenant_not_found' };
}
