/**
 * What a client needs from the world besides HTTP: two clocks, chance and a timer. Tests give their own, so that retries
 * are tested without waiting.
 */

export interface Environment {
  /** Milliseconds of a clock that is never set. */
  now(): number;
  /** Milliseconds since the epoch, for `Retry-After` with a date. */
  time(): number;
  /** At least 0 and below 1. */
  random(): number;
  /** Runs it once, when so much time has passed. Returns what cancels that. */
  after(ms: number, run: () => void): () => void;
}

/** A timer that is set for longer fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemEnvironment: Environment = {
  now: () => performance.now(),
  time: () => Date.now(),
  random: () => Math.random(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
};
