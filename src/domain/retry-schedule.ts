/**
 * When a failed delivery is tried again: an explicit list of delays, or one built from an interval that doubles
 * (spec reference-pipeline.md §1.9). Jitter only adds, so that no retry comes before its schedule.
 */

/** No delay is longer, whatever the settings: three days. */
export const DELAY_MAX_MS = 3 * 24 * 3_600_000;
/** A schedule has at most so many entries. */
export const RETRIES_MAX = 100;
/** Up to a tenth is added to each delay, so that what failed together doesn't come back together. */
export const JITTER_SHARE = 0.1;

export interface RetryPolicy {
  /** Delay after the first, second, … failed scheduled attempt; empty: no retries. */
  readonly delaysMs: readonly number[];
  /** 0 turns jitter off. */
  readonly jitterShare: number;
}

/** The delays of `interval · 2^(n-1)`, each at most `DELAY_MAX_MS`. */
export function exponentialDelaysMs(intervalSeconds: number, retries: number): readonly number[] {
  return Array.from({ length: Math.min(retries, RETRIES_MAX) }, (_, n) =>
    Math.min(intervalSeconds * 1_000 * 2 ** n, DELAY_MAX_MS),
  );
}

/**
 * Answers how long to wait after the `failures`-th failed scheduled attempt (from 1), or null when none is left.
 * @param random in [0, 1)
 */
export function nextDelayMs(policy: RetryPolicy, failures: number, random: number): number | null {
  const delayMs = policy.delaysMs[failures - 1];
  if (delayMs === undefined) return null;
  return Math.round(delayMs * (1 + policy.jitterShare * random));
}
