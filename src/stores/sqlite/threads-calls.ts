/** What the three storage threads are asked, besides the closing that all of them know: name, input, answer. */
import type { TenantPage, TenantQuery } from '../../ports/directory.ts';
import type { AttemptQuery, EventQuery, Scope } from '../../ports/history.ts';
import type { LedgerStats } from '../../ports/ledger.ts';
import type { AttemptKey, AttemptRecord } from '../../domain/attempt.ts';
import type { Destination } from '../../domain/destination.ts';
import type { EventPayload, EventRecord } from '../../domain/event.ts';
import type { DestinationId, EventId, EventSeq, LaneNumber, TenantId, TenantNumber } from '../../domain/ids.ts';
import type { Page } from '../../ports/directory.ts';
import type { Roster } from '../../domain/roster.ts';
import type { Tenant } from '../../domain/tenant.ts';
import type { CheckpointResult } from './checkpoint.ts';
import type { DescribedError } from './codec-errors.ts';

/** Any thread's calls: input and answer by name. */
export type Calls = Readonly<Record<string, readonly [input: unknown, answer: unknown]>>;

export interface OpenedStore {
  readonly databasePath: string;
  readonly attemptIdKey: Uint8Array;
  readonly eventKeyKey: Uint8Array;
  readonly warnings: readonly string[];
}

export interface OpenReader {
  readonly databasePath: string;
  readonly eventKeyKey: Uint8Array;
}

export type WriterCalls = {
  readonly open: [{ dataDir: string; secretCheck: Uint8Array; nowMs: number }, OpenedStore];
  /** Frames of codec-operations.ts and codec-answers.ts. */
  readonly apply: [ArrayBuffer, { answers: ArrayBuffer; fatal: DescribedError | null }];
  readonly stats: [{ nowMs: number }, LedgerStats];
  /** False if every index of History is complete. */
  readonly fillIndex: [null, boolean];
  readonly checkpoint: [null, CheckpointResult];
  readonly close: [null, null];
};

/** Reads that take microseconds. */
export interface PointReads {
  readonly findTenant: [{ id: TenantId }, Tenant | null];
  readonly findDestination: [{ tenant: TenantId; id: DestinationId }, Destination | null];
  readonly listDestinations: [{ tenant: TenantId }, readonly Destination[]];
  readonly findLane: [{ lane: LaneNumber }, Destination | null];
  readonly roster: [{ tenant: TenantId }, Roster | null];
  readonly loadPayloads: [{ events: readonly EventSeq[] }, ReadonlyMap<EventSeq, EventPayload>];
  readonly findEvent: [{ scope: Scope; id: EventId }, EventRecord | null];
  readonly matchedLane: [{ tenant: TenantNumber; event: EventId; destination: DestinationId }, LaneNumber | null];
  readonly findAttempt: [{ scope: Scope; key: AttemptKey; includeEvent: boolean }, AttemptRecord | null];
}

/** Reads that take as long as what they look through, in slices. */
export interface ScanReads {
  readonly listTenants: [TenantQuery, TenantPage];
  readonly listEvents: [EventQuery, Page<EventRecord>];
  readonly listAttempts: [AttemptQuery, Page<AttemptRecord>];
}

/** Payloads cross as a frame of codec-answers.ts. */
export type ReadsCalls = Omit<{ readonly [Name in keyof PointReads]: PointReads[Name] }, 'loadPayloads'> & {
  readonly open: [OpenReader, null];
  readonly loadPayloads: [PointReads['loadPayloads'][0], ArrayBuffer];
  readonly close: [null, null];
};

export type ScansCalls = { readonly [Name in keyof ScanReads]: ScanReads[Name] } & {
  readonly open: [OpenReader, null];
  readonly checkpoint: [null, CheckpointResult];
  readonly close: [null, null];
};
