import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delivered, failed } from './attempt.ts';
import { decideSettle, type LiveDelivery, type SettleInput } from './delivery.ts';

function delivery(more: Partial<LiveDelivery> = {}): LiveDelivery {
  return { tries: 1, spent: 1, trigger: 'schedule', fallback: null, ...more };
}

/** The second scheduled attempt of a delivery, on a lane with four failures behind it. */
function settle(more: Partial<SettleInput> = {}): ReturnType<typeof decideSettle> {
  return decideSettle({
    delivery: delivery(),
    eligibleForRetry: true,
    outcome: failed('500'),
    finishedAtMs: 10_000,
    policy: { delaysMs: [1_000, 2_000, 60_000], jitterShare: 0.1 },
    random: 0.5,
    streak: 4,
    laneDeleted: false,
    ...more,
  });
}

const manual = (fallback: LiveDelivery['fallback']): LiveDelivery =>
  delivery({ spent: 3, trigger: 'manual', fallback });

describe('decideSettle', () => {
  it('ends a delivery that succeeded, and the streak', () => {
    const expected = { state: 'succeeded', streak: 0, spent: 1, holdUntilMs: null };
    assert.deepEqual(settle({ outcome: delivered('200') }), expected);
    assert.deepEqual(settle({ outcome: delivered('200'), laneDeleted: true }), expected);
    assert.deepEqual(settle({ outcome: delivered('200'), eligibleForRetry: false }), expected);
  });

  it('lets a manual success end it without touching what was spent', () => {
    const decision = settle({ delivery: manual({ kind: 'waiting', dueMs: 99 }), outcome: delivered('200') });
    assert.deepEqual(decision, { state: 'succeeded', streak: 0, spent: 3, holdUntilMs: null });
  });

  it('waits for the delay that follows the failures so far, with its jitter', () => {
    assert.deepEqual(settle(), { state: 'waiting', dueMs: 12_100, streak: 5, spent: 2, holdUntilMs: null });
    assert.equal((settle({ random: 0 }) as { dueMs: number }).dueMs, 12_000);
  });

  it('ends exhausted when the schedule has nothing left', () => {
    const expected = { state: 'exhausted', reason: 'attempts_spent', streak: 5, spent: 4, holdUntilMs: null };
    assert.deepEqual(settle({ delivery: delivery({ spent: 3 }) }), expected);
  });

  it('has no retry without a schedule', () => {
    const decision = settle({
      policy: { delaysMs: [], jitterShare: 0 },
      outcome: failed('503', null, { retryAfterMs: 5_000 }),
    });
    assert.deepEqual(decision, {
      state: 'exhausted',
      reason: 'attempts_spent',
      streak: 5,
      spent: 2,
      holdUntilMs: null,
    });
  });

  it('ends at once where another try is useless', () => {
    const decision = settle({ outcome: failed('410', null, { permanent: true }) });
    assert.deepEqual(decision, {
      state: 'exhausted',
      reason: 'permanent_failure',
      streak: 5,
      spent: 2,
      holdUntilMs: null,
    });
  });

  it('ends at once an event that is not to be retried', () => {
    const decision = settle({ eligibleForRetry: false });
    assert.deepEqual(decision, { state: 'exhausted', reason: 'not_eligible', streak: 5, spent: 2, holdUntilMs: null });
  });

  it('cancels what would wait at a destination that was deleted meanwhile', () => {
    const expected = { state: 'cancelled', reason: 'deleted', streak: 5, holdUntilMs: null };
    assert.deepEqual(settle({ laneDeleted: true }), { ...expected, spent: 1 });
    const fallback = { kind: 'waiting', dueMs: 99 } as const;
    assert.deepEqual(settle({ laneDeleted: true, delivery: manual(fallback) }), { ...expected, spent: 3 });
  });

  describe('when the destination asks to be left alone', () => {
    const asking = (retryAfterMs: number) => ({ outcome: failed('429', null, { retryAfterMs }) });

    it('holds the lane and the delivery for as long', () => {
      const decision = settle(asking(30_000));
      assert.deepEqual(decision, { state: 'waiting', dueMs: 40_000, streak: 5, spent: 2, holdUntilMs: 40_000 });
    });

    it('keeps to the schedule where that is later', () => {
      const decision = settle(asking(500));
      assert.deepEqual(decision, { state: 'waiting', dueMs: 12_100, streak: 5, spent: 2, holdUntilMs: 10_500 });
    });

    it('waits no longer than the longest delay of the schedule', () => {
      const decision = settle(asking(86_400_000));
      assert.deepEqual(decision, { state: 'waiting', dueMs: 70_000, streak: 5, spent: 2, holdUntilMs: 70_000 });
    });

    it('holds the lane also when this delivery has ended', () => {
      assert.equal(settle({ ...asking(30_000), delivery: delivery({ spent: 3 }) }).holdUntilMs, 40_000);
      assert.equal(settle({ ...asking(30_000), laneDeleted: true }).holdUntilMs, 40_000);
      assert.equal(settle(asking(0)).holdUntilMs, null);
    });
  });

  describe('after a manual attempt that failed', () => {
    it('puts back the due time that was interrupted', () => {
      const decision = settle({ delivery: manual({ kind: 'waiting', dueMs: 99 }) });
      assert.deepEqual(decision, { state: 'waiting', dueMs: 99, streak: 5, spent: 3, holdUntilMs: null });
    });

    it('puts back the end it had, and starts no new schedule', () => {
      const succeeded = settle({ delivery: manual({ kind: 'ended', state: 'succeeded' }) });
      assert.deepEqual(succeeded, { state: 'succeeded', streak: 5, spent: 3, holdUntilMs: null });
      const exhausted = settle({ delivery: manual({ kind: 'ended', state: 'exhausted' }) });
      assert.deepEqual(exhausted, {
        state: 'exhausted',
        reason: 'attempts_spent',
        streak: 5,
        spent: 3,
        holdUntilMs: null,
      });
    });

    it('does so whether or not another try is useless or allowed', () => {
      const outcome = failed('410', null, { permanent: true, retryAfterMs: 30_000 });
      const decision = settle({ delivery: manual({ kind: 'waiting', dueMs: 99 }), outcome, eligibleForRetry: false });
      assert.deepEqual(decision, { state: 'waiting', dueMs: 99, streak: 5, spent: 3, holdUntilMs: 40_000 });
    });
  });
});
