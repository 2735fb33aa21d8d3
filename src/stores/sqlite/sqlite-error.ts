/** Errors of SQLite by their primary result code (sqlite.org/rescode.html), never by their text. */
export const BUSY = 5;
export const IO_ERROR = 10;
export const CORRUPT = 11;
export const FULL = 13;
export const NOT_A_DATABASE = 26;

/** Answers the primary result code, or null for an error that isn't SQLite's. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff;
}
