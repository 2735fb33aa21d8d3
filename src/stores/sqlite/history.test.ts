import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { attemptQuery, draft, event, eventQuery, POLICY } from '../../../test/conformance/builders.ts';
import type { AttemptRecord } from '../../domain/attempt.ts';
import { delivered, failed } from '../../domain/attempt.ts';
import type { EventRecord } from '../../domain/event.ts';
import { destinationId, eventId, type TenantId, tenantId } from '../../domain/ids.ts';
import type { Page, PageCursor } from '../../ports/directory.ts';
import type { AttemptQuery, EventQuery, Scope } from '../../ports/history.ts';
import type { Lease } from '../../ports/ledger.ts';
import type { Store } from '../../ports/store.ts';
import { sqliteStore } from './store.ts';

const root = mkdtempSync(join(tmpdir(), 'outpost-history-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** Each run fills a store of its own, so looking for a smaller failing case would take minutes. */
const RUNS = { endOnFailure: true };
const TENANTS = ['t1', 't2'];
const TOPICS = ['order', 'user'];
const TYPES: Readonly<Record<string, string>> = { d1: 'webhook', d2: 'queue' };

interface Step {
  readonly tenant: number;
  /** Publishes with this id, or settles the oldest lease. */
  readonly publish: { readonly id: number; readonly topic: number; readonly timeMs: number } | null;
  readonly ok: boolean;
  readonly endMs: number;
  /** Turns of the chores that come after: how much of it is indexed. */
  readonly turns: number;
  /** The tenant is deleted and created anew before. */
  readonly renew: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  tenant: fc.nat(TENANTS.length - 1),
  publish: fc.option(fc.record({ id: fc.nat(30), topic: fc.nat(1), timeMs: fc.nat(6) }), { nil: null, freq: 2 }),
  ok: fc.boolean(),
  endMs: fc.nat(6),
  turns: fc.nat(20).map((n) => (n < 3 ? n * 3 : 0)),
  renew: fc.nat(25).map((n) => n === 0),
});
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });
const steps = fc.array(step, { minLength: 40, maxLength: 80, size: 'max' });
const someIds = orNull(fc.subarray(Array.from({ length: 12 }, (_, n) => eventId(`e${n}`))));
const someDestinations = orNull(fc.subarray(['d1', 'd2', 'd9'].map(destinationId)));
const bound = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 7 }) },
);
const asked = fc.record({
  scope: fc.oneof(
    fc.constant('all' as const),
    fc.constant('tenant' as const),
    fc.subarray(TENANTS).map((ids) => ({ kind: 'ids' as const, ids: ids.map(tenantId) })),
  ),
  direction: fc.constantFrom('asc' as const, 'desc' as const),
  limit: fc.constantFrom(1, 2, 5, 20),
  time: fc
    .record({ gteMs: bound, gtMs: bound, lteMs: bound, ltMs: bound })
    .map((range) => Object.fromEntries(Object.entries(range).filter(([, value]) => value !== undefined))),
  topics: orNull(fc.subarray(TOPICS)),
  destinationIds: someDestinations,
  ids: someIds,
  destinationTypes: orNull(fc.subarray(['webhook', 'queue'])),
  succeeded: orNull(fc.boolean()),
  includeEvent: fc.boolean(),
});

const queries = fc.array(asked, { minLength: 10, maxLength: 20, size: 'max' });

interface Row {
  readonly life: number;
  readonly tenant: string;
  readonly seq: number;
  readonly timeMs: number;
  readonly topic: string;
  readonly id: string;
}
interface AttemptRow extends Row {
  readonly destination: string;
  readonly ok: boolean;
}

/** What was written, as a list that can be looked through. */
interface Model {
  readonly events: Row[];
  readonly attempts: AttemptRow[];
}

class Timers {
  #fires: (() => void)[] = [];
  readonly clock = {
    now: () => 0,
    monotonicMs: () => 0,
    after: (_delayMs: number, fire: () => void) => {
      this.#fires.push(fire);
      return () => (this.#fires = this.#fires.filter((other) => other !== fire));
    },
  };

  get pending(): number {
    return this.#fires.length;
  }

  async fireOnce(): Promise<void> {
    const fires = this.#fires;
    this.#fires = [];
    for (const fire of fires) fire();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function write(store: Store, timers: Timers, steps: readonly Step[]): Promise<Model> {
  const model: Model = { events: [], attempts: [] };
  const leases: { lease: Lease; row: Row; destination: string }[] = [];
  await Promise.all(TENANTS.map((id) => putTenant(store, tenantId(id))));
  for (const { tenant: at, publish, ok, endMs, turns, renew } of steps) {
    const id = tenantId(TENANTS[at]!);
    if (renew) {
      await store.directory.deleteTenant(id, 0);
      await putTenant(store, id);
    }
    if (publish !== null) {
      const roster = (await store.directory.roster(id))!;
      const topic = TOPICS[publish.topic]!;
      const result = await store.ledger.accept({
        tenant: roster.tenant,
        directoryVersion: roster.version,
        event: event({
          id: `e${publish.id}`,
          topic,
          time: { ms: publish.timeMs, nanos: 0 },
          data: new Uint8Array([at]),
        }),
        matched: roster.destinations.map(({ lane }) => ({ lane, slotReserved: true })),
        unmatched: [],
      });
      if (result.kind === 'accepted') {
        const row = {
          life: roster.tenant,
          tenant: id,
          seq: result.event,
          timeMs: publish.timeMs,
          topic,
          id: `e${publish.id}`,
        };
        model.events.push(row);
        for (const lease of result.leases) {
          const destination = roster.destinations.find(({ lane }) => lane === lease.lane)!.id;
          leases.push({ lease, row, destination });
        }
      }
    } else {
      const next = leases.shift();
      if (next !== undefined) {
        await store.ledger.settle({
          lease: next.lease,
          trigger: next.lease.trigger,
          outcome: ok ? delivered('200') : failed('500', { body: 'no' }, { permanent: true }),
          startedAtMs: endMs,
          finishedAtMs: endMs,
          policy: POLICY,
          random: 0,
        });
        const seq = model.attempts.length + 1;
        model.attempts.push({ ...next.row, seq, timeMs: endMs, destination: next.destination, ok });
      }
    }
    for (let n = 0; n < turns; n++) await timers.fireOnce();
  }
  return model;
}

async function putTenant(store: Store, id: TenantId): Promise<void> {
  await store.directory.putTenant(id, null, 0);
  for (const [destination, type] of Object.entries(TYPES)) {
    await store.directory.createDestination(draft({ id: destination, tenantId: id, type }), 10);
  }
}

/** Every page from the first on, then back from the last, and what the model says they hold. */
async function pagesBothWays<Listed>(
  limit: number,
  list: (cursor: PageCursor | null) => Promise<Page<Listed>>,
  positionOf: (row: Listed) => { timeMs: number; seq: number },
  expected: readonly number[],
): Promise<Listed[]> {
  const seen: Listed[] = [];
  let cursor: PageCursor | null = null;
  let backward: PageCursor | null = null;
  for (let page = 0; page <= expected.length; page++) {
    const { rows, hasMore }: Page<Listed> = await list(cursor);
    assert.ok(rows.length <= limit);
    seen.push(...rows);
    assert.equal(hasMore, seen.length < expected.length, 'hasMore tells whether rows follow');
    if (rows.length > 0) backward = { toward: 'prev', ...positionOf(rows[0]!) };
    if (!hasMore) break;
    cursor = { toward: 'next', ...positionOf(rows.at(-1)!) };
  }
  const seqs = seen.map((row) => positionOf(row).seq);
  assert.deepEqual(seqs, expected, 'pages hold every row once, in order');
  let rest = expected.length === 0 ? 0 : Math.floor((expected.length - 1) / limit) * limit;
  while (rest > 0 && backward !== null) {
    const { rows, hasMore }: Page<Listed> = await list(backward);
    const from = Math.max(0, rest - limit);
    assert.deepEqual(
      rows.map((row) => positionOf(row).seq),
      expected.slice(from, rest),
      'a page back is the page before',
    );
    assert.equal(hasMore, from > 0, 'hasMore tells whether rows come before');
    backward = { toward: 'prev', ...positionOf(rows[0]!) };
    rest = from;
  }
  return seen;
}

type Asked = typeof asked extends fc.Arbitrary<infer Value> ? Value : never;

async function scopeOf(store: Store, scope: Asked['scope']): Promise<{ scope: Scope; sees(row: Row): boolean }> {
  if (scope === 'all') return { scope: { kind: 'all' }, sees: () => true };
  if (scope === 'tenant') {
    const { number } = (await store.directory.findTenant(tenantId('t1')))!;
    return { scope: { kind: 'tenant', tenant: number }, sees: (row) => row.life === number };
  }
  return { scope, sees: (row) => scope.ids.some((id) => id === row.tenant) };
}

const oneOf = (values: readonly string[] | null, value: string): boolean => values === null || values.includes(value);
const within = (time: EventQuery['time'], ms: number): boolean =>
  ms >= (time.gteMs ?? -9) && ms > (time.gtMs ?? -9) && ms <= (time.lteMs ?? 9) && ms < (time.ltMs ?? 9);

function seqsOf(rows: readonly Row[], direction: 'asc' | 'desc'): number[] {
  const sorted = rows.toSorted((a, b) => a.timeMs - b.timeMs || a.seq - b.seq).map(({ seq }) => seq);
  return direction === 'asc' ? sorted : sorted.reverse();
}

async function withHistory(
  steps: readonly Step[],
  use: (store: Store, model: Model, timers: Timers) => Promise<void>,
): Promise<void> {
  const timers = new Timers();
  const store = await sqliteStore({
    dataDir: mkdtempSync(join(root, 'store-')),
    secretCheck: new Uint8Array(32),
    clock: timers.clock,
    randomBytes: (size) => new Uint8Array(size).fill(3),
    threads: false,
    onFailure: (error) => {
      throw error;
    },
  });
  try {
    await use(store, await write(store, timers, steps), timers);
  } finally {
    await store.close();
  }
}

describe('history of the embedded store', () => {
  it('lists the events that a query asks for, by pages in both directions, indexed or not', () =>
    fc.assert(
      fc.asyncProperty(steps, queries, (written, all) =>
        withHistory(written, async (store, model) => {
          for (const of of all) {
            const { scope, sees } = await scopeOf(store, of.scope);
            const query: EventQuery = eventQuery({ ...of, scope });
            const expected = model.events.filter(
              (row) =>
                sees(row) &&
                within(of.time, row.timeMs) &&
                oneOf(of.topics, row.topic) &&
                oneOf(of.ids, row.id) &&
                (of.destinationIds === null || ['d1', 'd2'].some((id) => oneOf(of.destinationIds, id))),
            );
            const rows = await pagesBothWays<EventRecord>(
              of.limit,
              (cursor) => store.history.listEvents({ ...query, cursor }),
              (row) => ({ timeMs: row.time.ms, seq: row.seq }),
              seqsOf(expected, of.direction),
            );
            for (const row of rows) {
              const original = model.events.find(({ seq }) => seq === row.seq)!;
              assert.deepEqual([row.id, row.tenantId, row.topic], [original.id, original.tenant, original.topic]);
              assert.deepEqual(row.matchedDestinationIds, ['d1', 'd2']);
            }
          }
        }),
      ),
      { ...RUNS, numRuns: 6 },
    ));

  it('lists the attempts that a query asks for, by pages in both directions, indexed or not', () =>
    fc.assert(
      fc.asyncProperty(steps, queries, (written, all) =>
        withHistory(written, async (store, model) => {
          for (const { ids, ...of } of all) {
            const { scope, sees } = await scopeOf(store, of.scope);
            const query: AttemptQuery = attemptQuery({ ...of, scope, eventIds: ids });
            const expected = model.attempts.filter(
              (row) =>
                sees(row) &&
                within(of.time, row.timeMs) &&
                oneOf(of.topics, row.topic) &&
                oneOf(ids, row.id) &&
                oneOf(of.destinationIds, row.destination) &&
                oneOf(of.destinationTypes, TYPES[row.destination]!) &&
                (of.succeeded === null || of.succeeded === row.ok),
            );
            const rows = await pagesBothWays<AttemptRecord>(
              of.limit,
              (cursor) => store.history.listAttempts({ ...query, cursor }),
              (row) => ({ timeMs: row.finishedAtMs, seq: row.seq }),
              seqsOf(expected, of.direction),
            );
            for (const row of rows) {
              const original = model.attempts[row.seq - 1]!;
              assert.deepEqual(
                [row.eventId, row.destinationId, row.succeeded],
                [original.id, original.destination, original.ok],
              );
              assert.deepEqual(row.event?.id ?? null, of.includeEvent ? original.id : null);
              const found = await store.history.findAttempt(scope, row.key, { event: of.includeEvent });
              assert.deepEqual(found, row, 'an attempt that a list shows is found by its key in the same scope');
            }
          }
        }),
      ),
      { ...RUNS, numRuns: 6 },
    ));

  it('finds of several tenants’ events of one id the newest that the scope sees', () =>
    fc.assert(
      fc.asyncProperty(steps, queries, (written, all) =>
        withHistory(written, async (store, model) => {
          for (const of of all) {
            const { scope, sees } = await scopeOf(store, of.scope);
            for (const id of ['e0', 'e1', 'e9']) {
              const newest = model.events.findLast((row) => row.id === id && sees(row));
              const found = await store.history.findEvent(scope, eventId(id));
              assert.equal(found?.seq ?? null, newest?.seq ?? null);
            }
          }
        }),
      ),
      { ...RUNS, numRuns: 3 },
    ));

  it('finds the lane that an event had for a destination, not that of a later life', () =>
    withHistory([], async (store, _, timers) => {
      const tenant = (await store.directory.findTenant(tenantId('t1')))!;
      const publish: Step = {
        tenant: 0,
        publish: { id: 1, topic: 0, timeMs: 0 },
        ok: true,
        endMs: 0,
        turns: 0,
        renew: false,
      };
      const roster = (await store.directory.roster(tenant.id))!;
      await write(store, timers, [publish]);
      const id = destinationId('d2');
      const before = roster.destinations.find((entry) => entry.id === id)!.lane;
      await store.directory.deleteDestination(tenant.id, id);
      await store.directory.createDestination(draft({ id: 'd2', tenantId: tenant.id }), 10);
      assert.equal(await store.history.matchedLane(tenant.number, eventId('e1'), id), before);
      assert.equal(await store.history.matchedLane(tenant.number, eventId('e1'), destinationId('d9')), null);
      assert.equal(await store.history.matchedLane(tenant.number, eventId('e9'), id), null);
    }));

  it('stops asking for turns once every index is complete', () =>
    withHistory([], async (store, _, timers) => {
      await write(store, timers, [
        { tenant: 0, publish: { id: 1, topic: 0, timeMs: 0 }, ok: true, endMs: 0, turns: 0, renew: false },
      ]);
      const changed: (number | null)[] = [];
      for (let n = 0; n < 10; n++) {
        await timers.fireOnce();
        changed.push((await store.ledger.stats()).indexRowsChanged);
      }
      // A row and a watermark for each of the two indexes of events, one index a turn, and then nothing more.
      assert.deepEqual(changed, [2, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
      assert.equal(timers.pending, 0, 'an idle store has no timer');
    }));
});
