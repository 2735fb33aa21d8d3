/** Moves frames of the write-ahead log into the database file, and tells how many are left. */
import type { DatabaseSync } from 'node:sqlite';
import { keptQuery } from './statements.ts';

export interface CheckpointResult {
  /** Frames that the log held at the time, those already moved included: how long it is until it begins anew. */
  readonly frames: number;
  /** Of these, those that are not in the database file yet. */
  readonly left: number;
}

/**
 * `passive` waits for nobody and is safe beside commits; `truncate` is for the last moment of a life; `noop` only looks
 * (SQLite 3.51; an older one takes it for `passive`, which does no harm).
 */
export function checkpoint(db: DatabaseSync, mode: 'passive' | 'truncate' | 'noop'): CheckpointResult {
  const row = keptQuery<{ log: number; checkpointed: number }>(db, `pragma wal_checkpoint(${mode})`).get();
  // SQLite answers -1 where there is no log.
  const frames = Math.max(0, row?.log ?? 0);
  return { frames, left: frames - Math.max(0, row?.checkpointed ?? 0) };
}
