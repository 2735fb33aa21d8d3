/** What the lists of events and attempts have in common: parameters, the order of their checks, scopes (spec §4.2, §4.3). */
import { z } from 'zod';
import { type DestinationId, destinationId, tenantId } from '../domain/ids.ts';
import { parseTimeBound } from '../domain/instant.ts';
import { AppError } from '../lib/errors.ts';
import type { PageCursor } from '../ports/directory.ts';
import type { Scope, TimeRange } from '../ports/history.ts';
import type { Caller } from './access.ts';
import { badRequest, invalidQuery } from './errors.ts';
import { type Direction, readCursor, readCursorTexts, readDirection } from './page.ts';
import type { Query } from './query.ts';
import type { Parameter } from './route.ts';

export const LIMIT_DEFAULT = 100;
export const LIMIT_MAX = 1_000;
const BOUNDS = { gte: 'gteMs', lte: 'lteMs', gt: 'gtMs', lt: 'ltMs' } as const;
/**
 * Rows are compared by the millisecond: a bound between two counts as the later one here, as the earlier one elsewhere.
 * Events have times between two as well: rounded up, `gte` an event's own time would miss it.
 */
const ROUNDS_UP = { evt: new Set(['lt']), att: new Set(['gte', 'lt']) } satisfies Record<string, ReadonlySet<string>>;
const TIME_FORMAT =
  'invalid format, expected RFC3339 (e.g. 2024-01-15T09:30:00Z or 2024-01-15T09:30:00.123Z) or YYYY-MM-DD';
/** What an offset such as `+02:00` becomes when it is sent as it is. */
const LOST_PLUS = /\d \d\d:\d\d$/;

export const list = (description: string): Parameter => ({ schema: z.array(z.string()), description });
const bound = (description: string): Parameter => ({ schema: z.string(), description });

/** Parameters of both lists, for the document. */
export const LOG_LIST_PARAMETERS: Readonly<Record<string, Parameter>> = {
  tenant_id: list("The operator's: any of these. A tenant's own id otherwise."),
  destination_id: list('Any of these.'),
  topic: list('Any of these, exactly.'),
  'time[gte]': bound('Not before; RFC 3339, or a date for its midnight in UTC.'),
  'time[lte]': bound('Not after.'),
  'time[gt]': bound('After.'),
  'time[lt]': bound('Before.'),
  limit: { schema: z.int().min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT), description: 'Out of range: the nearest.' },
  next: { schema: z.string(), description: 'Cursor of the page to come.' },
  prev: { schema: z.string(), description: 'Cursor of the page before.' },
  order_by: { schema: z.enum(['time']), description: 'Only `time`.' },
  dir: { schema: z.enum(['asc', 'desc']).default('desc'), description: 'Newest first when missing.' },
};

export interface LogListQuery {
  readonly scope: Scope;
  readonly direction: Direction;
  readonly limit: number;
  readonly cursor: PageCursor | null;
  readonly time: TimeRange;
  readonly topics: readonly string[] | null;
  readonly destinationIds: readonly DestinationId[] | null;
}

/**
 * Reads the common parameters; the first one at fault is told.
 * @param scope already decided where the path says it; null to read `tenant_id`
 */
export function readLogList(
  query: Query,
  caller: Caller,
  kind: keyof typeof ROUNDS_UP,
  scope: Scope | null,
): LogListQuery {
  const decided = scope ?? readScope(query, caller);
  const cursors = readCursorTexts(query);
  const direction = readDirection(query);
  if ((query.scalar('order_by') ?? 'time') !== 'time') throw invalidQuery('order_by', 'must be one of: [time]');
  const time = readTimeRange(query, ROUNDS_UP[kind]);
  return {
    scope: decided,
    direction,
    limit: readLimit(query),
    cursor: readCursor(cursors, kind),
    time,
    topics: query.list('topic'),
    destinationIds: query.list('destination_id')?.map(destinationId) ?? null,
  };
}

/** A tenant may name itself, once, and nobody else: not even in vain. */
function readScope(query: Query, caller: Caller): Scope {
  const tenants = query.list('tenant_id');
  if (caller.role === 'admin') return tenants === null ? { kind: 'all' } : { kind: 'ids', ids: tenants.map(tenantId) };
  if (tenants !== null && (tenants.length !== 1 || tenants[0] !== caller.tenant.id)) {
    throw new AppError('forbidden', 'tenant_id query parameter does not match authenticated tenant');
  }
  return { kind: 'tenant', tenant: caller.tenant.number };
}

/** Scope of a single row: the operator may narrow it by a plain `tenant_id`, a tenant can't widen its own. */
export function rowScope(query: Query, caller: Caller): Scope {
  if (caller.role === 'tenant') return { kind: 'tenant', tenant: caller.tenant.number };
  const tenant = query.scalar('tenant_id');
  return tenant === null ? { kind: 'all' } : { kind: 'ids', ids: [tenantId(tenant)] };
}

function readTimeRange(query: Query, roundsUp: ReadonlySet<string>): TimeRange {
  if (query.has('time[any]')) throw badRequest("operator 'any' is not supported, use 'gte', 'lte', 'gt', or 'lt'");
  const range: { -readonly [Key in keyof TimeRange]: TimeRange[Key] } = {};
  for (const [operator, key] of Object.entries(BOUNDS)) {
    const text = query.scalar(`time[${operator}]`);
    if (text === null) continue;
    const bound = parseTimeBound(text);
    if (bound === null) {
      const hint = LOST_PLUS.test(text) ? '; a + in a query has to be written as %2B' : '';
      throw invalidQuery(`time[${operator}]`, TIME_FORMAT + hint);
    }
    range[key] = bound.ms + (bound.nanos > 0 && roundsUp.has(operator) ? 1 : 0);
  }
  return range;
}

/** Never an error: what isn't a number, or is too small, is the default; what is too large is the most. */
function readLimit(query: Query): number {
  const text = query.scalar('limit') ?? '';
  const limit = /^[+-]?\d+$/.test(text) ? Number(text) : 0;
  return limit < 1 ? LIMIT_DEFAULT : Math.min(limit, LIMIT_MAX);
}
