import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mayTakeSlot, reservedSlots } from './slot-share.ts';

describe('the share of slots', () => {
  it('leaves a slot for who holds none, however much one tenant takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 512 }), (slots) => {
        const reserved = reservedSlots(slots);
        let held = 0;
        while (mayTakeSlot({ held, free: slots - held, reserved })) held += 1;
        assert.ok(held >= slots - reserved, 'a tenant alone can use all but the reserve');
        assert.ok(mayTakeSlot({ held: 0, free: slots - held, reserved }), 'another tenant finds a slot');
      }),
    );
  });

  it('lets a tenant alone use every slot of a process that has only a few', () => {
    assert.ok(mayTakeSlot({ held: 3, free: 1, reserved: reservedSlots(4) }));
  });
});
