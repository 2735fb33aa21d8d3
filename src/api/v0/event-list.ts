/** What 0.x's lists of events are asked for, and their envelope (spec api-v0.md §4.6, §9.5). */
import { z } from 'zod';
import { destinationId, type DestinationId } from '../../domain/ids.ts';
import { parseInstant } from '../../domain/instant.ts';
import type { Scope } from '../../ports/history.ts';
import { badRequest, invalidQuery } from '../errors.ts';
import { LIMIT_DEFAULT, LIMIT_MAX, list } from '../log-list.ts';
import { readCursorTexts } from '../page.ts';
import type { Query } from '../query.ts';
import type { Parameter } from '../route.ts';
import { decodeRowCursor, encodeRowCursor, type RowCursor } from './cursor.ts';
import type { eventPageSchemaV0 } from './entities.ts';
import { placeOf, type RowPage, type RowQuery } from './event-rows.ts';
import { eventReplyV0 } from './render.ts';

/** How far back a list goes whose start isn't given. */
const WINDOW_MS = 3_600_000;

export const EVENT_LIST_PARAMETERS: Readonly<Record<string, Parameter>> = {
  destination_id: list('Any of these.'),
  topic: list('Any of these, exactly.'),
  status: { schema: z.enum(['success', 'failed']), description: 'Of the latest attempt; others match nothing.' },
  start: { schema: z.string(), description: 'Not before; RFC 3339. An hour before `end` when missing.' },
  end: { schema: z.string(), description: 'Not after; RFC 3339. Now when missing.' },
  limit: { schema: z.int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT), description: 'Rows of a page; 0: the most.' },
  next: { schema: z.string(), description: 'Cursor of the page to come.' },
  prev: { schema: z.string(), description: 'Cursor of the page before.' },
};

/** Null if the query can't match anything. */
export interface EventList {
  readonly rows: RowQuery | null;
  /** The cursor that the page was asked for with. */
  readonly cursor: RowCursor | null;
}

/** @param destinations those of the path, in place of the query's */
export function readEventList(
  query: Query,
  scope: Scope,
  nowMs: number,
  destinations: readonly DestinationId[] | null,
): EventList {
  const endMs = readTime(query, 'end') ?? nowMs;
  const startMs = readTime(query, 'start') ?? endMs - WINDOW_MS;
  const status = query.scalar('status');
  const cursors = readCursorTexts(query);
  const text = cursors.next ?? cursors.prev;
  const cursor = text === null ? null : decodeRowCursor(text);
  if (text !== null && cursor === null) throw badRequest('invalid cursor');
  if (status !== null && status !== 'success' && status !== 'failed') return { rows: null, cursor };
  return {
    cursor,
    rows: {
      scope,
      gteMs: startMs,
      lteMs: endMs,
      topics: query.repeated('topic'),
      destinationIds: destinations ?? query.repeated('destination_id')?.map(destinationId) ?? null,
      succeeded: status === null ? null : status === 'success',
      limit: readLimit(query),
      from: cursor === null ? null : { toward: cursors.next === null ? 'prev' : 'next', position: cursor },
    },
  };
}

function readTime(query: Query, name: 'start' | 'end'): number | null {
  const text = query.scalar(name);
  if (text === null) return null;
  const time = parseInstant(text);
  if (time === null) throw invalidQuery(name, 'invalid format, expected RFC3339');
  return time.ms;
}

/** Never an error: what isn't a number, or is negative, is the default; 0, and what is too large, is the most. */
function readLimit(query: Query): number {
  const text = query.scalar('limit') ?? '';
  if (!/^\+?\d+$/.test(text)) return LIMIT_DEFAULT;
  return Number(text) === 0 ? LIMIT_MAX : Math.min(Number(text), LIMIT_MAX);
}

type EventPageReply = z.input<typeof eventPageSchemaV0>;
export const NO_EVENTS: EventPageReply = { data: [], next: '', prev: '', count: 0 };

export function eventPageReply(page: RowPage, { rows: query, cursor }: EventList): EventPageReply {
  const count = cursor?.count ?? page.counted;
  const first = page.rows[0];
  const last = page.rows.at(-1);
  const isBackward = query?.from?.toward === 'prev';
  const more = page.more === null ? '' : encodeRowCursor({ ...page.more, count });
  // Whoever came from a side can go back to it.
  const back = isBackward ? last : first;
  const cameFrom = cursor === null || back === undefined ? '' : encodeRowCursor({ ...placeOf(back), count });
  return {
    data: page.rows.map((row) => eventReplyV0(row.event, row.destinationId, row.succeeded)),
    next: isBackward ? cameFrom : more,
    prev: isBackward ? more : cameFrom,
    count,
  };
}
