/**
 * Errors on their way between threads, and SQLite's own codes in our words. `StartError` and `AppError` arrive as what
 * they were; anything else as an `Error` with the stack of where it was thrown.
 */
import { AppError, type ErrorCode, type ErrorData, StartError } from '../../lib/errors.ts';
import { BUSY, CORRUPT, FULL, IO_ERROR, NOT_A_DATABASE, sqliteCode } from './sqlite-error.ts';

/** Plain data: what JSON and a message between threads can carry. */
export interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Of an `AppError`. */
  readonly code: ErrorCode | null;
  readonly data: ErrorData | null;
}

/** More of SQLite's primary result codes, https://www.sqlite.org/rescode.html */
const LOCKED = 6;
const READ_ONLY = 8;
const CANNOT_OPEN = 14;

/** After these nothing may be tried again on the same file descriptor: what a failed fsync left behind is unknown. */
const FATAL: ReadonlySet<number> = new Set([IO_ERROR, CORRUPT, CANNOT_OPEN, NOT_A_DATABASE, READ_ONLY]);
const PASSING: ReadonlySet<number> = new Set([BUSY, LOCKED]);

export function describeError(error: unknown): DescribedError {
  const known = error instanceof Error ? error : new Error(String(error));
  const isApp = known instanceof AppError;
  return {
    name: known instanceof StartError ? 'StartError' : known.name,
    message: known.message,
    stack: known.stack ?? '',
    code: isApp ? known.code : null,
    data: isApp ? known.data : null,
  };
}

export function errorOf(described: DescribedError): Error {
  const cause = new Error(described.message);
  cause.name = described.name;
  cause.stack = described.stack;
  if (described.code !== null) {
    return new AppError(described.code, described.message, {
      ...(described.data === null ? {} : { data: described.data }),
      cause,
    });
  }
  if (described.name === 'StartError') return new StartError(described.message, { cause });
  return cause;
}

/** What a commit's error says about the store. `data`: the fault is that of the rows, and other rows may commit. */
export function kindOfError(error: unknown): 'full' | 'fatal' | 'passing' | 'data' {
  const code = sqliteCode(error);
  if (code === null) return 'data';
  if (code === FULL) return 'full';
  if (FATAL.has(code)) return 'fatal';
  return PASSING.has(code) ? 'passing' : 'data';
}

/** The error that callers see: an I/O error as an `AppError`, any other unchanged. */
export function callerError(error: unknown): Error {
  switch (kindOfError(error)) {
    case 'full':
      return new AppError('storage_full', 'The disk that holds the store is full. Free space on it.', { cause: error });
    case 'fatal':
      return new AppError('unavailable', 'The store could not read or write its file.', { cause: error });
    case 'passing':
      return new AppError('unavailable', 'The store is locked by another process for the moment.', { cause: error });
    case 'data':
      return error instanceof Error ? error : new Error(String(error));
  }
}
