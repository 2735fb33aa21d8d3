/**
 * What the conformance suites share: the harness that a driver gives, a store per case, and builders with defaults, so
 * that a case shows only what it is about. Everything goes through the ports, as the program does.
 */
import assert from 'node:assert/strict';
import { type AttemptOutcome, type AttemptRecord, delivered } from '../../src/domain/attempt.ts';
import type { Destination } from '../../src/domain/destination.ts';
import type { NewEvent } from '../../src/domain/event.ts';
import { filterRoot } from '../../src/domain/filter.ts';
import { destinationId, type EventId, eventId, type LaneNumber, tenantId } from '../../src/domain/ids.ts';
import type { RetryPolicy } from '../../src/domain/retry-schedule.ts';
import { compileRoster, matchEvent } from '../../src/domain/roster.ts';
import type { Tenant } from '../../src/domain/tenant.ts';
import type { DestinationDraft } from '../../src/ports/directory.ts';
import type { AttemptQuery, EventQuery, Scope } from '../../src/ports/history.ts';
import type {
  AcceptRequest,
  AcceptResult,
  ClaimRequest,
  ClaimResult,
  Lease,
  LeaseKey,
  SettleRequest,
  SettleResult,
} from '../../src/ports/ledger.ts';
import type { Store } from '../../src/ports/store.ts';

export interface StoreHarness {
  readonly name: string;
  /** All ports over a new store that shares no data with any other call's. */
  open(): Promise<Store>;
  /** Closes the store and opens the same data again, as a restart of the process does. */
  reopen(store: Store): Promise<Store>;
}

/** The store of one case. */
export interface World {
  readonly store: Store;
  /** Restarts: `store` is the new one from here on. */
  reopen(): Promise<void>;
}

/** Makes a case of what it does with its store. */
export type InStore = (use: (world: World) => Promise<void>) => () => Promise<void>;

export const NOW = 1_700_000_000_000;
export const HOUR = 3_600_000;
/** Two retries: after 10 s and after 60 s. */
export const POLICY: RetryPolicy = { delaysMs: [10_000, 60_000], jitterShare: 0 };
export const ACME = tenantId('acme');
const QUOTA = 5_000;
/** How many calls are made at once where a case needs thousands of rows. */
const CHUNK = 200;
/** No loop of a suite takes more rounds. */
const ROUNDS_MAX = 5_000;

/** A case over a store of its own, which is closed whatever happens. */
export async function withStore(harness: StoreHarness, use: (world: World) => Promise<void>): Promise<void> {
  let store = await harness.open();
  try {
    await use({
      get store() {
        return store;
      },
      async reopen() {
        store = await harness.reopen(store);
      },
    });
  } finally {
    await store.close();
  }
}

/** The value, which the case has made sure is there. */
export function present<Value>(value: Value | null | undefined, what = 'value'): Value {
  assert.ok(value !== null && value !== undefined, `${what} is missing`);
  return value;
}

export async function putTenant(world: World, id = 'acme', nowMs = NOW): Promise<Tenant> {
  return (await world.store.directory.putTenant(tenantId(id), null, nowMs)).tenant;
}

type DraftOptions = Partial<Omit<DestinationDraft, 'id' | 'tenantId'>> & { id?: string; tenantId?: string };

export function draft(options: DraftOptions = {}): DestinationDraft {
  const { id = 'd1', tenantId: tenant = 'acme', ...rest } = options;
  return {
    tenantId: tenantId(tenant),
    id: destinationId(id),
    type: 'webhook',
    topics: ['*'],
    filter: null,
    config: { url: 'https://receiver.test/' },
    credentials: { secret: 'sealed' },
    deliveryMetadata: null,
    metadata: null,
    createdAtMs: NOW,
    updatedAtMs: NOW,
    disabledAtMs: null,
    ...rest,
  };
}

/** Creates a destination; the tenant is there. */
export async function putDestination(world: World, options: DraftOptions = {}): Promise<Destination> {
  const result = await world.store.directory.createDestination(draft(options), QUOTA);
  assert.equal(result.kind, 'created', 'a destination of a live tenant is created');
  return present(result.kind === 'created' ? result.destination : null, 'destination');
}

/** A tenant with `count` destinations that take every topic: `d1`, `d2`, … */
export async function setUp(world: World, count = 1, tenant = 'acme'): Promise<Destination[]> {
  await putTenant(world, tenant);
  return inChunks(count, (n) => putDestination(world, { id: `d${n + 1}`, tenantId: tenant }));
}

/** Does what is asked `count` times, some at once, and answers in order. */
export async function inChunks<Value>(count: number, work: (n: number) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  for (let from = 0; from < count; from += CHUNK) {
    const size = Math.min(CHUNK, count - from);
    values.push(...(await Promise.all(Array.from({ length: size }, (_, n) => work(from + n)))));
  }
  return values;
}

type EventOptions = Partial<Omit<NewEvent, 'id' | 'digest'>> & { id?: string; digest?: number };

/** @param options `digest` stands for the content: equal numbers, equal digests */
export function event(options: EventOptions = {}): NewEvent {
  const { id = 'e1', digest = 1, ...rest } = options;
  const acceptedAtMs = rest.acceptedAtMs ?? NOW;
  return {
    id: eventId(id),
    topic: 'order.created',
    time: { ms: acceptedAtMs, nanos: 0 },
    metadata: {},
    data: new TextEncoder().encode('{"a":1}'),
    acceptedAtMs,
    eligibleForRetry: true,
    destinationId: null,
    digest: new Uint8Array(32).fill(digest),
    ...rest,
  };
}

export type Accepted = Extract<AcceptResult, { kind: 'accepted' }>;

/** Accepts as the program does: matches against the roster of now, a slot reserved for each match or for none. */
export async function offer(
  world: World,
  options: { tenant?: string; event: NewEvent; reserved?: boolean },
): Promise<AcceptResult> {
  return world.store.ledger.accept(await acceptRequest(world, options));
}

/** The request that `offer` would make now. */
export async function acceptRequest(
  world: World,
  options: { tenant?: string; event: NewEvent; reserved?: boolean },
): Promise<AcceptRequest> {
  const roster = present(await world.store.directory.roster(tenantId(options.tenant ?? 'acme')), 'roster');
  const { matched, unmatched } = matchEvent(compileRoster(roster), options.event, () => filterRoot(options.event));
  return {
    tenant: roster.tenant,
    directoryVersion: roster.version,
    event: options.event,
    matched: matched.map(({ lane }) => ({ lane, slotReserved: options.reserved ?? false })),
    unmatched,
  };
}

/** Accepts an event that nobody has sent before. */
export async function publish(
  world: World,
  options: EventOptions & { tenant?: string; reserved?: boolean } = {},
): Promise<Accepted> {
  const { tenant = 'acme', reserved = false, ...rest } = options;
  return accepted(await offer(world, { tenant, event: event(rest), reserved }));
}

export function accepted(result: AcceptResult): Accepted {
  assert.equal(result.kind, 'accepted', 'an event that is new is accepted');
  return present(result.kind === 'accepted' ? result : null, 'accepted');
}

/** Accepts one event and answers the lease of its only delivery. */
export async function publishLeased(world: World, options: EventOptions & { tenant?: string } = {}): Promise<Lease> {
  const result = await publish(world, { ...options, reserved: true });
  assert.equal(result.leases.length, 1, 'a delivery whose slot is reserved and whose lane is free is handed over');
  return present(result.leases[0], 'lease');
}

export function claim(world: World, options: Partial<ClaimRequest> = {}): Promise<ClaimResult> {
  const room = options.room ?? 1_024;
  // Without a reserve nobody's share is limited, which is what most cases are about.
  const share = { free: room, reserved: 0 };
  return world.store.ledger.claim({ nowMs: NOW, room, ...share, laneCap: 1_024, busy: new Map(), ...options });
}

/** Claims until nothing is left that is due, as if slots were without end. */
export async function claimEvery(world: World, options: Partial<ClaimRequest> = {}): Promise<Lease[]> {
  const leases: Lease[] = [];
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const result = await claim(world, options);
    leases.push(...result.leases);
    if (!result.hasMore) return leases;
    assert.ok(
      result.leases.length > 0 || (result.nextDueMs !== null && result.nextDueMs <= (options.nowMs ?? NOW)),
      'a claim that has more to give and free slots gives something',
    );
  }
  return assert.fail('claims come to an end');
}

export async function claimOne(world: World, options: Partial<ClaimRequest> = {}): Promise<Lease> {
  const leases = await claimEvery(world, options);
  assert.equal(leases.length, 1, 'the one delivery that is due is leased');
  return present(leases[0], 'lease');
}

export interface SettleOptions extends Partial<Omit<SettleRequest, 'lease' | 'startedAtMs' | 'finishedAtMs'>> {
  /** When the attempt ended; it began 5 ms before. */
  readonly at?: number;
}

export function settle(
  world: World,
  lease: LeaseKey & Partial<Lease>,
  options: SettleOptions = {},
): Promise<SettleResult> {
  const { at = NOW, ...rest } = options;
  return world.store.ledger.settle({
    lease,
    trigger: lease.trigger ?? 'schedule',
    outcome: delivered('200'),
    startedAtMs: at - 5,
    finishedAtMs: at,
    policy: POLICY,
    random: 0,
    ...rest,
  });
}

/** Recovers everything, and answers how many leases had died. */
export async function recoverAll(world: World, nowMs = NOW, limit = 100): Promise<number> {
  let total = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const { recovered, done } = await world.store.ledger.recover(limit, nowMs);
    assert.ok(recovered <= limit, 'recovery looks at no more than its limit in one commit');
    total += recovered;
    if (done) return total;
  }
  return assert.fail('recovery comes to an end');
}

export async function removeAllDeleted(world: World, limit = 100): Promise<number> {
  let total = 0;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const removed = await world.store.ledger.removeDeleted(limit, NOW);
    assert.ok(removed <= limit, 'the removal of a deleted lane’s deliveries keeps to its limit');
    total += removed;
    if (removed < limit) return total;
  }
  return assert.fail('removal comes to an end');
}

export const ALL: Scope = { kind: 'all' };

export function attemptQuery(options: Partial<AttemptQuery> = {}): AttemptQuery {
  return {
    scope: ALL,
    direction: 'asc',
    limit: 1_000,
    cursor: null,
    time: {},
    topics: null,
    destinationIds: null,
    eventIds: null,
    destinationTypes: null,
    succeeded: null,
    includeEvent: false,
    ...options,
  };
}

export function eventQuery(options: Partial<EventQuery> = {}): EventQuery {
  return {
    scope: ALL,
    direction: 'asc',
    limit: 1_000,
    cursor: null,
    time: {},
    topics: null,
    destinationIds: null,
    ids: null,
    ...options,
  };
}

/** Every attempt in the log, in order of commits. */
export async function attempts(world: World, options: Partial<AttemptQuery> = {}): Promise<AttemptRecord[]> {
  const page = await world.store.history.listAttempts(attemptQuery(options));
  assert.equal(page.hasMore, false, 'the case has no more attempts than a page holds');
  return page.rows.toSorted((a, b) => a.seq - b.seq);
}

export async function eventIds(world: World, scope: Scope = ALL): Promise<EventId[]> {
  const page = await world.store.history.listEvents(eventQuery({ scope }));
  return page.rows.map((row) => row.id);
}

/** Asserts that the attempts of each delivery are numbered 1 to n in order of commits. */
export function assertNumbered(records: readonly AttemptRecord[]): void {
  const next = new Map<string, number>();
  for (const { key, number } of records) {
    const delivery = `${key.event}/${key.lane}`;
    const expected = (next.get(delivery) ?? 0) + 1;
    assert.equal(number, expected, 'attempts of a delivery are numbered 1 to n without gaps');
    next.set(delivery, expected);
  }
}

export function laneCounts(leases: readonly { readonly lane: LaneNumber }[]): Map<LaneNumber, number> {
  const counts = new Map<LaneNumber, number>();
  for (const { lane } of leases) counts.set(lane, (counts.get(lane) ?? 0) + 1);
  return counts;
}

export type { AttemptOutcome };
