import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DELAY_MAX_MS, exponentialDelaysMs, JITTER_SHARE, nextDelayMs, RETRIES_MAX } from './retry-schedule.ts';

describe('exponentialDelaysMs', () => {
  it('doubles from the interval', () => {
    assert.deepEqual(exponentialDelaysMs(30, 4), [30_000, 60_000, 120_000, 240_000]);
    assert.deepEqual(exponentialDelaysMs(30, 0), []);
  });

  it('has no delay beyond the longest and no more entries than allowed', () => {
    const delaysMs = exponentialDelaysMs(30, 10_000);
    assert.equal(delaysMs.length, RETRIES_MAX);
    assert.equal(Math.max(...delaysMs), DELAY_MAX_MS);
    assert.equal(delaysMs.at(-1), DELAY_MAX_MS);
  });
});

describe('nextDelayMs', () => {
  const policy = { delaysMs: [1_000, 60_000], jitterShare: JITTER_SHARE };

  it('answers one delay for each failure, then none', () => {
    assert.deepEqual(
      [1, 2, 3].map((failures) => nextDelayMs(policy, failures, 0)),
      [1_000, 60_000, null],
    );
    assert.equal(nextDelayMs({ delaysMs: [], jitterShare: 0 }, 1, 0), null);
  });

  it('adds at most the share of jitter, and never comes before the schedule', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(random, fc.constantFrom(1, 2), (value, failures) => {
        const delayMs = nextDelayMs(policy, failures, value) ?? -1;
        const scheduledMs = policy.delaysMs[failures - 1] ?? 0;
        assert(Number.isInteger(delayMs) && delayMs >= scheduledMs && delayMs <= scheduledMs * 1.1, String(delayMs));
      }),
    );
    assert.equal(nextDelayMs(policy, 2, 0.5), 63_000);
    assert.equal(nextDelayMs({ ...policy, jitterShare: 0 }, 2, 0.9), 60_000);
  });
});
