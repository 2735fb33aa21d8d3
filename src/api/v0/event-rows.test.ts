import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AttemptRecord } from '../../domain/attempt.ts';
import type { EventRecord } from '../../domain/event.ts';
import type { AttemptQuery, EventQuery, History } from '../../ports/history.ts';
import { decodeRowCursor, encodeRowCursor } from './cursor.ts';
import { pageOfRows, placeOf, type RowQuery } from './event-rows.ts';

type Row = readonly [destination: string, succeeded: boolean, kind?: 'settled' | 'late'];

/** Events 1 to `count`, two at each time, with the attempts that `attemptsOf` gives them, oldest first. */
function historyOf(count: number, attemptsOf: (event: number) => readonly Row[]) {
  const events = Array.from({ length: count }, (_, index) => {
    const seq = index + 1;
    return { id: `e${seq}`, seq, tenant: 1, time: { ms: Math.floor(seq / 2), nanos: 0 } } as unknown as EventRecord;
  });
  const calls = { events: 0 };
  const history: Pick<History, 'listEvents' | 'listAttempts'> = {
    async listEvents({ direction, cursor, limit }: EventQuery) {
      calls.events += 1;
      const sign = direction === 'asc' ? 1 : -1;
      const rows = events
        .toSorted((one, other) => sign * (one.time.ms - other.time.ms || one.seq - other.seq))
        .filter(({ time, seq }) => cursor === null || sign * (time.ms - cursor.timeMs || seq - cursor.seq) > 0);
      return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
    },
    async listAttempts({ eventIds, limit, cursor }: AttemptQuery) {
      const rows = events
        .filter(({ id }) => eventIds?.includes(id) === true)
        .flatMap(({ seq }) =>
          attemptsOf(seq).map(([destinationId, succeeded, kind = 'settled'], index) => ({
            key: { kind, tenant: 1, event: seq, lane: 1, lease: 1 },
            destinationId,
            succeeded,
            finishedAtMs: index,
            seq,
          })),
        )
        .sort((one, other) => other.finishedAtMs - one.finishedAtMs || other.seq - one.seq)
        .filter(
          (row) =>
            cursor === null ||
            row.finishedAtMs - cursor.timeMs < 0 ||
            (row.finishedAtMs === cursor.timeMs && row.seq < cursor.seq),
        ) as unknown as AttemptRecord[];
      return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
    },
  };
  return { history, calls };
}

const query = (more: Partial<RowQuery> = {}): RowQuery => ({
  scope: { kind: 'all' },
  gteMs: 0,
  lteMs: 1e9,
  topics: null,
  destinationIds: null,
  succeeded: null,
  limit: 10,
  from: null,
  ...more,
});

describe('rows of events and destinations', () => {
  it('are walked to the end and back over many batches, each once', async () => {
    const { history } = historyOf(250, (event) => ['b', 'a', 'c'].slice(0, event % 4).map((id) => [id, true] as const));
    const key = ({ event, destinationId }: { event: EventRecord; destinationId: string }) =>
      `${event.id} ${destinationId}`;
    const all = (await pageOfRows(history, query({ limit: 1_000 }))).rows;
    assert.equal(new Set(all.map(key)).size, 375);
    assert.deepEqual(all.slice(0, 3).map(key), ['e250 a', 'e250 b', 'e249 b']);
    for (const limit of [2, 7, 60, 374]) {
      const pages = [await pageOfRows(history, query({ limit }))];
      for (let page = pages[0]; page?.more != null; page = pages.at(-1)) {
        pages.push(await pageOfRows(history, query({ limit, from: { toward: 'next', position: page.more } })));
      }
      assert.deepEqual(
        pages.flatMap(({ rows }) => rows.map(key)),
        all.map(key),
      );
      const last = pages.at(-1)?.rows[0];
      assert.ok(last);
      const before = await pageOfRows(history, query({ limit, from: { toward: 'prev', position: placeOf(last) } }));
      assert.deepEqual(before.rows.map(key), (pages.at(-2)?.rows ?? []).map(key));
    }
  });

  it('are counted by the first page, as far as the bound goes', async () => {
    assert.equal((await pageOfRows(historyOf(250, () => [['a', true]]).history, query())).counted, 250);
    const { history, calls } = historyOf(3_000, () => [['a', true]]);
    assert.equal((await pageOfRows(history, query())).counted, 1_000);
    assert.equal(calls.events, 10);
  });

  it('end early with a place to go on from when too many events have none', async () => {
    const { history, calls } = historyOf(10_150, (event) => (event <= 3 ? [['a', true]] : []));
    const first = await pageOfRows(history, query());
    assert.deepEqual([first.rows.length, first.more], [0, { timeMs: 75, seq: 151, destination: null }]);
    assert.equal(calls.events, 100);
    const second = await pageOfRows(
      history,
      query({ from: { toward: 'next', position: first.more ?? assert.fail() } }),
    );
    assert.deepEqual([second.rows.length, second.more], [3, null]);
  });

  it('have the outcome of the latest attempt that counts', async () => {
    const outcomes = async (...attempts: readonly Row[]): Promise<unknown> =>
      (await pageOfRows(historyOf(1, () => attempts).history, query())).rows.map(({ succeeded }) => succeeded);
    assert.deepEqual(await outcomes(['a', false], ['a', true]), [true]);
    assert.deepEqual(await outcomes(['a', true], ['a', false]), [false]);
    assert.deepEqual(await outcomes(['a', true], ['a', false, 'late']), [true]);
    assert.deepEqual(await outcomes(['a', false, 'late']), [false]);
  });
});

describe('a cursor of rows', () => {
  it('comes back as it was made', () => {
    for (const destination of [null, '', 'd:1', 'ü'.repeat(100)]) {
      const cursor = { timeMs: -5, seq: 7, destination, count: 12 };
      const text = encodeRowCursor(cursor);
      assert.match(text, /^[0-9A-Za-z]+$/);
      assert.deepEqual(decodeRowCursor(text), cursor);
    }
  });

  it('is nothing else', () => {
    const forged = (plain: string): string => `v0${Buffer.from(plain).toString('hex')}`;
    for (const text of [
      '',
      'v0',
      'v0f',
      'v1ff',
      '1B2',
      forged('1:0:0:da'),
      forged('9e9:1:0:e'),
      forged('1:99999999999999:0:e'),
    ]) {
      assert.equal(decodeRowCursor(text), null, text);
    }
    assert.equal(decodeRowCursor(forged('9999999999999999:1:0:e')), null);
  });
});
