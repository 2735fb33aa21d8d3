/**
 * Paging. Bugs hide in equal times, in a last page that is exactly full and in rows that come between two pages, so
 * the generator picks those. Every walk is bounded: a driver that answers the same page for ever fails, and ends.
 *
 * The runs of a property share a store, each in an area of its own: opening a store may cost more than a whole run.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { delivered } from '../../src/domain/attempt.ts';
import type { Page, PageCursor } from '../../src/ports/directory.ts';
import type { Scope, TimeRange } from '../../src/ports/history.ts';
import { sized } from '../support/sizes.ts';
import {
  ALL,
  attemptQuery,
  eventQuery,
  type InStore,
  NOW,
  present,
  publish,
  publishLeased,
  settle,
  setUp,
  type World,
} from './builders.ts';

type Direction = 'asc' | 'desc';

/** Where the rows of one run are: a tenant and a span of time that no other run uses, looked at in one of three ways. */
interface Area {
  readonly tenant: string;
  readonly baseMs: number;
  readonly scope: Scope;
  readonly time: TimeRange;
}

/** The times of a run lie within so much. */
const SPAN_MS = 100;

async function areaOf(world: World, run: number, kind: Scope['kind']): Promise<Area> {
  const tenant = `t${run}`;
  const [destination] = await setUp(world, 1, tenant);
  const { tenantId, tenant: number } = present(destination);
  const baseMs = NOW + run * SPAN_MS;
  // All tenants are seen through the span of time, which is the one thing that tells their rows apart.
  const time = kind === 'all' ? { gteMs: baseMs - SPAN_MS / 2, ltMs: baseMs + SPAN_MS / 2 } : {};
  const scopes = {
    all: ALL,
    ids: { kind: 'ids', ids: [tenantId] },
    tenant: { kind: 'tenant', tenant: number },
  } as const;
  return { tenant, baseMs, scope: scopes[kind], time };
}

/** A row as paging sees it. */
interface Row {
  readonly name: string;
  readonly timeMs: number;
  readonly seq: number;
}

interface Ask {
  readonly direction: Direction;
  readonly limit: number;
  readonly cursor: PageCursor | null;
}

/** Something with pages: attempts by their end, or events by their time. */
interface Listing {
  readonly name: string;
  /** Adds a row at the time. */
  add(world: World, area: Area, row: { name: string; timeMs: number }): Promise<void>;
  page(world: World, area: Area, ask: Ask): Promise<Page<Row>>;
}

const ATTEMPTS: Listing = {
  name: 'attempts',
  async add(world, { tenant }, { name, timeMs }) {
    await settle(world, await publishLeased(world, { tenant, id: name }), { outcome: delivered('200'), at: timeMs });
  },
  async page(world, { scope, time }, ask) {
    const { rows, hasMore } = await world.store.history.listAttempts(attemptQuery({ scope, time, ...ask }));
    return {
      rows: rows.map(({ eventId, finishedAtMs, seq }) => ({ name: eventId, timeMs: finishedAtMs, seq })),
      hasMore,
    };
  },
};

const EVENTS: Listing = {
  name: 'events',
  async add(world, { tenant }, { name, timeMs }) {
    await publish(world, { tenant, id: name, time: { ms: timeMs, nanos: 0 } });
  },
  async page(world, { scope, time }, ask) {
    const { rows, hasMore } = await world.store.history.listEvents(eventQuery({ scope, time, ...ask }));
    return { rows: rows.map(({ id, time: at, seq }) => ({ name: id, timeMs: at.ms, seq })), hasMore };
  },
};

interface Walk {
  readonly area: Area;
  readonly listing: Listing;
  readonly direction: Direction;
  readonly limit: number;
  /** Done between two pages. */
  readonly between?: (page: number) => Promise<void>;
}

const direction = fc.constantFrom<Direction>('asc', 'desc');
const kind = fc.constantFrom<Scope['kind']>('all', 'ids', 'tenant');

export function pagingCases(inStore: InStore): void {
  for (const listing of [ATTEMPTS, EVENTS]) {
    const times = fc.array(fc.nat(4), { maxLength: 20 });
    const options = fc.record({ direction, kind, limit: fc.integer({ min: 1, max: 6 }) });
    it(
      `of ${listing.name} show every row once in order, for any times, page size and direction, forth and back`,
      inStore((world) => {
        let run = 0;
        const property = fc.asyncProperty(times, options, async (offsets, chosen) => {
          const area = await areaOf(world, (run += 1), chosen.kind);
          for (const [n, offset] of offsets.entries()) {
            await listing.add(world, area, { name: `e${n}`, timeMs: area.baseMs + offset });
          }
          await walkForthAndBack(world, { ...chosen, area, listing }, namesOf(offsets, chosen.direction));
        });
        return fc.assert(property, { numRuns: sized(40, 150) });
      }),
    );

    const later = fc.array(fc.nat(6), { maxLength: 6 });
    it(
      `of ${listing.name} neither repeat nor skip a row when others come between two pages`,
      inStore((world) => {
        let run = 0;
        const property = fc.asyncProperty(times, later, options, async (offsets, added, chosen) => {
          const area = await areaOf(world, (run += 1), chosen.kind);
          await walkBesideInserts(world, { ...chosen, area, listing }, { offsets, added });
        });
        return fc.assert(property, { numRuns: sized(40, 150) });
      }),
    );

    for (const way of ['asc', 'desc'] as const) {
      it(
        `of ${listing.name} lead back to the first after inserts, ${way}`,
        inStore((world) => backAfterInserts(world, listing, way)),
      );
    }
  }
}

/** The names `e0`, `e1`, … of rows with the given times, in order. */
function namesOf(times: readonly number[], way: Direction): string[] {
  const sign = way === 'asc' ? 1 : -1;
  const rows = times.map((time, n) => ({ name: `e${n}`, time, n }));
  return rows.sort((a, b) => sign * (a.time - b.time || a.n - b.n)).map(({ name }) => name);
}

async function walkForthAndBack(world: World, options: Walk, expected: readonly string[]): Promise<void> {
  const names = (rows: readonly Row[]): string[] => rows.map(({ name }) => name);
  const forth = await walk(world, options, { toward: 'next', from: null });
  assert.deepEqual(names(forth), expected, 'pages forth show every row once, in order');
  const last = forth.at(-1);
  if (last === undefined) return;
  const back = await walk(world, options, { toward: 'prev', from: last });
  const earlier = expected.slice(0, -1);
  assert.deepEqual(names(back), earlier, 'pages back show every earlier row once, in the order asked for');
  const before = await walk(world, options, { toward: 'prev', from: present(forth[0]) });
  assert.deepEqual(before, [], 'nothing comes before the first row');
  const after = await walk(world, options, { toward: 'next', from: last });
  assert.deepEqual(after, [], 'nothing comes after the last row');
}

async function walkBesideInserts(
  world: World,
  options: Walk,
  rows: { offsets: readonly number[]; added: readonly number[] },
): Promise<void> {
  const { area, listing } = options;
  for (const [n, offset] of rows.offsets.entries()) {
    await listing.add(world, area, { name: `e${n}`, timeMs: area.baseMs + 1 + offset });
  }
  const between = async (page: number): Promise<void> => {
    const offset = rows.added[page];
    if (offset !== undefined) await listing.add(world, area, { name: `x${page}`, timeMs: area.baseMs + offset });
  };
  const seen = await walk(world, { ...options, between }, { toward: 'next', from: null });
  const old = seen.filter(({ name }) => name.startsWith('e')).map(({ name }) => name);
  assert.deepEqual(old, namesOf(rows.offsets, options.direction), 'rows that come between two pages move no other');
  assert.equal(new Set(seen.map(({ name }) => name)).size, seen.length, 'no row is shown twice');
}

/** Follows pages to the end on one side, and answers the rows in the requested direction. */
async function walk(world: World, options: Walk, start: { toward: 'next' | 'prev'; from: Row | null }): Promise<Row[]> {
  const { listing, area, limit } = options;
  const { toward } = start;
  const rows: Row[] = [];
  let cursor = start.from === null ? null : cursorAt(start.from, toward);
  for (let n = 0; n < 60; n += 1) {
    const page = await listing.page(world, area, { direction: options.direction, limit, cursor });
    assert.ok(page.rows.length <= limit, 'a page holds no more than its limit');
    assert.ok(page.rows.length === limit || !page.hasMore, 'a page that is not full is the last');
    assert.ok(page.rows.length > 0 || n === 0, 'a page that tells that rows follow is followed by rows');
    if (toward === 'next') rows.push(...page.rows);
    else rows.unshift(...page.rows);
    if (!page.hasMore) return rows;
    const edge = toward === 'next' ? page.rows.at(-1) : page.rows[0];
    cursor = cursorAt(present(edge, 'a row of a page that has more'), toward);
    await options.between?.(n);
  }
  return assert.fail('pages come to an end');
}

function cursorAt(row: Row, toward: 'next' | 'prev'): PageCursor {
  return { toward, timeMs: row.timeMs, seq: row.seq };
}

/** Five rows in pages of two, forth, three more rows in front, and back to the front: field case 46. */
async function backAfterInserts(world: World, listing: Listing, way: Direction): Promise<void> {
  const area = { ...(await areaOf(world, 0, 'all')), time: {} };
  const step = way === 'asc' ? 1 : -1;
  const add = (name: string, offset: number) => listing.add(world, area, { name, timeMs: area.baseMs + step * offset });
  for (let n = 0; n < 5; n += 1) await add(`e${n}`, 10 * n);
  const ask = (cursor: PageCursor | null) => listing.page(world, area, { direction: way, limit: 2, cursor });
  const names = (page: Page<Row>): string[] => page.rows.map(({ name }) => name);
  const first = await ask(null);
  assert.deepEqual([names(first), first.hasMore], [['e0', 'e1'], true], 'the first page tells that rows follow');
  const second = await ask(cursorAt(present(first.rows[1]), 'next'));
  assert.deepEqual([names(second), second.hasMore], [['e2', 'e3'], true], 'the second page goes on after the first');
  for (let n = 1; n <= 3; n += 1) await add(`x${n}`, -n);
  const back = await ask(cursorAt(present(second.rows[0]), 'prev'));
  assert.deepEqual(
    [names(back), back.hasMore],
    [['e0', 'e1'], true],
    'a page back tells that newer rows came before it',
  );
  const front = await ask(cursorAt(present(back.rows[0]), 'prev'));
  assert.deepEqual(
    [names(front), front.hasMore],
    [['x2', 'x1'], true],
    'a page back holds the rows next to its cursor',
  );
  const partial = await ask(cursorAt(present(front.rows[0]), 'prev'));
  assert.deepEqual([names(partial), partial.hasMore], [['x3'], false], 'a partial page back is the first');
  const forth = await ask(cursorAt(present(partial.rows[0]), 'next'));
  assert.deepEqual([names(forth), forth.hasMore], [['x2', 'x1'], true], 'from a partial page the way forth goes on');
  const last = await ask(cursorAt(present(second.rows[1]), 'next'));
  assert.deepEqual([names(last), last.hasMore], [['e4'], false], 'the last page tells that nothing follows');
}
