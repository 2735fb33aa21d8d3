/**
 * Maps the codes of errors to statuses and fixed messages; nothing else in the program knows a status of an error.
 * Every error of v1 is `{status, message, data?, code}`, whoever raised it (spec api-v1.md §2).
 */
import { z } from 'zod';
import { AppError, ERROR_CODES, type ErrorCode, type ErrorData } from '../lib/errors.ts';

/** The status of each code. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid_json: 422,
  invalid_request: 422,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  tenant_not_found: 404,
  destination_not_found: 404,
  destination_type_not_found: 404,
  event_not_found: 404,
  attempt_not_found: 404,
  destination_exists: 400,
  destination_quota: 400,
  destination_disabled: 400,
  destination_mismatch: 400,
  event_id_conflict: 409,
  attempt_in_flight: 409,
  payload_gone: 410,
  concurrent_change: 409,
  payload_too_large: 413,
  unsupported_encoding: 415,
  headers_too_large: 431,
  request_timeout: 408,
  bad_request: 400,
  not_implemented: 501,
  version_not_supported: 505,
  expectation_failed: 417,
  overloaded: 503,
  storage_full: 503,
  unavailable: 503,
  internal: 500,
};

/** Messages that clients know by heart; the others are the error's own. */
export const FIXED_MESSAGES: Partial<Readonly<Record<ErrorCode, string>>> = {
  invalid_json: 'invalid JSON',
  tenant_not_found: 'tenant not found',
  destination_not_found: 'destination not found',
  destination_type_not_found: 'destination type not found',
  event_not_found: 'event not found',
  attempt_not_found: 'attempt not found',
  destination_exists: 'destination already exists',
  destination_quota: 'maximum number of destinations per tenant reached',
  destination_disabled: 'Destination is disabled',
  destination_mismatch: 'destination does not match event',
  internal: 'internal server error',
};

/** How long a publisher is asked to wait before it tries again, in seconds: the bounds move within one. */
const RETRY_AFTER_SECONDS = '1';

export const errorSchema = z
  .object({
    status: z.number().int(),
    message: z.string(),
    data: z
      .union([z.array(z.string()), z.record(z.string(), z.string())])
      .optional()
      .meta({ description: 'Sentences, or texts by field such as `query.dir`.' }),
    code: z.enum(ERROR_CODES).meta({ description: 'What went wrong, for programs: see docs/errors.md.' }),
  })
  .meta({ id: 'Error' });

export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @param status only where one code has two: 414 is a 431 of the request line */
export function errorReply(
  code: ErrorCode,
  message: string,
  data: ErrorData | null,
  status = STATUS[code],
): ErrorReply {
  const headers = status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : {};
  return { status, headers, body: JSON.stringify({ status, message, data: data ?? undefined, code }) };
}

/** What a client sees of anything thrown. An error that isn't an AppError is a bug and shows nothing of itself. */
export function replyOf(error: unknown): ErrorReply {
  if (!(error instanceof AppError)) return errorReply('internal', 'internal server error', null);
  const data = error.data ?? (error.code === 'destination_disabled' ? { error: 'destination_disabled' } : null);
  return errorReply(error.code, FIXED_MESSAGES[error.code] ?? error.message, data);
}

/** Unknown routes have had their members in this order always, and need no credential. */
export const UNKNOWN_ROUTE: ErrorReply = {
  status: 404,
  headers: {},
  body: JSON.stringify({ message: 'not found', status: 404, code: 'not_found' satisfies ErrorCode }),
};

/** @param sentences which limit was exceeded; for everything else the message says it all */
export const invalidJson = (...sentences: readonly string[]): AppError =>
  new AppError('invalid_json', 'invalid JSON', sentences.length === 0 ? {} : { data: sentences });

/** A body whose fields break rules: sentences, in the order of declaration. */
export const invalidFields = (sentences: readonly string[]): AppError =>
  new AppError('invalid_request', 'validation error', { data: sentences });

/** A query parameter that breaks a rule. */
export const invalidQuery = (name: string, rule: string): AppError =>
  new AppError('invalid_request', 'validation error', { data: { [`query.${name}`]: rule } });

export const badRequest = (message: string): AppError => new AppError('bad_request', message);
