/**
 * Retries of a call: by default none, since a request that failed may have been carried out.
 *
 * A `Retry-After` of the answer is honoured instead of the backoff. A wait that would end after the maximum elapsed time
 * isn't begun: the caller gets the error at once.
 */
import type { Environment } from './environment.ts';
import {
  ConnectionError,
  InvalidRequestError,
  OutpostError,
  RequestAbortedError,
  RequestTimeoutError,
} from './errors.ts';

export interface BackoffStrategy {
  /** Milliseconds before the first retry. */
  readonly initialInterval: number;
  /** Milliseconds that no interval exceeds. */
  readonly maxInterval: number;
  /** Each interval is the one before times this. */
  readonly exponent: number;
  /** Milliseconds since the call began, after which no retry begins. */
  readonly maxElapsedTime: number;
}

export type RetryConfig =
  | { readonly strategy: 'none' }
  | {
      readonly strategy: 'backoff';
      /** Members that are left out: 500 ms, 60 s, 1.5 and one hour. */
      readonly backoff?: Partial<BackoffStrategy>;
      /** Also when there was no answer, or none in time. False unless given. */
      readonly retryConnectionErrors?: boolean;
    };

const DEFAULT_BACKOFF: BackoffStrategy = {
  initialInterval: 500,
  maxInterval: 60_000,
  exponent: 1.5,
  maxElapsedTime: 3_600_000,
};
/** Answers that say "not now". */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export interface RetryDeps {
  readonly environment: Environment;
  readonly signal: AbortSignal | undefined;
}

/** Makes the attempt, again and again as the configuration says; the last error is the call's. */
export async function withRetries<Result>(
  config: RetryConfig,
  { environment, signal }: RetryDeps,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const backoff = config.strategy === 'backoff' ? readBackoff(config.backoff) : null;
  const startedAt = environment.now();
  for (let retries = 0; ; retries++) {
    try {
      return await attempt();
    } catch (error) {
      if (backoff === null || !isRetried(config, error)) throw error;
      const waitMs = nextWait(backoff, retries, error, environment);
      if (environment.now() - startedAt + waitMs > backoff.maxElapsedTime) throw error;
      await wait(waitMs, environment, signal);
    }
  }
}

function readBackoff(given: Partial<BackoffStrategy> = {}): BackoffStrategy {
  const backoff = { ...DEFAULT_BACKOFF, ...given };
  for (const [name, value] of Object.entries(backoff)) {
    if (typeof value !== 'number' || !(value >= 0))
      throw new InvalidRequestError(`retries: ${name} is not a number from 0`);
  }
  return backoff;
}

function isRetried(config: RetryConfig, error: unknown): boolean {
  if (error instanceof OutpostError) return RETRIED_STATUSES.has(error.statusCode);
  const hasNoAnswer = error instanceof ConnectionError || error instanceof RequestTimeoutError;
  return hasNoAnswer && config.strategy === 'backoff' && config.retryConnectionErrors === true;
}

/** Between half an interval and a whole one; after a `Retry-After` some more than it, so that not all come at once. */
function nextWait(backoff: BackoffStrategy, retries: number, error: unknown, environment: Environment): number {
  const asked = error instanceof OutpostError ? retryAfterMs(error.headers, environment.time()) : null;
  if (asked !== null) return asked + backoff.initialInterval * environment.random();
  const interval = Math.min(backoff.initialInterval * backoff.exponent ** retries, backoff.maxInterval);
  return interval * (0.5 + 0.5 * environment.random());
}

/** Null without the header, or when it is neither seconds nor a date. */
export function retryAfterMs(headers: Headers, time: number): number | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  // Only what begins with a day's name is a date here: `Date.parse` takes nearly anything.
  const date = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - time);
}

function wait(ms: number, environment: Environment, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      cancel();
      reject(new RequestAbortedError('aborted while waiting for a retry', { cause: signal?.reason }));
    };
    const cancel = environment.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
