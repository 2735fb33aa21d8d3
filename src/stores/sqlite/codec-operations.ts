/**
 * A batch of operations as one frame: the kinds that every event passes through are packed by hand, since cloning them
 * object by object costs as much again as half of the commit; the rare ones are JSON inside the same frame.
 */
import type { AttemptOutcome, AttemptTrigger, ResponseData } from '../../domain/attempt.ts';
import type { NewEvent, Unmatched, UnmatchedReason } from '../../domain/event.ts';
import { destinationId, eventId, eventSeq, laneNumber, tenantNumber } from '../../domain/ids.ts';
import type { StringMap } from '../../domain/json.ts';
import type { RetryPolicy } from '../../domain/retry-schedule.ts';
import type { AcceptRequest, ClaimRequest, LeaseKey, Match, RetryRequest, SettleRequest } from '../../ports/ledger.ts';
import { FrameReader, FrameWriter } from './codec-bytes.ts';
import { KIND_ORDER, type Kind, type Operation } from './operations.ts';

export const TRIGGERS: readonly AttemptTrigger[] = ['schedule', 'manual'];
const REASONS: readonly UnmatchedReason[] = ['topic', 'filter', 'disabled'];

/** @param expectedBytes a guess that spares growing the frame */
export function packOperations(operations: readonly Operation[], expectedBytes?: number): ArrayBuffer {
  const frame = new FrameWriter(expectedBytes);
  frame.list(operations, (operation) => {
    frame.byte(KIND_ORDER.indexOf(operation.kind));
    packInput(frame, operation);
  });
  return frame.finish();
}

export function unpackOperations(buffer: ArrayBuffer): Operation[] {
  const frame = new FrameReader(buffer);
  return frame.list(() => unpackOperation(frame, KIND_ORDER[frame.byte()]));
}

function packInput(frame: FrameWriter, operation: Operation): void {
  switch (operation.kind) {
    case 'accept':
      return packAccept(frame, operation.input);
    case 'settle':
      return packSettle(frame, operation.input);
    case 'claim':
      return packClaim(frame, operation.input);
    case 'release':
      frame.list(operation.input.leases, (lease) => packLeaseKey(frame, lease));
      return frame.number(operation.input.nowMs);
    case 'retry':
      return packRetry(frame, operation.input);
    default:
      return frame.json(operation.input);
  }
}

function unpackOperation(frame: FrameReader, kind: Kind | undefined): Operation {
  switch (kind) {
    case undefined:
      throw new RangeError('a frame holds an operation of no known kind');
    case 'accept':
      return { kind, input: unpackAccept(frame) };
    case 'settle':
      return { kind, input: unpackSettle(frame) };
    case 'claim':
      return { kind, input: unpackClaim(frame) };
    case 'release':
      return { kind, input: { leases: frame.list(() => unpackLeaseKey(frame)), nowMs: frame.number() } };
    case 'retry':
      return { kind, input: unpackRetry(frame) };
    default:
      // The kind says which type the JSON has; TypeScript can't follow that through a union.
      return { kind, input: frame.json() } as Operation;
  }
}

function packAccept(frame: FrameWriter, request: AcceptRequest): void {
  frame.number(request.tenant);
  frame.nullableNumber(request.directoryVersion);
  packEvent(frame, request.event);
  frame.list(request.matched, (match) => {
    frame.number(match.lane);
    frame.flag(match.slotReserved);
  });
  frame.list(request.unmatched, (entry) => {
    frame.text(entry.destinationId);
    frame.byte(REASONS.indexOf(entry.reason));
  });
}

function unpackAccept(frame: FrameReader): AcceptRequest {
  return {
    tenant: tenantNumber(frame.number()),
    directoryVersion: frame.nullableNumber(),
    event: unpackEvent(frame),
    matched: frame.list((): Match => ({ lane: laneNumber(frame.number()), slotReserved: frame.flag() })),
    unmatched: frame.list((): Unmatched => ({
      destinationId: destinationId(frame.text()),
      reason: REASONS[frame.byte()]!,
    })),
  };
}

function packEvent(frame: FrameWriter, event: NewEvent): void {
  frame.text(event.id);
  frame.text(event.topic);
  frame.number(event.time.ms);
  frame.number(event.time.nanos);
  packMetadata(frame, event.metadata);
  frame.bytes(event.data);
  frame.number(event.acceptedAtMs);
  frame.flag(event.eligibleForRetry);
  frame.nullableText(event.destinationId);
  frame.bytes(event.digest);
}

function unpackEvent(frame: FrameReader): NewEvent {
  return {
    id: eventId(frame.text()),
    topic: frame.text(),
    time: { ms: frame.number(), nanos: frame.number() },
    metadata: unpackMetadata(frame),
    data: frame.bytes(),
    acceptedAtMs: frame.number(),
    eligibleForRetry: frame.flag(),
    destinationId: unpackNullableId(frame),
    digest: frame.bytes(),
  };
}

function unpackNullableId(frame: FrameReader): NewEvent['destinationId'] {
  const text = frame.nullableText();
  return text === null ? null : destinationId(text);
}

/** As JSON and not key by key: `__proto__` is a key like any other there. Most events have none at all. */
export function packMetadata(frame: FrameWriter, metadata: StringMap): void {
  const isEmpty = Object.keys(metadata).length === 0;
  frame.flag(!isEmpty);
  if (!isEmpty) frame.json(metadata);
}

export function unpackMetadata(frame: FrameReader): StringMap {
  return frame.flag() ? frame.json<StringMap>() : {};
}

function packSettle(frame: FrameWriter, request: SettleRequest): void {
  packLeaseKey(frame, request.lease);
  frame.byte(TRIGGERS.indexOf(request.trigger));
  packOutcome(frame, request.outcome);
  frame.number(request.startedAtMs);
  frame.number(request.finishedAtMs);
  frame.list(request.policy.delaysMs, (delayMs) => frame.number(delayMs));
  frame.number(request.policy.jitterShare);
  frame.number(request.random);
}

function unpackSettle(frame: FrameReader): SettleRequest {
  return {
    lease: unpackLeaseKey(frame),
    trigger: TRIGGERS[frame.byte()]!,
    outcome: unpackOutcome(frame),
    startedAtMs: frame.number(),
    finishedAtMs: frame.number(),
    policy: unpackPolicy(frame),
    random: frame.number(),
  };
}

function unpackPolicy(frame: FrameReader): RetryPolicy {
  return { delaysMs: frame.list(() => frame.number()), jitterShare: frame.number() };
}

function packOutcome(frame: FrameWriter, outcome: AttemptOutcome): void {
  frame.flag(outcome.ok);
  frame.text(outcome.code);
  frame.flag(outcome.response !== null);
  if (outcome.response !== null) frame.json(outcome.response);
  if (outcome.ok) return;
  frame.nullableNumber(outcome.retryAfterMs);
  frame.flag(outcome.permanent);
}

function unpackOutcome(frame: FrameReader): AttemptOutcome {
  const ok = frame.flag();
  const code = frame.text();
  const response = frame.flag() ? frame.json<ResponseData>() : null;
  if (ok) return { ok, code, response };
  return { ok, code, response, retryAfterMs: frame.nullableNumber(), permanent: frame.flag() };
}

function packClaim(frame: FrameWriter, request: ClaimRequest): void {
  frame.number(request.nowMs);
  frame.number(request.room);
  frame.number(request.free);
  frame.number(request.reserved);
  frame.number(request.laneCap);
  frame.list([...request.busy], ([lane, slots]) => {
    frame.number(lane);
    frame.number(slots);
  });
}

function unpackClaim(frame: FrameReader): ClaimRequest {
  return {
    nowMs: frame.number(),
    room: frame.number(),
    free: frame.number(),
    reserved: frame.number(),
    laneCap: frame.number(),
    busy: new Map(frame.list(() => [laneNumber(frame.number()), frame.number()] as const)),
  };
}

function packRetry(frame: FrameWriter, request: RetryRequest): void {
  frame.number(request.tenant);
  frame.number(request.event);
  frame.number(request.lane);
  frame.number(request.nowMs);
  frame.flag(request.slotReserved);
}

function unpackRetry(frame: FrameReader): RetryRequest {
  return {
    tenant: tenantNumber(frame.number()),
    event: eventSeq(frame.number()),
    lane: laneNumber(frame.number()),
    nowMs: frame.number(),
    slotReserved: frame.flag(),
  };
}

export function packLeaseKey(frame: FrameWriter, lease: LeaseKey): void {
  frame.number(lease.tenant);
  frame.number(lease.event);
  frame.number(lease.lane);
  frame.number(lease.lease);
  frame.number(lease.epoch);
}

export function unpackLeaseKey(frame: FrameReader): LeaseKey {
  return {
    tenant: tenantNumber(frame.number()),
    event: eventSeq(frame.number()),
    lane: laneNumber(frame.number()),
    lease: frame.number(),
    epoch: frame.number(),
  };
}
