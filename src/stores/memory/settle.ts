/** What ends or returns a lease: settle by its owner, release, and the recovery of leases whose owner is dead. */
import { decideSettle } from '../../domain/delivery.ts';
import { failed, late as asLate } from '../../domain/attempt.ts';
import type { LeaseKey, RecoverResult, SettleRequest, SettleResult } from '../../ports/ledger.ts';
import { end, isActive, reschedule, store } from './schedule.ts';
import type { AttemptRow, DeliveryRow, MemoryState } from './state.ts';

export function settle(state: MemoryState, request: SettleRequest): SettleResult {
  const delivery = deliveryOf(state, request.lease);
  if (delivery === null) throw new Error('a lease was settled that was never given');
  const known = delivery.results.get(request.lease.lease);
  if (known !== undefined) return known;
  const result = isOwner(state, delivery, request.lease)
    ? decide(state, delivery, request)
    : late(state, delivery, request);
  delivery.results.set(request.lease.lease, result);
  return result;
}

/** Gives back the leases that are current; the others are left alone. */
export function release(state: MemoryState, leases: readonly LeaseKey[], nowMs: number): void {
  for (const key of leases) {
    const delivery = deliveryOf(state, key);
    if (delivery !== null && isOwner(state, delivery, key)) returnToLane(state, delivery, nowMs);
  }
}

/** Walks what an earlier life left on its way, `limit` deliveries a call. */
export function recovery(state: MemoryState) {
  const left = state.live.values().filter((delivery) => delivery.epoch < state.epoch);
  const walk = [...left];
  let place = 0;
  return (limit: number, nowMs: number): RecoverResult => {
    let recovered = 0;
    for (const delivery of walk.slice(place, place + limit)) {
      place += 1;
      if (!isLeased(delivery) || delivery.epoch === state.epoch) continue;
      const outcome = failed('interrupted');
      const times = { startedAtMs: nowMs, finishedAtMs: nowMs };
      append(state, {
        kind: 'interrupted',
        delivery,
        lease: delivery.leases,
        outcome,
        trigger: delivery.trigger,
        ...times,
      });
      returnToLane(state, delivery, nowMs);
      recovered += 1;
    }
    return { recovered, done: place >= walk.length };
  };
}

function deliveryOf(state: MemoryState, key: Pick<LeaseKey, 'tenant' | 'event' | 'lane'>): DeliveryRow | null {
  const event = state.events[key.event - 1];
  if (event === undefined || event.tenant.number !== key.tenant) return null;
  return event.deliveries.get(key.lane) ?? null;
}

function isLeased(delivery: DeliveryRow): boolean {
  return delivery.stage === 'claimed' || delivery.stage === 'handed';
}

/** The fence: a lease is current while no later one was taken and this life of the store took it. */
function isOwner(state: MemoryState, delivery: DeliveryRow, key: LeaseKey): boolean {
  return (
    isLeased(delivery) && key.lease === delivery.leases && key.epoch === delivery.epoch && key.epoch === state.epoch
  );
}

/** Due again at once. The old due time keeps its place in front of what became due later. */
function returnToLane(state: MemoryState, delivery: DeliveryRow, nowMs: number): void {
  store(state, delivery, Math.min(delivery.dueMs, nowMs), nowMs);
}

function late(state: MemoryState, delivery: DeliveryRow, request: SettleRequest): SettleResult {
  const number = append(state, { kind: 'late', delivery, ...attemptOf(request), outcome: asLate(request.outcome) });
  return { number, state: 'late', dueMs: null, streak: delivery.lane.streak };
}

function decide(state: MemoryState, delivery: DeliveryRow, request: SettleRequest): SettleResult {
  const { lane, event } = delivery;
  const { outcome, finishedAtMs, policy, random } = request;
  const decision = decideSettle({
    delivery: { ...delivery },
    eligibleForRetry: event.event.eligibleForRetry,
    outcome,
    finishedAtMs,
    policy,
    random,
    streak: lane.streak,
    laneDeleted: lane.destination === null,
  });
  const number = append(state, { kind: 'settled', delivery, ...attemptOf(request) });
  lane.streak = decision.streak;
  delivery.spent = decision.spent;
  if (decision.holdUntilMs !== null) lane.holdUntilMs = Math.max(lane.holdUntilMs ?? 0, decision.holdUntilMs);
  delivery.trigger = 'schedule';
  delivery.fallback = null;
  if (decision.state !== 'waiting') {
    end(state, delivery, decision.state);
    // A hold may have moved the lane's next turn.
    if (decision.holdUntilMs !== null && isActive(lane)) reschedule(state, lane, finishedAtMs);
    return { number, state: decision.state, dueMs: null, streak: lane.streak };
  }
  store(state, delivery, decision.dueMs, finishedAtMs);
  return { number, state: 'waiting', dueMs: decision.dueMs, streak: lane.streak };
}

function attemptOf(request: SettleRequest) {
  const { lease, outcome, trigger, startedAtMs, finishedAtMs } = request;
  return { lease: lease.lease, outcome, trigger, startedAtMs, finishedAtMs };
}

/** Appends the attempt and answers its number, the delivery's next. */
function append(state: MemoryState, attempt: Omit<AttemptRow, 'seq' | 'number'>): number {
  const { delivery } = attempt;
  delivery.tries += 1;
  state.attempts.push({ ...attempt, seq: state.attempts.length + 1, number: delivery.tries });
  return delivery.tries;
}
