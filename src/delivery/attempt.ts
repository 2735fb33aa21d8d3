/**
 * The seam around every provider: one attempt, timed, its outcome a value whatever happens, and its settle repeated
 * until it is committed. What a remote does is an outcome; an exception here is a bug and becomes a failed attempt
 * with the code `internal`, so that a bug costs a retry and never a delivery.
 */
import { channel } from 'node:diagnostics_channel';
import { type AttemptOutcome, failed } from '../domain/attempt.ts';
import type { EventPayload } from '../domain/event.ts';
import type { RetryPolicy } from '../domain/retry-schedule.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Lease, Ledger, SettleRequest, SettleResult } from '../ports/ledger.ts';
import type { OpenLane } from './open-lanes.ts';
import { untilTaken } from './until-taken.ts';

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
 * Sends and settles. Resolves when the attempt is in the log; null if `signal` cut the attempt off, or ended the wait for
 * a store that takes nothing: the lease is then recovered by the next start.
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
  // What our own stop cut off is no failure of the destination's, and must not be the last of its tries.
  if (signal.aborted && !outcome.ok) return null;
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
  const result = await untilTaken(() => deps.ledger.settle(request), deps.clock, signal);
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
