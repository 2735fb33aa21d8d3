/** The Ledger of a memory store: each call changes the state before it returns, and answers in a microtask. */
import type { EventPayload } from '../../domain/event.ts';
import type { EventSeq } from '../../domain/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ledger, LedgerStats, RecoverResult } from '../../ports/ledger.ts';
import { accept } from './accept.ts';
import { claim } from './claim.ts';
import { retry } from './retry.ts';
import { end, isActive } from './schedule.ts';
import { release, settle } from './settle.ts';
import type { MemoryState } from './state.ts';

/** The port's bound on one call. */
const PAYLOADS_MAX = 256;
/** How many ready lanes are asked for their oldest delivery. */
const OLDEST_LANES_MAX = 1_000;

export interface LedgerOptions {
  readonly state: MemoryState;
  readonly clock: Pick<Clock, 'now'> | null;
  /** Throws if the store object may not write any more. */
  commit(): void;
  /** True once a later store object has been opened over the state. */
  isSuperseded(): boolean;
  recover(limit: number, nowMs: number): RecoverResult;
}

export function memoryLedger(options: LedgerOptions): Ledger {
  const { state, clock, commit, isSuperseded } = options;
  const seen = (nowMs: number): void => {
    state.seenMs = Math.max(state.seenMs, nowMs);
  };
  return {
    async accept(request) {
      commit();
      seen(request.event.acceptedAtMs);
      return accept(state, request);
    },
    async claim(request) {
      if (isSuperseded()) return { leases: [], hasMore: false, nextDueMs: null };
      commit();
      seen(request.nowMs);
      return claim(state, request);
    },
    async settle(request) {
      // A superseded store's lease is of an older epoch, so this is late.
      if (!isSuperseded()) commit();
      seen(request.finishedAtMs);
      return settle(state, request);
    },
    async release(leases, nowMs) {
      if (isSuperseded()) return;
      commit();
      seen(nowMs);
      release(state, leases, nowMs);
    },
    async retry(request) {
      commit();
      seen(request.nowMs);
      return retry(state, request);
    },
    loadPayloads: async (events) => loadPayloads(state, events),
    async recover(limit, nowMs) {
      commit();
      seen(nowMs);
      return options.recover(limit, nowMs);
    },
    async removeDeleted(limit) {
      commit();
      return removeDeleted(state, limit);
    },
    stats: async () => stats(state, clock?.now() ?? state.seenMs),
  };
}

function loadPayloads(state: MemoryState, events: readonly EventSeq[]): ReadonlyMap<EventSeq, EventPayload> {
  if (events.length > PAYLOADS_MAX) throw new RangeError(`at most ${PAYLOADS_MAX} payloads a call`);
  const payloads = new Map<EventSeq, EventPayload>();
  for (const seq of events) {
    const row = state.events[seq - 1];
    if (row === undefined) continue;
    const { id, topic, time, metadata, data } = row.event;
    payloads.set(seq, { id, topic, time, metadata, data });
  }
  return payloads;
}

function removeDeleted(state: MemoryState, limit: number): number {
  let removed = 0;
  for (const lane of state.doomed) {
    for (let delivery = lane.waiting.peek(); delivery !== undefined; delivery = lane.waiting.peek()) {
      if (removed >= limit) return removed;
      end(state, delivery, 'cancelled');
      removed += 1;
    }
    state.doomed.delete(lane);
  }
  return removed;
}

function stats(state: MemoryState, nowMs: number): LedgerStats {
  return {
    waiting: state.waiting,
    oldestDueAgeMs: oldestAgeMs(state, nowMs),
    commits: state.commits,
    commitSecondsSum: 0,
    rowsChanged: null,
    indexRowsChanged: null,
    walFrames: null,
    claimLooked: state.claimLooked,
    claimLeased: state.claimLeased,
  };
}

function oldestAgeMs(state: MemoryState, nowMs: number): number {
  let oldestMs = nowMs;
  let looked = 0;
  for (const tenant of state.readyTenants.items()) {
    for (const lane of tenant.ready.items()) {
      if (looked >= OLDEST_LANES_MAX) return nowMs - oldestMs;
      looked += 1;
      const first = lane.waiting.peek();
      if (first !== undefined && isActive(lane)) oldestMs = Math.min(oldestMs, first.dueMs);
    }
  }
  return nowMs - oldestMs;
}
