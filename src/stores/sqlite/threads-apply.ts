/**
 * One batch through the engine, on whichever thread it lives. A batch that fails for its rows is halved until only the
 * operation at fault fails; one that fails for the disk fails as a whole, and nothing of it is tried again.
 */
import type { BatchAnswer } from '../../lib/batcher.ts';
import { callerError, kindOfError } from './codec-errors.ts';
import type { Answer, Operation } from './operations.ts';

export interface Applied {
  readonly answers: readonly BatchAnswer<Answer>[];
  /** The error after which the store's file must not be written any more, or null. */
  readonly fatal: unknown;
}

/** @param apply one transaction for all that it is given */
export function applyBatch(
  apply: (operations: readonly Operation[]) => readonly Answer[],
  operations: readonly Operation[],
): Applied {
  try {
    return { answers: apply(operations).map((value) => ({ ok: true, value })), fatal: null };
  } catch (error) {
    const kind = kindOfError(error);
    if (kind !== 'data' || operations.length === 1) return failed(operations, error, kind === 'fatal');
  }
  const middle = operations.length >>> 1;
  const first = applyBatch(apply, operations.slice(0, middle));
  const rest = operations.slice(middle);
  const second = first.fatal === null ? applyBatch(apply, rest) : failed(rest, first.fatal, true);
  return { answers: [...first.answers, ...second.answers], fatal: second.fatal };
}

function failed(operations: readonly Operation[], error: unknown, isFatal: boolean): Applied {
  const answer: BatchAnswer<Answer> = { ok: false, error: callerError(error) };
  return { answers: operations.map(() => answer), fatal: isFatal ? error : null };
}
