import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../lib/errors.ts';
import type { Page, PageCursor } from '../ports/directory.ts';
import { readLogList } from './log-list.ts';
import { pagination, type Position, readCursor } from './page.ts';
import { parseQuery } from './query.ts';

const row = (timeMs: number): Position => ({ timeMs, seq: timeMs });
const list = (toward: PageCursor['toward'] | null) => ({
  orderBy: 'time' as const,
  kind: 'evt' as const,
  direction: 'desc' as const,
  limit: 2,
  cursor: toward === null ? null : { toward, timeMs: 9, seq: 9 },
});
/** Which sides of a page have a cursor, each decoded again. */
function sides(page: Page<Position>, toward: PageCursor['toward'] | null): { next: unknown; prev: unknown } {
  const { next, prev } = pagination(page, (position) => position, list(toward));
  return {
    next: next === null ? null : readCursor({ next, prev: null }, 'evt')?.timeMs,
    prev: prev === null ? null : readCursor({ next: null, prev }, 'evt')?.timeMs,
  };
}

describe('the cursors of a page', () => {
  const rows = [row(5), row(4)];

  it('lead on from the first page only if more rows follow', () => {
    assert.deepEqual(sides({ rows, hasMore: true }, null), { next: 4, prev: null });
    assert.deepEqual(sides({ rows, hasMore: false }, null), { next: null, prev: null });
  });

  it('lead back from every page that was reached forward', () => {
    assert.deepEqual(sides({ rows, hasMore: true }, 'next'), { next: 4, prev: 5 });
    assert.deepEqual(sides({ rows, hasMore: false }, 'next'), { next: null, prev: 5 });
  });

  it('lead on from every page that was reached backward, and back while rows precede (field case 46)', () => {
    assert.deepEqual(sides({ rows, hasMore: true }, 'prev'), { next: 4, prev: 5 });
    assert.deepEqual(sides({ rows, hasMore: false }, 'prev'), { next: 4, prev: null });
  });

  it('are none on an empty page', () => {
    assert.deepEqual(sides({ rows: [], hasMore: false }, 'next'), { next: null, prev: null });
  });
});

describe('the query of a list', () => {
  const caller = { role: 'admin' as const };
  const read = (text: string) => readLogList(parseQuery(text), caller, 'evt', null);
  const refusal = (text: string): unknown => {
    try {
      read(text);
    } catch (error) {
      return error instanceof AppError ? (error.data ?? error.message) : error;
    }
    return null;
  };

  it('has a limit whatever it asks for', () => {
    for (const [text, limit] of [
      ['', 100],
      ['limit=abc', 100],
      ['limit=0', 100],
      ['limit=-5', 100],
      ['limit=1', 1],
      ['limit=1000', 1_000],
      ['limit=1001', 1_000],
      ['limit=99999999999999999999', 1_000],
    ] as const) {
      assert.equal(read(text).limit, limit, text);
    }
  });

  it('is refused for the first of several faults', () => {
    assert.match(String(refusal('next=a&prev=b&dir=up')), /^cannot specify both/);
    assert.deepEqual(refusal('dir=up&order_by=x&next=!'), { 'query.dir': "must be 'asc' or 'desc'" });
    assert.deepEqual(refusal('order_by=x&time[any]=1'), { 'query.order_by': 'must be one of: [time]' });
    assert.match(String(refusal('time[any]=1&next=!')), /^operator 'any' is not supported/);
    assert.equal(refusal('next=!'), 'invalid cursor');
    assert.equal(
      refusal('next=lbOiENByivYG5ug0ityqdTlZeJXPPFWQzdIh3bB'),
      'cursor version mismatch: expected version 01',
    );
  });

  it('says %2B to a time whose + was lost (field case 23)', () => {
    const words = (text: string): string => JSON.stringify(refusal(text));
    assert.match(words('time[gte]=2026-01-01T00:00:00+02:00'), /query\.time\[gte\].*%2B/);
    assert.doesNotMatch(words('time[gte]=nonsense'), /%2B/);
    assert.equal(refusal('time[gte]=2026-01-01T00:00:00%2B02:00'), null);
  });

  it('rounds bounds between two milliseconds so that rows of whole ones compare right', () => {
    const at = (operator: string, kind: 'evt' | 'att' = 'att') =>
      readLogList(parseQuery(`time[${operator}]=1970-01-01T00:00:00.0015Z`), caller, kind, null).time;
    assert.deepEqual(at('gte'), { gteMs: 2 });
    // An event may have this very time.
    assert.deepEqual(at('gte', 'evt'), { gteMs: 1 });
    assert.deepEqual(at('gt'), { gtMs: 1 });
    assert.deepEqual(at('lte'), { lteMs: 1 });
    assert.deepEqual(at('lt'), { ltMs: 2 });
  });

  it('is about all tenants or those that it names, for the operator', () => {
    assert.deepEqual(read('').scope, { kind: 'all' });
    assert.deepEqual(read('tenant_id=a&tenant_id=b').scope, { kind: 'ids', ids: ['a', 'b'] });
    assert.deepEqual(read('tenant_id=').scope, { kind: 'ids', ids: [''] });
  });
});
