/**
 * Repeats a call of the ledger until the store takes it. A lease that was taken must be settled or given back: nothing
 * else in this process would ever look at it again.
 */
import { AppError } from '../lib/errors.ts';
import type { Clock } from '../ports/clock.ts';

/** A call that the store refuses for now is repeated after 100 ms, then twice as long each time, up to 5 s. */
const PAUSE_MS = 100;
const PAUSE_MAX_MS = 5_000;

/**
 * Answers what the store answers, or null once `signal` aborts: the lease is then recovered by the next start.
 * Anything thrown that is not the store's refusal is a bug, and passes.
 */
export async function untilTaken<T>(call: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T | null> {
  let pauseMs = PAUSE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
    if (signal.aborted) return null;
    await pause(clock, pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
  }
}

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
