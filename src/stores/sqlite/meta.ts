/**
 * What belongs to the store as a whole: its keys, the check of the encryption secret, the epoch, and the watermarks
 * of History's indexes (`indexed:<table>`, the last `seq` that is in it).
 */
import { timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { StartError } from '../../lib/errors.ts';
import { keptQuery } from './statements.ts';

const KEY_BYTES = 32;

export interface Identity {
  readonly epoch: number;
  readonly attemptIdKey: Uint8Array;
  readonly eventKeyKey: Uint8Array;
}

/** Answers a number of `meta`, 0 if it was never written. */
export function metaNumber(db: DatabaseSync, name: string): number {
  const value = metaValue(db, name);
  return typeof value === 'number' ? value : 0;
}

export function setMeta(db: DatabaseSync, name: string, value: number | Uint8Array): void {
  keptQuery(
    db,
    'insert into meta (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
  ).all(name, value);
}

/** @throws StartError when the store was made with another encryption secret */
export function checkSecret(db: DatabaseSync, secretCheck: Uint8Array): void {
  const known = metaValue(db, 'secret_check');
  if (!(known instanceof Uint8Array)) return;
  if (known.length === secretCheck.length && timingSafeEqual(known, secretCheck)) return;
  throw new StartError(
    'the encryption secret is not the one that this store was made with; ' +
      'start with the old secret, or with another DATA_DIR for a new store',
  );
}

/** Begins a new life of the store; what an empty store has to have is made on the way. */
export function beginLife(
  db: DatabaseSync,
  options: { readonly secretCheck: Uint8Array; randomBytes(size: number): Uint8Array },
): Identity {
  db.exec('begin immediate');
  try {
    if (metaValue(db, 'secret_check') === undefined) setMeta(db, 'secret_check', options.secretCheck);
    const epoch = metaNumber(db, 'epoch') + 1;
    setMeta(db, 'epoch', epoch);
    const identity = {
      epoch,
      attemptIdKey: ownKey(db, 'attempt_id_key', options.randomBytes),
      eventKeyKey: ownKey(db, 'event_key_key', options.randomBytes),
    };
    db.exec('commit');
    return identity;
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

function ownKey(db: DatabaseSync, name: string, randomBytes: (size: number) => Uint8Array): Uint8Array {
  const known = metaValue(db, name);
  if (known instanceof Uint8Array) return known;
  const made = randomBytes(KEY_BYTES);
  setMeta(db, name, made);
  return made;
}

function metaValue(db: DatabaseSync, name: string): unknown {
  return keptQuery<{ value: unknown }>(db, 'select value from meta where name = ?').get(name)?.value;
}
