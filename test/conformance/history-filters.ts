/** Filters, alone and together, against a naive one over everything that was written. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { type AttemptRecord, delivered, failed } from '../../src/domain/attempt.ts';
import type { EventRecord } from '../../src/domain/event.ts';
import { destinationId, eventId, tenantId, tenantNumber } from '../../src/domain/ids.ts';
import type { AttemptQuery, EventQuery, Scope, TimeRange } from '../../src/ports/history.ts';
import { sized } from '../support/sizes.ts';
import {
  attemptQuery,
  attempts,
  eventQuery,
  NOW,
  publish,
  putDestination,
  putTenant,
  settle,
  type StoreHarness,
  withStore,
  type World,
} from './builders.ts';

const TOPICS = ['a', 'b', 'a.b'];
const TENANTS = ['one', 'two'];
const TYPES: Readonly<Record<string, string>> = { d1: 'webhook', d2: 'rabbitmq', d3: 'webhook' };
/** Times lie close together, so that bounds and ties are hit. */
const SPAN_MS = 6;
/** Asked of each store, since opening one costs more than asking. */
const QUERIES = 30;

interface Published {
  readonly tenant: string;
  readonly topic: string;
  readonly time: number;
  readonly destination: string | null;
  readonly ok: readonly boolean[];
  readonly ended: number;
}

/** Mostly without, so that what is given alone shows too, and what is given together still matches something. */
const sometimes = <Value>(given: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: given });

const published: fc.Arbitrary<Published> = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  topic: fc.constantFrom(...TOPICS),
  time: fc.nat(SPAN_MS),
  destination: sometimes(fc.constantFrom('d1', 'd2', 'd3', 'none')),
  ok: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  ended: fc.nat(SPAN_MS),
});

const bound = sometimes(fc.integer({ min: -1, max: SPAN_MS + 1 }));
const range: fc.Arbitrary<TimeRange> = fc
  .record({ gteMs: bound, gtMs: bound, lteMs: bound, ltMs: bound })
  .map((bounds) =>
    Object.fromEntries(
      Object.entries(bounds).flatMap(([name, value]) => (value === null ? [] : [[name, NOW + value]])),
    ),
  );
const subset = (values: readonly string[]) => sometimes(fc.subarray([...values]));
/** Tenants are numbered by the store; here only which of them. */
const scope = fc.oneof(
  fc.constant({ kind: 'all' } as const),
  fc.subarray(TENANTS).map((ids) => ({ kind: 'ids', ids: ids.map(tenantId) }) as const),
  fc.constantFrom(...TENANTS).map((name) => ({ kind: 'tenant', name }) as const),
);
const query = fc.record({
  scope,
  time: range,
  topics: subset([...TOPICS, 'none']),
  destinations: subset(['d1', 'd2', 'd3', 'none']),
  events: subset(['e0', 'e1', 'e2', 'e3', 'none']),
  types: subset(['webhook', 'rabbitmq', 'none']),
  succeeded: sometimes(fc.boolean()),
  direction: fc.constantFrom('asc' as const, 'desc' as const),
});
type Asked = typeof query extends fc.Arbitrary<infer Value> ? Value : never;

export function filterCases(harness: StoreHarness): void {
  it('give what a naive filter over everything gives, alone and together', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(published, { maxLength: 10 }),
        fc.array(query, { minLength: QUERIES, maxLength: QUERIES }),
        (list, queries) =>
          withStore(harness, async (world) => {
            const numbers = await write(world, list);
            const log = await attempts(world, { includeEvent: true });
            const events = (await world.store.history.listEvents(eventQuery())).rows;
            assert.equal(events.length, list.length, 'every event is listed once');
            assert.equal(log.length, total(list), 'every attempt is listed once');
            for (const asked of queries) await compare(world, { asked, numbers, log, events });
          }),
      ),
      { numRuns: sized(12, 40) },
    ));
}

function total(list: readonly Published[]): number {
  return list.reduce((sum, { destination }) => sum + (destination === null ? 3 : destination === 'none' ? 0 : 1), 0);
}

/** Publishes and settles the list, and answers the tenants' numbers. */
async function write(world: World, list: readonly Published[]): Promise<ReadonlyMap<string, number>> {
  const numbers = new Map<string, number>();
  for (const tenant of TENANTS) {
    numbers.set(tenant, (await putTenant(world, tenant)).number);
    for (const [id, type] of Object.entries(TYPES)) await putDestination(world, { tenantId: tenant, id, type });
  }
  for (const [n, each] of list.entries()) {
    const { leases } = await publish(world, {
      id: `e${n}`,
      tenant: each.tenant,
      topic: each.topic,
      time: { ms: NOW + each.time, nanos: 0 },
      destinationId: each.destination === null ? null : destinationId(each.destination),
      reserved: true,
    });
    for (const [place, lease] of leases.entries()) {
      const outcome = each.ok[place] === true ? delivered('200') : failed('410', null, { permanent: true });
      await settle(world, lease, { outcome, at: NOW + each.ended });
    }
  }
  return numbers;
}

interface Comparison {
  readonly asked: Asked;
  readonly numbers: ReadonlyMap<string, number>;
  readonly log: readonly AttemptRecord[];
  readonly events: readonly EventRecord[];
}

async function compare(world: World, { asked, numbers, log, events }: Comparison): Promise<void> {
  const of: Scope =
    asked.scope.kind === 'tenant'
      ? { kind: 'tenant', tenant: tenantNumber(numbers.get(asked.scope.name) ?? 0) }
      : asked.scope;
  const shared = {
    scope: of,
    time: asked.time,
    topics: asked.topics,
    destinationIds: asked.destinations?.map(destinationId) ?? null,
    direction: asked.direction,
  };
  const ids = asked.events?.map(eventId) ?? null;
  const attemptsAsked = attemptQuery({
    ...shared,
    eventIds: ids,
    destinationTypes: asked.types,
    succeeded: asked.succeeded,
  });
  const eventsAsked = eventQuery({ ...shared, ids });
  const sign = asked.direction === 'asc' ? 1 : -1;
  const expectedLog = log
    .filter((record) => takesAttempt(attemptsAsked, record))
    .toSorted((a, b) => sign * (a.finishedAtMs - b.finishedAtMs || a.seq - b.seq));
  const page = await world.store.history.listAttempts(attemptsAsked);
  assert.deepEqual(
    page.rows.map(({ seq }) => seq),
    expectedLog.map(({ seq }) => seq),
    'a list of attempts gives what its filters take, in order',
  );
  const expectedEvents = events
    .filter((record) => takesEvent(eventsAsked, record))
    .toSorted((a, b) => sign * (a.time.ms - b.time.ms || a.seq - b.seq));
  const listed = await world.store.history.listEvents(eventsAsked);
  assert.deepEqual(
    listed.rows.map(({ seq }) => seq),
    expectedEvents.map(({ seq }) => seq),
    'a list of events gives what its filters take, in order',
  );
}

function isIn<Value>(values: readonly Value[] | null, value: Value): boolean {
  return values === null || values.includes(value);
}

function isWithin(time: TimeRange, ms: number): boolean {
  if (time.gteMs !== undefined && ms < time.gteMs) return false;
  if (time.gtMs !== undefined && ms <= time.gtMs) return false;
  if (time.lteMs !== undefined && ms > time.lteMs) return false;
  return time.ltMs === undefined || ms < time.ltMs;
}

function sees(of: Scope, row: { readonly tenantId: string; readonly tenant: number }): boolean {
  if (of.kind === 'all') return true;
  return of.kind === 'ids' ? of.ids.some((id) => id === row.tenantId) : of.tenant === row.tenant;
}

function takesEvent(asked: EventQuery, record: EventRecord): boolean {
  return (
    sees(asked.scope, record) &&
    isWithin(asked.time, record.time.ms) &&
    isIn(asked.topics, record.topic) &&
    isIn(asked.ids, record.id) &&
    (asked.destinationIds === null || record.matchedDestinationIds.some((id) => isIn(asked.destinationIds, id)))
  );
}

function takesAttempt(asked: AttemptQuery, record: AttemptRecord): boolean {
  return (
    sees(asked.scope, { tenantId: record.tenantId, tenant: record.key.tenant }) &&
    isWithin(asked.time, record.finishedAtMs) &&
    isIn(asked.topics, record.topic) &&
    isIn(asked.eventIds, record.eventId) &&
    isIn(asked.destinationIds, record.destinationId) &&
    isIn(asked.destinationTypes, record.destinationType) &&
    isIn(asked.succeeded === null ? null : [asked.succeeded], record.succeeded)
  );
}
