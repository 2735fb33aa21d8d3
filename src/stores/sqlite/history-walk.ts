/**
 * A list in the order of (time, seq), walked in slices over several sources that are each in order: index ranges of
 * some tenants or lanes, and what no index holds yet.
 *
 * A query sees the rows up to the last one at its start and no later ones, whatever the indexes gain meanwhile: rows
 * up to the index's watermark of then come from the index, the rest is read once and kept as positions. So nothing has
 * to hold a read transaction from slice to slice.
 */
import type { PageCursor } from '../../ports/directory.ts';
import type { TimeRange } from '../../ports/history.ts';

export interface Position {
  readonly timeMs: number;
  readonly seq: number;
}

/** Which way, from where (exclusive) and to which time (inclusive). */
export interface Walk {
  readonly isAscending: boolean;
  readonly after: Position;
  readonly lastMs: number;
  /** The page was asked for from its end: what is found is turned round. */
  readonly isBackward: boolean;
}

/** An ordered range of an index. */
export interface Stream {
  /** Up to `limit` positions strictly after the given one, in the walk's direction. */
  read(after: Position, limit: number): readonly Position[];
}

export interface Sources {
  readonly streams: readonly Stream[];
  /** What the streams hold beyond this seq is in `loose`, or newer than the query. */
  readonly indexedTo: number;
  /** Sorted in the walk's direction. */
  readonly loose: readonly Position[];
}

export interface Slice {
  readonly positions: readonly Position[];
  /** Null when nothing follows. */
  readonly after: Position | null;
}

/** Beyond any time that is stored: years are four digits long in the API. */
const FOREVER_MS = 2 ** 53;
/** Rows that one slice looks at: with what they load, some milliseconds of a thread that others wait for. */
export const SLICE_ROWS = 256;
/** Of many streams each gives at least so many at a time. */
const STREAM_ROWS_LEAST = 8;

export function walkOf(query: {
  readonly direction: 'asc' | 'desc';
  readonly cursor: PageCursor | null;
  readonly time: TimeRange;
}): Walk {
  const isBackward = query.cursor?.toward === 'prev';
  const isAscending = (query.direction === 'asc') !== isBackward;
  const { lowMs, highMs } = bounds(query.time);
  // Every seq is at least 1, so seq 0 stands before all rows of a millisecond.
  const edge: Position = { timeMs: isAscending ? lowMs : highMs + 1, seq: 0 };
  const isPastEdge = query.cursor !== null && isBefore(isAscending, edge, query.cursor);
  return {
    isAscending,
    after: isPastEdge && query.cursor !== null ? query.cursor : edge,
    lastMs: isAscending ? highMs : lowMs,
    isBackward,
  };
}

/** Whole milliseconds, both inclusive. */
function bounds(time: TimeRange): { lowMs: number; highMs: number } {
  return {
    lowMs: Math.max(
      time.gteMs === undefined ? -FOREVER_MS : Math.ceil(time.gteMs),
      time.gtMs === undefined ? -FOREVER_MS : Math.floor(time.gtMs) + 1,
    ),
    highMs: Math.min(
      time.lteMs === undefined ? FOREVER_MS : Math.floor(time.lteMs),
      time.ltMs === undefined ? FOREVER_MS : Math.ceil(time.ltMs) - 1,
    ),
  };
}

/** True if a walk comes to `first` before `second`. */
export function isBefore(isAscending: boolean, first: Position, second: Position): boolean {
  const difference = first.timeMs - second.timeMs || first.seq - second.seq;
  return isAscending ? difference < 0 : difference > 0;
}

export function compareIn(isAscending: boolean): (first: Position, second: Position) => number {
  const sign = isAscending ? 1 : -1;
  return (first, second) => sign * (first.timeMs - second.timeMs || first.seq - second.seq);
}

/** The next positions of all sources together, about `rows` of them; may be none though more follow. */
export function nextSlice(walk: Walk, sources: Sources, after: Position, rows: number): Slice {
  const streamRows = Math.max(STREAM_ROWS_LEAST, Math.ceil(rows / Math.max(1, sources.streams.length)));
  // Up to `edge` nothing is missing: the nearest end of those sources that have more than they gave.
  let edge: Position | null = null;
  const found: Position[] = [];
  const narrow = (given: readonly Position[], hasMore: boolean): void => {
    const last = given.at(-1);
    if (hasMore && last !== undefined && (edge === null || isBefore(walk.isAscending, last, edge))) edge = last;
  };
  for (const stream of sources.streams) {
    const given = stream.read(after, streamRows);
    narrow(given, given.length === streamRows);
    for (const position of given) if (position.seq <= sources.indexedTo) found.push(position);
  }
  const start = firstAfter(walk.isAscending, sources.loose, after);
  const loose = sources.loose.slice(start, start + rows);
  narrow(loose, start + rows < sources.loose.length);
  found.push(...loose);
  return cut(walk, found, edge);
}

function cut(walk: Walk, found: readonly Position[], edge: Position | null): Slice {
  const positions = found
    .filter((position) => edge === null || !isBefore(walk.isAscending, edge, position))
    .filter(({ timeMs }) => (walk.isAscending ? timeMs <= walk.lastMs : timeMs >= walk.lastMs))
    .sort(compareIn(walk.isAscending));
  const isPastLast = edge !== null && (walk.isAscending ? edge.timeMs > walk.lastMs : edge.timeMs < walk.lastMs);
  return { positions, after: isPastLast ? null : edge };
}

/** The index of the first entry after `after`; halving, since `loose` may be long. */
function firstAfter(isAscending: boolean, loose: readonly Position[], after: Position): number {
  let low = 0;
  let high = loose.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(isAscending, after, loose[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
