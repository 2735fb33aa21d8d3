/**
 * A delivery: one event on its way to one destination.
 *
 *   pending ──► succeeded
 *      │  ▲
 *      ▼  │ due
 *   waiting ──► exhausted(reason) | cancelled(reason)
 *
 * While leased a delivery keeps its state. What an attempt's outcome does to it is decided by `decideSettle`, the one
 * pure function that every driver calls inside its commit, with what the commit read and not with what memory says.
 */
import type { AttemptOutcome, AttemptTrigger } from './attempt.ts';
import { nextDelayMs, type RetryPolicy } from './retry-schedule.ts';

/** Why a delivery ended without success. `expired` and `quarantined` belong to a later issue. */
export type EndReason = 'attempts_spent' | 'permanent_failure' | 'not_eligible' | 'expired' | 'quarantined' | 'deleted';

export type DeliveryState = 'pending' | 'waiting' | 'succeeded' | 'exhausted' | 'cancelled';

/** What a delivery falls back to when a manual attempt fails. */
export type Fallback =
  /** It was waiting for its schedule: the old due time comes back. */
  | { readonly kind: 'waiting'; readonly dueMs: number }
  /** It had ended: one attempt, and back to that end. */
  | { readonly kind: 'ended'; readonly state: 'succeeded' | 'exhausted' };

/** A delivery on its way, as the commit that settles it reads it. */
export interface LiveDelivery {
  /** Attempts recorded so far, `late` and `interrupted` ones included; the next is number `tries + 1`. */
  readonly tries: number;
  /** Scheduled attempts that failed: what the retry budget has paid for. */
  readonly spent: number;
  readonly trigger: AttemptTrigger;
  /** Null unless `trigger` is `manual`. */
  readonly fallback: Fallback | null;
}

export interface SettleInput {
  readonly delivery: LiveDelivery;
  readonly eligibleForRetry: boolean;
  readonly outcome: AttemptOutcome;
  readonly finishedAtMs: number;
  readonly policy: RetryPolicy;
  /** In [0, 1), for jitter. */
  readonly random: number;
  /** The lane's consecutive failures before this attempt. */
  readonly streak: number;
  /** The destination was deleted while the attempt was under way: what would wait is cancelled. */
  readonly laneDeleted: boolean;
}

export type SettleDecision = {
  /** The lane's consecutive failures after this attempt. */
  readonly streak: number;
  /** Scheduled attempts spent after this one. */
  readonly spent: number;
  /** Until when nothing of this lane may be sent, because the destination asked (`Retry-After`); null leaves it alone. */
  readonly holdUntilMs: number | null;
} & (
  | { readonly state: 'succeeded' }
  | { readonly state: 'waiting'; readonly dueMs: number }
  | { readonly state: 'exhausted' | 'cancelled'; readonly reason: EndReason }
);

/** Decides what one settled attempt makes of its delivery and lane. Pure: the same input gives the same answer. */
export function decideSettle(input: SettleInput): SettleDecision {
  const { delivery, outcome, finishedAtMs, policy } = input;
  if (outcome.ok) return { state: 'succeeded', streak: 0, spent: delivery.spent, holdUntilMs: null };

  const streak = input.streak + 1;
  const longestMs = policy.delaysMs.length === 0 ? 0 : Math.max(...policy.delaysMs);
  const heldMs = outcome.retryAfterMs === null ? 0 : Math.min(outcome.retryAfterMs, longestMs);
  const holdUntilMs = heldMs > 0 ? finishedAtMs + heldMs : null;
  if (input.laneDeleted) return { state: 'cancelled', reason: 'deleted', streak, spent: delivery.spent, holdUntilMs };

  if (delivery.trigger === 'manual' && delivery.fallback !== null) {
    const kept = { streak, spent: delivery.spent, holdUntilMs };
    if (delivery.fallback.kind === 'waiting') return { ...kept, state: 'waiting', dueMs: delivery.fallback.dueMs };
    if (delivery.fallback.state === 'succeeded') return { ...kept, state: 'succeeded' };
    return { ...kept, state: 'exhausted', reason: 'attempts_spent' };
  }

  const spent = delivery.spent + 1;
  const end = (reason: EndReason): SettleDecision => ({ state: 'exhausted', reason, streak, spent, holdUntilMs });
  if (outcome.permanent) return end('permanent_failure');
  if (!input.eligibleForRetry) return end('not_eligible');
  const delayMs = nextDelayMs(policy, spent, input.random);
  if (delayMs === null) return end('attempts_spent');
  return { state: 'waiting', dueMs: finishedAtMs + Math.max(delayMs, heldMs), streak, spent, holdUntilMs };
}
