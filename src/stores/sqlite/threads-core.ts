/**
 * The store's machinery as its ports see it, in two forms: three storage threads behind a commit queue, or the same
 * engine and the same reads on the caller's thread, where nothing waits and every run is the same.
 */
import { type Batcher, type BatchWeight, batcher } from '../../lib/batcher.ts';
import { AppError } from '../../lib/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LedgerStats } from '../../ports/ledger.ts';
import { checkpointChore } from './checkpoint-chore.ts';
import { unpackAnswers, unpackPayloads } from './codec-answers.ts';
import { errorOf } from './codec-errors.ts';
import { packOperations } from './codec-operations.ts';
import { historyIndexChore } from './history-index-chore.ts';
import type { Answer, Kind, Operation, Operations } from './operations.ts';
import { type Chore, unlessFull } from './threads-chore.ts';
import type { OpenedStore, PointReads, ReadsCalls, ScanReads, ScansCalls, WriterCalls } from './threads-calls.ts';
import { startThread, type Thread } from './threads-worker.ts';

export interface CoreOptions {
  readonly dataDir: string;
  readonly secretCheck: Uint8Array;
  readonly clock: Clock;
  randomBytes(size: number): Uint8Array;
  /** Called once when the store can't go on: a thread has died, or the file can't be written safely any more. */
  onFailure(error: Error): void;
}

export interface Core {
  readonly attemptIdKey: Uint8Array;
  readonly warnings: readonly string[];
  commit<K extends Kind>(kind: K, input: Operations[K][0]): Promise<Operations[K][1]>;
  read<Name extends keyof PointReads>(name: Name, input: PointReads[Name][0]): Promise<PointReads[Name][1]>;
  scan<Name extends keyof ScanReads>(name: Name, input: ScanReads[Name][0]): Promise<ScanReads[Name][1]>;
  stats(): Promise<LedgerStats>;
  close(): Promise<void>;
}

/** What one commit holds at most. A wide event has one of its own. */
const BATCH_ROWS = 2_000;
const BATCH_BYTES = 4 * 1_048_576;
/** Operations that wait for a commit. */
const WAITING_MAX = 4_000;
/** At most 500 commits a second, and 200 under load: fewer commits save more CPU than anything else could. */
const SPACING = { leastMs: 2, mostMs: 5 };

interface Threads {
  readonly writer: Thread<WriterCalls>;
  readonly reads: Thread<ReadsCalls>;
  readonly scans: Thread<ScansCalls>;
}

export async function threadedCore(options: CoreOptions): Promise<Core> {
  let failure: Error | null = null;
  let commits: Batcher<Operation, Answer> | null = null;
  const fail = (error: Error): void => {
    if (failure !== null) return;
    failure = error;
    commits?.fail(error);
    options.onFailure(error);
  };

  const { threads, store } = await startThreads(options, fail);
  const chores = choresOf(options.clock, threads, fail);
  commits = commitQueue(options.clock, threads.writer, () => chores.forEach((chore) => chore.committed()), fail);
  const queue = commits;
  let closing: Promise<void> | null = null;

  /** Rejects once the store has failed or is told to close. */
  function whileOpen<Result>(work: () => Promise<Result>): Promise<Result> {
    if (failure !== null) return Promise.reject(failure);
    if (closing !== null) return Promise.reject(new AppError('unavailable', 'The store is closed.'));
    return work();
  }

  return {
    attemptIdKey: store.attemptIdKey,
    warnings: store.warnings,
    commit: <K extends Kind>(kind: K, input: Operations[K][0]) =>
      // The queue answers each operation with the answer of its kind.
      whileOpen(() => queue.add({ kind, input } as Operation) as Promise<Operations[K][1]>),
    read: (name, input) => whileOpen(() => readPoint(threads.reads, name, input)),
    scan: (name, input) => whileOpen(() => threads.scans.call(name, input)),
    stats: () => whileOpen(() => threads.writer.call('stats', { nowMs: options.clock.now() })),
    close: () =>
      (closing ??= closeAll(queue, chores, threads).catch((error: unknown) => {
        // Whoever is to know of a failed store has been told; its closing only has to end.
        if (failure === null) throw error;
      })),
  };
}

async function startThreads(
  options: CoreOptions,
  fail: (error: Error) => void,
): Promise<{ threads: Threads; store: OpenedStore }> {
  let isOpen = false;
  // Until the store is open its opener is told of a failure by the rejection.
  const onFailure = (error: Error): void => {
    if (isOpen) fail(error);
  };
  const started: Thread<never>[] = [];
  const start = <C extends WriterCalls | ReadsCalls | ScansCalls>(name: string): Thread<C> => {
    const thread = startThread<C>(name, onFailure);
    started.push(thread as unknown as Thread<never>);
    return thread;
  };
  try {
    const writer = start<WriterCalls>('writer-thread');
    const reads = start<ReadsCalls>('reads-thread');
    const scans = start<ScansCalls>('scans-thread');
    const { dataDir, secretCheck, clock } = options;
    const store = await writer.call('open', { dataDir, secretCheck, nowMs: clock.now() });
    await Promise.all([reads.call('open', store), scans.call('open', store)]);
    isOpen = true;
    return { threads: { writer, reads, scans }, store };
  } catch (error) {
    await Promise.allSettled(started.map((thread) => thread.end()));
    throw error;
  }
}

function commitQueue(
  clock: Clock,
  writer: Thread<WriterCalls>,
  onCommit: () => void,
  fail: (error: Error) => void,
): Batcher<Operation, Answer> {
  return batcher<Operation, Answer>({
    async send(operations) {
      const bytes = operations.reduce((sum, operation) => sum + weightOf(operation).bytes, 0);
      const frame = packOperations(operations, bytes);
      const { answers, fatal } = await writer.call('apply', frame, [frame]);
      onCommit();
      // After the callers, who are told more exactly what became of their operation.
      if (fatal !== null) setImmediate(() => fail(errorOf(fatal)));
      return unpackAnswers(answers);
    },
    weigh: weightOf,
    batchMax: { rows: BATCH_ROWS, bytes: BATCH_BYTES },
    waitingMax: WAITING_MAX,
    overloaded: () => new AppError('overloaded', `More than ${WAITING_MAX} operations wait for a commit.`),
    spacing: SPACING,
    monotonicMs: clock.monotonicMs,
    after: clock.after,
  });
}

/** Rows that it may write, and bytes of its frame, both roughly. */
export function weightOf(operation: Operation): BatchWeight {
  switch (operation.kind) {
    case 'accept': {
      const { event, matched } = operation.input;
      const texts = event.id.length + event.topic.length;
      return { rows: 2 + matched.length, bytes: 256 + matched.length * 9 + event.data.length + texts * 3 };
    }
    case 'settle':
      return { rows: 3, bytes: 1_024 };
    case 'release':
      return { rows: operation.input.leases.length, bytes: operation.input.leases.length * 40 };
    case 'claim':
      return { rows: operation.input.room, bytes: 64 + operation.input.busy.size * 16 };
    case 'recover':
    case 'removeDeleted':
      return { rows: operation.input.limit * 2, bytes: 64 };
    default:
      return { rows: 4, bytes: 4_096 };
  }
}

function choresOf(clock: Clock, { writer, scans }: Threads, fail: (error: Error) => void): readonly Chore[] {
  const onError = unlessFull(fail);
  return [
    historyIndexChore({ after: clock.after, turn: () => writer.call('fillIndex', null), onError }),
    checkpointChore({
      after: clock.after,
      monotonicMs: clock.monotonicMs,
      checkpoint: () => scans.call('checkpoint', null),
      finish: () => writer.call('checkpoint', null),
      onError,
    }),
  ];
}

async function readPoint<Name extends keyof PointReads>(
  reads: Thread<ReadsCalls>,
  name: Name,
  input: PointReads[Name][0],
): Promise<PointReads[Name][1]> {
  if (name !== 'loadPayloads') return reads.call(name as never, input as never);
  const frame = await reads.call('loadPayloads', input as PointReads['loadPayloads'][0]);
  return unpackPayloads(frame) as PointReads[Name][1];
}

async function closeAll(queue: Batcher<Operation, Answer>, chores: readonly Chore[], threads: Threads): Promise<void> {
  await queue.idle();
  await Promise.all(chores.map((chore) => chore.stop()));
  await Promise.all([threads.reads.idle(), threads.scans.idle(), threads.writer.idle()]);
  // The writer last: its truncating checkpoint needs the log for itself.
  await Promise.all([threads.reads.end(), threads.scans.end()]);
  await threads.writer.end();
}
