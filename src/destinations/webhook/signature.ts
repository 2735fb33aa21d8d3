/**
 * The default mode's signature: `v0=` and one hex HMAC-SHA256 of the body per secret, the current one first (spec
 * destinations.md §8.1). The key is the whole secret as text, its prefix included.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import type { StringMap } from '../../domain/json.ts';
import { signsUntil } from './secrets.ts';

/** Signs a body at a time, which decides whether the previous secret still counts. */
export type Signer = (body: Uint8Array, nowMs: number) => string;

/** A destination whose secret the operator has removed is signed with an empty key, as the original does. */
export function signer(credentials: StringMap): Signer {
  const { secret = '', previous_secret: previous, previous_secret_invalid_at: invalidAt = '' } = credentials;
  const key = keyOf(secret);
  const previousKey = previous === undefined ? null : keyOf(previous);
  const previousUntilMs = signsUntil(invalidAt);
  return (body, nowMs) => {
    const current = `v0=${hmac(key, body)}`;
    return previousKey === null || nowMs > previousUntilMs ? current : `${current},${hmac(previousKey, body)}`;
  };
}

type Key = ReturnType<typeof createSecretKey>;

function keyOf(secret: string): Key {
  return createSecretKey(Buffer.from(secret));
}

function hmac(key: Key, body: Uint8Array): string {
  return createHmac('sha256', key).update(body).digest('hex');
}
