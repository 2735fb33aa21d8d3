import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { delivered, failed } from '../domain/attempt.ts';
import type { Destination } from '../domain/destination.ts';
import { eventId, eventSeq, laneNumber, tenantNumber } from '../domain/ids.ts';
import { AppError } from '../lib/errors.ts';
import type { ClaimRequest, ClaimResult, Lease, LeaseKey, SettleRequest } from '../ports/ledger.ts';
import type { Sender } from '../ports/provider.ts';
import { type Dispatcher, dispatcher } from './dispatcher.ts';
import type { OpenLane } from './open-lanes.ts';

const TENANT = tenantNumber(1);
const NOTHING: ClaimResult = { leases: [], hasMore: false, nextDueMs: null };
const POLICY = { delaysMs: [1_000], jitterShare: 0 };

const lease = (event: number, lane = 1): Lease => ({
  tenant: TENANT,
  event: eventSeq(event),
  lane: laneNumber(lane),
  lease: 1,
  epoch: 1,
  trigger: 'schedule',
  version: 1,
});
const payload = (event: number) => ({
  id: eventId(`evt_${event}`),
  topic: 't',
  time: { ms: 0, nanos: 0 },
  metadata: {},
  data: Buffer.from('{}'),
});

/** Everything that is pending runs before this resolves. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

interface World {
  readonly dispatch: Dispatcher;
  readonly claims: ClaimRequest[];
  /** What claims answer, in turn; nothing due once they are used up. */
  readonly answers: (ClaimResult | Error)[];
  readonly settled: SettleRequest[];
  readonly released: LeaseKey[];
  /** Requests at the receiver, each answered by calling it. */
  readonly open: (() => void)[];
  readonly timers: { atMs: number; fire: () => void }[];
  lane: { disabledAtMs: number | null } | null;
  nowMs: number;
}

function world(more: { processMax?: number; laneMax?: number } = {}): World {
  const open: (() => void)[] = [];
  const sender: Sender = {
    send: () => new Promise((resolve) => void open.push(() => resolve(delivered('200')))),
    close: async () => {},
  };
  const all = {
    claims: [] as ClaimRequest[],
    answers: [] as (ClaimResult | Error)[],
    settled: [] as SettleRequest[],
    released: [] as LeaseKey[],
    timers: [] as { atMs: number; fire: () => void }[],
    open,
    lane: { disabledAtMs: null } as World['lane'],
    nowMs: 0,
  };
  const current = (): OpenLane | null =>
    all.lane === null ? null : { destination: { version: 1, ...all.lane } as Destination, sender };
  const dispatch = dispatcher({
    ledger: {
      async claim(request) {
        all.claims.push(request);
        const answer = all.answers.shift() ?? NOTHING;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      async settle(request) {
        all.settled.push(request);
        return { number: 1, state: 'succeeded', dueMs: null, streak: 0 };
      },
      async release(leases) {
        all.released.push(...leases);
      },
      loadPayloads: async (events) => new Map(events.map((event) => [event, payload(event)])),
    },
    lanes: {
      peek: () => current() ?? undefined,
      load: async () => current(),
      forget: () => {},
      close: async () => {},
    },
    clock: {
      now: () => all.nowMs,
      monotonicMs: () => all.nowMs,
      after(delayMs, fire) {
        const timer = { atMs: all.nowMs + delayMs, fire };
        all.timers.push(timer);
        return () => void all.timers.splice(all.timers.indexOf(timer), all.timers.includes(timer) ? 1 : 0);
      },
    },
    random: () => 0,
    policy: POLICY,
    limits: { processMax: more.processMax ?? 8, laneMax: more.laneMax ?? 2 },
    graceMs: 10_000,
    onBug: (error) => assert.fail(String(error)),
    onDeletedLane: () => {},
    onError: (error) => assert.ok(error instanceof AppError, String(error)),
  });
  return Object.assign(all, { dispatch });
}

describe('the dispatcher', () => {
  it('asks the store once at start, and not again while nothing happens', async () => {
    const it = world();
    it.dispatch.start();
    await turn();
    assert.equal(it.claims.length, 1);
    assert.equal(it.timers.length, 0, 'an idle dispatcher sets no timer');
  });

  it('asks again when the next sleeping lane is due, and not before', async () => {
    const it = world();
    it.answers.push({ ...NOTHING, nextDueMs: 5_000 });
    it.dispatch.start();
    await turn();
    assert.deepEqual(
      it.timers.map(({ atMs }) => atMs),
      [5_000],
    );
    it.nowMs = 5_000;
    it.timers.shift()!.fire();
    await turn();
    assert.equal(it.claims.length, 2);
  });

  it('notices a wall clock that was set back without asking the store', async () => {
    const it = world();
    it.answers.push({ ...NOTHING, nextDueMs: 5_000 });
    it.dispatch.start();
    await turn();
    it.nowMs = 1_000;
    it.timers.shift()!.fire();
    await turn();
    assert.equal(it.claims.length, 1);
    assert.equal(it.timers[0]?.atMs, 5_000);
  });

  it('claims with what is busy, runs what it got and settles it', async () => {
    const it = world();
    it.answers.push({ leases: [lease(1), lease(2)], hasMore: false, nextDueMs: null });
    it.dispatch.start();
    await turn();
    assert.equal(it.open.length, 2);
    assert.equal(it.dispatch.inFlight, 2);
    it.open.forEach((answer) => answer());
    await turn();
    assert.deepEqual(
      it.settled.map((each) => each.lease.event),
      [1, 2],
    );
    assert.equal(it.dispatch.inFlight, 0);
  });

  it('claims anew when a slot comes free while the store has more', async () => {
    const it = world();
    it.answers.push({ leases: [lease(1)], hasMore: true, nextDueMs: null }, { ...NOTHING, hasMore: true });
    it.dispatch.start();
    await turn();
    const before = it.claims.length;
    assert.deepEqual(it.claims.at(-1)?.busy, new Map([[1, 1]]));
    it.open[0]!();
    await turn();
    assert.ok(it.claims.length > before);
  });

  it('claims what was stored while every slot was taken, once one comes free', async () => {
    const it = world({ processMax: 1, laneMax: 1 });
    it.dispatch.start();
    await turn();
    const slot = it.dispatch.reserve(TENANT, laneNumber(1), 2);
    assert.ok(slot !== null);
    it.dispatch.begin(slot, lease(1), payload(1));
    it.dispatch.wake();
    await turn();
    assert.equal(it.claims.length, 1, 'there is no room to claim for');
    it.open[0]!();
    await turn();
    assert.equal(it.claims.length, 2);
  });

  it('lets a lane that filled up during a claim wait for its own slots', async () => {
    const it = world({ laneMax: 1 });
    it.answers.push({ leases: [lease(1), lease(2)], hasMore: false, nextDueMs: null });
    it.dispatch.start();
    await turn();
    assert.equal(it.open.length, 1, 'a lane holds no more than its cap');
    it.open[0]!();
    await turn();
    assert.equal(it.open.length, 2);
  });

  it('gives a lease back without an attempt when the destination was disabled in the meantime', async () => {
    const it = world();
    it.lane = { disabledAtMs: 1 };
    it.answers.push({ leases: [lease(1)], hasMore: false, nextDueMs: null });
    it.dispatch.start();
    await turn();
    assert.equal(it.open.length, 0);
    assert.deepEqual(
      it.released.map((each) => each.event),
      [1],
    );
    assert.equal(it.dispatch.inFlight, 0);
  });

  it('pauses after a claim that the store refused, whoever wakes it', async () => {
    const it = world();
    it.answers.push(new AppError('unavailable', 'no'));
    it.dispatch.start();
    await turn();
    it.dispatch.wake();
    await turn();
    assert.equal(it.claims.length, 1);
    it.nowMs = it.timers[0]!.atMs;
    it.timers.shift()!.fire();
    await turn();
    assert.equal(it.claims.length, 2);
  });

  it('keeps slots of new events free of what a claim under way may bring', async () => {
    const it = world({ processMax: 4, laneMax: 4 });
    it.dispatch.start();
    const reserved = [1, 2, 3].map((n) => it.dispatch.reserve(tenantNumber(n), laneNumber(n), 0));
    await turn();
    assert.ok(reserved[0] !== null && reserved[1] !== null);
    assert.ok((it.claims[0]?.room ?? 0) <= 2);
  });

  it('stops once running attempts are settled, and gives back what it had not begun', async () => {
    const it = world({ laneMax: 1 });
    it.answers.push({ leases: [lease(1), lease(2)], hasMore: false, nextDueMs: null });
    it.dispatch.start();
    await turn();
    let isStopped = false;
    const stopping = it.dispatch.stop().then(() => (isStopped = true));
    await turn();
    assert.equal(isStopped, false, 'an attempt is under way');
    assert.equal(it.dispatch.reserve(TENANT, laneNumber(9), 0), null, 'nothing new is begun');
    assert.deepEqual(
      it.released.map((each) => each.event),
      [2],
    );
    it.open[0]!();
    await stopping;
    assert.deepEqual(
      it.settled.map((each) => each.lease.event),
      [1],
    );
    assert.equal(it.timers.length, 0, 'no timer is left behind');
    await it.dispatch.stop();
  });

  it('makes a bug of a sender a failed attempt instead of a lost delivery', async () => {
    const settled: SettleRequest[] = [];
    const bugs: unknown[] = [];
    const it = dispatcher({
      ledger: {
        claim: async () => NOTHING,
        settle: async (request) => {
          settled.push(request);
          return { number: 1, state: 'waiting', dueMs: 1_000, streak: 1 };
        },
        release: async () => {},
        loadPayloads: async () => new Map(),
      },
      lanes: {
        peek: () => ({
          destination: { version: 1, disabledAtMs: null } as Destination,
          sender: {
            send: async () => {
              throw new TypeError('a bug');
            },
            close: async () => {},
          },
        }),
        load: async () => null,
        forget: () => {},
        close: async () => {},
      },
      clock: { now: () => 0, monotonicMs: () => 0, after: () => () => {} },
      random: () => 0,
      policy: POLICY,
      limits: { processMax: 8, laneMax: 2 },
      graceMs: 0,
      onBug: (error) => void bugs.push(error),
      onDeletedLane: () => {},
      onError: (error) => assert.fail(String(error)),
    });
    const slot = it.reserve(TENANT, laneNumber(1), 2);
    assert.ok(slot !== null);
    it.begin(slot, lease(1), payload(1));
    await turn();
    assert.deepEqual(settled[0]?.outcome, failed('internal', { error: 'the attempt failed inside Outpost' }));
    assert.equal(bugs.length, 1);
    assert.equal(it.inFlight, 0);
  });
});
