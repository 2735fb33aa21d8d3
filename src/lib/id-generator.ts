/** Ids that a caller did not give, in the three forms of spec api-v1.md §13.2. A prefix is put before them as it is. */
import { randomUUID } from 'node:crypto';
import { customAlphabet } from 'nanoid';
import { uuidv7 } from 'uuidv7';

export type IdKind = 'uuidv4' | 'uuidv7' | 'nanoid';

/** 26 of 62 letters and digits: 154 bits. */
const nanoid = customAlphabet('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 26);

const MAKERS: Readonly<Record<IdKind, () => string>> = { uuidv4: randomUUID, uuidv7, nanoid };

export function idGenerator(kind: IdKind, prefix: string): () => string {
  const make = MAKERS[kind];
  return () => prefix + make();
}
