import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../lib/errors.ts';
import type { Answer, Operation } from './operations.ts';
import { applyBatch } from './threads-apply.ts';

const batch = Array.from({ length: 8 }, (_, limit): Operation => ({
  kind: 'removeDeleted',
  input: { limit, nowMs: 0 },
}));
const limitOf = (operation: Operation): number => (operation.kind === 'removeDeleted' ? operation.input.limit : -1);

/** An engine that answers the limits, and fails a batch with the error of the first operation that has one. */
function engineFailing(errors: ReadonlyMap<number, Error>) {
  const applied: number[][] = [];
  return {
    applied,
    apply(operations: readonly Operation[]): Answer[] {
      applied.push(operations.map(limitOf));
      for (const operation of operations) {
        const error = errors.get(limitOf(operation));
        if (error !== undefined) throw error;
      }
      return operations.map(limitOf);
    },
  };
}

const sqliteError = (errcode: number): Error => Object.assign(new Error('sqlite'), { errcode });

describe('a batch through the engine', () => {
  it('is one transaction', () => {
    const { apply, applied } = engineFailing(new Map());
    const { answers, fatal } = applyBatch(apply, batch);
    assert.deepEqual(
      answers,
      batch.map((operation) => ({ ok: true, value: limitOf(operation) })),
    );
    assert.deepEqual([applied.length, fatal], [1, null]);
  });

  it('fails only the operations whose rows are at fault', () => {
    const bug = new TypeError('of the third');
    const { apply } = engineFailing(
      new Map([
        [3, bug],
        [6, sqliteError(1_555)],
      ]),
    );
    const { answers, fatal } = applyBatch(apply, batch);
    assert.deepEqual(
      answers.map(({ ok }) => ok),
      [true, true, true, false, true, true, false, true],
    );
    assert.deepEqual(answers[3], { ok: false, error: bug });
    assert.equal(fatal, null);
  });

  it('fails as a whole on a full disk, and the next one may go through', () => {
    const { apply, applied } = engineFailing(new Map([[3, sqliteError(13)]]));
    const { answers, fatal } = applyBatch(apply, batch);
    const codes = answers.map((answer) => (answer.ok ? null : (answer.error as AppError).code));
    assert.deepEqual(
      codes,
      batch.map(() => 'storage_full'),
    );
    assert.deepEqual([applied.length, fatal], [1, null]);
  });

  it('tries nothing more after an error of the file, and says so', () => {
    const broken = sqliteError(778);
    const { apply, applied } = engineFailing(
      new Map([
        [0, new Error('of the first')],
        [2, broken],
      ]),
    );
    const { answers, fatal } = applyBatch(apply, batch);
    assert.equal(fatal, broken);
    assert.deepEqual(
      answers.map((answer) => !answer.ok && answer.error instanceof AppError),
      [false, false, true, true, true, true, true, true],
    );
    assert.deepEqual(applied.at(-1), [2, 3]);
  });
});
