import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AttemptOutcome } from '../../domain/attempt.ts';
import { destinationId, eventId, eventSeq, laneNumber, tenantId, tenantNumber } from '../../domain/ids.ts';
import { AppError, StartError } from '../../lib/errors.ts';
import type { LeaseKey } from '../../ports/ledger.ts';
import { packAnswers, packPayloads, unpackAnswers, unpackPayloads } from './codec-answers.ts';
import { callerError, describeError, errorOf, kindOfError } from './codec-errors.ts';
import { packOperations, unpackOperations } from './codec-operations.ts';
import type { Answer, Operation } from './operations.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const count = fc.nat(2 ** 31 - 1);
const timeMs = fc.integer({ min: -(2 ** 40), max: 2 ** 44 });
const map = fc.dictionary(fc.oneof(text, fc.constant('__proto__')), text, { maxKeys: 4, noNullPrototype: true });
const bytes = fc.uint8Array({ maxLength: 40 });
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const lane = count.map(laneNumber);
const id = text.map(destinationId);
const leaseKey: fc.Arbitrary<LeaseKey> = fc.record({
  tenant: count.map(tenantNumber),
  event: fc.nat(2 ** 44).map(eventSeq),
  lane,
  lease: count,
  epoch: count,
});
const trigger = fc.constantFrom('schedule' as const, 'manual' as const);
const lease = fc.tuple(leaseKey, trigger, count).map(([key, made, version]) => ({ ...key, trigger: made, version }));
const response = orNull(
  fc.dictionary(text, fc.oneof(text, count, fc.boolean()), { maxKeys: 3, noNullPrototype: true }),
);
const outcome: fc.Arbitrary<AttemptOutcome> = fc.oneof(
  fc.record({ ok: fc.constant(true as const), code: text, response }),
  fc.record({
    ok: fc.constant(false as const),
    code: text,
    response,
    retryAfterMs: orNull(count),
    permanent: fc.boolean(),
  }),
);
const payload = fc.record({
  id: text.map(eventId),
  topic: text,
  time: fc.record({ ms: timeMs, nanos: fc.nat(999_999) }),
  metadata: map,
  data: bytes,
});
const event = fc
  .tuple(payload, timeMs, fc.boolean(), orNull(id), bytes)
  .map(([of, acceptedAtMs, eligibleForRetry, only, digest]) => ({
    ...of,
    acceptedAtMs,
    eligibleForRetry,
    destinationId: only,
    digest,
  }));
const settings = fc.record({
  topics: fc.array(text),
  filter: orNull(text),
  config: map,
  credentials: map,
  deliveryMetadata: orNull(map),
  metadata: orNull(map),
  updatedAtMs: timeMs,
  disabledAtMs: orNull(timeMs),
});
const draft = fc
  .tuple(settings, text, id, text, timeMs)
  .map(([of, tenant, own, type, createdAtMs]) => ({ ...of, tenantId: tenantId(tenant), id: own, type, createdAtMs }));

function operation<K extends Operation['kind']>(
  kind: K,
  input: fc.Arbitrary<Extract<Operation, { kind: K }>['input']>,
): fc.Arbitrary<Operation> {
  return input.map((value) => ({ kind, input: value }) as Operation);
}

const tenantAndId = { tenant: text.map(tenantId), id };
const operations = fc.array(
  fc.oneof(
    operation('putTenant', fc.record({ id: text.map(tenantId), metadata: orNull(map), nowMs: timeMs })),
    operation('deleteTenant', fc.record({ id: text.map(tenantId), nowMs: timeMs })),
    operation('createDestination', fc.record({ draft, maxPerTenant: count })),
    operation('updateDestination', fc.record({ lane, version: count, settings })),
    operation('setDisabled', fc.record({ ...tenantAndId, disabledAtMs: orNull(timeMs) })),
    operation('deleteDestination', fc.record(tenantAndId)),
    operation(
      'settle',
      fc.record({
        lease: leaseKey,
        trigger,
        outcome,
        startedAtMs: timeMs,
        finishedAtMs: timeMs,
        policy: fc.record({ delaysMs: fc.array(count, { maxLength: 5 }), jitterShare: fc.constantFrom(0, 0.1) }),
        random: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }).map((value) => value + 0),
      }),
    ),
    operation('release', fc.record({ leases: fc.array(leaseKey, { maxLength: 5 }), nowMs: timeMs })),
    operation(
      'retry',
      fc.record({
        tenant: count.map(tenantNumber),
        event: count.map(eventSeq),
        lane,
        nowMs: timeMs,
        slotReserved: fc.boolean(),
      }),
    ),
    operation(
      'accept',
      fc.record({
        tenant: count.map(tenantNumber),
        directoryVersion: orNull(count),
        event,
        matched: fc.array(fc.record({ lane, slotReserved: fc.boolean() }), { maxLength: 5 }),
        unmatched: fc.array(
          fc.record({
            destinationId: id,
            reason: fc.constantFrom('topic' as const, 'filter' as const, 'disabled' as const),
          }),
          { maxLength: 3 },
        ),
      }),
    ),
    operation(
      'claim',
      fc.record({
        nowMs: timeMs,
        room: count,
        free: count,
        reserved: count,
        laneCap: count,
        busy: fc.array(fc.tuple(lane, count), { maxLength: 5 }).map((entries) => new Map(entries)),
      }),
    ),
    operation('recover', fc.record({ limit: count, nowMs: timeMs })),
    operation('removeDeleted', fc.record({ limit: count, nowMs: timeMs })),
  ),
  { maxLength: 8 },
);

const answer: fc.Arbitrary<{ kind: Operation['kind']; value: Answer }> = fc.oneof(
  fc.record({
    kind: fc.constant('accept' as const),
    value: fc.oneof(
      fc.record({
        kind: fc.constant('accepted' as const),
        event: count.map(eventSeq),
        leases: fc.array(lease, { maxLength: 3 }),
        stored: count,
        destinationIds: orNull(fc.array(id, { maxLength: 3 })),
      }),
      fc.record({ kind: fc.constant('duplicate' as const), conflict: fc.boolean(), destinationIds: fc.array(id) }),
      fc.constant({ kind: 'stale' as const }),
    ),
  }),
  fc.record({
    kind: fc.constant('settle' as const),
    value: fc.record({
      number: count,
      state: fc.constantFrom('pending' as const, 'waiting', 'succeeded', 'exhausted', 'cancelled', 'late'),
      dueMs: orNull(timeMs),
      streak: count,
    }),
  }),
  fc.record({
    kind: fc.constant('claim' as const),
    value: fc.record({ leases: fc.array(lease, { maxLength: 5 }), hasMore: fc.boolean(), nextDueMs: orNull(timeMs) }),
  }),
  fc.record({
    kind: fc.constant('retry' as const),
    value: fc.oneof(
      fc.record({ kind: fc.constant('accepted' as const), lease: orNull(lease) }),
      fc.record({ kind: fc.constantFrom('not_found' as const, 'in_flight', 'disabled', 'deleted') }),
    ),
  }),
  fc.constant({ kind: 'release' as const, value: null }),
  fc.record({ kind: fc.constantFrom('removeDeleted' as const), value: count }),
  fc.record({ kind: fc.constant('recover' as const), value: fc.record({ recovered: count, done: fc.boolean() }) }),
  fc.record({ kind: fc.constant('deleteTenant' as const), value: orNull(fc.array(lane)) }),
);

describe('the codec of the storage threads', () => {
  it('reads back every batch of operations as it was packed, in its order', () => {
    fc.assert(
      fc.property(operations, (batch) =>
        assert.deepEqual(plain(unpackOperations(packOperations(batch))), plain(batch)),
      ),
      { numRuns: 150 },
    );
  });

  it('reads back every batch of answers as it was packed', () => {
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 8 }), (batch) => {
        const asked = batch.map(({ kind }) => ({ kind }) as Operation);
        const answers = batch.map(({ value }) => ({ ok: true as const, value }));
        assert.deepEqual(plain(unpackAnswers(packAnswers(asked, answers))), plain(answers));
      }),
      { numRuns: 150 },
    );
  });

  it('reads back payloads, each in a buffer of its own', () => {
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 4 }), (payloads) => {
        const sent = new Map(payloads.map((of, index) => [eventSeq(index), of]));
        const read = unpackPayloads(packPayloads(sent));
        assert.deepEqual(plain([...read]), plain([...sent]));
        for (const { data } of read.values()) assert.equal(data.buffer.byteLength, data.length);
      }),
      { numRuns: 50 },
    );
  });

  it('grows a frame for what is larger than was expected', () => {
    const data = new Uint8Array(300_000).fill(7);
    const packed = packPayloads(
      new Map([[eventSeq(1), { id: eventId('e'), topic: '', time: { ms: 0, nanos: 0 }, metadata: {}, data }]]),
    );
    assert.deepEqual(unpackPayloads(packed).get(eventSeq(1))?.data, data);
  });

  it('carries the error of one operation beside the answers of the others', () => {
    const asked = ['recover', 'accept'].map((kind) => ({ kind }) as Operation);
    const failure = new AppError('overloaded', 'too much', { data: { limit: '4' } });
    const [first, second] = unpackAnswers(
      packAnswers(asked, [
        { ok: true, value: { recovered: 1, done: true } },
        { ok: false, error: failure },
      ]),
    );
    assert.deepEqual(first, { ok: true, value: { recovered: 1, done: true } });
    assert.ok(second?.ok === false && second.error instanceof AppError);
    assert.deepEqual(
      [second.error.code, second.error.message, second.error.data],
      ['overloaded', 'too much', { limit: '4' }],
    );
  });
});

describe('errors between threads', () => {
  it('arrive as the class that they were', () => {
    assert.ok(errorOf(describeError(new StartError('locked'))) instanceof StartError);
    const bug = new TypeError('x is not a function');
    const arrived = errorOf(describeError(bug));
    assert.deepEqual([arrived.name, arrived.message, arrived.stack], ['TypeError', bug.message, bug.stack]);
  });

  it('name a full disk, a broken file and a locked one apart from an error of the rows', () => {
    const sqlite = (errcode: number): Error => Object.assign(new Error('sqlite'), { errcode });
    // 778 is SQLITE_IOERR_WRITE and 1555 SQLITE_CONSTRAINT_PRIMARYKEY: extended codes.
    assert.deepEqual([13, 778, 5, 1555].map(sqlite).map(kindOfError), ['full', 'fatal', 'passing', 'data']);
    const codes = [13, 778, 5].map((code) => (callerError(sqlite(code)) as AppError).code);
    assert.deepEqual(codes, ['storage_full', 'unavailable', 'unavailable']);
    assert.equal(kindOfError(new Error('no code at all')), 'data');
  });
});

/** Buffers and views compare by their bytes, and a `__proto__` key by what JSON makes of it. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return ['bytes', ...value];
  if (value instanceof Map) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  return Object.entries(value).map(([key, of]) => [key, plain(of)]);
}
