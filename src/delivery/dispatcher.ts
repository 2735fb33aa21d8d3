/**
 * The dispatcher: gives slots to new events, claims what is due in the store, and runs the attempts.
 *
 * A new event that finds a free slot is handed over in memory; everything else waits in the store and is claimed in a
 * fair turn. Nothing polls: a claim is made at start, when something was stored, when a slot came free while the
 * store has more, and when the next sleeping lane is due. While a claim is under way half of the free slots stay with
 * new events, so that a small backlog doesn't push everybody through the store.
 */
import { channel } from 'node:diagnostics_channel';
import { type AttemptOutcome, failed } from '../domain/attempt.ts';
import type { EventPayload } from '../domain/event.ts';
import type { EventSeq, LaneNumber, TenantNumber } from '../domain/ids.ts';
import { reservedSlots } from '../domain/slot-share.ts';
import { AppError } from '../lib/errors.ts';
import type { Service } from '../lib/service.ts';
import { supervisedWork } from '../lib/supervised-work.ts';
import type { Ledger, Lease } from '../ports/ledger.ts';
import { type AttemptDeps, makeAttempt } from './attempt.ts';
import type { OpenLane, OpenLanes } from './open-lanes.ts';
import { deliverySlots, type Slot, type SlotLimits } from './slots.ts';
import { untilTaken } from './until-taken.ts';

/** Leases asked for in one claim. */
const CLAIM_MAX = 256;
/** Payloads read in one call, so that what is read ahead of its attempt stays small. */
const LOAD_MAX = 32;
/** After a claim that the store refused. */
const CLAIM_PAUSE = { leastMs: 200, mostMs: 5_000 };
/** What was given back is asked for again after this. */
const RELEASE_PAUSE_MS = 200;
/** How long the alarm's timer runs at the most before it looks at the wall clock again. */
const ALARM_STEP_MS = 30_000;
/** Payload bytes in memory; more wait in the store. */
const PAYLOAD_BYTES_MAX = 32 * 1024 * 1024;

/** Published after each claim: `{ count, hasMore }`. */
export const claimed = channel('delivery.claimed');

export interface DispatcherDeps extends AttemptDeps {
  readonly ledger: Pick<Ledger, 'claim' | 'settle' | 'release' | 'loadPayloads'>;
  readonly lanes: OpenLanes;
  readonly limits: Omit<SlotLimits, 'payloadBytesMax'>;
  /** How long `stop` waits for running attempts before it ends them: longer than any attempt's own limit. */
  readonly graceMs: number;
  /** Called when a delivery of a deleted destination was given back: somebody has to end it. */
  readonly onDeletedLane: () => void;
  /** Gets errors that end nothing but what they hit: a refused claim, a delivery that could not be begun. */
  readonly onError: (error: unknown, doing: string) => void;
}

export interface Dispatcher extends Service {
  reserve(tenant: TenantNumber, lane: LaneNumber, payloadBytes: number): Slot | null;
  giveBack(slot: Slot): void;
  begin(slot: Slot, lease: Lease, payload: EventPayload): void;
  /** Tells that something was stored or became due earlier, or that a lane was enabled. */
  wake(): void;
  /** Attempts under way. */
  readonly inFlight: number;
  /** False from a refused claim until the next one succeeds. */
  readonly isWorking: boolean;
}

export function dispatcher(deps: DispatcherDeps): Dispatcher {
  const slots = deliverySlots({ ...deps.limits, payloadBytesMax: PAYLOAD_BYTES_MAX });
  const running = new Set<Promise<void>>();
  /** Claimed leases whose lane filled up between the claim's sending and its answer; at most one claim's worth. */
  const held = new Map<LaneNumber, Lease[]>();
  const ending = new AbortController();
  let isStopping = false;
  /** The store may have due deliveries that only a slot was missing for. */
  let isBehind = false;
  let promised = 0;
  let alarmAtMs = Number.POSITIVE_INFINITY;
  let cancelAlarm = (): void => {};
  const claiming = supervisedWork({
    name: 'dispatcher',
    work: claimWhatIsDue,
    after: deps.clock.after,
    random: deps.random,
    pause: CLAIM_PAUSE,
    onCrash: (error) => deps.onError(error, 'claim'),
  });

  function own(work: Promise<void>, doing: string): void {
    const owned: Promise<void> = work
      .catch((error: unknown) => deps.onError(error, doing))
      .finally(() => running.delete(owned));
    running.add(owned);
  }

  /** Frees a slot, and lets what waited for one go on. */
  function free(slot: Slot): void {
    slots.free(slot);
    const waiting = held.get(slot.lane)?.shift();
    if (waiting !== undefined) startClaimed([waiting]);
    else held.delete(slot.lane);
    if (isBehind) claiming.wake();
  }

  async function claimWhatIsDue(): Promise<void> {
    // What frees its slot in this turn of the event loop is seen by one claim, not by one each.
    await Promise.resolve();
    let isProductive = true;
    while (isProductive && !isStopping && slots.room() > 0) isProductive = await claimOnce();
    if (slots.room() === 0) isBehind = true;
  }

  /** Answers whether another claim may bring more: with nothing to show for it, only a slot can change the answer. */
  async function claimOnce(): Promise<boolean> {
    const room = Math.min(CLAIM_MAX, Math.ceil(slots.room() / 2));
    promised = room;
    try {
      const nowMs = deps.clock.now();
      const answer = await deps.ledger.claim({
        nowMs,
        room,
        free: slots.room(),
        reserved: reservedSlots(deps.limits.processMax),
        laneCap: deps.limits.laneMax,
        busy: slots.busy(),
      });
      promised = 0;
      isBehind = answer.hasMore;
      slots.setBacklog(answer.hasMore);
      if (answer.nextDueMs !== null) remindAt(answer.nextDueMs);
      startClaimed(answer.leases);
      claimed.publish({ count: answer.leases.length, hasMore: answer.hasMore });
      return answer.hasMore && answer.leases.length > 0;
    } finally {
      promised = 0;
    }
  }

  /** Sets the alarm, unless an earlier one is set. One that comes too early costs a claim, one too late a delay. */
  function remindAt(atMs: number): void {
    if (isStopping || atMs >= alarmAtMs) return;
    alarmAtMs = atMs;
    cancelAlarm();
    arm();
  }

  /** In steps, so that a wall clock that jumps forward is noticed without asking the store. */
  function arm(): void {
    const leftMs = Math.max(0, alarmAtMs - deps.clock.now());
    cancelAlarm = deps.clock.after(Math.min(leftMs, ALARM_STEP_MS), () => {
      if (deps.clock.now() < alarmAtMs) return arm();
      alarmAtMs = Number.POSITIVE_INFINITY;
      claiming.wake();
    });
  }

  function startClaimed(leases: readonly Lease[]): void {
    const begun: { slot: Slot; lease: Lease }[] = [];
    for (const lease of leases) {
      const slot = isStopping ? null : slots.occupy(lease.tenant, lease.lane);
      if (slot !== null) begun.push({ slot, lease });
      else if (isStopping) own(release([lease]), 'release');
      else held.set(lease.lane, [...(held.get(lease.lane) ?? []), lease]);
    }
    if (begun.length > 0) own(loadAndRun(begun), 'load');
  }

  /** Reads the payloads of claimed deliveries in small groups and runs each as soon as it is there. */
  async function loadAndRun(begun: readonly { slot: Slot; lease: Lease }[]): Promise<void> {
    for (let at = 0; at < begun.length; at += LOAD_MAX) {
      const group = begun.slice(at, at + LOAD_MAX);
      let payloads: ReadonlyMap<EventSeq, EventPayload>;
      try {
        payloads = await deps.ledger.loadPayloads([...new Set(group.map(({ lease }) => lease.event))]);
      } catch (error) {
        deps.onError(error, 'load payloads');
        await giveUp(begun.slice(at));
        return;
      }
      for (const { slot, lease } of group) {
        const payload = payloads.get(lease.event);
        if (payload === undefined) own(endWithoutPayload(slot, lease), 'end a delivery without payload');
        else own(run(slots.load(slot, payload.data.byteLength), lease, payload), 'attempt');
      }
    }
  }

  /** The event is gone: the delivery ends, in the log, instead of being claimed again and again. */
  async function endWithoutPayload(slot: Slot, lease: Lease): Promise<void> {
    try {
      await settleUnsent(
        lease,
        failed('payload_gone', { error: 'the event is no longer stored' }, { permanent: true }),
      );
    } finally {
      free(slot);
    }
  }

  /** Settles an attempt that never came to a request. */
  async function settleUnsent(lease: Lease, outcome: AttemptOutcome): Promise<void> {
    const atMs = deps.clock.now();
    const times = { startedAtMs: atMs, finishedAtMs: atMs };
    const settled = { lease, trigger: lease.trigger, outcome, ...times, policy: deps.policy, random: deps.random() };
    const result = await untilTaken(() => deps.ledger.settle(settled), deps.clock, ending.signal);
    if (result?.state === 'waiting' && result.dueMs !== null) remindAt(result.dueMs);
  }

  async function release(leases: readonly Lease[]): Promise<void> {
    await untilTaken(() => deps.ledger.release(leases, deps.clock.now()), deps.clock, ending.signal);
    // They are due again. Not at once, since what kept them from being sent may last.
    remindAt(deps.clock.now() + RELEASE_PAUSE_MS);
  }

  /** Gives leases back whose attempts could not begin. */
  async function giveUp(begun: readonly { slot: Slot; lease: Lease }[]): Promise<void> {
    try {
      await release(begun.map(({ lease }) => lease));
    } finally {
      for (const { slot } of begun) free(slot);
    }
  }

  async function run(slot: Slot, lease: Lease, payload: EventPayload): Promise<void> {
    try {
      const open = await openFor(lease);
      if (open === 'settled') return;
      if (open === null || open.destination.disabledAtMs !== null || ending.signal.aborted) {
        await release([lease]);
        if (open === null) deps.onDeletedLane();
        return;
      }
      const result = await makeAttempt(deps, { lease, payload, open }, ending.signal);
      if (result?.state === 'waiting' && result.dueMs !== null) remindAt(result.dueMs);
    } finally {
      free(slot);
    }
  }

  /** The lane to send to. What can't be read now is given back; what can't be opened at all is a failed attempt. */
  async function openFor(lease: Lease): Promise<OpenLane | null | 'settled'> {
    try {
      return await currentLane(deps.lanes, lease);
    } catch (error) {
      if (error instanceof AppError) {
        deps.onError(error, 'read a destination');
        await release([lease]);
      } else {
        deps.onBug(error);
        await settleUnsent(lease, failed('internal', { error: 'the destination could not be opened' }));
      }
      return 'settled';
    }
  }

  return {
    name: 'dispatcher',
    start() {
      claiming.start();
      claiming.wake();
    },
    async stop() {
      isStopping = true;
      cancelAlarm();
      await claiming.stop();
      const cancelGrace = deps.clock.after(deps.graceMs, () => ending.abort());
      for (const leases of held.values()) own(release(leases), 'release');
      held.clear();
      while (running.size > 0) await Promise.allSettled(running);
      cancelGrace();
      await deps.lanes.close();
    },
    reserve(tenant, lane, payloadBytes) {
      if (isStopping || slots.room() - promised <= 0) return null;
      return slots.reserve(tenant, lane, payloadBytes);
    },
    giveBack: free,
    begin(slot, lease, payload) {
      own(run(slot, lease, payload), 'attempt');
    },
    wake: claiming.wake,
    get isWorking() {
      return claiming.isWorking;
    },
    get inFlight() {
      return slots.taken;
    },
  };
}

/** The lane as it is now: cached, unless the lease was taken after a change that the cache has not seen. */
async function currentLane(lanes: OpenLanes, lease: Lease): Promise<OpenLane | null> {
  const known = lanes.peek(lease.lane);
  if (known !== undefined && known.destination.version >= lease.version) return known;
  if (known !== undefined) lanes.forget(lease.lane);
  return lanes.load(lease.lane);
}
