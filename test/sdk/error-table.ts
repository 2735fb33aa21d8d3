/** What each status becomes on each operation: the page's tables, written out once for both clients' tests. */
import type { Operation } from '../../sdk/src/outpost-sdk.ts';

/** The page's rows, with 400 left to `expectedClass`; a status that no row has is an `APIError`. */
export const ERROR_ROWS: Readonly<Record<string, readonly number[]>> = {
  UnauthorizedError: [401, 403, 407, 511],
  TimeoutError: [408, 504],
  RateLimitedError: [429],
  BadRequestError: [413, 414, 415, 422, 431, 510],
  NotFoundError: [501, 505],
  InternalServerError: [500, 502, 503, 506, 507, 508],
};

/** Every status that a row of the page names, and some that none names. */
export const ERROR_STATUSES: readonly number[] = [
  400,
  ...Object.values(ERROR_ROWS).flat(),
  ...[402, 404, 405, 406, 409, 410, 412, 416, 418, 423, 426, 451, 499, 509, 520, 599],
].sort((a, b) => a - b);

export function expectedClass(operation: Operation, status: number): string {
  if (status === 400) return operation === 'create' || operation === 'update' ? 'APIError' : 'BadRequestError';
  return Object.entries(ERROR_ROWS).find(([, statuses]) => statuses.includes(status))?.[0] ?? 'APIError';
}

export interface BodyShape {
  readonly name: string;
  readonly contentType: string | null;
  readonly body: string;
  readonly isJson: boolean;
}

export const BODY_SHAPES: readonly BodyShape[] = [
  { name: 'JSON', contentType: 'application/json; charset=utf-8', body: '{"message":"why"}', isJson: true },
  { name: 'other type', contentType: 'text/html', body: '{"message":"why"}', isJson: false },
  { name: 'empty', contentType: null, body: '', isJson: false },
  { name: 'malformed', contentType: 'application/json', body: '{"message":"wh', isJson: false },
];
