/**
 * Paging. Bugs hide in equal times, in a last page that is exactly full and in rows that come between two pages, so
 * the generator picks those. Every walk is bounded: a driver that answers the same page for ever fails, and ends.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { delivered } from '../../src/domain/attempt.ts';
import type { Page, PageCursor } from '../../src/ports/directory.ts';
import { sized } from '../support/sizes.ts';
import {
  attemptQuery,
  eventQuery,
  NOW,
  present,
  publish,
  publishLeased,
  settle,
  setUp,
  type StoreHarness,
  withStore,
  type World,
} from './builders.ts';

type Direction = 'asc' | 'desc';

/** A row as paging sees it. */
interface Row {
  readonly name: string;
  readonly timeMs: number;
  readonly seq: number;
}

/** Something with pages: attempts by their end, or events by their time. */
interface Listing {
  readonly name: string;
  /** Adds a row at the time. */
  add(world: World, name: string, timeMs: number): Promise<void>;
  page(world: World, query: { direction: Direction; limit: number; cursor: PageCursor | null }): Promise<Page<Row>>;
}

const ATTEMPTS: Listing = {
  name: 'attempts',
  async add(world, name, timeMs) {
    await settle(world, await publishLeased(world, { id: name }), { outcome: delivered('200'), at: timeMs });
  },
  async page(world, query) {
    const { rows, hasMore } = await world.store.history.listAttempts(attemptQuery(query));
    return {
      rows: rows.map(({ eventId, finishedAtMs, seq }) => ({ name: eventId, timeMs: finishedAtMs, seq })),
      hasMore,
    };
  },
};

const EVENTS: Listing = {
  name: 'events',
  async add(world, name, timeMs) {
    await publish(world, { id: name, time: { ms: timeMs, nanos: 0 } });
  },
  async page(world, query) {
    const { rows, hasMore } = await world.store.history.listEvents(eventQuery(query));
    return { rows: rows.map(({ id, time, seq }) => ({ name: id, timeMs: time.ms, seq })), hasMore };
  },
};

interface Walk {
  readonly listing: Listing;
  readonly direction: Direction;
  readonly limit: number;
  /** Done between two pages. */
  readonly between?: (page: number) => Promise<void>;
}

export function pagingCases(harness: StoreHarness): void {
  for (const listing of [ATTEMPTS, EVENTS]) {
    it(`of ${listing.name} show every row once in order, for any times, page size and direction, forth and back`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(4), { maxLength: 20 }),
          fc.integer({ min: 1, max: 6 }),
          fc.constantFrom<Direction>('asc', 'desc'),
          (times, limit, direction) =>
            withStore(harness, async (world) => {
              await setUp(world);
              for (const [n, time] of times.entries()) await listing.add(world, `e${n}`, NOW + time);
              await walkForthAndBack(world, { listing, direction, limit }, namesOf(times, direction));
            }),
        ),
        { numRuns: sized(40, 150) },
      ));

    it(`of ${listing.name} neither repeat nor skip a row when others come between two pages`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(4), { minLength: 1, maxLength: 10 }),
          fc.array(fc.nat(6), { maxLength: 6 }),
          fc.integer({ min: 1, max: 3 }),
          fc.constantFrom<Direction>('asc', 'desc'),
          (times, later, limit, direction) =>
            withStore(harness, async (world) => {
              await setUp(world);
              for (const [n, time] of times.entries()) await listing.add(world, `e${n}`, NOW + 1 + time);
              const between = async (page: number): Promise<void> => {
                const time = later[page];
                if (time !== undefined) await listing.add(world, `x${page}`, NOW + time);
              };
              const rows = await walk(world, { listing, direction, limit, between }, { toward: 'next', from: null });
              const old = rows.filter(({ name }) => name.startsWith('e')).map(({ name }) => name);
              assert.deepEqual(old, namesOf(times, direction), 'rows that come between two pages move no other');
              assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length, 'no row is shown twice');
            }),
        ),
        { numRuns: sized(40, 150) },
      ));

    for (const direction of ['asc', 'desc'] as const) {
      it(`of ${listing.name} lead back to the first after inserts, ${direction}`, () =>
        withStore(harness, (world) => backAfterInserts(world, listing, direction)));
    }
  }
}

/** The names `e0`, `e1`, … of rows with the given times, in order. */
function namesOf(times: readonly number[], direction: Direction): string[] {
  const sign = direction === 'asc' ? 1 : -1;
  const rows = times.map((time, n) => ({ name: `e${n}`, time, n }));
  return rows.sort((a, b) => sign * (a.time - b.time || a.n - b.n)).map(({ name }) => name);
}

async function walkForthAndBack(world: World, options: Walk, expected: readonly string[]): Promise<void> {
  const forth = await walk(world, options, { toward: 'next', from: null });
  assert.deepEqual(
    forth.map(({ name }) => name),
    expected,
    'pages forth show every row once, in order',
  );
  const last = forth.at(-1);
  if (last === undefined) return;
  const back = await walk(world, options, { toward: 'prev', from: last });
  assert.deepEqual(
    back.map(({ name }) => name),
    expected.slice(0, -1),
    'pages back show every earlier row once, in the order asked for',
  );
  const first = present(forth[0]);
  const before = await walk(world, options, { toward: 'prev', from: first });
  assert.deepEqual(before, [], 'nothing comes before the first row');
  const after = await walk(world, options, { toward: 'next', from: last });
  assert.deepEqual(after, [], 'nothing comes after the last row');
}

/** Follows pages to the end on one side, and answers the rows in the requested direction. */
async function walk(world: World, options: Walk, start: { toward: 'next' | 'prev'; from: Row | null }): Promise<Row[]> {
  const { listing, direction, limit } = options;
  const { toward } = start;
  const rows: Row[] = [];
  let cursor = start.from === null ? null : cursorAt(start.from, toward);
  for (let n = 0; n < 60; n += 1) {
    const page = await listing.page(world, { direction, limit, cursor });
    assert.ok(page.rows.length <= limit, 'a page holds no more than its limit');
    assert.ok(page.rows.length === limit || !page.hasMore, 'a page that is not full is the last');
    assert.ok(page.rows.length > 0 || n === 0, 'a page that tells that rows follow is followed by rows');
    if (toward === 'next') rows.push(...page.rows);
    else rows.unshift(...page.rows);
    if (!page.hasMore) return rows;
    cursor = cursorAt(
      present(toward === 'next' ? page.rows.at(-1) : page.rows[0], 'a row of a page that has more'),
      toward,
    );
    await options.between?.(n);
  }
  return assert.fail('pages come to an end');
}

function cursorAt(row: Row, toward: 'next' | 'prev'): PageCursor {
  return { toward, timeMs: row.timeMs, seq: row.seq };
}

/** Five rows in pages of two, forth, three more rows in front, and back to the front: field case 46. */
async function backAfterInserts(world: World, listing: Listing, direction: Direction): Promise<void> {
  await setUp(world);
  const step = direction === 'asc' ? 1 : -1;
  for (let n = 0; n < 5; n += 1) await listing.add(world, `e${n}`, NOW + step * 10 * n);
  const ask = (cursor: PageCursor | null) => listing.page(world, { direction, limit: 2, cursor });
  const names = (page: Page<Row>): string[] => page.rows.map(({ name }) => name);
  const first = await ask(null);
  assert.deepEqual([names(first), first.hasMore], [['e0', 'e1'], true], 'the first page tells that rows follow');
  const second = await ask(cursorAt(present(first.rows[1]), 'next'));
  assert.deepEqual([names(second), second.hasMore], [['e2', 'e3'], true], 'the second page goes on after the first');
  for (let n = 1; n <= 3; n += 1) await listing.add(world, `x${n}`, NOW - step * n);
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
