import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AttemptOutcome, delivered, failed } from '../domain/attempt.ts';
import type { Destination } from '../domain/destination.ts';
import type { EventPayload } from '../domain/event.ts';
import type { Lease, SettleRequest, SettleResult } from '../ports/ledger.ts';
import { makeAttempt } from './attempt.ts';

const RESULT: SettleResult = { number: 1, state: 'succeeded', dueMs: null, streak: 0 };
const clock = { now: () => 1_000, monotonicMs: () => 0, after: () => () => {} };

/** Makes an attempt whose sender answers, or throws, and tells what was settled. */
async function attempt(send: () => AttemptOutcome, signal: AbortSignal = new AbortController().signal) {
  const settled: SettleRequest[] = [];
  const bugs: unknown[] = [];
  const result = await makeAttempt(
    {
      ledger: {
        async settle(request) {
          settled.push(request);
          return RESULT;
        },
      },
      clock,
      random: () => 0,
      policy: { delaysMs: [], jitterShare: 0 },
      onBug: (error) => bugs.push(error),
    },
    {
      lease: { trigger: 'schedule' } as Lease,
      payload: {} as EventPayload,
      open: { destination: {} as Destination, sender: { send: async () => send(), close: async () => {} } },
    },
    signal,
  );
  return { result, outcomes: settled.map((request) => request.outcome), bugs };
}

describe('an attempt', () => {
  it('is settled with what the destination answered', async () => {
    for (const outcome of [delivered('200'), failed('500'), failed('timeout')]) {
      const { result, outcomes } = await attempt(() => outcome);
      assert.deepEqual([result, outcomes], [RESULT, [outcome]]);
    }
  });

  it('that meets a bug is a failure like others, and the bug is told', async () => {
    const bug = new TypeError('a bug');
    const { outcomes, bugs } = await attempt(() => {
      throw bug;
    });
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.ok, outcome.code]),
      [[false, 'internal']],
    );
    assert.deepEqual(bugs, [bug]);
  });

  it('that our own stop cut off is left to the next start, unless it was a success', async () => {
    const cutOff = await attempt(() => failed('timeout'), AbortSignal.abort());
    assert.deepEqual([cutOff.result, cutOff.outcomes], [null, []]);
    const taken = await attempt(() => delivered('200'), AbortSignal.abort());
    assert.deepEqual(taken.result, RESULT);
  });
});
