/**
 * The Ledger against a naive model: random accepts, claims, settles, releases, switches, restarts and steps of time.
 * The model keeps a plain list of deliveries and looks at all of them for every question, which a driver may not.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { type AttemptOutcome, delivered, failed } from '../../src/domain/attempt.ts';
import type { Destination } from '../../src/domain/destination.ts';
import type { EventSeq, LaneNumber } from '../../src/domain/ids.ts';
import type { ClaimResult, Lease, SettleResult } from '../../src/ports/ledger.ts';
import type { RetryPolicy } from '../../src/domain/retry-schedule.ts';
import { sized } from '../support/sizes.ts';
import {
  accepted,
  acceptRequest,
  assertNumbered,
  attempts,
  claim,
  event,
  laneCounts,
  NOW,
  present,
  recoverAll,
  settle,
  setUp,
  type StoreHarness,
  withStore,
  type World,
} from './builders.ts';

const DELAYS_MS = [1_000, 4_000];
const POLICY: RetryPolicy = { delaysMs: DELAYS_MS, jitterShare: 0 };
const LANES_OF = { one: 2, two: 3 } as const;
const DRAIN_MAX = 400;
const OUTCOMES: Readonly<Record<'ok' | 'fail' | 'quiet' | 'gone', AttemptOutcome>> = {
  ok: delivered('200'),
  fail: failed('500'),
  quiet: failed('429', null, { retryAfterMs: 3_000 }),
  gone: failed('410', null, { permanent: true }),
};

interface ModelLane {
  readonly destination: Destination;
  state: 'active' | 'disabled' | 'deleted';
  holdUntilMs: number;
  streak: number;
  version: number;
}

interface ModelDelivery {
  readonly event: EventSeq;
  readonly lane: ModelLane;
  stage: 'waiting' | 'claimed' | 'handed' | 'ended';
  dueMs: number;
  /** It came back from a lease: due, but the contract does not say where in the lane's order. */
  isLoose: boolean;
  tries: number;
  spent: number;
  leases: number;
  lease: Lease | null;
}

type Step =
  | { readonly op: 'accept'; readonly tenant: 'one' | 'two'; readonly reserve: readonly boolean[] }
  | { readonly op: 'wait'; readonly ms: number }
  | { readonly op: 'claim'; readonly room: number; readonly laneCap: number; readonly isBusyTold: boolean }
  | { readonly op: 'settle'; readonly pick: number; readonly outcome: keyof typeof OUTCOMES }
  | { readonly op: 'release' | 'switch' | 'delete'; readonly pick: number }
  | { readonly op: 'restart' };

const pick = fc.nat(1_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('accept' as const),
      tenant: fc.constantFrom('one' as const, 'two' as const),
      reserve: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(1, 900, 1_000, 3_000, 5_000) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('claim' as const),
      room: fc.integer({ min: 1, max: 5 }),
      laneCap: fc.integer({ min: 1, max: 3 }),
      isBusyTold: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('settle' as const),
      pick,
      outcome: fc.constantFrom('ok' as const, 'fail' as const, 'fail' as const, 'quiet' as const, 'gone' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constantFrom('release' as const, 'switch' as const, 'switch' as const, 'delete' as const),
      pick,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restart' as const) }) },
);

export function modelCases(harness: StoreHarness): void {
  it('gives, in every order of calls, what a model that looks at everything gives', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) =>
        withStore(harness, async (world) => {
          const run = await comparison(world);
          for (const [n, each] of steps.entries()) await run.take(each, n);
          await run.drain();
        }),
      ),
      { numRuns: sized(50, 150) },
    ));
}

/** Takes steps on the store and on the model, and compares what they answer. */
async function comparison(world: World) {
  const lanes: ModelLane[] = [];
  for (const tenant of ['one', 'two'] as const) {
    for (const destination of await setUp(world, LANES_OF[tenant], tenant)) {
      lanes.push({ destination, state: 'active', holdUntilMs: 0, streak: 0, version: destination.version });
    }
  }
  const deliveries: ModelDelivery[] = [];
  let nowMs = NOW;
  const leased = () => deliveries.filter(({ lease }) => lease !== null);

  async function accept(each: Extract<Step, { op: 'accept' }>, n: number): Promise<void> {
    const request = await acceptRequest(world, {
      tenant: each.tenant,
      event: event({ id: `e${n}`, acceptedAtMs: nowMs }),
    });
    const matched = request.matched.map(({ lane }, place) => ({ lane, slotReserved: each.reserve[place] === true }));
    const expected = matched.filter(
      (match) => match.slotReserved && isFree(deliveries, laneOf(lanes, match.lane), nowMs),
    );
    const result = accepted(await world.store.ledger.accept({ ...request, matched }));
    assert.deepEqual(
      result.leases.map(({ lane }) => lane).sort((a, b) => a - b),
      expected.map(({ lane }) => lane).sort((a, b) => a - b),
      'what is handed over overtakes nothing that is due, claimed or held, and is handed over otherwise',
    );
    assert.equal(result.stored, matched.length - expected.length, 'what is not handed over waits in the store');
    for (const { lane } of matched) {
      const fresh = newDelivery(result.event, laneOf(lanes, lane), nowMs);
      deliveries.push(fresh);
      const lease = result.leases.find((given) => given.lane === lane);
      if (lease !== undefined) take(fresh, lease, 'handed');
    }
  }

  async function ask(each: { room: number; laneCap: number; isBusyTold: boolean }): Promise<ClaimResult> {
    const busy = each.isBusyTold
      ? laneCounts(leased().map(({ lane }) => ({ lane: lane.destination.lane })))
      : new Map<LaneNumber, number>();
    const hadClaimable = deliveries.some(
      (one) => isDue(one, nowMs) && (busy.get(one.lane.destination.lane) ?? 0) < each.laneCap,
    );
    const result = await claim(world, { nowMs, room: each.room, laneCap: each.laneCap, busy });
    assert.ok(result.leases.length <= each.room, 'a claim gives no more than its room');
    for (const [lane, count] of laneCounts(result.leases)) {
      assert.ok(count + (busy.get(lane) ?? 0) <= each.laneCap, 'a lane holds no more than its cap');
    }
    for (const lease of result.leases) {
      const one = present(
        deliveries.find((other) => other.event === lease.event && other.lane.destination.lane === lease.lane),
      );
      assert.ok(isDue(one, nowMs), 'a claim gives only what waits, is due, and whose lane is active and not held');
      take(one, lease, 'claimed');
    }
    assertOldestFirst(deliveries, result.leases);
    const { hasMore, nextDueMs } = result;
    assert.equal(
      hasMore,
      deliveries.some((one) => isDue(one, nowMs)),
      'a claim tells truly whether due deliveries remain',
    );
    assertNextDue(deliveries, { hasMore, nextDueMs, nowMs });
    const isGoingOn = result.leases.length > 0 || (nextDueMs !== null && nextDueMs <= nowMs);
    assert.ok(!hadClaimable || isGoingOn, 'a claim that has room gives something of what is due');
    return result;
  }

  async function settleOne(one: ModelDelivery, outcome: AttemptOutcome): Promise<void> {
    const lease = present(one.lease);
    const result = await settle(world, lease, { outcome, policy: POLICY, at: nowMs });
    assert.deepEqual(result, settled(one, outcome, nowMs), 'a settle decides as the model does');
  }

  async function restart(): Promise<void> {
    const lost = leased();
    await world.reopen();
    assert.equal(await recoverAll(world, nowMs, 3), lost.length, 'every lease of an earlier life is recovered');
    for (const one of lost) {
      one.tries += 1;
      giveBack(one, nowMs);
    }
  }

  async function change(each: Extract<Step, { pick: number; op: 'release' | 'switch' | 'delete' }>): Promise<void> {
    const lane = present(lanes[each.pick % lanes.length]);
    const { tenantId, id } = lane.destination;
    const { directory, ledger } = world.store;
    if (each.op === 'release') {
      const one = leased()[each.pick % Math.max(1, leased().length)];
      if (one === undefined) return;
      await ledger.release([present(one.lease)], nowMs);
      giveBack(one, nowMs);
    } else if (lane.state === 'deleted') {
      return;
    } else if (each.op === 'switch') {
      const disabledAtMs = lane.state === 'active' ? nowMs : null;
      lane.version = present(await directory.setDisabled(tenantId, id, disabledAtMs)).version;
      lane.state = disabledAtMs === null ? 'active' : 'disabled';
    } else if (each.pick % 3 === 0) {
      await directory.deleteDestination(tenantId, id);
      lane.state = 'deleted';
    }
  }

  return {
    async take(each: Step, n: number): Promise<void> {
      if (each.op === 'accept') await accept(each, n);
      else if (each.op === 'wait') nowMs += each.ms;
      else if (each.op === 'claim') await ask(each);
      else if (each.op === 'restart') await restart();
      else if (each.op !== 'settle') await change(each);
      else {
        const one = leased()[each.pick % Math.max(1, leased().length)];
        if (one !== undefined) await settleOne(one, OUTCOMES[each.outcome]);
      }
    },
    /** Serves everything that lives to its end, and compares the log. */
    async drain(): Promise<void> {
      for (let round = 0; round < DRAIN_MAX; round += 1) {
        const result = await ask({ room: 5, laneCap: 5, isBusyTold: false });
        for (const one of leased()) await settleOne(one, OUTCOMES.ok);
        if (!result.hasMore && result.nextDueMs === null) break;
        if (!result.hasMore) nowMs = Math.max(nowMs, result.nextDueMs ?? 0);
      }
      const left = deliveries.filter(({ stage, lane }) => stage !== 'ended' && lane.state === 'active');
      assert.deepEqual(left, [], 'what waits in an active lane is delivered in the end');
      const log = await attempts(world);
      assertNumbered(log);
      const total = deliveries.reduce((sum, { tries }) => sum + tries, 0);
      assert.equal(log.length, total, 'every attempt is in the log once');
    },
  };
}

function newDelivery(seq: EventSeq, lane: ModelLane, dueMs: number): ModelDelivery {
  return { event: seq, lane, stage: 'waiting', dueMs, isLoose: false, tries: 0, spent: 0, leases: 0, lease: null };
}

function laneOf(lanes: readonly ModelLane[], number: LaneNumber): ModelLane {
  return present(
    lanes.find(({ destination }) => destination.lane === number),
    'lane',
  );
}

function isDue(one: ModelDelivery, nowMs: number): boolean {
  return one.stage === 'waiting' && one.dueMs <= nowMs && one.lane.state === 'active' && one.lane.holdUntilMs <= nowMs;
}

function isFree(deliveries: readonly ModelDelivery[], lane: ModelLane, nowMs: number): boolean {
  if (lane.holdUntilMs > nowMs) return false;
  const ofLane = deliveries.filter((one) => one.lane === lane);
  return !ofLane.some((one) => one.stage === 'claimed' || (one.stage === 'waiting' && one.dueMs <= nowMs));
}

function take(one: ModelDelivery, lease: Lease, stage: 'claimed' | 'handed'): void {
  one.stage = stage;
  one.leases += 1;
  one.lease = lease;
  assert.equal(lease.lease, one.leases, 'a lease counts the leases that its delivery has had');
  assert.equal(lease.version, one.lane.version, 'a lease has the destination’s version of when it was taken');
  assert.equal(lease.trigger, 'schedule', 'nobody asked for a manual attempt');
}

function giveBack(one: ModelDelivery, nowMs: number): void {
  one.stage = 'waiting';
  one.dueMs = nowMs;
  one.isLoose = true;
  one.lease = null;
}

/** What was left waiting in a lane is due no earlier than what was given of it. */
function assertOldestFirst(deliveries: readonly ModelDelivery[], leases: readonly Lease[]): void {
  const given = deliveries.filter((one) => !one.isLoose && one.lease !== null && leases.includes(one.lease));
  for (const one of given) {
    const before = deliveries.find(
      (other) =>
        other.lane === one.lane &&
        other.stage === 'waiting' &&
        !other.isLoose &&
        (other.dueMs < one.dueMs || (other.dueMs === one.dueMs && other.event < one.event)),
    );
    assert.equal(before, undefined, 'within a lane the oldest due goes first');
  }
}

function assertNextDue(
  deliveries: readonly ModelDelivery[],
  answer: { hasMore: boolean; nextDueMs: number | null; nowMs: number },
): void {
  const wakes = new Map<ModelLane, number>();
  for (const { stage, lane, dueMs } of deliveries) {
    if (stage !== 'waiting' || lane.state !== 'active') continue;
    wakes.set(lane, Math.min(wakes.get(lane) ?? Infinity, Math.max(dueMs, lane.holdUntilMs)));
  }
  const sleeping = [...wakes.values()].filter((wakeMs) => wakeMs > answer.nowMs);
  const next = sleeping.length === 0 ? null : Math.min(...sleeping);
  if (!answer.hasMore) assert.equal(answer.nextDueMs, next, 'a claim tells truly when the next sleeping lane is due');
  else if (next !== null)
    assert.ok((answer.nextDueMs ?? Infinity) <= next, 'a claim tells no later time than the next one');
}

/** Ends or returns the model's delivery, and answers what the store has to answer. */
function settled(one: ModelDelivery, outcome: AttemptOutcome, nowMs: number): SettleResult {
  const { lane } = one;
  one.tries += 1;
  one.lease = null;
  one.stage = 'ended';
  one.isLoose = false;
  lane.streak = outcome.ok ? 0 : lane.streak + 1;
  const answer = { number: one.tries, dueMs: null, streak: lane.streak };
  if (outcome.ok) return { ...answer, state: 'succeeded' };
  const heldMs = outcome.retryAfterMs ?? 0;
  if (heldMs > 0) lane.holdUntilMs = Math.max(lane.holdUntilMs, nowMs + heldMs);
  if (lane.state === 'deleted') return { ...answer, state: 'cancelled' };
  one.spent += 1;
  const delayMs = DELAYS_MS[one.spent - 1];
  if (outcome.permanent || delayMs === undefined) return { ...answer, state: 'exhausted' };
  one.stage = 'waiting';
  one.dueMs = nowMs + Math.max(delayMs, heldMs);
  return { ...answer, state: 'waiting', dueMs: one.dueMs };
}
