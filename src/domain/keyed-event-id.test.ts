import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tenantId } from './ids.ts';
import { keyedEventIds } from './keyed-event-id.ts';

const SECRET = new Uint8Array(32).fill(7);
const idOf = (tenant: string, key: string, secret = SECRET): string =>
  keyedEventIds(secret, 'evt_')(tenantId(tenant), key);

describe('the event id of an idempotency key', () => {
  it('is the prefix and 32 hexadecimal digits, the same whenever it is made with the same secret', () => {
    // Fixed for good: another value would let the repeats of yesterday's publishes through.
    assert.equal(idOf('t', 'k'), 'evt_0b8642b051e34b812556b2aa92098da9');
    assert.equal(idOf('t', 'k'), idOf('t', 'k', Uint8Array.from(SECRET)));
  });

  it('differs by tenant, key, secret, and where the one ends and the other begins', () => {
    const ids = [
      idOf('t', 'k'),
      idOf('u', 'k'),
      idOf('t', 'l'),
      idOf('t', 'k', new Uint8Array(32)),
      idOf('tk', ''),
      idOf('', 'tk'),
    ];
    assert.equal(new Set(ids).size, ids.length);
  });
});
