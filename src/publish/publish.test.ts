import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventId, eventSeq, laneNumber, tenantId, tenantNumber, destinationId } from '../domain/ids.ts';
import type { CompiledRoster } from '../domain/roster.ts';
import { compileRoster } from '../domain/roster.ts';
import { AppError } from '../lib/errors.ts';
import type { AcceptRequest, AcceptResult, Lease } from '../ports/ledger.ts';
import { eventDigest } from './digest.ts';
import { type HandOver, publishUseCase } from './publish.ts';
import type { PublishRequest } from './use-cases.ts';

const TENANT = tenantId('t');
const ROSTER: CompiledRoster = compileRoster({
  tenant: tenantNumber(1),
  version: 7,
  destinations: ['d1', 'd2'].map((id, at) => ({
    lane: laneNumber(at + 1),
    id: destinationId(id),
    topics: ['*'],
    filter: null,
    disabledAtMs: null,
    version: 1,
  })),
});
const clock = { now: () => 1_000, monotonicMs: () => 0, after: () => () => {} };

function request(more: Partial<PublishRequest> = {}): PublishRequest {
  return {
    tenantId: TENANT,
    id: eventId('e'),
    idempotencyKey: null,
    destinationId: null,
    topic: 'user.created',
    time: null,
    eligibleForRetry: true,
    metadata: {},
    data: Buffer.from('{}'),
    ...more,
  };
}

function lease(lane: number): Lease {
  return {
    tenant: tenantNumber(1),
    event: eventSeq(1),
    lane: laneNumber(lane),
    lease: 1,
    epoch: 1,
    trigger: 'schedule',
    version: 1,
  };
}

/** A publisher whose ledger answers in turn, and what it was asked and what became of each slot. */
function world(answers: (AcceptResult | Error)[], more: { idConflict?: 'accept' | 'reject'; roster?: null } = {}) {
  const asked: AcceptRequest[] = [];
  const slots = { begun: [] as number[], givenBack: [] as number[] };
  let wakes = 0;
  const handOver: HandOver<number> = {
    reserve: (_tenant, lane) => lane,
    giveBack: (lane) => void slots.givenBack.push(lane),
    begin: (lane) => void slots.begun.push(lane),
    wake: () => void (wakes += 1),
  };
  const forgotten: string[] = [];
  const useCase = publishUseCase({
    rosters: { get: async () => (more.roster === null ? null : ROSTER), forget: (id) => void forgotten.push(id) },
    ledger: {
      async accept(accept) {
        asked.push(accept);
        const answer = answers.shift();
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked once too often');
        return answer;
      },
    },
    handOver,
    clock,
    newEventId: () => eventId('made'),
    eventIdOfKey: (tenant, key) => eventId(`${tenant} ${key}`),
    unknownTenant: 'accept',
    idConflict: more.idConflict ?? 'reject',
  });
  return { useCase, asked, slots, forgotten, wakes: () => wakes };
}

const accepted = (leases: readonly Lease[], stored: number): AcceptResult => ({
  kind: 'accepted',
  event: eventSeq(1),
  leases,
  stored,
  destinationIds: null,
});

describe('publish', () => {
  it('begins what the commit leased, gives back the other slots and wakes the dispatcher for what was stored', async () => {
    const { useCase, slots, wakes } = world([accepted([lease(2)], 1)]);
    const published = await useCase.publish(request());
    assert.deepEqual(published.destinationIds, ['d1', 'd2']);
    assert.deepEqual(slots, { begun: [2], givenBack: [1] });
    assert.equal(wakes(), 1);
  });

  it('matches again when the commit says that the roster was stale, and at last inside the commit', async () => {
    const stale: AcceptResult = { kind: 'stale' };
    const inCommit: AcceptResult = { ...accepted([], 1), destinationIds: [destinationId('d9')] } as AcceptResult;
    const { useCase, asked, forgotten, slots } = world([stale, stale, stale, inCommit]);
    const published = await useCase.publish(request());
    assert.deepEqual(
      asked.map((each) => each.directoryVersion),
      [7, 7, 7, null],
    );
    assert.deepEqual(published.destinationIds, ['d9']);
    assert.equal(forgotten.length, 3);
    assert.equal(slots.givenBack.length, 6, 'no slot is kept for a commit that did not happen');
  });

  it('gives every slot back when the commit fails', async () => {
    const { useCase, slots } = world([new AppError('unavailable', 'no')]);
    await assert.rejects(useCase.publish(request()), { code: 'unavailable' });
    assert.deepEqual(slots, { begun: [], givenBack: [1, 2] });
  });

  it('answers a duplicate with the destinations recorded first, and a conflict as configured', async () => {
    const duplicate = (conflict: boolean): AcceptResult => ({
      kind: 'duplicate',
      conflict,
      destinationIds: [destinationId('d1')],
    });
    const same = await world([duplicate(false)]).useCase.publish(request());
    assert.deepEqual(same, { id: 'e', duplicate: true, conflict: false, destinationIds: ['d1'], reason: null });
    await assert.rejects(world([duplicate(true)]).useCase.publish(request()), { code: 'event_id_conflict' });
    const kept = await world([duplicate(true)], { idConflict: 'accept' }).useCase.publish(request());
    assert.ok(kept.duplicate && kept.conflict);
  });

  it('stores nothing for a tenant that is unknown, and says why', async () => {
    const { useCase, asked } = world([], { roster: null });
    const published = await useCase.publish(request({ id: null }));
    assert.deepEqual(published, {
      id: 'made',
      duplicate: false,
      conflict: false,
      destinationIds: [],
      reason: 'tenant_not_found',
    });
    assert.equal(asked.length, 0);
  });
});

describe('the id of a published event', () => {
  const idOf = async (more: Partial<PublishRequest>): Promise<string> =>
    (await world([accepted([], 0)]).useCase.publish(request(more))).id;

  it('is the one given, else that of the idempotency key and its tenant, else a new one', async () => {
    assert.equal(await idOf({ id: eventId('e'), idempotencyKey: 'k' }), 'e');
    assert.equal(await idOf({ id: null, idempotencyKey: 'k' }), 't k');
    assert.equal(await idOf({ id: null }), 'made');
  });
});

describe('the digest of an event', () => {
  const base = {
    topic: 't',
    destinationId: null,
    eligibleForRetry: true,
    metadata: { a: '1', b: '2' },
    data: Buffer.from('{}'),
  };
  const hex = (more: object): string => Buffer.from(eventDigest({ ...base, ...more })).toString('hex');

  it('does not depend on the order of metadata keys', () => {
    assert.equal(hex({}), hex({ metadata: { b: '2', a: '1' } }));
  });

  it('differs by topic, destination, eligibility, metadata and every byte of data', () => {
    const variants = [
      { topic: 'u' },
      { destinationId: destinationId('d') },
      { eligibleForRetry: false },
      { metadata: { a: '1' } },
      { data: Buffer.from('{ }') },
    ];
    assert.equal(new Set([hex({}), ...variants.map(hex)]).size, variants.length + 1);
  });
});
