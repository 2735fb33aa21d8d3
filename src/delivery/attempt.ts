/**
 * The seam around every provider: one attempt, timed, its outcome a value whatever happens, and its settle repeated
 * until it is committed. What a remote does is an outcome; an exception here is a bug and becomes a failed attempt
 * with the code `internal`, so that a bug costs a retry and never a delivery.
 */
import { channel } from 'node:diagnostics_channel';
import { type AttemptOutcome, failed } from '../domain/attempt.ts';
import type { EventPayload } from '../domain/event.ts';
import type { RetryPolicy } from '../domain/retry-schedule.ts';
import { AppError } from '../lib/errors.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Lease, Ledger, SettleRequest, SettleResult } from '../ports/ledger.ts';
import type { OpenLane } from './open-lanes.ts';

/** A settle that the store refuses for now is repeated after 100 ms, then twice as long each time, up to 5 s. */
const SETTLE_PAUSE_MS = 100;
const SETTLE_PAUSE_MAX_MS = 5_000;

/** Published when an attempt is in the log: `AttemptReport`. */
export const attempted = channel('delivery.attempted');

export interface AttemptReport {
  readonly tenantId: string;
  readonly destinationId: string;
  readonly destinationType: string;
  readonly eventId: string;
  readonly topic: string;
  readonly number: number;
  readonly trigger: 'schedule' | 'manual';
  readonly succeeded: boolean;
  readonly code: string;
  readonly state: SettleResult['state'];
  readonly durationMs: number;
  /** When the next attempt is due; null if none is. */
  readonly dueMs: number | null;
}

export interface AttemptDeps {
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: RetryPolicy;
  /** Gets what a provider threw, which is a bug. */
  readonly onBug: (error: unknown) => void;
}

/**
 * Sends and settles. Resolves when the attempt is in the log; null if `signal` ended the wait for a store that takes
 * nothing: the lease is then recovered by the next start.
 */
export async function makeAttempt(
  deps: AttemptDeps,
  delivery: { readonly lease: Lease; readonly payload: EventPayload; readonly open: OpenLane },
  signal: AbortSignal,
): Promise<SettleResult | null> {
  const { lease, payload, open } = delivery;
  const startedAtMs = deps.clock.now();
  const started = deps.clock.monotonicMs();
  const outcome = await send(deps, payload, open, signal);
  const durationMs = Math.max(0, deps.clock.monotonicMs() - started);
  const request: SettleRequest = {
    lease,
    trigger: lease.trigger,
    outcome,
    startedAtMs,
    // From the monotonic clock, so that a jump of the wall clock never makes an attempt end before it began.
    finishedAtMs: startedAtMs + Math.round(durationMs),
    policy: deps.policy,
    random: deps.random(),
  };
  const result = await settle(deps, request, signal);
  if (result !== null && attempted.hasSubscribers) {
    attempted.publish({
      tenantId: open.destination.tenantId,
      destinationId: open.destination.id,
      destinationType: open.destination.type,
      eventId: payload.id,
      topic: payload.topic,
      number: result.number,
      trigger: lease.trigger,
      succeeded: outcome.ok,
      code: outcome.code,
      state: result.state,
      durationMs,
      dueMs: result.dueMs,
    } satisfies AttemptReport);
  }
  return result;
}

async function send(
  deps: AttemptDeps,
  payload: EventPayload,
  { sender }: OpenLane,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  try {
    return await sender.send(payload, signal);
  } catch (error) {
    deps.onBug(error);
    return failed('internal', { error: 'the attempt failed inside Outpost' });
  }
}

async function settle(deps: AttemptDeps, request: SettleRequest, signal: AbortSignal): Promise<SettleResult | null> {
  let pauseMs = SETTLE_PAUSE_MS;
  for (;;) {
    try {
      return await deps.ledger.settle(request);
    } catch (error) {
      // A store that is full, gone or overloaded may take it later; anything else thrown is a bug and ends the attempt.
      if (!(error instanceof AppError)) throw error;
    }
    if (signal.aborted) return null;
    await pause(deps.clock, pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, SETTLE_PAUSE_MAX_MS);
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
