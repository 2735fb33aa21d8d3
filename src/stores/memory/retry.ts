/** Manual retry: one attempt more, whatever the delivery's state, unless one is under way or already asked for. */
import type { Fallback } from '../../domain/delivery.ts';
import type { RetryRequest, RetryResult } from '../../ports/ledger.ts';
import { isActive, lease, reschedule, store } from './schedule.ts';
import type { DeliveryRow, MemoryState } from './state.ts';

export function retry(state: MemoryState, request: RetryRequest): RetryResult {
  const { nowMs } = request;
  const event = state.events[request.event - 1];
  const delivery = event?.tenant.number === request.tenant ? event.deliveries.get(request.lane) : undefined;
  if (delivery === undefined) return { kind: 'not_found' };
  const { lane } = delivery;
  if (lane.destination === null) return { kind: 'deleted' };
  if (!isActive(lane)) return { kind: 'disabled' };
  const fallback = fallbackOf(delivery);
  if (fallback === null) return { kind: 'in_flight' };
  delivery.trigger = 'manual';
  delivery.fallback = fallback;
  if (request.slotReserved) {
    delivery.dueMs = nowMs;
    // It was asked for by hand, so neither a backlog nor a hold of the lane keeps it.
    const taken = lease(state, delivery, 'handed');
    reschedule(state, lane, nowMs);
    return { kind: 'accepted', lease: taken };
  }
  store(state, delivery, nowMs, nowMs);
  return { kind: 'accepted', lease: null };
}

/** What a failed manual attempt goes back to; null while an attempt is under way or a manual one waits. */
function fallbackOf(delivery: DeliveryRow): Fallback | null {
  switch (delivery.stage) {
    case 'waiting':
      return delivery.trigger === 'manual' ? null : { kind: 'waiting', dueMs: delivery.dueMs };
    case 'succeeded':
    case 'exhausted':
      return { kind: 'ended', state: delivery.stage };
    case 'claimed':
    case 'handed':
    case 'cancelled':
      return null;
    default: {
      const never: never = delivery.stage;
      return never;
    }
  }
}
