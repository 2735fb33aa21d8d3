/** The answers of a batch as one frame, packed like the operations that they answer, and an error where one failed. */
import type { DeliveryState } from '../../domain/delivery.ts';
import { type DestinationId, destinationId, eventId, type EventSeq, eventSeq } from '../../domain/ids.ts';
import type { EventPayload } from '../../domain/event.ts';
import type { BatchAnswer } from '../../lib/batcher.ts';
import type { AcceptResult, ClaimResult, Lease, RetryResult, SettleResult } from '../../ports/ledger.ts';
import { FrameReader, FrameWriter } from './codec-bytes.ts';
import { packLeaseKey, packMetadata, TRIGGERS, unpackLeaseKey, unpackMetadata } from './codec-operations.ts';
import { describeError, type DescribedError, errorOf } from './codec-errors.ts';
import { type Answer, KIND_ORDER, type Kind, type Operation, type Operations } from './operations.ts';

const STATES: readonly SettleResult['state'][] = [
  ...(['pending', 'waiting', 'succeeded', 'exhausted', 'cancelled'] satisfies DeliveryState[]),
  'late',
];
const RETRIES: readonly RetryResult['kind'][] = ['accepted', 'not_found', 'in_flight', 'disabled', 'deleted'];
const ACCEPTS: readonly AcceptResult['kind'][] = ['accepted', 'duplicate', 'stale'];

export function packAnswers(operations: readonly Operation[], answers: readonly BatchAnswer<Answer>[]): ArrayBuffer {
  const frame = new FrameWriter();
  frame.number(answers.length);
  answers.forEach((answer, index) => {
    frame.flag(answer.ok);
    if (!answer.ok) return frame.json(describeError(answer.error));
    const kind = operations[index]!.kind;
    frame.byte(KIND_ORDER.indexOf(kind));
    packAnswer(frame, kind, answer.value);
  });
  return frame.finish();
}

export function unpackAnswers(buffer: ArrayBuffer): BatchAnswer<Answer>[] {
  const frame = new FrameReader(buffer);
  return frame.list((): BatchAnswer<Answer> => {
    if (!frame.flag()) return { ok: false, error: errorOf(frame.json<DescribedError>()) };
    return { ok: true, value: unpackAnswer(frame, KIND_ORDER[frame.byte()]) };
  });
}

/** The kind says which answer it is; the cast repeats to TypeScript what `Operations` declares. */
function packAnswer(frame: FrameWriter, kind: Kind, answer: Answer): void {
  switch (kind) {
    case 'accept':
      return packAccepted(frame, answer as Operations['accept'][1]);
    case 'settle':
      return packSettled(frame, answer as Operations['settle'][1]);
    case 'claim':
      return packClaimed(frame, answer as Operations['claim'][1]);
    case 'retry':
      return packRetried(frame, answer as Operations['retry'][1]);
    case 'release':
      return;
    default:
      return frame.json(answer);
  }
}

function unpackAnswer(frame: FrameReader, kind: Kind | undefined): Answer {
  switch (kind) {
    case undefined:
      throw new RangeError('a frame holds an answer of no known kind');
    case 'accept':
      return unpackAccepted(frame);
    case 'settle':
      return unpackSettled(frame);
    case 'claim':
      return unpackClaimed(frame);
    case 'retry':
      return unpackRetried(frame);
    case 'release':
      return null;
    default:
      return frame.json<Answer>();
  }
}

function packAccepted(frame: FrameWriter, result: AcceptResult): void {
  frame.byte(ACCEPTS.indexOf(result.kind));
  if (result.kind === 'stale') return;
  if (result.kind === 'duplicate') {
    frame.flag(result.conflict);
    return packIds(frame, result.destinationIds);
  }
  frame.number(result.event);
  frame.list(result.leases, (lease) => packLease(frame, lease));
  frame.number(result.stored);
  frame.flag(result.destinationIds !== null);
  if (result.destinationIds !== null) packIds(frame, result.destinationIds);
}

function unpackAccepted(frame: FrameReader): AcceptResult {
  const kind = ACCEPTS[frame.byte()]!;
  if (kind === 'stale') return { kind };
  if (kind === 'duplicate') return { kind, conflict: frame.flag(), destinationIds: unpackIds(frame) };
  return {
    kind,
    event: eventSeq(frame.number()),
    leases: frame.list(() => unpackLease(frame)),
    stored: frame.number(),
    destinationIds: frame.flag() ? unpackIds(frame) : null,
  };
}

function packIds(frame: FrameWriter, ids: readonly DestinationId[]): void {
  frame.list(ids, (id) => frame.text(id));
}

function unpackIds(frame: FrameReader): DestinationId[] {
  return frame.list(() => destinationId(frame.text()));
}

function packSettled(frame: FrameWriter, result: SettleResult): void {
  frame.number(result.number);
  frame.byte(STATES.indexOf(result.state));
  frame.nullableNumber(result.dueMs);
  frame.number(result.streak);
}

function unpackSettled(frame: FrameReader): SettleResult {
  return {
    number: frame.number(),
    state: STATES[frame.byte()]!,
    dueMs: frame.nullableNumber(),
    streak: frame.number(),
  };
}

function packClaimed(frame: FrameWriter, result: ClaimResult): void {
  frame.list(result.leases, (lease) => packLease(frame, lease));
  frame.flag(result.hasMore);
  frame.nullableNumber(result.nextDueMs);
}

function unpackClaimed(frame: FrameReader): ClaimResult {
  return {
    leases: frame.list(() => unpackLease(frame)),
    hasMore: frame.flag(),
    nextDueMs: frame.nullableNumber(),
  };
}

function packRetried(frame: FrameWriter, result: RetryResult): void {
  frame.byte(RETRIES.indexOf(result.kind));
  if (result.kind !== 'accepted') return;
  frame.flag(result.lease !== null);
  if (result.lease !== null) packLease(frame, result.lease);
}

function unpackRetried(frame: FrameReader): RetryResult {
  const kind = RETRIES[frame.byte()]!;
  if (kind !== 'accepted') return { kind };
  return { kind, lease: frame.flag() ? unpackLease(frame) : null };
}

function packLease(frame: FrameWriter, lease: Lease): void {
  packLeaseKey(frame, lease);
  frame.byte(TRIGGERS.indexOf(lease.trigger));
  frame.number(lease.version);
}

function unpackLease(frame: FrameReader): Lease {
  return { ...unpackLeaseKey(frame), trigger: TRIGGERS[frame.byte()]!, version: frame.number() };
}

/** What `loadPayloads` answers, for it is read by the hundred. */
export function packPayloads(payloads: ReadonlyMap<EventSeq, EventPayload>): ArrayBuffer {
  const frame = new FrameWriter();
  frame.list([...payloads], ([seq, payload]) => {
    frame.number(seq);
    frame.text(payload.id);
    frame.text(payload.topic);
    frame.number(payload.time.ms);
    frame.number(payload.time.nanos);
    packMetadata(frame, payload.metadata);
    frame.bytes(payload.data);
  });
  return frame.finish();
}

export function unpackPayloads(buffer: ArrayBuffer): ReadonlyMap<EventSeq, EventPayload> {
  const frame = new FrameReader(buffer);
  return new Map(
    frame.list(() => {
      const seq = eventSeq(frame.number());
      const payload: EventPayload = {
        id: eventId(frame.text()),
        topic: frame.text(),
        time: { ms: frame.number(), nanos: frame.number() },
        metadata: unpackMetadata(frame),
        // A copy: one payload that stays in memory would hold the whole frame otherwise.
        data: frame.bytes().slice(),
      };
      return [seq, payload] as const;
    }),
  );
}
