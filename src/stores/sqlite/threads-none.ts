/**
 * The store's machinery on the caller's thread: each operation is a commit of its own at once, each read runs to its
 * end. For the simulation and for tests, where the same calls must give the same answers in the same order.
 */
import { AppError } from '../../lib/errors.ts';
import { checkpoint } from './checkpoint.ts';
import { checkpointChore } from './checkpoint-chore.ts';
import { callerError } from './codec-errors.ts';
import { openEngine } from './engine.ts';
import { runSliced, type Sliced } from './history-page.ts';
import { historyIndexer } from './history-index.ts';
import { historyIndexChore } from './history-index-chore.ts';
import type { Kind, Operation, Operations } from './operations.ts';
import { applyBatch } from './threads-apply.ts';
import { unlessFull } from './threads-chore.ts';
import type { Core, CoreOptions } from './threads-core.ts';
import { pointReader, scanReader } from './threads-reads.ts';
import { statsOf } from './threads-stats.ts';

export function coreWithoutThreads(options: CoreOptions): Core {
  const { clock } = options;
  const engine = openEngine({ ...options, nowMs: clock.now(), randomBytes: options.randomBytes });
  const points = pointReader(engine.db, engine.eventKeyKey);
  const scans = scanReader(engine.db, engine.eventKeyKey);
  const indexer = historyIndexer();
  let failure: Error | null = null;
  let closing: Promise<void> | null = null;

  const fail = (error: Error): void => {
    if (failure !== null) return;
    failure = error;
    options.onFailure(error);
  };
  const onError = unlessFull(fail);
  const passive = async () => checkpoint(engine.db, 'passive');
  const chores = [
    historyIndexChore({ after: clock.after, turn: async () => engine.maintain((db) => indexer.turn(db)), onError }),
    checkpointChore({
      after: clock.after,
      monotonicMs: clock.monotonicMs,
      checkpoint: passive,
      finish: passive,
      onError,
    }),
  ];

  /** Rejects with what the work throws, and once the store has failed or is told to close. */
  async function whileOpen<Result>(work: () => Result): Promise<Result> {
    if (failure !== null) throw failure;
    if (closing !== null) throw new AppError('unavailable', 'The store is closed.');
    return work();
  }

  function commit<K extends Kind>(kind: K, input: Operations[K][0]): Operations[K][1] {
    const { answers, fatal } = applyBatch(engine.apply, [{ kind, input } as Operation]);
    for (const chore of chores) chore.committed();
    if (fatal !== null) fail(callerError(fatal));
    const answer = answers[0]!;
    if (!answer.ok) throw answer.error;
    // The engine answers each operation with the answer of its kind.
    return answer.value as Operations[K][1];
  }

  async function closeAll(): Promise<void> {
    await Promise.all(chores.map((chore) => chore.stop()));
    try {
      // A store that has failed is left as it is for the next start to look at.
      if (failure === null) checkpoint(engine.db, 'truncate');
    } finally {
      engine.close();
    }
  }

  return {
    attemptIdKey: engine.attemptIdKey,
    warnings: engine.warnings,
    commit: (kind, input) => whileOpen(() => commit(kind, input)),
    read: (name, input) => whileOpen(() => points[name](input)),
    scan: (name, input) => whileOpen(() => runSliced(scans[name](input) as Sliced<never>)),
    stats: () => whileOpen(() => statsOf(engine, clock.now())),
    close: () => (closing ??= closeAll()),
  };
}
