/**
 * The two ends of a storage thread: calls by name with one answer each, and the loop that serves them.
 *
 * A thread that ends without being asked to has failed: whoever waits for it is rejected, and so is every later call.
 */
import { type MessagePort, type Transferable, Worker } from 'node:worker_threads';
import { AppError } from '../../lib/errors.ts';
import { callerError, type DescribedError, describeError, errorOf } from './codec-errors.ts';
import type { Sliced } from './history-page.ts';
import type { Calls } from './threads-calls.ts';

/** Calls of one thread that may wait for their answer. */
const CALLS_MAX = 4_000;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
}

type Reply =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly error: DescribedError };

export interface Thread<C extends Calls> {
  call<Name extends keyof C & string>(
    name: Name,
    input: C[Name][0],
    transfer?: readonly Transferable[],
  ): Promise<C[Name][1]>;
  /** Resolves when no call waits for its answer. */
  idle(): Promise<void>;
  /** Lets it close what it holds, and resolves when the thread has ended. Safe after a failure. */
  end(): Promise<void>;
}

/** @param name of the file beside this one that the thread runs, without its extension */
export function startThread<C extends Calls>(name: string, onFailure: (error: Error) => void): Thread<C> {
  // The same code runs from source and from the build.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const worker = new Worker(new URL(`./${name}.${extension}`, import.meta.url), { name });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  let failure: Error | null = null;
  let isEnding = false;
  let idleWaiters: (() => void)[] = [];
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));

  function settleIdle(): void {
    if (waiting.size > 0) return;
    const waiters = idleWaiters;
    idleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  function fail(cause: unknown): void {
    if (failure !== null || isEnding) return;
    failure = new AppError('unavailable', `The storage thread ${name} has ended.`, { cause });
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
    settleIdle();
    onFailure(failure);
  }

  worker.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id);
    if (call === undefined) return;
    waiting.delete(reply.id);
    if (reply.ok) call.resolve(reply.answer);
    else call.reject(errorOf(reply.error));
    settleIdle();
  });
  worker.on('error', fail);
  worker.on('messageerror', fail);
  worker.on('exit', (code) => fail(new Error(`it ended with exit code ${code}`)));

  function call(of: string, input: unknown, transfer: readonly Transferable[] = []): Promise<unknown> {
    if (failure !== null) return Promise.reject(failure);
    if (waiting.size >= CALLS_MAX) {
      return Promise.reject(
        new AppError('overloaded', `More than ${CALLS_MAX} calls wait for the storage thread ${name}.`),
      );
    }
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name: of, input } satisfies Request, transfer);
    });
  }

  return {
    call: (of, input, transfer) => call(of, input, transfer),
    idle() {
      return new Promise((resolve) => {
        idleWaiters.push(resolve);
        settleIdle();
      });
    },
    async end() {
      if (failure !== null) {
        await worker.terminate();
        return;
      }
      const closed = call('close', null);
      isEnding = true;
      try {
        // A thread that dies while it closes answers nothing any more.
        await Promise.race([closed, exited]);
      } finally {
        await exited;
      }
    },
  };
}

/** Handlers that answer at once; after `close` the thread ends. */
export type Handlers<C extends Calls> = { readonly [Name in keyof C]: (input: C[Name][0]) => C[Name][1] };

/** Serves calls until `close`. An error goes to the caller; the thread lives on. */
export function serveThread(
  port: MessagePort,
  handlers: Readonly<Record<string, (input: never) => unknown>>,
  sliced: Readonly<Record<string, (input: never) => Sliced<unknown>>> = {},
): void {
  const scans: { readonly id: number; readonly work: Sliced<unknown> }[] = [];

  function reply(id: number, work: () => unknown): void {
    try {
      const answer = work();
      port.postMessage({ id, ok: true, answer } satisfies Reply, buffersOf(answer));
    } catch (error) {
      port.postMessage({ id, ok: false, error: describeError(callerError(error)) } satisfies Reply);
    }
  }

  /** One slice of the scan that waited longest; then whatever arrived meanwhile. */
  function step(): void {
    const scan = scans.shift();
    if (scan === undefined) return;
    try {
      const { done, value } = scan.work.next();
      if (done === true) reply(scan.id, () => value);
      else scans.push(scan);
    } catch (error) {
      reply(scan.id, () => {
        throw error;
      });
    }
    if (scans.length > 0) setImmediate(step);
  }

  port.on('message', ({ id, name, input }: Request) => {
    const scan = sliced[name];
    if (scan !== undefined) {
      scans.push({ id, work: scan(input as never) });
      if (scans.length === 1) setImmediate(step);
      return;
    }
    reply(id, () => {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`a storage thread knows no call named ${name}`);
      return handler(input as never);
    });
    // Without its port nothing holds the thread any more, and it ends once the reply is out.
    if (name === 'close') port.close();
  });
}

/** Frames are handed over instead of copied. */
function buffersOf(answer: unknown): ArrayBuffer[] {
  if (answer instanceof ArrayBuffer) return [answer];
  if (typeof answer !== 'object' || answer === null) return [];
  return Object.values(answer).filter((value) => value instanceof ArrayBuffer);
}
