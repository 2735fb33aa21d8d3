/**
 * The engine: every commit of the embedded store happens here. Plain and synchronous, so that the storage thread, the
 * simulation and its own tests call the same code. One batch of operations is one transaction.
 *
 * Counters in memory move with the transaction: a batch that fails puts back what they were before it. After an error
 * of the disk nothing more is written, since a file whose flush has failed can't be trusted; the store is opened anew.
 */
import type { DatabaseSync } from 'node:sqlite';
import { attemptLog } from './attempt-log.ts';
import { accepting } from './engine-accept.ts';
import { claiming } from './engine-claim.ts';
import type { EngineContext } from './engine-context.ts';
import { directoryWrites } from './engine-directory.ts';
import { type Counters, countersOf } from './engine-memory.ts';
import { recovering, removingDeleted } from './engine-recover.ts';
import { releasing, retrying } from './engine-retry.ts';
import { settling } from './engine-settle.ts';
import { eventKeys } from './event-key.ts';
import { lanes } from './lanes.ts';
import { beginLife } from './meta.ts';
import { oldestDue } from './oldest-due.ts';
import { openDatabase } from './open-database.ts';
import { type Answer, type Kind, KIND_ORDER, type Operation, type Operations } from './operations.ts';
import { CORRUPT, IO_ERROR, NOT_A_DATABASE, sqliteCode } from './sqlite-error.ts';
import { command, query } from './statements.ts';

export interface EngineOptions {
  /** `store.db` inside, `lock.db` beside it; made if it is missing. */
  readonly dataDir: string;
  /** 32 bytes derived from the encryption secret: a store that was made with another one refuses to open. */
  readonly secretCheck: Uint8Array;
  readonly nowMs: number;
  randomBytes(size: number): Uint8Array;
  /** For the gauge of commit times only. */
  monotonicMs?(): number;
}

export interface EngineStats {
  readonly waiting: number;
  /** Rows written by everything but `maintain`, and by that. */
  readonly rowsChanged: number;
  readonly indexRowsChanged: number;
  readonly claimLooked: number;
  readonly claimLeased: number;
  readonly commits: number;
  readonly commitSecondsSum: number;
}

export interface Engine {
  readonly epoch: number;
  readonly attemptIdKey: Uint8Array;
  readonly eventKeyKey: Uint8Array;
  /** Sentences for the operator about where the data lies. */
  readonly warnings: readonly string[];
  readonly databasePath: string;
  /**
   * Applies a batch in one transaction, kinds in `KIND_ORDER`, and answers in the order given. Accepts keep their order
   * among themselves, which is that of their keys; settles go by delivery. Throws only when nothing was written.
   */
  apply(operations: readonly Operation[]): Answer[];
  stats(): EngineStats;
  /** Age of the oldest due delivery that waits, 0 if none does. Looks at the first 1,000 ready lanes. */
  oldestDueAgeMs(nowMs: number): number;
  /** Runs derived work in a transaction of its own; the rows that it writes are counted apart. */
  maintain<Result>(work: (db: DatabaseSync) => Result): Result;
  readonly db: DatabaseSync;
  /** Closes the database and gives up the lock. Safe to call twice. */
  close(): void;
}

/** @throws StartError for whatever the operator has to change */
export function openEngine(options: EngineOptions): Engine {
  const opened = openDatabase(options.dataDir, options.secretCheck);
  try {
    return engineOf(opened, options);
  } catch (error) {
    opened.close();
    throw error;
  }
}

function engineOf(opened: ReturnType<typeof openDatabase>, options: EngineOptions): Engine {
  const { db } = opened;
  const { epoch, attemptIdKey, eventKeyKey } = beginLife(db, options);
  const counters = countersOf(db);
  const run = handlersOf({
    db,
    epoch,
    counters,
    eventKeys: eventKeys(eventKeyKey),
    lanes: lanes(db, counters),
    attempts: attemptLog(db, counters),
  });
  // A gauge's durations and nothing else; the program's clock can't cross to the storage thread.
  // oxlint-disable-next-line no-restricted-properties
  const monotonicMs = options.monotonicMs ?? ((): number => performance.now());
  const transaction = transactions(db);
  const totalChanges = query<{ changes: number }>(db, 'select total_changes() as changes');
  const changes = (): number => totalChanges.get()?.changes ?? 0;
  const before = changes();
  let indexRowsChanged = 0;
  let commits = 0;
  let commitMsSum = 0;

  return {
    epoch,
    attemptIdKey,
    eventKeyKey,
    warnings: opened.warnings,
    databasePath: opened.databasePath,
    db,
    apply(operations) {
      const startedMs = monotonicMs();
      const kept: Counters = { ...counters };
      const answers: Answer[] = new Array<Answer>(operations.length);
      try {
        transaction(() => {
          for (const { operation, at } of inOrder(operations)) answers[at] = run(operation);
        });
      } catch (error) {
        Object.assign(counters, kept);
        throw error;
      }
      commits += 1;
      commitMsSum += monotonicMs() - startedMs;
      return answers;
    },
    stats: () => ({
      waiting: counters.waiting,
      rowsChanged: changes() - before - indexRowsChanged,
      indexRowsChanged,
      claimLooked: counters.claimLooked,
      claimLeased: counters.claimLeased,
      commits,
      commitSecondsSum: commitMsSum / 1_000,
    }),
    oldestDueAgeMs: (nowMs) => oldestDue(db, nowMs),
    maintain(work) {
      const start = changes();
      try {
        return transaction(() => work(db));
      } finally {
        indexRowsChanged += changes() - start;
      }
    },
    close: () => opened.close(),
  };
}

function transactions(db: DatabaseSync): <Result>(work: () => Result) => Result {
  const begin = command(db, 'begin immediate');
  const commit = command(db, 'commit');
  let broken: unknown = null;
  return (work) => {
    if (broken !== null) throw new Error('the store failed before and has to be opened anew', { cause: broken });
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      const code = sqliteCode(error);
      if (code === IO_ERROR || code === CORRUPT || code === NOT_A_DATABASE) broken = error;
      // SQLite has already rolled back after some errors.
      if (db.isTransaction) db.exec('rollback');
      throw error;
    }
  };
}

type Handlers = { readonly [K in Kind]: (input: Operations[K][0]) => Operations[K][1] };

function handlersOf(context: EngineContext): (operation: Operation) => Answer {
  const handlers: Handlers = {
    ...directoryWrites(context),
    settle: settling(context),
    release: releasing(context),
    retry: retrying(context),
    accept: accepting(context),
    claim: claiming(context),
    recover: recovering(context),
    removeDeleted: removingDeleted(context),
  };
  const run = <K extends Kind>(operation: { readonly kind: K; readonly input: Operations[K][0] }): Operations[K][1] =>
    handlers[operation.kind](operation.input);
  return (operation) => run(operation);
}

interface Ordered {
  readonly operation: Operation;
  readonly at: number;
}

const RANKS = new Map(KIND_ORDER.map((kind, rank) => [kind, rank]));

function inOrder(operations: readonly Operation[]): readonly Ordered[] {
  const rank = ({ operation }: Ordered): number => RANKS.get(operation.kind) ?? KIND_ORDER.length;
  return operations
    .map((operation, at) => ({ operation, at }))
    .sort((a, b) => rank(a) - rank(b) || byDelivery(a.operation, b.operation) || a.at - b.at);
}

function byDelivery(a: Operation, b: Operation): number {
  if (a.kind !== 'settle' || b.kind !== 'settle') return 0;
  return a.input.lease.event - b.input.lease.event || a.input.lease.lane - b.input.lease.lane;
}
