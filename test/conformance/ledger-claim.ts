/** Claim: what is due, in order, within its bounds, and a fair turn for everybody. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { failed } from '../../src/domain/attempt.ts';
import type { Destination } from '../../src/domain/destination.ts';
import { destinationId, type LaneNumber } from '../../src/domain/ids.ts';
import type { Lease } from '../../src/ports/ledger.ts';
import {
  acceptRequest,
  ACME,
  attempts,
  claim,
  claimEvery,
  claimOne,
  draft,
  event,
  HOUR,
  type InStore,
  inChunks,
  laneCounts,
  NOW,
  present,
  publish,
  publishLeased,
  settle,
  setUp,
  type World,
} from './builders.ts';

const D1 = destinationId('d1');
/** No case makes more claims. */
const CLAIMS_MAX = 500;

/** Stores `count` events for one lane. */
async function store(
  world: World,
  lane: Destination,
  options: { count: number; name: string; tenant?: string },
): Promise<void> {
  await inChunks(options.count, async (n) => {
    const one = event({ id: `${options.name}-${n}`, destinationId: lane.id, acceptedAtMs: NOW - 1_000 + n });
    await world.store.ledger.accept(await acceptRequest(world, { tenant: options.tenant ?? 'acme', event: one }));
  });
}

export function claimCases(inStore: InStore): void {
  it(
    'has nothing and waits for nothing in an empty store',
    inStore(async (world) => {
      assert.deepEqual(
        await claim(world),
        { leases: [], hasMore: false, nextDueMs: null },
        'an idle server has nothing to ask for',
      );
    }),
  );

  it(
    'leases the oldest due of a lane first, equal times in order of acceptance',
    inStore(async (world) => {
      const [lane] = await setUp(world);
      const times = [50, 20, 20, 40, 10, 20];
      for (const [n, time] of times.entries()) await publish(world, { id: `e${n}`, acceptedAtMs: NOW - time });
      const leases: Lease[] = [];
      for (let round = 0; round < times.length; round += 1) leases.push(...(await claim(world, { room: 1 })).leases);
      const payloads = await world.store.ledger.loadPayloads(leases.map(({ event: seq }) => seq));
      const order = leases.map((lease) => payloads.get(lease.event)?.id);
      assert.deepEqual(order, ['e0', 'e3', 'e1', 'e2', 'e5', 'e4'], 'within a lane the oldest due goes first');
      assert.ok(
        leases.every((lease) => lease.lane === lane?.lane && lease.lease === 1),
        'each is leased once',
      );
      assert.deepEqual(await claimEvery(world), [], 'what is leased is not claimed again');
    }),
  );

  it(
    'keeps to the room and to the lane’s cap, slots that are taken counted',
    inStore(async (world) => {
      const lanes = await setUp(world, 2);
      const [a, b] = [present(lanes[0]), present(lanes[1])];
      for (const lane of lanes) await store(world, lane, { count: 6, name: lane.id });
      const first = await claim(world, { room: 3 });
      assert.ok(first.leases.length >= 1 && first.leases.length <= 3, 'a claim gives no more than its room');
      assert.equal(first.hasMore, true, 'due deliveries remain that lacked room');
      const taken = laneCounts(first.leases);
      const busy = new Map<LaneNumber, number>([[a.lane, 4]]);
      const second = await claimCapped(world, { laneCap: 4, busy });
      assert.equal(laneCounts(second).get(a.lane), undefined, 'a lane whose slots are taken gets no lease');
      assert.equal(
        laneCounts(second).get(b.lane),
        Math.min(4, 6 - (taken.get(b.lane) ?? 0)),
        'a lane holds no more than its cap',
      );
      const third = await claim(world, { laneCap: 4, busy: new Map([...busy, [b.lane, 4]]) });
      assert.deepEqual(
        [third.leases, third.hasMore],
        [[], true],
        'due deliveries remain that lack a free slot of their lane',
      );
      const rest = 12 - first.leases.length - second.length;
      assert.equal((await claimEvery(world)).length, rest, 'a lane whose slots come free goes on where it was');
    }),
  );

  it(
    'takes lanes in turn',
    inStore(async (world) => {
      const lanes = await setUp(world, 3);
      for (const lane of lanes) await store(world, lane, { count: 6, name: lane.id });
      const order: LaneNumber[] = [];
      for (let round = 0; order.length < 18 && round < CLAIMS_MAX; round += 1) {
        order.push(...(await claim(world, { room: 8 })).leases.map(({ lane }) => lane));
      }
      assert.equal(order.length, 18, 'everything that is due is leased');
      for (let from = 0; from < 18; from += 3) {
        assert.equal(new Set(order.slice(from, from + 3)).size, 3, 'lanes of a tenant are taken in turn');
      }
    }),
  );

  it(
    'leaves a disabled lane alone and finds it untouched when it is enabled',
    inStore(async (world) => {
      const [lane] = await setUp(world);
      await store(world, present(lane), { count: 3, name: 'e' });
      const failing = await settle(world, present((await claim(world, { room: 1 })).leases[0]), {
        outcome: failed('500'),
      });
      assert.equal(failing.state, 'waiting', 'a failure waits for its retry');
      const disabled = present(await world.store.directory.setDisabled(ACME, D1, NOW));
      const held = await claim(world, { nowMs: NOW + HOUR });
      assert.deepEqual(
        held,
        { leases: [], hasMore: false, nextDueMs: null },
        'a lane that is not active is skipped and wakes nobody',
      );
      assert.equal((await world.store.ledger.stats()).waiting, 3, 'what a disabled lane holds still waits');
      await world.reopen();
      assert.deepEqual(
        (await claim(world, { nowMs: NOW + HOUR })).leases,
        [],
        'a disabled lane is skipped after a restart too',
      );
      const enabled = present(await world.store.directory.setDisabled(ACME, D1, null));
      assert.ok(enabled.version > disabled.version, 'the switch moves the version');
      const leases = await claimEvery(world, { nowMs: NOW + HOUR });
      assert.equal(leases.length, 3, 'what waited when a destination was disabled resumes when it is enabled');
      assert.deepEqual(
        leases.map(({ lease }) => lease).sort((a, b) => a - b),
        [1, 1, 2],
        'switching changes no delivery',
      );
      assert.ok(
        leases.every(({ version }) => version === enabled.version),
        'a lease has the destination’s version of its time',
      );
      assert.equal((await attempts(world)).length, 1, 'switching makes no attempt');
    }),
  );

  it(
    'sleeps until the enabled lane’s next delivery is due',
    inStore(async (world) => {
      await setUp(world);
      await settle(world, await publishLeased(world), { outcome: failed('500') });
      await world.store.directory.setDisabled(ACME, D1, NOW);
      await world.store.directory.setDisabled(ACME, D1, null);
      assert.deepEqual(
        await claim(world, { nowMs: NOW + 9_999 }),
        { leases: [], hasMore: false, nextDueMs: NOW + 10_000 },
        'enabling a lane keeps the due time of what waits in it',
      );
    }),
  );

  it(
    'never gives what is of a deleted lane',
    inStore(async (world) => {
      const [lane, other] = await setUp(world, 2);
      await store(world, present(lane), { count: 3, name: 'a' });
      await store(world, present(other), { count: 1, name: 'b' });
      await world.store.directory.deleteDestination(ACME, D1);
      const leases = await claimEvery(world, { nowMs: NOW + HOUR });
      assert.deepEqual(
        leases.map((lease) => lease.lane),
        [other?.lane],
        'a deleted lane is never claimed',
      );
      await world.store.directory.deleteTenant(ACME, NOW);
      const after = await claim(world, { nowMs: NOW + HOUR });
      assert.deepEqual(
        after,
        { leases: [], hasMore: false, nextDueMs: null },
        'a deleted tenant’s lanes are never claimed',
      );
    }),
  );

  it(
    'tells when the next sleeping lane is due, and gives nothing before',
    inStore(async (world) => {
      const [a, b] = await setUp(world, 2);
      const { leases } = await publish(world, { reserved: true });
      for (const lease of leases) {
        const delayMs = lease.lane === a?.lane ? 7_000 : 3_000;
        await settle(world, lease, { outcome: failed('500'), policy: { delaysMs: [delayMs], jitterShare: 0 } });
      }
      assert.deepEqual(
        await claim(world),
        { leases: [], hasMore: false, nextDueMs: NOW + 3_000 },
        'the earliest due time is told',
      );
      const early = await claim(world, { nowMs: NOW + 2_999 });
      assert.deepEqual([early.leases, early.nextDueMs], [[], NOW + 3_000], 'nothing is given before it is due');
      const due = await claim(world, { nowMs: NOW + 3_000 });
      assert.deepEqual(
        due.leases.map(({ lane }) => lane),
        [b?.lane],
        'what is due is given at its time',
      );
      assert.deepEqual([due.hasMore, due.nextDueMs], [false, NOW + 7_000], 'the next due time is told');
      const last = await claimOne(world, { nowMs: NOW + 7_000 });
      assert.equal(last.lease, 2, 'a retry is another lease of its delivery');
      assert.equal(
        (await claim(world, { nowMs: NOW + 7_000 })).nextDueMs,
        null,
        'with nothing asleep there is no next time',
      );
    }),
  );

  it(
    'gives the version of the destination of its time',
    inStore(async (world) => {
      const [lane] = await setUp(world);
      const { version } = present(lane);
      await publish(world);
      const update = await world.store.directory.updateDestination(
        present(lane).lane,
        version,
        draft({ config: { url: 'x' } }),
      );
      assert.equal(update.kind, 'updated');
      const lease = await claimOne(world);
      assert.ok(lease.version > version, 'a lease has the destination’s version of when it was taken');
    }),
  );
}

/** Claims until nothing more comes, the cap holding over all of them. */
async function claimCapped(
  world: World,
  options: { laneCap: number; busy: Map<LaneNumber, number> },
): Promise<Lease[]> {
  const leases: Lease[] = [];
  for (let round = 0; round < CLAIMS_MAX; round += 1) {
    const busy = new Map(options.busy);
    for (const [lane, count] of laneCounts(leases)) busy.set(lane, (busy.get(lane) ?? 0) + count);
    const result = await claim(world, { ...options, busy });
    if (result.leases.length === 0) return leases;
    leases.push(...result.leases);
  }
  return assert.fail('claims come to an end');
}

export function fairnessCases(inStore: InStore): void {
  it(
    'gives a small tenant its turn beside one with many lanes and a backlog',
    inStore(async (world) => {
      const big = await setUp(world, 50);
      const [small] = await setUp(world, 1, 'small');
      for (const lane of big) await store(world, lane, { count: 10, name: lane.id });
      await store(world, present(small), { count: 20, name: 's', tenant: 'small' });
      const order: LaneNumber[] = [];
      let left = 20;
      for (let round = 0; left > 0 && round < CLAIMS_MAX; round += 1) {
        const { leases } = await claim(world, { room: 16 });
        for (const lease of leases) {
          order.push(lease.lane);
          if (lease.lane === small?.lane) left -= 1;
          await settle(world, lease);
        }
      }
      assert.equal(left, 0, 'a small tenant is served beside a big one');
      // An even turn takes 40 leases. Waking the big tenant's lanes first may cost some rounds more.
      assert.ok(order.length <= 120, `tenants are taken in a fair turn: 20 of one took ${order.length} leases of both`);
    }),
  );

  it(
    'lets a tenant that comes late start beside the others, not behind or before them',
    inStore(async (world) => {
      const [early] = await setUp(world, 1);
      await store(world, present(early), { count: 60, name: 'a' });
      for (const lease of (await claim(world, { room: 40 })).leases) await settle(world, lease);
      const [late] = await setUp(world, 1, 'late');
      await store(world, present(late), { count: 60, name: 'b', tenant: 'late' });
      const counts = new Map<LaneNumber, number>();
      // One at a time, so that whose turn it is has to be remembered from claim to claim.
      for (let round = 0; round < 32; round += 1) {
        for (const lease of (await claim(world, { room: 1 })).leases) {
          counts.set(lease.lane, (counts.get(lease.lane) ?? 0) + 1);
          await settle(world, lease);
        }
      }
      const [ofEarly, ofLate] = [counts.get(present(early).lane) ?? 0, counts.get(present(late).lane) ?? 0];
      assert.ok(Math.abs(ofEarly - ofLate) <= 4, `tenants are taken in a fair turn: ${ofEarly} to ${ofLate}`);
    }),
  );

  it(
    'keeps a reserve for others from a tenant that holds many',
    inStore(async (world) => {
      const lanes = await setUp(world, 20);
      for (const lane of lanes) await store(world, lane, { count: 2, name: lane.id });
      const first = await claim(world, { room: 10, free: 10, reserved: 4 });
      assert.equal(first.leases.length, 6, 'a tenant that is alone is given all but the reserve, and no more');
      assert.equal(first.hasMore, true, 'what a share holds back remains due');
      const busy = new Map(first.leases.map(({ lane }) => [lane, 1] as const));
      const second = await claim(world, { room: 2, free: 4, reserved: 4, busy });
      assert.deepEqual(second.leases, [], 'the reserve is for tenants that hold less than what is left');
      assert.equal(second.hasMore, true, 'what a share holds back remains due');
      const [other] = await setUp(world, 1, 'other');
      await store(world, present(other), { count: 2, name: 'o', tenant: 'other' });
      const third = await claim(world, { room: 1, free: 1, reserved: 4, busy });
      assert.deepEqual(
        third.leases.map(({ lane }) => lane),
        [other?.lane],
        'the last slot is for who holds none',
      );
    }),
  );

  it(
    'comes back to a lane without a free slot after its tenant’s other lanes have emptied',
    inStore(async (world) => {
      const [full, other] = await setUp(world, 2);
      await store(world, present(full), { count: 2, name: 'a' });
      await store(world, present(other), { count: 1, name: 'b' });
      const busy = new Map([[present(full).lane, 1]]);
      const first = await claim(world, { laneCap: 1, busy });
      assert.deepEqual(
        first.leases.map(({ lane }) => lane),
        [other?.lane],
        'a lane gets no more than its cap',
      );
      assert.equal(first.hasMore, true, 'due deliveries remain that lack a free slot of their lane');
      const second = await claim(world, { laneCap: 1 });
      assert.deepEqual(
        second.leases.map(({ lane }) => lane),
        [full?.lane],
        'a lane whose slots come free goes on where it was',
      );
    }),
  );

  it(
    'serves others beside a lane that hangs with a backlog',
    inStore(async (world) => {
      const [hanging, healthy] = await setUp(world, 2);
      await store(world, present(hanging), { count: 30, name: 'a' });
      await store(world, present(healthy), { count: 5, name: 'b' });
      const busy = new Map([[present(hanging).lane, 4]]);
      const leases = await claimCapped(world, { laneCap: 4, busy });
      assert.ok(
        leases.every(({ lane }) => lane === healthy?.lane),
        'a lane gets no more than its cap',
      );
      assert.equal(leases.length, 4, 'a lane that hangs keeps nobody waiting');
    }),
  );
}
