import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AttemptKey } from './attempt.ts';
import { attemptIds } from './attempt-id.ts';
import { eventSeq, laneNumber, tenantNumber } from './ids.ts';

const ids = attemptIds(new Uint8Array(32).fill(7), 'atm_');

function key(more: Partial<AttemptKey> = {}): AttemptKey {
  return { kind: 'settled', tenant: tenantNumber(1), event: eventSeq(2), lane: laneNumber(3), lease: 4, ...more };
}

const anyKey = fc.record(
  {
    kind: fc.constantFrom('settled', 'late', 'interrupted'),
    tenant: fc.integer({ min: 0, max: 2 ** 28 - 1 }).map(tenantNumber),
    event: fc.maxSafeNat().map((value) => eventSeq(value % 2 ** 44)),
    lane: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(laneNumber),
    lease: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
  },
  { noNullPrototype: true },
);

describe('attemptIds', () => {
  it('lead back to the attempt', () => {
    fc.assert(
      fc.property(anyKey, (attempt) => {
        const id = ids.encode(attempt);
        assert.match(id, /^atm_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        assert.deepEqual(ids.decode(id), attempt);
      }),
      { numRuns: 500 },
    );
    const largest = key({
      event: eventSeq(2 ** 44 - 1),
      lane: laneNumber(2 ** 32 - 1),
      tenant: tenantNumber(2 ** 28 - 1),
      lease: 2 ** 20 - 1,
    });
    assert.deepEqual(ids.decode(ids.encode(largest)), largest);
  });

  it('are the same each time, and unlike for neighbours', () => {
    assert.equal(ids.encode(key()), ids.encode(key()));
    const neighbours = [key(), key({ lease: 5 }), key({ kind: 'late' }), key({ event: eventSeq(3) })].map(ids.encode);
    assert.equal(new Set(neighbours.map((id) => id.slice(0, 12))).size, 4);
  });

  it('mean nothing without the key or the prefix', () => {
    const id = ids.encode(key());
    assert.notDeepEqual(attemptIds(new Uint8Array(32).fill(8), 'atm_').decode(id), key());
    assert.equal(ids.decode(id.slice(4)), null);
    assert.deepEqual(attemptIds(new Uint8Array(32).fill(7), '').decode(id.slice(4)), key());
  });

  it('are null for garbage', () => {
    const id = ids.encode(key());
    for (const text of [
      '',
      'atm_',
      id.toUpperCase(),
      `${id}0`,
      ` ${id}`,
      id.slice(0, -1),
      id.replace('-', ''),
      `atm_${id}`,
    ]) {
      assert.equal(ids.decode(text), null, text);
    }
    fc.assert(fc.property(fc.string(), (text) => ids.decode(`atm_${text}`) === null));
  });

  it('of random numbers are mostly null, and never an error', () => {
    // Four bits say the kind, and three of their sixteen values are kinds.
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        const decoded = ids.decode(`atm_${uuid}`);
        assert(decoded === null || ids.encode(decoded) === `atm_${uuid}`);
      }),
    );
  });

  it('refuse numbers beyond their room rather than name another attempt', () => {
    const beyond = [
      key({ tenant: tenantNumber(2 ** 28) }),
      key({ event: eventSeq(2 ** 44) }),
      key({ lane: laneNumber(2 ** 32) }),
      key({ lease: 2 ** 20 }),
    ];
    for (const attempt of beyond) assert.throws(() => ids.encode(attempt), RangeError);
  });
});
