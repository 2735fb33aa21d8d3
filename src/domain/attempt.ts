/**
 * An attempt: one try of a delivery, and its outcome.
 *
 * Whatever a remote does to us is an outcome, a value; only our own faults are thrown.
 */
import type { DestinationId, EventId, EventSeq, LaneNumber, TenantId, TenantNumber } from './ids.ts';
import type { EventRecord } from './event.ts';

/** What an attempt was made for. */
export type AttemptTrigger = 'schedule' | 'manual';

/**
 * How the attempt came into the log: `settled` in time by the owner of its lease; `late` by an owner that had lost it;
 * `interrupted` by the recovery of a lease whose owner died, outcome unknown.
 */
export type AttemptKind = 'settled' | 'late' | 'interrupted';

/** Failures of the way to the destination, by spec destinations.md §7.4 and our own additions. */
export const TRANSPORT_CODES = [
  'dns_error',
  'connection_refused',
  'connection_reset',
  'network_unreachable',
  'timeout',
  'tls_error',
  'protocol_error',
  'network_error',
  'blocked_address',
] as const;
export type TransportCode = (typeof TRANSPORT_CODES)[number];

/** Codes that we give where no answer was had: `internal` is a bug of ours, `ERR` an event that can't be formatted. */
export type AttemptCode = string;

export type AttemptOutcome =
  | { readonly ok: true; readonly code: AttemptCode; readonly response: ResponseData | null }
  | {
      readonly ok: false;
      readonly code: AttemptCode;
      readonly response: ResponseData | null;
      /** How long the destination asked to be left alone, already parsed and not negative. */
      readonly retryAfterMs: number | null;
      /** True where another try is useless (410): the delivery ends without a retry. */
      readonly permanent: boolean;
    };

/** What is kept of an answer; JSON, shown as `response_data`. */
export type ResponseData = Readonly<
  Record<string, string | number | boolean | null | Readonly<Record<string, string | readonly string[]>>>
>;

export function delivered(code: AttemptCode, response: ResponseData | null = null): AttemptOutcome {
  return { ok: true, code, response };
}

export function failed(
  code: AttemptCode,
  response: ResponseData | null = null,
  more: { retryAfterMs?: number | null; permanent?: boolean } = {},
): AttemptOutcome {
  return { ok: false, code, response, retryAfterMs: more.retryAfterMs ?? null, permanent: more.permanent ?? false };
}

/** How an outcome is logged whose lease was lost: it counts for nothing, and tells what it would have been. */
export function late(outcome: AttemptOutcome): AttemptOutcome {
  return failed('late', { ...outcome.response, outcome: outcome.code });
}

/** What identifies an attempt: one lease, taken once. */
export interface AttemptKey {
  readonly kind: AttemptKind;
  readonly tenant: TenantNumber;
  readonly event: EventSeq;
  readonly lane: LaneNumber;
  /** How many leases the delivery had had when this one was taken; 1 for the first. */
  readonly lease: number;
}

/** An attempt as History tells it. */
export interface AttemptRecord {
  /** Its public id is made from this at the edge (attempt-id.ts). */
  readonly key: AttemptKey;
  readonly seq: number;
  readonly tenantId: TenantId;
  readonly eventId: EventId;
  readonly destinationId: DestinationId;
  readonly destinationType: string;
  readonly topic: string;
  /** 1 to n without gaps within its delivery. */
  readonly number: number;
  readonly trigger: AttemptTrigger;
  readonly succeeded: boolean;
  readonly code: AttemptCode;
  readonly response: ResponseData | null;
  readonly startedAtMs: number;
  /** When it ended: the attempt's `time` in the API. */
  readonly finishedAtMs: number;
  /** Present when the query asked for it. */
  readonly event: EventRecord | null;
}
