/** Pages of lists: what the query asks for, and the envelope of the answer (spec api-v1.md §6). */
import { type CursorKind, CURSOR_VERSION, decodeCursor, encodeCursor } from '../domain/cursor.ts';
import type { Page, PageCursor } from '../ports/directory.ts';
import { badRequest, invalidQuery } from './errors.ts';
import type { Query } from './query.ts';

export type Direction = 'asc' | 'desc';

/** The cursors as they came; decoding them is the last check of all. */
export interface CursorTexts {
  readonly next: string | null;
  readonly prev: string | null;
}

/** @throws AppError `bad_request` when both are given */
export function readCursorTexts(query: Query): CursorTexts {
  const texts = { next: query.scalar('next'), prev: query.scalar('prev') };
  if (texts.next !== null && texts.prev !== null) throw badRequest("cannot specify both 'next' and 'prev' cursors");
  return texts;
}

export function readDirection(query: Query): Direction {
  const direction = query.scalar('dir') ?? 'desc';
  if (direction !== 'asc' && direction !== 'desc') throw invalidQuery('dir', "must be 'asc' or 'desc'");
  return direction;
}

/** @param prefix what the message of a bad cursor begins with */
export function readCursor(texts: CursorTexts, kind: CursorKind, prefix = ''): PageCursor | null {
  const text = texts.next ?? texts.prev;
  if (text === null) return null;
  const position = decodeCursor(kind, text);
  if (position === 'invalid') throw badRequest(`${prefix}invalid cursor`);
  if (position === 'version') throw badRequest(`${prefix}cursor version mismatch: expected version ${CURSOR_VERSION}`);
  return { toward: texts.next === null ? 'prev' : 'next', ...position };
}

export interface Pagination<OrderBy extends string> {
  readonly order_by: OrderBy;
  readonly dir: Direction;
  readonly limit: number;
  readonly next: string | null;
  readonly prev: string | null;
}

/** A row's place in its list. */
export type Position = Pick<PageCursor, 'timeMs' | 'seq'>;

/**
 * The cursors of a page. The side that was come from always has one, since the row next to it was there; the side that
 * was walked toward only if more rows are known to follow.
 */
export function pagination<OrderBy extends string, Row>(
  page: Page<Row>,
  position: (row: Row) => Position,
  query: {
    readonly orderBy: OrderBy;
    readonly kind: CursorKind;
    readonly direction: Direction;
    readonly limit: number;
    readonly cursor: PageCursor | null;
  },
): Pagination<OrderBy> {
  const first = page.rows[0];
  const last = page.rows.at(-1);
  const isBackward = query.cursor?.toward === 'prev';
  const cursorOf = (row: Row | undefined): string | null => {
    if (row === undefined) return null;
    const { timeMs, seq } = position(row);
    return encodeCursor(query.kind, timeMs, seq);
  };
  return {
    order_by: query.orderBy,
    dir: query.direction,
    limit: query.limit,
    next: isBackward || page.hasMore ? cursorOf(last) : null,
    prev: (isBackward ? page.hasMore : query.cursor !== null) ? cursorOf(first) : null,
  };
}
