/** The thread of the only connection that writes: every commit, the filling of indexes, the last piece of a checkpoint. */
import { randomBytes } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { checkpoint } from './checkpoint.ts';
import { packAnswers } from './codec-answers.ts';
import { describeError } from './codec-errors.ts';
import { unpackOperations } from './codec-operations.ts';
import { type Engine, openEngine } from './engine.ts';
import { historyIndexer } from './history-index.ts';
import { applyBatch } from './threads-apply.ts';
import type { WriterCalls } from './threads-calls.ts';
import { type Handlers, serveThread } from './threads-worker.ts';
import { statsOf } from './threads-stats.ts';

let opened: Engine | null = null;
const indexer = historyIndexer();

const handlers: Handlers<WriterCalls> = {
  open({ dataDir, secretCheck, nowMs }) {
    // Chance can't be handed to a thread as a function; this one is used for the store's own keys only.
    opened = openEngine({ dataDir, secretCheck, nowMs, randomBytes });
    const { attemptIdKey, eventKeyKey, warnings } = opened;
    return { databasePath: opened.db.location() ?? '', attemptIdKey, eventKeyKey, warnings };
  },
  apply(frame) {
    const operations = unpackOperations(frame);
    const { answers, fatal } = applyBatch(engine().apply, operations);
    return { answers: packAnswers(operations, answers), fatal: fatal === null ? null : describeError(fatal) };
  },
  stats: ({ nowMs }) => statsOf(engine(), nowMs),
  fillIndex: () => engine().maintain((db) => indexer.turn(db)),
  checkpoint: () => checkpoint(engine().db, 'passive'),
  close() {
    if (opened === null) return null;
    try {
      checkpoint(opened.db, 'truncate');
    } finally {
      opened.close();
    }
    return null;
  },
};

function engine(): Engine {
  if (opened === null) throw new Error('the store is not open yet');
  return opened;
}

if (parentPort !== null) serveThread(parentPort, handlers);
