/** A profile's three ports over one store of record, and what belongs to the store as a whole. */
import type { Directory } from './directory.ts';
import type { History } from './history.ts';
import type { Ledger } from './ledger.ts';

export interface Store {
  readonly directory: Directory;
  readonly ledger: Ledger;
  readonly history: History;
  /** 32 random bytes made with the store: the key of the attempts' public ids (domain/attempt-id.ts). */
  readonly attemptIdKey: Uint8Array;
  /** Resolves when everything asked for is committed and nothing of the store runs any more. Safe to call twice. */
  close(): Promise<void>;
}
