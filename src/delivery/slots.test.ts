import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { laneNumber, tenantNumber } from '../domain/ids.ts';
import { deliverySlots, type Slot } from './slots.ts';

const limits = { processMax: 8, laneMax: 3, payloadBytesMax: 1_000 };
const a = tenantNumber(1);
const b = tenantNumber(2);
const lane = laneNumber;

describe('delivery slots', () => {
  it('gives a lane no more than its cap', () => {
    const slots = deliverySlots(limits);
    for (let n = 0; n < 3; n += 1) assert.ok(slots.reserve(a, lane(1), 0));
    assert.equal(slots.reserve(a, lane(1), 0), null);
    assert.equal(slots.occupy(a, lane(1)), null);
    assert.ok(slots.reserve(a, lane(2), 0));
  });

  it('leaves slots to others when one tenant takes what it can get', () => {
    const slots = deliverySlots(limits);
    let taken = 0;
    for (let n = 1; n <= 20; n += 1) if (slots.reserve(a, lane(n), 0) !== null) taken += 1;
    assert.equal(taken, 7);
    assert.ok(slots.reserve(b, lane(99), 0), 'another tenant still finds a slot');
  });

  it('keeps half of the slots from new events while the store has due deliveries', () => {
    const slots = deliverySlots(limits);
    slots.setBacklog(true);
    const reserved = [1, 2, 3, 4, 5, 6].map((n) => slots.reserve(tenantNumber(n), lane(n), 0));
    assert.deepEqual(
      reserved.map((slot) => slot !== null),
      [true, true, true, true, false, false],
    );
  });

  it('sends to the store what would take more memory than payloads may', () => {
    const slots = deliverySlots(limits);
    assert.ok(slots.reserve(a, lane(1), 900));
    assert.equal(slots.reserve(b, lane(2), 101), null);
    assert.ok(slots.reserve(b, lane(2), 100));
  });

  it('is empty again after every slot was freed, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(5), fc.nat(300), fc.boolean()), { maxLength: 60 }), (steps) => {
        const slots = deliverySlots(limits);
        const held: Slot[] = [];
        for (const [tenant, number, bytes, frees] of steps) {
          const slot = slots.reserve(tenantNumber(tenant + 1), lane(number + 1), bytes);
          if (slot !== null) held.push(slot);
          if (frees) held.splice(held.length >> 1, 1).forEach((each) => slots.free(each));
          assert.ok(slots.taken <= limits.processMax);
          assert.ok([...slots.busy().values()].every((count) => count <= limits.laneMax));
        }
        for (const slot of held) slots.free(slot);
        assert.equal(slots.taken, 0);
        assert.equal(slots.busy().size, 0);
        assert.ok(slots.reserve(a, lane(1), limits.payloadBytesMax), 'all memory is free again');
      }),
    );
  });
});
