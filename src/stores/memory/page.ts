/** One page of rows ordered by (time, seq), walked from a cursor in either way. */
import type { Page, PageCursor } from '../../ports/directory.ts';

interface Position {
  readonly timeMs: number;
  readonly seq: number;
}

/** Answers the rows in the requested direction, whichever way the page was reached. */
export function pageOf<Row>(
  rows: readonly Row[],
  query: { readonly direction: 'asc' | 'desc'; readonly limit: number; readonly cursor: PageCursor | null },
  positionOf: (row: Row) => Position,
): Page<Row> {
  const { direction, limit, cursor } = query;
  const sign = direction === 'asc' ? 1 : -1;
  const order = (a: Position, b: Position): number => sign * (a.timeMs - b.timeMs || a.seq - b.seq);
  const sorted = rows.toSorted((a, b) => order(positionOf(a), positionOf(b)));
  if (cursor?.toward === 'prev') {
    const before = sorted.filter((row) => order(positionOf(row), cursor) < 0);
    return { rows: before.slice(Math.max(0, before.length - limit)), hasMore: before.length > limit };
  }
  const after = cursor === null ? sorted : sorted.filter((row) => order(positionOf(row), cursor) > 0);
  return { rows: after.slice(0, limit), hasMore: after.length > limit };
}
